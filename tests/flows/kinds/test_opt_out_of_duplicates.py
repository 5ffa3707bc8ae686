"""No opt-out is lost silently: if any lead or contact of a person is opted out in Salesforce,
HubSpot's contact is (OPT-4).
"""

from __future__ import annotations

import pytest

from crmsync.flows.kinds.contact import sync_contacts
from crmsync.model.changes import Cause, redelivered
from crmsync.model.records import Ref
from crmsync.model.settings import CreateInHubspot, OutsideInclusionList
from tests.flows.interleaving.gate import Gate, KilledError, with_gate
from tests.flows.kinds.test_opt_out_shown import OWN_ACT
from tests.memory.world import MemoryWorld

OUT = {"HasOptedOutOfEmail": True}


def a_duplicate(world: MemoryWorld, **fields: object) -> tuple[Ref, Ref, Ref]:
    """A contact, its lead, and a second lead with the address, which is reported."""
    lead = world.new_lead()
    world.sync(lead)
    world.wait()
    contact = world.counterpart(lead)
    double = world.new_lead(**fields)
    return contact, lead, double


def opted_out(world: MemoryWorld, contact: Ref, *leads: Ref) -> list[bool]:
    """Whether HubSpot and each of the leads show the person as opted out."""
    shown = [world.salesforce.fields(lead).get("HasOptedOutOfEmail") for lead in leads]
    return [world.hubspot.fields(contact).get("hs_email_optout") == "true", *map(bool, shown)]


def sync(world: MemoryWorld, ref: Ref) -> None:
    """Sync a record and work off the queue."""
    world.sync(ref)
    world.drain()


@pytest.mark.rule("OPT-4")
@pytest.mark.parametrize("is_born_out", [True, False])
def test_an_opted_out_duplicate_unsubscribes_the_contact(is_born_out: bool):  # noqa: FBT001
    """The linked lead is opted out as well, the duplicate stays reported, and HubSpot is asked
    once.
    """
    world = MemoryWorld()
    contact, lead, double = a_duplicate(world, **(OUT if is_born_out else {}))
    sync(world, double)
    if not is_born_out:
        assert opted_out(world, contact, lead) == [False, False]
        world.salesforce.edit(double, OUT)
        sync(world, double)
    assert opted_out(world, contact, lead) == [True, True]
    assert [(one.ref, str(one.category)) for one in world.inbox.parked("acme")] == [
        (double, "duplicates")
    ]
    before = world.writes()
    sync(world, double)
    assert world.writes() == before


@pytest.mark.rule("OPT-4")
@pytest.mark.rule("OPT-6")
def test_a_resubscribed_contact_is_not_opted_out_by_an_older_duplicate():
    """The contact's own act is the later one, and only a duplicate that is edited afterwards opts
    it out again.
    """
    world = MemoryWorld()
    contact, lead, double = a_duplicate(world, **OUT)
    sync(world, double)
    world.wait()
    world.hubspot.edit(contact, {"hs_email_optout": "false"}, by=OWN_ACT)
    for ref in (contact, double):
        sync(world, ref)
    assert opted_out(world, contact, lead) == [False, False]
    world.wait()
    world.salesforce.edit(double, {"Title": "Baker"})
    sync(world, double)
    assert opted_out(world, contact, lead) == [True, True]


@pytest.mark.rule("OPT-4")
def test_a_contact_that_was_always_subscribed_did_not_resubscribe():
    """Its duplicate is older than the contact, and its opt-out counts."""
    world = MemoryWorld()
    double = world.new_lead(Email="else@example.com", **OUT)
    world.wait()
    contact = world.new_contact(hs_email_optout="false")
    world.sync(contact)
    lead = world.counterpart(contact)
    world.salesforce.fill_in(double, {"Email": "ada@example.com"})
    sync(world, double)
    assert opted_out(world, contact, lead) == [True, True]


@pytest.mark.rule("OPT-4")
@pytest.mark.rule("Q-12")
def test_a_contact_that_matches_several_leads_is_opted_out_if_one_of_them_is():
    """It is linked with the oldest, while a younger one is opted out."""
    world = MemoryWorld()
    lead = world.new_lead()
    world.wait()
    world.new_lead(**OUT)
    contact = world.new_contact()
    sync(world, contact)
    assert (world.counterpart(contact), opted_out(world, contact, lead)) == (lead, [True, True])
    before = world.writes()
    sync(world, contact)
    assert world.writes() == before


@pytest.mark.rule("OPT-4")
@pytest.mark.rule("INC-2")
def test_a_duplicate_counts_even_if_salesforce_creates_no_contacts():
    """The duplicate's contact is listed and linked, so that the setting for new contacts does not
    matter.
    """
    world = MemoryWorld()
    contact, lead, double = a_duplicate(world, **OUT)
    world.lists.make("77")
    world.lists.add_to_list("77", contact)
    world.settings = {"inclusion_list": "77", "create_in_hubspot": CreateInHubspot.NEVER}
    sync(world, double)
    assert opted_out(world, contact, lead) == [True, True]


