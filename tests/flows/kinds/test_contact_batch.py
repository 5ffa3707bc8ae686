"""Contacts in batches, against two CRMs in memory: what a batch costs, and what becomes of records
that go wrong.
"""

import pytest

from crmsync.errors import Refused, TryAgain
from crmsync.model.changes import Cause
from crmsync.model.effects import Category
from crmsync.model.records import Side
from tests.memory.customs import PERSON
from tests.memory.worlds import Town


@pytest.mark.rule("SET-2")
def test_a_contact_born_in_hubspot_is_made_once_in_salesforce():
    """However often the same contact is announced, one lead comes of it, and each side keeps the
    other's id.
    """
    town = Town()
    ada = town.new_contact(phone="0100")
    for _ in range(3):
        town.sync(ada, ada)
    (lead,) = town.salesforce.refs("Lead")
    assert town.shown([lead]) == [
        {
            "Email": "ada@example.com",
            "LastName": "Lang",
            "Company": "example.com",
            "Phone": "0100",
            "Crmsync_HubSpot_Id__c": f"555001-{ada.id}",
        }
    ]
    assert town.hubspot.fields(ada)["crmsync_salesforce_id"] == lead.id


@pytest.mark.rule("SET-1")
def test_a_lead_born_in_salesforce_is_made_once_in_hubspot():
    """The mirror image: one HubSpot contact, and each side keeps the other's id."""
    town = Town()
    lead = town.new_lead(Phone="0100")
    for _ in range(3):
        town.sync(lead, lead)
    (ada,) = town.hubspot.refs("contact")
    assert town.shown([ada]) == [
        {
            "email": "ada@example.com",
            "lastname": "Lang",
            "company": "Example GmbH",
            "phone": "0100",
            "crmsync_salesforce_id": lead.id,
            "crmsync_owner_id": PERSON,
        }
    ]
    assert town.salesforce.fields(lead)["Crmsync_HubSpot_Id__c"] == f"555001-{ada.id}"


@pytest.mark.rule("DUP-1")
def test_one_person_met_from_both_sides_in_one_batch_is_linked_once():
    """A contact and a lead with one address, announced together, become one pair and no third
    record.
    """
    town = Town()
    ada, lead = town.new_contact(jobtitle="Engineer"), town.new_lead(Phone="0100")
    town.sync(ada, lead)
    assert (
        len(town.hubspot.refs("contact")),
        len(town.salesforce.refs("Lead")),
        len(town.links.all),
    ) == (1, 1, 1)
    assert town.salesforce.fields(lead)["Title"] == "Engineer"
    assert town.hubspot.fields(ada)["phone"] == "0100"


@pytest.mark.rule("CH-13")
def test_two_leads_with_one_address_make_one_contact_and_a_finding():
    """The first is linked, the second is reported as a duplicate; a later sync changes nothing."""
    town = Town()
    first, second = town.new_lead(), town.new_lead(FirstName="A.")
    town.sync(first, second)
    town.sync(second, first)
    assert len(town.hubspot.refs("contact")) == 1
    assert [(one.ref, one.category) for one in town.inbox.parked("acme")] == [
        (second, Category.DUPLICATES)
    ]


def test_an_echo_of_our_own_write_reads_one_side_and_writes_nothing():
    """A record that shows what was agreed costs one read of its own side, and nothing across."""
    town = Town()
    ada = town.new_contact()
    town.sync(ada)
    (lead,) = town.salesforce.refs("Lead")
    before, calls = town.writes(), town.hubspot.calls.total()
    summary = town.sync(lead)
    assert (
        town.writes() - before,
        town.hubspot.calls.total() - calls,
        summary.counts["Quiet"],
    ) == (0, 0, 1)


@pytest.mark.long
def test_a_thousand_new_contacts_cost_a_handful_of_calls():
    """A batch is gathered, matched, made and linked together: no call is made per record."""
    town = Town()
    refs = [town.new_contact(email=f"person{number}@example.com") for number in range(1000)]
    town.sync(*refs)
    assert len(town.salesforce.refs("Lead")) == 1000
    assert town.salesforce.calls == {"find": 1, "create": 1, "read": 1}
    assert town.hubspot.calls == {"read": 1, "update": 1}


