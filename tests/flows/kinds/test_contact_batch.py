"""Contacts in batches, against two CRMs in memory: what a batch costs, and what happens to records
that fail.
"""

from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from crmsync.errors import Conflict, Refused, TryAgain
from crmsync.model.changes import Cause
from crmsync.model.effects import Category
from crmsync.model.fields import FieldRule, FieldType
from crmsync.model.links import LinkState
from crmsync.model.records import Side
from tests.memory.behaviour import PERSON
from tests.memory.world import MemoryWorld


@pytest.mark.rule("SET-2")
def test_a_new_hubspot_contact_creates_one_lead():
    """However often the contact is reported, one lead is created, and each side keeps the other's
    id.
    """
    world = MemoryWorld()
    ada = world.new_contact(phone="0100")
    for _ in range(3):
        world.sync(ada, ada)
    (lead,) = world.salesforce.refs("Lead")
    assert world.shown([lead]) == [
        {
            "Email": "ada@example.com",
            "LastName": "Lang",
            "Company": "example.com",
            "Phone": "0100",
            "Crmsync_HubSpot_Id__c": f"555001-{ada.id}",
        }
    ]
    assert world.hubspot.fields(ada)["crmsync_salesforce_id"] == lead.id


@pytest.mark.rule("SET-1")
def test_a_new_lead_creates_one_hubspot_contact():
    """However often the lead is reported, one contact is created, and each side keeps the other's
    id.
    """
    world = MemoryWorld()
    lead = world.new_lead(Phone="0100")
    for _ in range(3):
        world.sync(lead, lead)
    (ada,) = world.hubspot.refs("contact")
    assert world.shown([ada]) == [
        {
            "email": "ada@example.com",
            "lastname": "Lang",
            "company": "Example GmbH",
            "phone": "0100",
            "crmsync_salesforce_id": lead.id,
            "crmsync_owner_id": PERSON,
        }
    ]
    assert world.salesforce.fields(lead)["Crmsync_HubSpot_Id__c"] == f"555001-{ada.id}"


@pytest.mark.rule("DUP-1")
def test_a_contact_and_a_lead_with_one_address_in_one_batch_are_linked():
    """They become one pair and create no third record."""
    world = MemoryWorld()
    ada, lead = world.new_contact(jobtitle="Engineer"), world.new_lead(Phone="0100")
    world.sync(ada, lead)
    assert (
        len(world.hubspot.refs("contact")),
        len(world.salesforce.refs("Lead")),
        len(world.links.all),
    ) == (1, 1, 1)
    assert world.salesforce.fields(lead)["Title"] == "Engineer"
    assert world.hubspot.fields(ada)["phone"] == "0100"


@pytest.mark.rule("CH-13")
def test_two_leads_with_one_address_create_one_contact_and_a_report():
    """The first is linked, the second is reported as a duplicate, and a later sync changes
    nothing.
    """
    world = MemoryWorld()
    first, second = world.new_lead(), world.new_lead(FirstName="A.")
    world.sync(first, second)
    world.sync(second, first)
    assert len(world.hubspot.refs("contact")) == 1
    assert [(one.ref, one.category) for one in world.inbox.parked("acme")] == [
        (second, Category.DUPLICATES)
    ]


def test_an_echo_of_our_own_write_reads_one_side_and_writes_nothing():
    """A record that equals the baseline costs one read of its own side and none of the other."""
    world = MemoryWorld()
    ada = world.new_contact()
    world.sync(ada)
    (lead,) = world.salesforce.refs("Lead")
    before, calls = world.writes(), world.hubspot.calls.total()
    summary = world.sync(lead)
    assert (
        world.writes() - before,
        world.hubspot.calls.total() - calls,
        summary.counts["Quiet"],
    ) == (0, 0, 1)


@pytest.mark.long
def test_a_thousand_new_contacts_take_few_calls():
    """A batch is read, matched, created and linked together, without a call per record."""
    world = MemoryWorld()
    refs = [world.new_contact(email=f"person{number}@example.com") for number in range(1000)]
    world.sync(*refs)
    assert len(world.salesforce.refs("Lead")) == 1000
    assert world.salesforce.calls == {"find": 1, "create": 1, "read": 1}
    assert world.hubspot.calls == {"read": 1, "update": 1}