@pytest.mark.rule("OPT-7")
@pytest.mark.parametrize("setting", [OutsideInclusionList.FREEZE, OutsideInclusionList.IGNORE])
def test_a_duplicate_whose_contact_does_not_sync_is_reported(setting: OutsideInclusionList):
    """Outside the inclusion list nothing is written, so that the report says that the two
    differ.
    """
    world = MemoryWorld()
    contact, lead, double = a_duplicate(world, **OUT)
    world.lists.make("77")
    world.settings = {"inclusion_list": "77", "outside_inclusion_list": setting}
    sync(world, double)
    assert opted_out(world, contact, lead) == [False, False]
    assert [(one.ref, "OPT-7" in one.because) for one in world.inbox.parked("acme")] == [
        (double, True)
    ]


@pytest.mark.rule("OPT-4")
@pytest.mark.rule("MRG-3")
@pytest.mark.parametrize("first", ["survivor", "loser"])
@pytest.mark.parametrize("when", ["before the merge", "after it", "after all was looked at"])
def test_the_lead_of_a_contact_that_was_merged_away_still_opts_out(first: str, when: str):
    """An opt-out of that lead before or after the merge unsubscribes the survivor, once, and the
    lead is otherwise left alone.
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
        sync(world, ref)
    if when == "after all was looked at":
        world.salesforce.edit(loser, OUT)
        sync(world, loser)
    assert opted_out(world, survivor, winner, loser) == [True, True, True]
    assert world.salesforce.fields(loser)["Email"] == "two@example.com"
    world.wait()
    world.hubspot.edit(survivor, {"hs_email_optout": "false"}, by=OWN_ACT)
    sync(world, survivor)
    world.salesforce.edit(loser, {"Title": "Baker"})
    sync(world, loser)
    assert opted_out(world, survivor, winner) == [False, False]


@pytest.mark.rule("OPT-4")
@pytest.mark.rule("OPT-7")
@pytest.mark.parametrize("inclusion", ["77", "default"])
@pytest.mark.parametrize("when", ["before the merge", "after all was looked at"])
def test_an_opt_out_left_by_a_merge_crosses_when_the_survivor_joins_the_list(
    when: str, inclusion: str
):
    """While the survivor was outside the inclusion list nothing was written, and the lead that was
    left alone shows nothing new when it joins.
    """
    world = MemoryWorld()
    one, two = (
        world.new_contact(email=f"{name}@example.com", lifecyclestage="subscriber")
        for name in ("one", "two")
    )
    world.sync(one, two)
    winner, loser = world.counterpart(one), world.counterpart(two)
    world.lists.make("77")
    world.settings = {"inclusion_list": inclusion}
    world.wait()
    if when == "before the merge":
        world.salesforce.edit(loser, OUT)
        sync(world, loser)
    survivor = world.hubspot.merge(one, two)
    sync(world, survivor)
    if when == "after all was looked at":
        world.salesforce.edit(loser, OUT)
        sync(world, loser)
    assert opted_out(world, survivor, winner, loser) == [False, False, True]

    world.lists.add_to_list("77", survivor)
    world.hubspot.edit(survivor, {"lifecyclestage": "lead"})
    world.sync(survivor, cause=Cause.EDITED if inclusion == "default" else Cause.AGAIN)
    world.drain()

    assert opted_out(world, survivor, winner, loser) == [True, True, True]
    before = world.writes()
    world.sync(survivor, loser, cause=Cause.AGAIN)
    world.drain()
    assert world.writes() == before


@pytest.mark.rule("OPT-4")
def test_a_worker_that_dies_after_the_opt_out_has_requested_the_contacts_sync():
    """When its message comes back, the contact is unsubscribed already and nothing requests its
    sync again; so the request is queued before the opt-out.
    """
    rehearsal, gate = MemoryWorld(), Gate()
    sync_contacts(
        [rehearsal.change(a_duplicate(rehearsal, **OUT)[2])], with_gate(rehearsal.context, gate)
    )
    after_the_opt_out = gate.calls.index("preferences.opt_out") + 1
    world = MemoryWorld()
    contact, lead, double = a_duplicate(world, **OUT)
    change = world.change(double)
    with pytest.raises(KilledError):
        sync_contacts([change], with_gate(world.context, Gate(dies_at=after_the_opt_out)))
    assert opted_out(world, contact, lead) == [True, False]

    world.wait()
    world.deliver([redelivered(change)])
    world.drain()

    assert opted_out(world, contact, lead) == [True, True]