@pytest.mark.rule("Q-21")
def test_only_contested_records_are_read_again_with_their_history():
    """The ages of values are asked for only where both sides changed one field."""
    town = Town()
    people = [town.new_contact(email=f"person{number}@example.com") for number in range(3)]
    town.sync(*people)
    leads = town.salesforce.refs("Lead")
    town.wait()
    town.hubspot.edit(people[0], {"phone": "1"})
    town.salesforce.edit(leads[1], {"Phone": "2"})
    town.hubspot.edit(people[2], {"phone": "3"})
    town.wait()
    town.salesforce.edit(leads[2], {"Phone": "4"})
    calls = town.hubspot.calls["read"]
    town.sync(*people, *leads)
    assert town.hubspot.calls["read"] - calls == 2
    phones = [
        (town.hubspot.fields(p)["phone"], town.salesforce.fields(s)["Phone"])
        for p, s in zip(people, leads, strict=True)
    ]
    assert phones == [("1", "1"), ("2", "2"), ("4", "4")]


def test_a_record_that_salesforce_refuses_does_not_stop_the_others():
    """One refused record of a hundred is parked with cause and field; the other ninety-nine are
    made.
    """
    town = Town()
    refs = [town.new_contact(email=f"person{number}@example.com") for number in range(100)]
    refusal = Refused(
        "No.", code="FIELD_CUSTOM_VALIDATION_EXCEPTION", fieldname="Email", hint="Ask."
    )
    town.salesforce.refuse = lambda fields: (
        refusal if fields.get("Email") == "person50@example.com" else None
    )
    town.sync(*refs)
    assert len(town.salesforce.refs("Lead")) == 99
    (parked,) = town.inbox.parked("acme")
    assert (parked.ref, parked.category, parked.fieldname) == (
        refs[50],
        Category.VALIDATION,
        "Email",
    )


def test_a_parked_record_leaves_the_error_inbox_when_it_syncs():
    """Once the cause is gone and the record is synced again, nothing stands in the inbox any
    more.
    """
    town = Town()
    ada = town.new_contact()
    town.salesforce.refuse = lambda _fields: Refused("No.", code="REQUIRED_FIELD_MISSING")
    town.sync(ada)
    town.salesforce.refuse = lambda _fields: None
    town.sync(ada)
    assert (len(town.salesforce.refs("Lead")), list(town.inbox.parked("acme"))) == (1, [])


@pytest.mark.parametrize("side", Side)
def test_a_crm_that_is_down_puts_everything_off_and_loses_nothing(side):
    """While a side does not answer, the changes go back to the queue; afterwards all is in step."""
    town = Town()
    refs = [town.new_contact(email=f"person{number}@example.com") for number in range(3)]
    town.crm(side).down = TryAgain("Down.", after=120)
    town.sync(*refs)
    assert [(change.tries, wait) for change, wait in town.outbox.delayed] == [
        (0, 120),
        (0, 140),
        (0, 140),
    ]
    town.crm(side).down = None
    town.drain()
    assert (len(town.salesforce.refs("Lead")), len(town.links.all), town.outbox.delayed) == (
        3,
        3,
        [],
    )


def test_a_change_that_cannot_be_put_off_fails_its_message():
    """When the queue does not take it back either, the message must be delivered again: the error
    is raised.
    """
    town = Town()
    ada = town.new_contact()
    town.salesforce.down = TryAgain("Down.")
    town.outbox.is_down = True
    with pytest.raises(TryAgain):
        town.sync(ada)


def test_a_record_that_fails_for_half_a_day_is_parked_in_the_end():
    """It is locked whenever it is synced: it shows in the error inbox instead of going round for
    ever.
    """
    town = Town()
    ada = town.new_contact()
    town.sync(ada)
    town.hubspot.edit(ada, {"phone": "1"})
    town.salesforce.refuse = lambda _fields: TryAgain("Locked.", code="UNABLE_TO_LOCK_ROW")
    town.sync(ada)
    town.drain()
    assert [(one.ref, one.category) for one in town.inbox.parked("acme")] == [
        (ada, Category.UNAVAILABLE)
    ]


