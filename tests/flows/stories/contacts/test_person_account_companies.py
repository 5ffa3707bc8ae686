"""Stories of the company of a person account: it is created beside the contact, has the person's
name and needs its own setting.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.people import People
from local.stack import Stack
from tests.flows.conftest import SETTINGS, WORLD, NewStack
from tests.flows.stories.story_contacts import (
    SWEEP,
    contact_id,
    open_errors,
    record,
)
from tests.flows.stories.story_person_accounts import PERSONS, companies_of, person_account


@pytest.fixture(scope="module")
def module_stack() -> Iterator[Stack]:
    """One org with person accounts for the module."""
    with Stack(SETTINGS, WORLD | {"salesforce": PERSONS}) as stack:
        yield stack


@pytest.mark.long
@pytest.mark.rule("PA-4")
@pytest.mark.rule("PA-5")
@pytest.mark.rule("PA-6")
@pytest.mark.rule("FLD-8")
def test_a_person_account_creates_one_company_and_one_contact(stack: Stack, people: People):
    """Both have the person's name and are associated, and a later sweep creates no more."""
    person_account(people, "pair@example.com", FirstName="Paula", LastName="Pair")
    assert open_errors(stack) == 0
    stack.advance(SWEEP)
    contact = contact_id(people, "pair@example.com")
    assert companies_of(people, contact) == [{"name": "Paula Pair", "primary": True}]
    assert [one["name"] for one in people.companies("name")].count("Paula Pair") == 1


@pytest.mark.rule("PA-5")
def test_a_persons_name_syncs_to_the_company_but_not_from_it(stack: Stack, people: People):
    """A new name of the person reaches contact and company, and a renamed company gets the person's
    name again.
    """
    account, _ = person_account(people, "name@example.com", FirstName="Nora", LastName="Name")
    stack.settle()
    contact = contact_id(people, "name@example.com")
    (company,) = people.companies_of(contact)

    people.edit_record("Account", account, LastName="Nimm")
    stack.settle()
    assert people.contact(contact, "firstname", "lastname") == {
        "firstname": "Nora",
        "lastname": "Nimm",
    }
    assert people.company(company, "name") == {"name": "Nora Nimm"}

    people.edit_contact(contact, firstname="Nele")
    stack.settle()
    assert record(people, "Account", account, "Name") == {"Name": "Nele Nimm"}
    assert people.company(company, "name") == {"name": "Nele Nimm"}

    people.edit_company(company, name="Nimm & Sons")
    assert open_errors(stack) == 0
    assert record(people, "Account", account, "Name") == {"Name": "Nele Nimm"}
    assert people.company(company, "name") == {"name": "Nele Nimm"}


@pytest.mark.rule("PA-1")
def test_the_other_fields_of_a_persons_company_sync_both_ways(stack: Stack, people: People):
    """Ordinary account fields, such as the website, sync with the company in both directions."""
    account, _ = person_account(
        people, "fields@example.com", FirstName="Fritz", LastName="Field", Industry="Media"
    )
    stack.settle()
    (company,) = people.companies_of(contact_id(people, "fields@example.com"))
    people.edit_company(company, domain="field.example.com")
    people.edit_record("Account", account, BillingCity="Ulm")
    assert open_errors(stack) == 0
    assert record(people, "Account", account, "Website", "Name") == {
        "Website": "field.example.com",
        "Name": "Fritz Field",
    }
    assert people.company(company, "city") == {"city": "Ulm"}


@pytest.mark.rule("PA-4")
@pytest.mark.rule("Q-34")
@pytest.mark.rule("DUP-20")
def test_persons_with_the_same_name_stay_separate(stack: Stack, people: People):
    """Two persons with one name get two contacts and two companies, and neither is paired with an
    existing company of that name.
    """
    standing = people.new_company(name="Mia Moor", domain="moor.example.com")
    for number in (1, 2):
        person_account(people, f"mia.{number}@example.com", FirstName="Mia", LastName="Moor")
    assert open_errors(stack) == 0
    contacts = [contact_id(people, f"mia.{number}@example.com") for number in (1, 2)]
    owned = [list(people.companies_of(contact)) for contact in contacts]
    assert [len(companies) for companies in owned] == [1, 1]
    assert len({standing, *owned[0], *owned[1]}) == 3


@pytest.mark.long
@pytest.mark.rule("PA-4")
@pytest.mark.rule("Q-34")
def test_a_person_account_is_not_paired_with_its_contacts_employer(stack: Stack, people: People):
    """The contact matched by its address keeps its employer, and the person gets a company of its
    own.
    """
    employer = people.new_company(name="Employer GmbH")
    contact = people.new_contact(email="works.at@example.com", firstname="Willi", lastname="Works")
    people.associate(contact, employer)
    account, hidden = person_account(
        people, "works.at@example.com", FirstName="Willi", LastName="Works"
    )
    assert open_errors(stack) == 0
    stack.advance(SWEEP)
    assert people.company(employer, "name") == {"name": "Employer GmbH"}
    assert [one["name"] for one in people.companies("name")].count("Willi Works") == 1
    assert record(people, "Contact", hidden, "AccountId") == {"AccountId": account}
    assert employer in people.companies_of(contact)


@pytest.mark.rule("PA-4")
@pytest.mark.rule("PA-1")
@pytest.mark.long
def test_contact_and_company_of_a_person_need_their_own_settings(new_stack: NewStack):
    """Without company sync a person account creates a contact alone, and without contact creation a
    company alone.
    """
    connection = SETTINGS.replace("[[connection]]", "").strip()
    second = (
        connection.replace("acme/hubspot", "beta/hubspot")
        .replace('"acme"', '"beta"')
        .replace("555001", "555002")
    )
    alone = 'create_in_salesforce = "never"'
    settings = "\n".join(
        (
            *(
                "[[connection]]",
                connection,
                "[connection.contacts]",
                alone,
                "[connection.companies]",
                "sync = false",
            ),
            *(
                "[[connection]]",
                second,
                "[connection.contacts]",
                alone,
                'create_in_hubspot = "never"',
            ),
        )
    )
    portals = [{"portal_id": portal, "tier": "professional"} for portal in (555001, 555002)]
    stack = new_stack(settings, {"hubspot": portals, "salesforce": PERSONS})
    without_companies, without_contacts = (
        People(stack.ready(), portal=number) for number in (0, 1)
    )
    person_account(without_companies, "half@example.com")
    assert open_errors(stack) == 0
    assert (
        without_companies.companies("name"),
        without_companies.contact_with("half@example.com") is None,
    ) == (
        [],
        False,
    )
    assert [one["name"] for one in without_contacts.companies("name")] == ["Ada Lang"]
    assert without_contacts.contact_with("half@example.com") is None
