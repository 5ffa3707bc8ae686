"""`always_salesforce` and `always_hubspot` mean the same at creation, at the first sync, at an edit
and at a resync (MAP-2, CH-4).
"""

from __future__ import annotations

import pytest

from crmsync.model.changes import Cause
from crmsync.model.fields import FieldRule, FieldType, Update
from crmsync.model.records import Ref, Side
from tests.memory.world import MemoryWorld

H, S = Side.HUBSPOT, Side.SALESFORCE
ALWAYS = {S: Update.ALWAYS_SALESFORCE, H: Update.ALWAYS_HUBSPOT}
NAMES = {H: "nickname", S: "Nickname__c"}
PAIRED = ["made by the favourite", "made by the other", "met"]


class Pair:
    """A pair whose nicknames follow one side; `shown` is what that side and the other show before
    the first sync.
    """

    def __init__(
        self, favourite: Side, how: str, *shown: str | None, form: FieldType = FieldType.TEXT
    ) -> None:
        self.world = MemoryWorld(
            settings={"field": (FieldRule("nickname", "Nickname__c", ALWAYS[favourite], form),)}
        )
        self.favourite = favourite
        values = dict(zip((favourite, favourite.other), shown, strict=True))
        if form is FieldType.BOOLEAN:
            self.world.salesforce.after_write.append(self._leave_unticked)
        makes = {
            "made by the favourite": [favourite],
            "made by the other": [favourite.other],
            "met": [H, S],
        }[how]
        made = {side: self._make(side, values[side]) for side in makes}
        for ref in made.values():
            self.world.sync(ref)
        self.refs: dict[Side, Ref] = {
            side: made.get(side) or self.world.counterpart(made[side.other]) for side in Side
        }
        self.world.wait()

    def _leave_unticked(self, ref: Ref, _fields: object) -> None:
        """Salesforce's boxes are never blank."""
        if ref.object == "Lead" and "Nickname__c" not in self.world.salesforce.fields(ref):
            self.world.salesforce.fill_in(ref, {"Nickname__c": False})

    def _make(self, side: Side, value: str | None) -> Ref:
        fields = {} if value is None else {NAMES[side]: value}
        return self.world.new_contact(**fields) if side is H else self.world.new_lead(**fields)

    def edit(self, side: Side, value: str | None) -> None:
        """A person edits the nickname, and it is synced."""
        self.world.crm(side).edit(self.refs[side], {NAMES[side]: value})
        self.world.wait()
        self.look(side)

    def look(self, side: Side, cause: Cause = Cause.EDITED) -> None:
        """Sync one of the two records."""
        self.world.sync(self.refs[side], cause=cause)
        self.world.wait()

    @property
    def shown(self) -> tuple[object, object]:
        """The values of the leading side and of the other."""
        sides = (self.favourite, self.favourite.other)
        return tuple(
            self.world.crm(side).fields(self.refs[side]).get(NAMES[side]) for side in sides
        )

    def after_looks(self) -> tuple[object, object]:
        """Both values after each record was synced with every cause, and nothing more is
        written.
        """
        for cause in (Cause.EDITED, Cause.AGAIN, Cause.RESYNC):
            for side in Side:
                self.look(side, cause)
        before = self.world.writes()
        for side in Side:
            self.look(side)
        assert self.world.writes() == before
        return self.shown


@pytest.mark.rule("MAP-2")
@pytest.mark.parametrize("how", PAIRED[1:])
@pytest.mark.parametrize("favourite", Side)
def test_a_value_opposite_a_blank_that_was_never_filled_stays(favourite: Side, how: str):
    """The value is not written to the leading side, and the blank, which is no value, does not
    overwrite it, not even after an edit.
    """
    pair = Pair(favourite, how, None, "one")
    assert (pair.shown, pair.after_looks()) == ((None, "one"), (None, "one"))
    pair.edit(favourite.other, "two")
    assert (pair.shown, pair.after_looks()) == ((None, "two"), (None, "two"))


@pytest.mark.rule("MAP-2")
@pytest.mark.parametrize("how", PAIRED)
@pytest.mark.parametrize("favourite", Side)
def test_a_value_of_the_leading_side_always_overwrites(favourite: Side, how: str):
    """At creation, at the first sync and after an edit on either side, the other side's value is
    put back.
    """
    pair = Pair(favourite, how, None if how == "made by the other" else "one", "else")
    pair.edit(favourite, "two")
    assert pair.after_looks() == ("two", "two")
    pair.edit(favourite.other, "three")
    assert pair.after_looks() == ("two", "two")


@pytest.mark.rule("MAP-2")
@pytest.mark.parametrize("how", PAIRED)
@pytest.mark.parametrize("favourite", Side)
def test_a_deletion_on_the_leading_side_deletes(favourite: Side, how: str):
    """A value that the leading side had and lost is deleted; a later value of the other side stays
    there.
    """
    pair = Pair(favourite, how, None if how == "made by the other" else "one", "else")
    pair.edit(favourite, "two")
    pair.edit(favourite, None)
    assert pair.after_looks() == (None, None)
    pair.edit(favourite.other, "three")
    assert pair.after_looks() == (None, "three")


@pytest.mark.rule("MAP-2")
@pytest.mark.parametrize("how", PAIRED[1:])
def test_an_unticked_salesforce_checkbox_is_a_value(how: str):
    """A new lead has that value at once, so that a tick in HubSpot is undone at creation and at the
    first sync.
    """
    pair = Pair(S, how, None, "true", form=FieldType.BOOLEAN)
    assert pair.after_looks() == (False, "false")
