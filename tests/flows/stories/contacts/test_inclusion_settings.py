"""Stories of other inclusion settings: the preset, what happens to contacts outside the list, and
which side creates records.
"""

from __future__ import annotations

import pytest

from local.people import People
from tests.flows.conftest import NewStack
from tests.flows.stories.contacts.test_inclusion import LISTED
from tests.flows.stories.story_contacts import (
    LIST,
    SWEEP,
    contact_id,
    join_list,
    lead_id,
    record,
    rows,
    with_contacts,
)


@pytest.mark.rule("INC-4")
@pytest.mark.rule("Q-24")
@pytest.mark.long
def test_the_preset_excludes_subscribers(new_stack: NewStack):
    """With the preset "default" all contacts but subscribers sync: a new stage starts the sync at
    once, and the old stage stops it.
    """
    stack = new_stack(with_contacts('inclusion_list = "default"'))
    people = People(stack.ready())
    contact = people.new_contact(
        lastname="Sub", email="sub@example.com", lifecyclestage="subscriber"
    )
    people.new_contact(
        lastname="Mql", email="mql@example.com", lifecyclestage="marketingqualifiedlead"
    )
    people.new_contact(lastname="Blank", email="blank@example.com")
    stack.settle()
    synced = {
        address: len(rows(people, "Lead", f"{address}@example.com"))
        for address in ("sub", "mql", "blank")
    }
    assert synced == {"sub": 0, "mql": 1, "blank": 1}
    people.edit_contact(contact, lifecyclestage="lead")
    stack.settle()
    made = lead_id(people, "sub@example.com")
    people.edit_contact(contact, lifecyclestage="")
    people.edit_contact(contact, lifecyclestage="subscriber")
    people.edit_contact(contact, phone="+49 731 8")
    people.edit_record("Lead", made, Title="Pilot")
    stack.advance(SWEEP)
    assert record(people, "Lead", made, "Phone") == {"Phone": None}
    assert people.contact(contact, "jobtitle") == {"jobtitle": None}


@pytest.mark.rule("CH-17")
@pytest.mark.rule("INC-2")
@pytest.mark.long
def test_with_sync_a_pair_outside_the_list_syncs(new_stack: NewStack):
    """With `outside_inclusion_list = "sync"` a contact created by Salesforce syncs both ways, while
    HubSpot's own contacts outside the list do not.
    """
    stack = new_stack(
        with_contacts(f'inclusion_list = "{LIST}"', 'outside_inclusion_list = "sync"'), LISTED
    )
    people = People(stack.ready())
    people.new_contact(lastname="Alone", email="alone@example.com")
    made = people.new_record(
        "Lead", LastName="Holm", Company="Example AB", Email="born@example.com"
    )
    stack.settle()
    contact = contact_id(people, "born@example.com")
    people.edit_record("Lead", made, Title="Pilot")
    people.edit_contact(contact, phone="+49 731 9")
    stack.advance(SWEEP)
    assert record(people, "Lead", made, "Phone", "Title") == {
        "Phone": "+49 731 9",
        "Title": "Pilot",
    }
    assert people.contact(contact, "phone", "jobtitle") == {
        "phone": "+49 731 9",
        "jobtitle": "Pilot",
    }
    assert rows(people, "Lead", "alone@example.com") == []


@pytest.mark.rule("CH-17")
@pytest.mark.long
def test_with_ignore_a_lead_outside_the_list_does_nothing(new_stack: NewStack):
    """With `outside_inclusion_list = "ignore"` a lead creates no contact and is linked with none
    until the contact is in the list.
    """
    stack = new_stack(
        with_contacts(f'inclusion_list = "{LIST}"', 'outside_inclusion_list = "ignore"'), LISTED
    )
    people = People(stack.ready())
    known = people.new_contact(lastname="Known", email="known@example.com")
    people.new_record("Lead", LastName="Holm", Company="Example AB", Email="born@example.com")
    made = people.new_record(
        "Lead", LastName="Other", Company="Example AB", Email="known@example.com"
    )
    stack.advance(SWEEP)
    assert people.contact_with("born@example.com") is None
    assert people.contact(known, "lastname", "crmsync_salesforce_id") == {
        "lastname": "Known",
        "crmsync_salesforce_id": None,
    }
    join_list(people, known)
    people.edit_contact(known, phone="+49 731 4")
    stack.advance(SWEEP)
    assert [row["Phone"] for row in rows(people, "Lead", "known@example.com", "Phone")] == [
        "+49 731 4"
    ]
    assert people.contact(known, "crmsync_salesforce_id") == {"crmsync_salesforce_id": made}


@pytest.mark.rule("SET-1")
@pytest.mark.rule("Q-37")
def test_salesforce_creates_contacts_of_the_objects_that_the_setting_names(new_stack: NewStack):
    """With `create_in_hubspot = "contacts_only"` a Salesforce contact creates a HubSpot contact and
    a lead does not.
    """
    stack = new_stack(with_contacts('create_in_hubspot = "contacts_only"'))
    people = People(stack.ready())
    people.new_record("Lead", LastName="Holm", Company="Example AB", Email="lead@example.com")
    people.new_record("Contact", LastName="Holm", Email="contact@example.com")
    stack.settle()
    made = {
        name: people.contact_with(f"{name}@example.com") is not None for name in ("lead", "contact")
    }
    assert made == {"lead": False, "contact": True}


@pytest.mark.long
@pytest.mark.rule("SET-1")
@pytest.mark.rule("SET-2")
@pytest.mark.rule("Q-38")
def test_with_creation_off_existing_records_are_still_linked(new_stack: NewStack):
    """With both creation settings on "never", no record is created, but records that exist on both
    sides are linked and sync.
    """
    stack = new_stack(
        with_contacts('create_in_hubspot = "never"', 'create_in_salesforce = "never"')
    )
    people = People(stack.ready())
    people.new_contact(lastname="New", email="new@example.com")
    people.new_record("Lead", LastName="Holm", Company="Example AB", Email="lead@example.com")
    known = people.new_contact(lastname="Known", email="known@example.com")
    stack.settle()
    people.new_record("Contact", LastName="Known", Email="known@example.com", Title="Pilot")
    stack.settle()
    people.edit_contact(known, phone="+49 731 3")
    stack.settle()
    assert (people.contact_with("lead@example.com"), rows(people, "Lead", "new@example.com")) == (
        None,
        [],
    )
    assert people.contact(known, "jobtitle") == {"jobtitle": "Pilot"}
    assert [row["Phone"] for row in rows(people, "Contact", "known@example.com", "Phone")] == [
        "+49 731 3"
    ]
