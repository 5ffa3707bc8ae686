"""Consent is never lost silently: whichever lead or contact of a person is opted out in Salesforce,
HubSpot's contact is (OPT-4).
"""

from __future__ import annotations

import pytest

from crmsync.flows.kinds.contact import sync_contacts
from crmsync.model.changes import redelivered
from crmsync.model.records import Ref
from crmsync.model.settings import CreateInHubspot, OutsideInclusionList
from tests.flows.convergence.gate import Gate, KilledError, with_gate
from tests.flows.kinds.test_opt_out_shown import OWN_ACT
from tests.memory.world import MemoryWorld

OUT = {"HasOptedOutOfEmail": True}


def a_double(world: MemoryWorld, **fields: object) -> tuple[Ref, Ref, Ref]:
    """A contact, its lead, and a second lead with the address, which is reported."""
    lead = world.new_lead()
    world.sync(lead)
    world.wait()
    contact = world.counterpart(lead)
    double = world.new_lead(**fields)
    return contact, lead, double


def is_out(world: MemoryWorld, contact: Ref, *leads: Ref) -> list[bool]:
    """Whether HubSpot and each of the leads says that the person is out."""
    shown = [world.salesforce.fields(lead)["HasOptedOutOfEmail"] for lead in leads]
    return [world.hubspot.fields(contact).get("hs_email_optout") == "true", *map(bool, shown)]


def told(world: MemoryWorld, ref: Ref) -> None:
    """A record is synced, and what follows is worked off."""
    world.sync(ref)
    world.drain()


@pytest.mark.rule("OPT-4")
@pytest.mark.parametrize("is_born_out", [True, False])
def test_a_double_that_is_opted_out_unsubscribes_the_contact(is_born_out: bool):  # noqa: FBT001
    """The contact's own lead is opted out, too; the double is reported as before, and nobody is
    unsubscribed twice.
    """
    world = MemoryWorld()
    contact, lead, double = a_double(world, **(OUT if is_born_out else {}))
    told(world, double)
    if not is_born_out:
        assert is_out(world, contact, lead) == [False, False]
        world.salesforce.edit(double, OUT)
        told(world, double)
    assert is_out(world, contact, lead) == [True, True]
    assert [(one.ref, str(one.category)) for one in world.inbox.parked("acme")] == [
        (double, "duplicates")
    ]
    before = world.writes()
    told(world, double)
    assert world.writes() == before


@pytest.mark.rule("OPT-4")
@pytest.mark.rule("OPT-6")
def test_a_person_who_came_back_is_not_opted_out_by_an_older_duplicate():
    """The person's own act is the later one; only a double that somebody has changed since opts out
    again.
    """
    world = MemoryWorld()
    contact, lead, double = a_double(world, **OUT)
    told(world, double)
    world.wait()
    world.hubspot.edit(contact, {"hs_email_optout": "false"}, by=OWN_ACT)
    for ref in (contact, double):
        told(world, ref)
    assert is_out(world, contact, lead) == [False, False]
    world.wait()
    world.salesforce.edit(double, {"Title": "Baker"})
    told(world, double)
    assert is_out(world, contact, lead) == [True, True]


@pytest.mark.rule("OPT-4")
def test_a_contact_that_shows_itself_subscribed_since_it_was_made_did_not_come_back():
    """Its double is older than the contact, and counts."""
    world = MemoryWorld()
    double = world.new_lead(Email="else@example.com", **OUT)
    world.wait()
    contact = world.new_contact(hs_email_optout="false")
    world.sync(contact)
    lead = world.counterpart(contact)
    world.salesforce.fill_in(double, {"Email": "ada@example.com"})
    told(world, double)
    assert is_out(world, contact, lead) == [True, True]


@pytest.mark.rule("OPT-4")
@pytest.mark.rule("Q-12")
def test_a_contact_that_meets_several_leads_is_out_if_one_of_them_is():
    """It is linked with the oldest; a younger one is opted out."""
    world = MemoryWorld()
    lead = world.new_lead()
    world.wait()
    world.new_lead(**OUT)
    contact = world.new_contact()
    told(world, contact)
    assert (world.counterpart(contact), is_out(world, contact, lead)) == (lead, [True, True])
    before = world.writes()
    told(world, contact)
    assert world.writes() == before