@pytest.mark.rule("Q-21")
def test_only_conflicting_records_are_read_again_with_their_history():
    """The ages of values are read only if both sides changed one field."""
    world = MemoryWorld()
    people = [world.new_contact(email=f"person{number}@example.com") for number in range(3)]
    world.sync(*people)
    leads = world.salesforce.refs("Lead")
    world.wait()
    world.hubspot.edit(people[0], {"phone": "1"})
    world.salesforce.edit(leads[1], {"Phone": "2"})
    world.hubspot.edit(people[2], {"phone": "3"})
    world.wait()
    world.salesforce.edit(leads[2], {"Phone": "4"})
    calls = world.hubspot.calls["read"]
    world.sync(*people, *leads)
    assert world.hubspot.calls["read"] - calls == 2
    phones = [
        (world.hubspot.fields(p)["phone"], world.salesforce.fields(s)["Phone"])
        for p, s in zip(people, leads, strict=True)
    ]
    assert phones == [("1", "1"), ("2", "2"), ("4", "4")]


def test_a_record_that_salesforce_refuses_does_not_stop_the_others():
    """One refused record of a hundred is parked with cause and field, and the others are
    created.
    """
    world = MemoryWorld()
    refs = [world.new_contact(email=f"person{number}@example.com") for number in range(100)]
    refusal = Refused(
        "No.", code="FIELD_CUSTOM_VALIDATION_EXCEPTION", fieldname="Email", hint="Ask."
    )
    world.salesforce.refuse = lambda fields: (
        refusal if fields.get("Email") == "person50@example.com" else None
    )
    world.sync(*refs)
    assert len(world.salesforce.refs("Lead")) == 99
    (parked,) = world.inbox.parked("acme")
    assert (parked.ref, parked.category, parked.fieldname) == (
        refs[50],
        Category.VALIDATION,
        "Email",
    )


def test_a_parked_record_leaves_the_error_inbox_when_it_syncs():
    """Once the cause is gone and the record is synced again, the inbox is empty."""
    world = MemoryWorld()
    ada = world.new_contact()
    world.salesforce.refuse = lambda _fields: Refused("No.", code="REQUIRED_FIELD_MISSING")
    world.sync(ada)
    world.salesforce.refuse = lambda _fields: None
    world.sync(ada)
    assert (len(world.salesforce.refs("Lead")), list(world.inbox.parked("acme"))) == (1, [])


@pytest.mark.parametrize("side", Side)
def test_a_crm_that_is_down_puts_everything_off_and_loses_nothing(side):
    """While a side does not answer, the changes go back to the queue, and afterwards everything
    syncs.
    """
    world = MemoryWorld()
    refs = [world.new_contact(email=f"person{number}@example.com") for number in range(3)]
    world.crm(side).down = TryAgain("Down.", after=120)
    world.sync(*refs)
    assert [(change.tries, wait) for change, wait in world.outbox.delayed] == [
        (0, 120),
        (0, 140),
        (0, 140),
    ]
    world.crm(side).down = None
    world.drain()
    assert (len(world.salesforce.refs("Lead")), len(world.links.all), world.outbox.delayed) == (
        3,
        3,
        [],
    )


def test_a_change_that_cannot_be_put_off_fails_its_message():
    """If the queue does not accept the change either, the error is raised so that the message is
    delivered again.
    """
    world = MemoryWorld()
    ada = world.new_contact()
    world.salesforce.down = TryAgain("Down.")
    world.outbox.is_down = True
    with pytest.raises(TryAgain):
        world.sync(ada)


def test_a_record_that_fails_for_half_a_day_is_parked_in_the_end():
    """A record that is locked at every sync is parked in the error inbox instead of being retried
    for ever.
    """
    world = MemoryWorld()
    ada = world.new_contact()
    world.sync(ada)
    world.hubspot.edit(ada, {"phone": "1"})
    world.salesforce.refuse = lambda _fields: TryAgain("Locked.", code="UNABLE_TO_LOCK_ROW")
    world.sync(ada)
    world.drain()
    assert [(one.ref, one.category) for one in world.inbox.parked("acme")] == [
        (ada, Category.UNAVAILABLE)
    ]


