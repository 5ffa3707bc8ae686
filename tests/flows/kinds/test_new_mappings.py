"""A mapping that comes after pairs were linked, in memory: what crosses from then on, and what
stays until a resync.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmsync.model.changes import Cause
from crmsync.model.fields import FieldRule, Update
from crmsync.model.records import Ref, Side
from tests.memory.worlds import Town

H, S = Side.HUBSPOT, Side.SALESFORCE
NAMES = {"nickname": "Nickname__c", "phone": "Phone"}


class LateTown(Town):
    """A town with one linked pair, whose nicknames are mapped after that."""

    def link(self, hubspot: str | None, salesforce: str | None) -> None:
        """Link a contact and its lead that show these nicknames."""
        self.contact = self.new_contact()
        self.sync(self.contact)
        (self.lead,) = self.salesforce.refs("Lead")
        self.hubspot.edit(self.contact, {"nickname": hubspot})
        self.salesforce.edit(self.lead, {"Nickname__c": salesforce})
        self.wait()

    def map_nicknames(self, update: Update = Update.TWO_WAY) -> None:
        """Put the row in force."""
        self.settings["field"] = (FieldRule("nickname", "Nickname__c", update, since=self.now),)
        self.wait()

    def edit(self, side: Side, name: str, value: str | None) -> None:
        """A person edits a field on one side."""
        self.crm(side).edit(self.on(side), {name if side is H else NAMES[name]: value})
        self.wait()

    def on(self, side: Side) -> Ref:
        """The record of the pair on that side."""
        return self.contact if side is H else self.lead

    def look(self, side: Side, cause: Cause = Cause.EDITED) -> None:
        """Deliver a change of one of the two records."""
        self.sync(self.on(side), cause=cause)
        self.wait()

    def both(self, name: str) -> tuple[object, object]:
        """What both sides show of a field."""
        contact, lead = self.shown([self.contact, self.lead])
        return contact.get(name), lead.get(NAMES[name])

    @property
    def nicknames(self) -> tuple[object, object]:
        """What both sides show."""
        return self.both("nickname")


def late_town(
    hubspot: str | None, salesforce: str | None, update: Update = Update.TWO_WAY
) -> LateTown:
    """A town in which the nicknames have just been mapped."""
    town = LateTown()
    town.link(hubspot, salesforce)
    town.map_nicknames(update)
    return town


OLD_VALUES = [("Old", None), (None, "Old"), ("Mine", "Theirs"), ("Same", "Same"), (None, None)]


@pytest.mark.rule("MAP-6")
@pytest.mark.parametrize("update", [one for one in Update if one is not Update.NEVER])
@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("old", OLD_VALUES)
def test_no_policy_carries_what_was_there_before_the_mapping(
    update: Update, side: Side, old: tuple[str, str]
) -> None:
    """Another field is edited, on either side: its value crosses, the nicknames stay, and then the
    pair is quiet again.
    """
    town = late_town(*old, update)
    town.edit(side, "phone", "0100")
    town.look(side)
    contact, lead = town.shown([town.contact, town.lead])
    assert (contact["phone"], lead["Phone"], town.nicknames) == ("0100", "0100", old)
    writes = town.writes()
    town.look(H)
    town.look(S)
    assert (town.writes(), town.inbox.parked("acme")) == (writes, [])


EDITS = [
    *((old, "New") for old in OLD_VALUES),
    (("Mine", "Theirs"), None),
    (("Same", "Same"), None),
]
"""What both sides showed before the mapping, and what one of them shows then."""


@pytest.mark.rule("MAP-6")
@pytest.mark.rule("MAP-3")
@pytest.mark.parametrize("first", [None, *Side])
@pytest.mark.parametrize(("old", "new"), EDITS)
def test_an_edit_in_hubspot_always_crosses(
    first: Side | None, old: tuple[str, str], new: str | None
) -> None:
    """HubSpot says when a property was set, so its edit counts even if it triggered the sync for the
    first time; with other edits, too.
    """
    town = late_town(*old)
    if first is not None:
        town.look(first)
    town.edit(H, "nickname", new)
    town.edit(S, "phone", "0100")
    town.look(H)
    assert town.nicknames == (new, new)


@pytest.mark.rule("MAP-6")
@pytest.mark.rule("MAP-3")
@pytest.mark.parametrize("first", list(Side))
@pytest.mark.parametrize(("old", "new"), EDITS)
def test_an_edit_in_salesforce_is_synced_after_the_first_sync_of_the_pair(
    first: Side, old: tuple[str, str], new: str | None
) -> None:
    """From the first sync on the field is one like any other, together with edits of others as
    well.
    """
    town = late_town(*old)
    town.look(first)
    town.edit(S, "nickname", new)
    town.edit(S, "phone", "0100")
    town.look(S)
    assert town.nicknames == (new, new)


@pytest.mark.rule("MAP-6")
@pytest.mark.parametrize(
    ("old", "field", "shown"),
    [
        pytest.param((None, "Old"), "nickname", ("New", "New"), id="a blank is filled"),
        pytest.param(("Mine", "Old"), "nickname", ("Mine", "New"), id="a value is not overwritten"),
        pytest.param((None, "Old"), "phone", (None, "Old"), id="the edit was another one"),
    ],
)
def test_an_edit_in_salesforce_that_triggers_the_first_sync_is_a_guess(
    old: tuple[str, str], field: str, shown: tuple[str, str]
) -> None:
    """Salesforce does not say which field was edited: if no other shows it, the value fills a blank
    in HubSpot.
    """
    town = late_town(*old)
    town.edit(S, field, "New")
    town.look(S)
    assert town.nicknames == shown


@pytest.mark.rule("MAP-6")
@pytest.mark.parametrize(
    "causes", [[Cause.RESYNC], [Cause.EDITED, Cause.RESYNC]], ids=["first", "later"]
)
@pytest.mark.parametrize(
    ("old", "shown"),
    [
        (("Old", None), ("Old", "Old")),
        ((None, "Old"), ("Old", "Old")),
        (("Mine", "Theirs"), ("Theirs", "Theirs")),
    ],
)
@pytest.mark.parametrize("side", list(Side))
def test_a_resync_carries_what_was_there(
    side: Side, old: tuple[str, str], shown: tuple[str, str], causes: Sequence[Cause]
) -> None:
    """As at a first meeting: a value fills a blank, the more recent of two wins; a second resync
    changes nothing.
    """
    town = late_town(*old)
    for cause in causes:
        town.look(side, cause)
    assert town.nicknames == shown
    writes = town.writes()
    town.look(side, Cause.RESYNC)
    assert town.writes() == writes


@pytest.mark.rule("MAP-6")
def test_pairs_that_are_linked_later_merge_all_fields() -> None:
    """A first meeting is older than no mapping: two records of one address that nobody linked
    before.
    """
    town = LateTown()
    town.map_nicknames()
    town.wait(-60)
    town.contact = town.new_contact(nickname="Old", phone="0100")
    town.lead = town.new_lead(Title="Pilot")
    town.wait(120)
    town.look(H)
    contact, lead = town.shown([town.contact, town.lead])
    assert (contact["jobtitle"], lead["Phone"], town.nicknames) == ("Pilot", "0100", ("Old", "Old"))


@pytest.mark.rule("MAP-6")
def test_a_row_that_was_taken_out_and_put_back_is_new() -> None:
    """What was agreed under the earlier row does not count, so edits made meanwhile stay where they
    are.
    """
    town = late_town("Old", "Old")
    town.look(H)
    town.settings["field"] = ()
    town.edit(H, "nickname", "Meanwhile")
    town.look(H)
    town.map_nicknames()
    town.edit(H, "phone", "0100")
    town.look(H)
    assert town.nicknames == ("Meanwhile", "Old")


@pytest.mark.rule("MAP-6")
def test_another_policy_makes_no_other_row() -> None:
    """An edit from before the new policy still crosses, by the new policy."""
    town = late_town("Old", "Old")
    town.look(H)
    town.edit(H, "nickname", "New")
    (row,) = town.settings["field"]  # type: ignore[misc]
    town.settings["field"] = (
        FieldRule("nickname", "Nickname__c", Update.ALWAYS_HUBSPOT, since=row.since),
    )
    town.wait(60)
    town.look(H)
    assert town.nicknames == ("New", "New")


@pytest.mark.rule("MAP-6")
def test_a_pair_whose_contact_rested_costs_no_history() -> None:
    """HubSpot's history is read only for contacts that were edited after the mapping, and once."""
    town = late_town("Mine", "Theirs")
    town.edit(S, "phone", "0100")
    reads = town.hubspot.calls["read"]
    town.look(S)
    assert town.hubspot.calls["read"] == reads + 1
    town.edit(H, "phone", "0200")
    town.look(H)
    assert town.hubspot.calls["read"] == reads + 2