@pytest.mark.rule("OPT-4")
@pytest.mark.rule("INC-2")
def test_a_double_counts_though_salesforce_makes_no_contacts():
    """Its contact is in the list and linked; that a new one would not be made is no matter."""
    world = MemoryWorld()
    contact, lead, double = a_double(world, **OUT)
    world.lists.make("77")
    world.lists.add_to_list("77", contact)
    world.settings = {"inclusion_list": "77", "create_in_hubspot": CreateInHubspot.NEVER}
    told(world, double)
    assert is_out(world, contact, lead) == [True, True]


@pytest.mark.rule("OPT-7")
@pytest.mark.parametrize("setting", [OutsideInclusionList.FREEZE, OutsideInclusionList.IGNORE])
def test_a_duplicate_whose_contact_does_not_sync_is_reported(setting: OutsideInclusionList):
    """Outside the inclusion list nothing is carried over, so the report says that the two
    differ.
    """
    world = MemoryWorld()
    contact, lead, double = a_double(world, **OUT)
    world.lists.make("77")
    world.settings = {"inclusion_list": "77", "outside_inclusion_list": setting}
    told(world, double)
    assert is_out(world, contact, lead) == [False, False]
    assert [(one.ref, "OPT-7" in one.because) for one in world.inbox.parked("acme")] == [
        (double, True)
    ]


@pytest.mark.rule("OPT-4")
@pytest.mark.rule("MRG-3")
@pytest.mark.parametrize("first", ["survivor", "loser"])
@pytest.mark.parametrize("when", ["before the merge", "after it", "after all was looked at"])
def test_the_lead_of_a_contact_that_was_merged_away_still_opts_out(first: str, when: str):
    """Its box is ticked before or after the merge, seen or not: the survivor is unsubscribed, once;
    the lead is left alone otherwise.
    """
    world = MemoryWorld()
    one, two = (
        world.new_contact(email="one@example.com"),
        world.new_contact(email="two@example.com"),
    )
    world.sync(one, two)
    winner, loser = world.counterpart(one), world.counterpart(two)
    world.wait()
    if when == "before the merge":
        world.salesforce.edit(loser, OUT)
    survivor = world.hubspot.merge(one, two)
    if when == "after it":
        world.salesforce.edit(loser, OUT)
    for ref in [survivor, loser] if first == "survivor" else [loser, survivor]:
        told(world, ref)
    if when == "after all was looked at":
        world.salesforce.edit(loser, OUT)
        told(world, loser)
    assert is_out(world, survivor, winner, loser) == [True, True, True]
    assert world.salesforce.fields(loser)["Email"] == "two@example.com"
    world.wait()
    world.hubspot.edit(survivor, {"hs_email_optout": "false"}, by=OWN_ACT)
    told(world, survivor)
    world.salesforce.edit(loser, {"Title": "Baker"})
    told(world, loser)
    assert is_out(world, survivor, winner) == [False, False]


@pytest.mark.rule("OPT-4")
def test_a_worker_that_dies_after_the_opt_out_has_requested_the_contacts_sync():
    """When its message comes back, the contact is unsubscribed already and nothing requests its
    sync again; so the request is queued before the opt-out.
    """
    rehearsal, gate = MemoryWorld(), Gate()
    sync_contacts(
        [rehearsal.change(a_double(rehearsal, **OUT)[2])], with_gate(rehearsal.context, gate)
    )
    after_the_opt_out = gate.calls.index("preferences.opt_out") + 1
    world = MemoryWorld()
    contact, lead, double = a_double(world, **OUT)
    change = world.change(double)
    with pytest.raises(KilledError):
        sync_contacts([change], with_gate(world.context, Gate(dies_at=after_the_opt_out)))
    assert is_out(world, contact, lead) == [True, False]

    world.wait()
    world.deliver([redelivered(change)])
    world.drain()

    assert is_out(world, contact, lead) == [True, True]
