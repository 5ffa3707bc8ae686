"""`always_salesforce` and `always_hubspot` mean the same at a birth, at a first meeting, at an edit
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
    """A pair whose nicknames follow one side; `shown` is what the favourite and the other side show
    before they meet.
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
        """Look at one of the two."""
        self.world.sync(self.refs[side], cause=cause)
        self.world.wait()

    @property
    def shown(self) -> tuple[object, object]:
        """What the favourite and the other side show."""
        sides = (self.favourite, self.favourite.other)
        return tuple(
            self.world.crm(side).fields(self.refs[side]).get(NAMES[side]) for side in sides
        )

    def after_looks(self) -> tuple[object, object]:
        """What both show once each has been synced for every reason there is; nothing is written
        any more then.
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
def test_a_value_beside_a_blank_that_was_never_filled_stays_alone(favourite: Side, how: str):
    """It crosses not even into an empty field, and the blank is no value that could overwrite: not
    at first, not after an edit.
    """
    pair = Pair(favourite, how, None, "one")
    assert (pair.shown, pair.after_looks()) == ((None, "one"), (None, "one"))
    pair.edit(favourite.other, "two")
    assert (pair.shown, pair.after_looks()) == ((None, "two"), (None, "two"))


@pytest.mark.rule("MAP-2")
@pytest.mark.parametrize("how", PAIRED)
@pytest.mark.parametrize("favourite", Side)
def test_a_value_of_the_favourite_always_overwrites(favourite: Side, how: str):
    """At a birth, at a first meeting, after an edit of either side: the other side's edit is put
    back.
    """
    pair = Pair(favourite, how, None if how == "made by the other" else "one", "else")
    pair.edit(favourite, "two")
    assert pair.after_looks() == ("two", "two")
    pair.edit(favourite.other, "three")
    assert pair.after_looks() == ("two", "two")


@pytest.mark.rule("MAP-2")
@pytest.mark.parametrize("how", PAIRED)
@pytest.mark.parametrize("favourite", Side)
def test_a_deletion_by_the_favourite_deletes(favourite: Side, how: str):
    """A value that the favourite had and has no more; what the other side writes beside the blank
    afterwards stays alone.
    """
    pair = Pair(favourite, how, None if how == "made by the other" else "one", "else")
    pair.edit(favourite, "two")
    pair.edit(favourite, None)
    assert pair.after_looks() == (None, None)
    pair.edit(favourite.other, "three")
    assert pair.after_looks() == (None, "three")


@pytest.mark.rule("MAP-2")
@pytest.mark.parametrize("how", PAIRED[1:])
def test_a_box_of_salesforces_that_is_not_ticked_is_a_value(how: str):
    """A new lead shows it right away, so a tick in HubSpot is taken back at a birth as at a first
    meeting.
    """
    pair = Pair(S, how, None, "true", form=FieldType.BOOLEAN)
    assert pair.after_looks() == (False, "false")