def test_a_record_that_loses_a_race_for_a_link_is_synced_again_at_once():
    """Another run saved the link meanwhile: the sync is repeated within the same run, and
    afterwards the pair shows nothing new.
    """
    town = Town()
    ada = town.new_contact()
    town.sync(ada)
    (link,) = town.links.all
    save = town.links.save

    def second(links):
        town.links.save = save
        town.links.save([link])
        return save(links)

    town.links.save = second
    town.hubspot.edit(ada, {"phone": "0100"})
    town.sync(ada)
    (lead,) = town.salesforce.refs("Lead")
    assert (town.salesforce.fields(lead)["Phone"], town.outbox.delayed) == ("0100", [])
    assert [town.sync(ref).counts["Quiet"] for ref in (ada, lead)] == [1, 1]


def test_a_write_to_a_record_that_is_gone_is_planned_again_at_once():
    """The lead was converted between reading and writing: within the same run the link goes on
    with its contact, which gets the edit.
    """
    town = Town()
    ada = town.new_contact()
    town.sync(ada)
    (lead,) = town.salesforce.refs("Lead")
    update = town.salesforce.update

    def late(effects):
        town.salesforce.update = update
        town.salesforce.convert(lead)
        return update(effects)

    town.salesforce.update = late
    town.hubspot.edit(ada, {"phone": "0100"})
    town.sync(ada)
    heir = town.counterpart(ada)
    assert (heir.object, town.salesforce.fields(heir).get("Phone")) == ("Contact", "0100")


def test_a_crash_between_the_create_and_the_link_makes_no_second_record():
    """The lead was made but never linked: the next sync finds it by its address and links it."""
    town = Town()
    ada = town.new_contact()
    save, town.links.save = town.links.save, lambda links: [TryAgain("Killed.") for _ in links]
    town.sync(ada)
    town.links.save = save
    town.drain()
    assert (len(town.salesforce.refs("Lead")), len(town.links.all)) == (1, 1)


def test_a_crash_is_mended_even_when_the_address_changed_meanwhile():
    """The second try finds the same lead by the id that each side keeps of the other, not by its
    address.
    """
    town = Town()
    ada = town.new_contact()
    save, town.links.save = town.links.save, lambda links: [TryAgain("Killed.") for _ in links]
    town.sync(ada)
    town.wait()
    town.hubspot.edit(ada, {"email": "ada.lang@example.com"})
    town.links.save = save
    town.drain()
    assert [one["Email"] for one in town.shown(town.salesforce.refs("Lead"))] == [
        "ada.lang@example.com"
    ]


def test_a_deleted_record_is_never_made_again_by_an_edit():
    """After the lead was deleted, edits of the contact make no new one."""
    town = Town()
    ada = town.new_contact()
    town.sync(ada)
    (lead,) = town.salesforce.refs("Lead")
    town.salesforce.delete(lead)
    town.sync(lead, cause=Cause.DELETED)
    town.hubspot.edit(ada, {"phone": "1"})
    town.sync(ada)
    assert (town.salesforce.refs("Lead"), town.hubspot.refs("contact")) == ([], [ada])


def test_a_defect_in_planning_one_record_is_that_records_alone(monkeypatch):
    """A record that the planner trips over is reported as our defect; the rest of its batch goes
    on.
    """
    town = Town()
    good, bad = town.new_contact(), town.new_contact(email="bad@example.com")
    real = __import__("crmsync.flows.kinds.contact", fromlist=["plan_contact"]).plan_contact
    monkeypatch.setattr(
        "crmsync.flows.kinds.contact.plan_contact",
        lambda facts, ruleset: 1 / 0 if facts.change.ref == bad else real(facts, ruleset),
    )
    town.sync(good, bad)
    assert len(town.salesforce.refs("Lead")) == 1
    assert [(one.ref, one.category) for one in town.inbox.parked("acme")] == [
        (bad, Category.INTERNAL)
    ]
