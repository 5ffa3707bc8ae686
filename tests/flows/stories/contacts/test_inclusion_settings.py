"""Stories of the inclusion list's other settings: none, the preset, and what else may become of
those outside.
"""

from __future__ import annotations

import pytest

from local.people import People
from tests.flows.conftest import NewStack
from tests.flows.stories.contacts.test_inclusion import LISTED
from tests.flows.stories.story_contacts import (
    LIST,
    SWEEP,
    found,
    join_list,
    lead_id,
    record,
    rows,
    with_contacts,
)


@pytest.mark.rule("INC-4")
@pytest.mark.rule("Q-24")
@pytest.mark.long
def test_the_preset_leaves_out_subscribers(new_stack: NewStack):
    """Preset "default" is all contacts but subscribers: a new stage thaws within the webhook's
    time, the old one freezes again.
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
def test_with_sync_a_pair_outside_the_list_syncs_all_the_same(new_stack: NewStack):
    """outside_inclusion_list = "sync": what Salesforce made stays in step in both directions;
    HubSpot's outsiders stay alone.
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
    contact = found(people, "born@example.com")
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
def test_with_ignore_salesforce_makes_and_links_nobody_outside(new_stack: NewStack):
    """outside_inclusion_list = "ignore": a lead makes no contact and is linked to none, until the
    contact is in the list.
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
def test_salesforce_makes_the_contacts_that_the_setting_names(new_stack: NewStack):
    """Setting "Creating contacts in HubSpot" names the objects: with contacts_only a lead makes
    nobody.
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


@pytest.mark.rule("SET-1")
@pytest.mark.rule("SET-2")
@pytest.mark.rule("Q-38")
def test_where_neither_side_creates_those_who_are_there_are_linked(new_stack: NewStack):
    """Never and "Don't automatically create": nobody is made, and whoever is on both sides syncs,
    as deduplication creates nobody.
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