def test_a_record_that_loses_a_race_for_a_link_is_synced_again_at_once():
    """If another run saved the link meanwhile, the sync is repeated within the same run, and the
    pair is in sync afterwards.
    """
    world = MemoryWorld()
    ada = world.new_contact()
    world.sync(ada)
    (link,) = world.links.all
    save = world.links.save

    def second(links):
        world.links.save = save
        world.links.save([link])
        return save(links)

    world.links.save = second
    world.hubspot.edit(ada, {"phone": "0100"})
    world.sync(ada)
    (lead,) = world.salesforce.refs("Lead")
    assert (world.salesforce.fields(lead)["Phone"], world.outbox.delayed) == ("0100", [])
    assert [world.sync(ref).counts["Quiet"] for ref in (ada, lead)] == [1, 1]


def test_a_record_that_loses_every_race_is_put_off_under_a_code_of_its_own():
    """Status and, after the last try, the error inbox say that others keep changing it."""
    world = MemoryWorld()
    ada = world.new_contact()
    world.sync(ada)
    world.links.save = lambda links: [Conflict("Somebody else was first.") for _ in links]
    world.hubspot.edit(ada, {"phone": "0100"})
    summary = world.sync(ada)
    ((change, wait),) = world.outbox.delayed
    oldest = summary.oldest
    world.deliver([replace(change, tries=40)])

    assert (change.ref, change.tries, wait) == (ada, 1, 30)
    assert oldest is not None
    assert oldest.code == "OVERTAKEN"
    assert [(one.code, one.category) for one in world.inbox.parked("acme")] == [
        ("OVERTAKEN", Category.UNAVAILABLE)
    ]


def test_a_write_to_a_record_that_is_gone_is_planned_again_at_once():
    """If the lead was converted between reading and writing, the same run links its contact and
    writes the edit to it.
    """
    world = MemoryWorld()
    ada = world.new_contact()
    world.sync(ada)
    (lead,) = world.salesforce.refs("Lead")
    update = world.salesforce.update

    def late(effects):
        world.salesforce.update = update
        world.salesforce.convert(lead)
        return update(effects)

    world.salesforce.update = late
    world.hubspot.edit(ada, {"phone": "0100"})
    world.sync(ada)
    successor = world.counterpart(ada)
    assert (successor.object, world.salesforce.fields(successor).get("Phone")) == (
        "Contact",
        "0100",
    )


def test_a_crash_between_create_and_link_creates_no_second_record():
    """The next sync finds the unlinked lead by its address and links it."""
    world = MemoryWorld()
    ada = world.new_contact()
    save, world.links.save = world.links.save, lambda links: [TryAgain("Killed.") for _ in links]
    world.sync(ada)
    world.links.save = save
    world.drain()
    assert (len(world.salesforce.refs("Lead")), len(world.links.all)) == (1, 1)


def test_a_crash_is_repaired_even_if_the_address_changed_meanwhile():
    """The second try finds the lead by the id that each side keeps of the other, not by its
    address.
    """
    world = MemoryWorld()
    ada = world.new_contact()
    save, world.links.save = world.links.save, lambda links: [TryAgain("Killed.") for _ in links]
    world.sync(ada)
    world.wait()
    world.hubspot.edit(ada, {"email": "ada.lang@example.com"})
    world.links.save = save
    world.drain()
    assert [one["Email"] for one in world.shown(world.salesforce.refs("Lead"))] == [
        "ada.lang@example.com"
    ]


@pytest.mark.parametrize("first", ["the other lead", "both"])
@pytest.mark.rule("DUP-24")
def test_a_contact_whose_link_could_not_be_saved_goes_to_no_other_lead_of_its_address(first: str):
    """It names the lead that it was made of and is linked with that one; the other lead is
    reported, and neither takes a value of the other.
    """
    world = MemoryWorld()
    ada = world.new_lead(Email="ada@example.com", LastName="Lang", Phone="0100")
    save, world.links.save = world.links.save, lambda links: [TryAgain("Killed.") for _ in links]
    world.sync(ada)
    world.links.save = save
    other = world.new_lead(Email="ada@example.com", LastName="Long")
    world.sync(*([other] if first == "the other lead" else [other, ada]))
    reported = [(one.ref, one.waits_for) for one in world.inbox.parked("acme")]
    world.drain()

    (contact,) = world.hubspot.refs("contact")
    assert reported == [(other, (contact,))]
    assert [(link.hubspot, link.salesforce) for link in world.links.all] == [(contact, ada)]
    assert world.hubspot.fields(contact)["lastname"] == "Lang"
    assert world.salesforce.fields(other).get("Phone") is None


