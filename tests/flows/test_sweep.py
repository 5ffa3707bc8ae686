"""Sweeps: what the pushes lost is found once, and a look that finds nothing writes nothing."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime

import pytest

from crmsync.errors import Refused, TryAgain
from crmsync.flows.sweep import sweep
from crmsync.model.changes import Cause, Change
from crmsync.model.concerns import KIND_OF, SIGNS
from crmsync.model.records import Kind, Ref, Side
from crmsync.ports import Sighting
from tests.flows.worlds import Town

KINDS = {Side.HUBSPOT: {"contact": Kind.CONTACT}, Side.SALESFORCE: {"Lead": Kind.CONTACT, "Contact": Kind.CONTACT}}


def look(town: Town, side: Side = Side.SALESFORCE) -> list[str]:
    """Sweep a side once; the ids that were queued."""
    town.outbox.published = []
    sweep("acme", KINDS[side], town.crm(side), town.cursors, town.outbox, town.now)
    return [change.ref.id for change in town.outbox.published]


def test_a_change_is_found_once_however_often_the_sweep_looks():
    """The overlap shows the same change again and again; it is queued the first time only."""
    town = Town()
    look(town)
    town.wait(1)
    lead = town.new_lead()
    assert [look(town) for _ in range(3)] == [[lead.id], [], []]
    town.wait(1)
    town.salesforce.edit(lead, {"Phone": "1"})
    assert [look(town), look(town)] == [[lead.id], []]


def test_a_change_that_shows_late_is_found_behind_the_cursor():
    """A record stamped before the newest one that was seen, and visible only afterwards, is inside the overlap."""
    town = Town()
    look(town)
    town.wait(4)
    newer = town.new_lead()
    assert look(town) == [newer.id]
    town.wait(-2)
    late = town.new_lead()
    town.wait(2)
    assert look(town) == [late.id]


def test_a_deletion_is_found_where_the_side_tells():
    """Salesforce's recycle bin shows what was deleted, and the change says so."""
    town = Town()
    lead = town.new_lead()
    look(town)
    town.wait(1)
    town.salesforce.delete(lead)
    look(town)
    assert [(one.ref, one.cause) for one in town.outbox.published] == [(lead, Cause.DELETED)]


@pytest.mark.parametrize("side", Side)
def test_nothing_is_lost_when_the_bus_is_down(side):
    """The cursor moves only after the changes are queued: what could not be queued is found by the next look."""
    town = Town()
    look(town, side)
    town.wait(1)
    ref = town.new_contact() if side is Side.HUBSPOT else town.new_lead()
    town.outbox.is_down = True
    with pytest.raises(TryAgain):
        look(town, side)
    town.outbox.is_down = False
    town.wait(30)
    assert look(town, side) == [ref.id]


def test_a_sweep_that_was_away_for_days_goes_on_where_it_stopped():
    """After a pause the sweep finds everything since its last look, and needs no full resync."""
    town = Town()
    look(town)
    town.wait(60 * 24 * 4)
    leads = [town.new_lead(Email=f"person{number}@example.com") for number in range(450)]
    town.wait(60 * 24 * 4)
    assert look(town) == [lead.id for lead in leads]


def test_a_quiet_side_costs_one_call_and_no_write():
    """When nothing changes, a look is one call, its cursor stays, and old records are no longer named."""
    town = Town()
    look(town)
    town.new_lead()
    look(town)
    town.wait(30)
    look(town)
    kept, calls = town.cursors.load("acme", "Lead"), town.salesforce.calls["changed_since"]
    for _ in range(5):
        town.wait(30)
        assert look(town) == []
    assert (town.cursors.load("acme", "Lead"), town.salesforce.calls["changed_since"] - calls) == (kept, 5)
    assert kept is not None
    assert kept.seen == {}