EDIT = st.tuples(
    st.sampled_from(Side), st.sampled_from(sorted(NAMES)), st.sampled_from(["1", "2", None])
)


@pytest.mark.rule("MAP-6")
@given(
    old=st.sampled_from(OLD_VALUES),
    rounds=st.lists(st.lists(EDIT, min_size=1, max_size=4), min_size=1, max_size=4),
)
def test_between_two_syncs_a_nickname_is_synced_only_if_it_was_edited(
    old: tuple[str | None, str | None], rounds: Sequence[Sequence[tuple[Side, str, str | None]]]
) -> None:
    """Edits of both fields on both sides, several before each sync.

    Left out is what cannot be told: a field that was edited in Salesforce before the first sync
    after the mapping.
    """
    town = late_town(*old)
    for number, edits in enumerate(rounds):
        before = {name: town.both(name) for name in NAMES}
        for edit in edits:
            town.edit(*edit)
        moved = {name: _moved(before[name], town.both(name)) for name in NAMES}
        town.look(H)
        town.look(S)
        assert _moved(*town.both("phone")) == ()
        if moved["nickname"] and (
            number or S not in {side for side, name, _ in edits if name == "nickname"}
        ):
            assert _moved(*town.nicknames) == ()
        elif number or all(side is H for side, _, _ in edits):
            assert town.nicknames == before["nickname"]
    writes = town.writes()
    town.look(H)
    town.look(S)
    assert town.writes() == writes


def _moved(before: object, after: object) -> tuple[object, ...]:
    return () if before == after else (before, after)