@pytest.mark.rule("DUP-24")
def test_a_contact_goes_to_the_lead_that_was_made_of_it_before_any_other_record_of_its_address():
    """Its link could not be saved, and meanwhile somebody created a Salesforce contact with the
    address. Contacts go before leads only where neither names the person's contact.
    """
    world = MemoryWorld()
    ada = world.new_contact(email="ada@example.com", lastname="Lang")
    save, world.links.save = world.links.save, lambda links: [TryAgain("Killed.") for _ in links]
    world.sync(ada)
    world.links.save = save
    (lead,) = world.salesforce.refs("Lead")
    other = world.new_salesforce_contact(None, "ada@example.com", LastName="Long")
    world.sync(ada)
    world.sync(other)

    assert [(link.hubspot, link.salesforce) for link in world.links.all] == [(ada, lead)]
    assert [(one.ref, one.waits_for) for one in world.inbox.parked("acme")] == [(other, (ada,))]
    assert world.hubspot.fields(ada)["lastname"] == "Lang"


@pytest.mark.rule("DUP-24")
def test_a_new_pair_takes_one_write_to_salesforce():
    """The values and crmsync's key are in one write, so no person can edit the lead in between."""
    world = MemoryWorld()
    lead = world.new_lead(Email="ada@example.com", LastName="Lang")
    ada = world.new_contact(email="ada@example.com", lastname="Lang", phone="0100")
    world.sync(ada)
    assert world.shown([lead])[0]["Phone"] == "0100"
    assert world.shown([lead])[0]["Crmsync_HubSpot_Id__c"] == f"555001-{ada.id}"
    assert world.salesforce.calls["update"] == 1


@pytest.mark.rule("DUP-24")
def test_a_key_that_another_lead_has_holds_back_no_value():
    """The values are then written without it, and the pair is linked."""
    world = MemoryWorld()
    lead = world.new_lead(Email="ada@example.com", LastName="Lang")
    ada = world.new_contact(email="ada@example.com", lastname="Lang", phone="0100")
    key = f"555001-{ada.id}"
    world.new_lead(Email="ben@example.com", LastName="Lang", Crmsync_HubSpot_Id__c=key)
    world.sync(lead)
    assert world.shown([lead])[0]["Phone"] == "0100"
    assert not world.salesforce.fields(lead).get("Crmsync_HubSpot_Id__c")
    assert [(one.hubspot, one.salesforce) for one in world.links.all] == [(ada, lead)]
    assert world.salesforce.calls["update"] == 3


def test_a_contact_that_is_deleted_before_its_link_is_saved_ends_the_link():
    """The deletion is looked at once more, when the worker that was about to save the link has
    ended.
    """
    world = MemoryWorld()
    world.new_lead()
    save = world.links.save

    def slowly(links):
        (made,) = world.hubspot.refs("contact")
        world.hubspot.delete(made)
        world.sync(made, cause=Cause.DELETED)
        world.links.save = save
        return save(links)

    world.links.save = slowly
    world.sync(*world.salesforce.refs("Lead"))
    delays = [after for _, after in world.outbox.delayed]
    world.drain()

    assert (delays, [link.state for link in world.links.all]) == ([180], [LinkState.TOMBSTONE])


@pytest.mark.rule("CH-9")
def test_a_contact_that_asked_to_be_forgotten_leaves_no_link_that_a_slow_worker_saves() -> None:
    """Two workers link one pair, and the slower one saves its link after the contact was deleted
    for privacy and the first link dropped. The deletion is looked at once more when that worker has
    ended.
    """
    world = MemoryWorld()
    lead, save = world.new_lead(), world.links.save

    def slowly(links):
        world.links.save = save
        (made,) = world.hubspot.refs("contact")
        world.sync(made)
        world.hubspot.purge(made)
        world.sync(made, cause=Cause.FORGOTTEN)
        return save(links)

    world.links.save = slowly
    world.sync(lead)
    (again,), left = world.outbox.delayed, [link.state for link in world.links.all]
    world.drain()

    assert (again[0].cause, again[1], left) == (Cause.FORGOTTEN, 180, [LinkState.ACTIVE])
    assert world.links.all == []