@pytest.mark.rule("OPP-9")
def test_what_tells_of_an_opportunity_is_swept_like_one():
    """A contact role that comes, changes or goes is a change of the opportunities' concern that names the role."""
    town = Town()
    signs = {"OpportunityContactRole": Kind.OPPORTUNITY}
    sweep("acme", signs, town.salesforce, town.cursors, town.outbox, town.now)
    town.wait(1)
    role = town.salesforce.add("OpportunityContactRole", {"OpportunityId": "006000000000001AAA"})
    sweep("acme", signs, town.salesforce, town.cursors, town.outbox, town.now)
    assert town.outbox.published == [Change("acme", Kind.OPPORTUNITY, role, Cause.EDITED, town.now)]


@pytest.mark.rule("OPP-6")
def test_definitions_are_looked_at_seldom():
    """A stage that an administrator changes is found within a quarter of an hour, once; until then nobody asks for it."""
    town = Town()
    signs = {"OpportunityStage": Kind.OPPORTUNITY}

    def look_for_stages() -> list[Ref]:
        town.outbox.published = []
        sweep("acme", signs, town.salesforce, town.cursors, town.outbox, town.now)
        return [change.ref for change in town.outbox.published]

    look_for_stages()
    town.wait(1)
    stage = town.salesforce.add("OpportunityStage", {"ApiName": "Demo"})
    found = []
    for _ in range(40):
        town.wait(1)
        found.append(look_for_stages())
    assert found == [[]] * 13 + [[stage]] + [[]] * 26


WATCHED = {**KIND_OF[Side.SALESFORCE], **SIGNS}


def test_what_made_way_for_definitions_is_found_by_the_next_look():
    """An opportunity and a role that are new when the definitions have their turn are queued a minute later, and no lead waits."""
    town = Town()

    def look_for_all() -> list[str]:
        town.outbox.published = []
        sweep("acme", WATCHED, town.salesforce, town.cursors, town.outbox, town.now)
        return [change.ref.object for change in town.outbox.published]

    look_for_all()
    town.wait(15)
    for name in ("Opportunity", "OpportunityContactRole", "OpportunityStage", "RecordType", "Lead"):
        town.salesforce.add(name, {"LastName": "Fell", "Company": "Example GmbH"} if name == "Lead" else {})
    first = look_for_all()
    town.wait(1)
    assert (sorted(first), sorted(look_for_all())) == (
        ["Lead", "OpportunityStage", "RecordType"],
        ["Opportunity", "OpportunityContactRole"],
    )


class SecretStages:
    """Implements `Sweeper` for a quiet org that does not show its stages; remembers what it was asked for."""

    def __init__(self) -> None:
        """Nobody has asked yet."""
        self.asked: list[frozenset[str]] = []

    def changed_since(self, since: Mapping[str, datetime]) -> Iterator[Sequence[Sighting]]:
        """Nothing, and then why."""
        self.asked.append(frozenset(since))
        yield []
        if "OpportunityStage" in since:
            raise Refused("Stages are not shown.", code="INVALID_TYPE")


def test_definitions_that_are_refused_take_nobodys_place_for_good():
    """In an hour they have four looks, opportunities all the others, and no look asks for more than five objects."""
    town, org = Town(), SecretStages()
    for _ in range(61):
        with suppress(Refused):
            sweep("acme", WATCHED, org, town.cursors, town.outbox, town.now)
        town.wait(1)
    seldom, others = {"OpportunityStage": 4, "RecordType": 4}, {"Opportunity": 57, "OpportunityContactRole": 57}
    assert Counter(name for one in org.asked for name in one) == {
        **seldom,
        **others,
        **dict.fromkeys(("Lead", "Contact", "Account"), 61),
    }
    assert {len(one) for one in org.asked} == {5}


def test_what_is_older_than_the_connection_is_left_to_the_import():
    """The first look does not bring the whole history over."""
    town = Town()
    town.new_lead()
    town.wait(60)
    assert look(town) == []