@pytest.mark.rule("DUP-24")
def test_a_contact_that_lost_its_address_is_linked_with_the_lead_that_was_made_of_it() -> None:
    """The link could not be saved, and no address leads to the lead any more; a contact that was
    never edited had no address at any time, and nothing is asked for it.
    """
    world = MemoryWorld()
    contact, save = world.new_contact(), world.links.save
    world.links.save = lambda links: [TryAgain("Throttled.") for _ in links]
    world.sync(contact)
    world.links.save, world.outbox.delayed = save, []
    world.wait()
    world.hubspot.edit(contact, {"email": None})
    fresh = world.new_contact(email="")
    world.salesforce.calls.clear()

    world.sync(contact, fresh)

    (lead,) = world.salesforce.refs("Lead")
    assert [(link.hubspot, link.salesforce) for link in world.links.all] == [(contact, lead)]
    assert [one.ref for one in world.inbox.parked("acme")] == [fresh]
    world.salesforce.calls.clear()
    world.sync(fresh)
    assert world.salesforce.calls["made_by"] == 0


@pytest.mark.parametrize("is_new", [False, True])
def test_a_lead_that_loses_its_address_while_it_is_linked_is_read_once_more(is_new):
    """A worker that read it before may still save a link with the old values. A lead that was never
    edited had no address at any time.
    """
    world = MemoryWorld()
    lead = world.new_lead(Email=None if is_new else "ada@example.com")
    world.wait()
    if not is_new:
        world.salesforce.edit(lead, {"Email": None})
    world.sync(lead)

    again = [] if is_new else [(world.change(lead, Cause.AGAIN), 180)]
    assert world.outbox.delayed == again
    world.wait(5)
    world.drain()
    assert (world.outbox.delayed, world.links.all) == ([], [])


def test_an_edit_never_creates_a_deleted_record_again():
    """After the lead was deleted, edits of the contact create no new one."""
    world = MemoryWorld()
    ada = world.new_contact()
    world.sync(ada)
    (lead,) = world.salesforce.refs("Lead")
    world.salesforce.delete(lead)
    world.sync(lead, cause=Cause.DELETED)
    world.hubspot.edit(ada, {"phone": "1"})
    world.sync(ada)
    assert (world.salesforce.refs("Lead"), world.hubspot.refs("contact")) == ([], [ada])


def test_a_defect_in_planning_one_record_stops_only_that_record(monkeypatch):
    """The record is reported as our defect, and the rest of its batch syncs."""
    world = MemoryWorld()
    good, bad = world.new_contact(), world.new_contact(email="bad@example.com")
    real = __import__("crmsync.flows.kinds.contact", fromlist=["plan_contact"]).plan_contact
    monkeypatch.setattr(
        "crmsync.flows.kinds.contact.plan_contact",
        lambda facts, ruleset: 1 / 0 if facts.change.ref == bad else real(facts, ruleset),
    )
    world.sync(good, bad)
    assert len(world.salesforce.refs("Lead")) == 1
    assert [(one.ref, one.category) for one in world.inbox.parked("acme")] == [
        (bad, Category.INTERNAL)
    ]


@pytest.mark.rule("MAP-7")
def test_the_day_of_a_moment_is_that_of_the_hubspot_accounts_time_zone() -> None:
    """A moment on the last evening of November in UTC is in December in Tokyo."""
    world = MemoryWorld(
        settings={"field": (FieldRule("seen_at", "Seen_On__c", form=FieldType.DATED),)},
        zone=ZoneInfo("Asia/Tokyo"),
    )

    world.sync(world.new_contact(seen_at="2026-11-30T20:00:00.000Z"))

    (lead,) = world.salesforce.refs("Lead")
    assert world.salesforce.fields(lead)["Seen_On__c"] == "2026-12-01"
