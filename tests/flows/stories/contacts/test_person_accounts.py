"""Stories of person accounts: a Salesforce account and a hidden contact that are one person, in an
org that has them switched on.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.people import People
from local.stack import Stack
from tests.flows.conftest import SETTINGS, WORLD, NewStack
from tests.flows.stories.story_contacts import (
    SWEEP,
    convert,
    found,
    lead,
    merge_records,
    open_errors,
    own_act,
    record,
    rows,
)

PERSONS = {"edition": "Enterprise Edition", "person_accounts": True}


@pytest.fixture(scope="module")
def module_stack() -> Iterator[Stack]:
    """One org with person accounts for the whole module."""
    with Stack(SETTINGS, WORLD | {"salesforce": PERSONS}) as stack:
        yield stack


def person_account(people: People, address: str, **fields: str) -> tuple[str, str]:
    """A person makes a person account; the ids of the account and of the contact behind it."""
    account = people.new_record(
        "Account", **({"FirstName": "Ada", "LastName": "Lang"} | fields), PersonEmail=address
    )
    hidden = people.record("Account", account, "PersonContactId", "IsPersonAccount")
    assert hidden["IsPersonAccount"] is True
    return account, str(hidden["PersonContactId"])


def companies_of(people: People, contact: str) -> list[dict[str, str]]:
    """The names of a contact's companies, and which of them is the primary one."""
    return [
        {"name": people.company(company, "name")["name"], "primary": primary}
        for company, primary in people.companies_of(contact).items()
    ]


@pytest.mark.rule("PA-1")
@pytest.mark.rule("PA-3")
@pytest.mark.rule("PA-5")
def test_a_person_account_becomes_a_contact_under_the_persons_name(
    stack: Stack, people: People, product: People
):
    """The contact that Salesforce makes in the background becomes one HubSpot contact, named as the
    person; both keep the other's id.
    """
    _, hidden = person_account(people, "one@example.com", Phone="+49 731 0100", PersonTitle="Judge")
    assert open_errors(stack) == 0
    contact = found(people, "one@example.com")
    assert people.contact(
        contact, "firstname", "lastname", "phone", "jobtitle", "crmsync_salesforce_id"
    ) == {
        "firstname": "Ada",
        "lastname": "Lang",
        "phone": "+49 731 0100",
        "jobtitle": "Judge",
        "crmsync_salesforce_id": hidden,
    }
    key = record(product, "Contact", hidden, "Crmsync_HubSpot_Id__c")
    assert key == {"Crmsync_HubSpot_Id__c": f"555001-{contact}"}


@pytest.mark.rule("PA-1")
@pytest.mark.rule("PA-3")
@pytest.mark.rule("PA-5")
def test_edits_of_a_person_cross_both_ways(stack: Stack, people: People):
    """What HubSpot changes is written to the account, as Salesforce wants it; what Salesforce
    changes comes over; nothing is an error.
    """
    account, hidden = person_account(people, "two@example.com")
    stack.settle()
    contact = found(people, "two@example.com")
    people.edit_contact(
        contact, lastname="Berg", mobilephone="+49 731 0101", jobtitle="Judge", city="Ulm"
    )
    assert open_errors(stack) == 0
    assert record(
        people, "Account", account, "Name", "PersonMobilePhone", "PersonTitle", "PersonMailingCity"
    ) == {
        "Name": "Ada Berg",
        "PersonMobilePhone": "+49 731 0101",
        "PersonTitle": "Judge",
        "PersonMailingCity": "Ulm",
    }
    people.edit_record(
        "Account", account, FirstName="Adele", PersonEmail="two.new@example.com", PersonTitle=None
    )
    assert open_errors(stack) == 0
    assert people.contact(contact, "firstname", "lastname", "email", "jobtitle") == {
        "firstname": "Adele",
        "lastname": "Berg",
        "email": "two.new@example.com",
        "jobtitle": None,
    }
    assert record(people, "Contact", hidden, "MailingCity") == {"MailingCity": "Ulm"}


@pytest.mark.rule("PA-3")
@pytest.mark.rule("OPT-3")
@pytest.mark.rule("OPT-4")
def test_a_persons_opt_out_crosses_both_ways(stack: Stack, people: People):
    """Unsubscribed in HubSpot ticks the account's box; ticked in Salesforce unsubscribes in
    HubSpot.
    """
    one, _ = person_account(people, "out.one@example.com")
    two, _ = person_account(people, "out.two@example.com")
    stack.settle()
    own_act(stack, "unsubscribe", "out.one@example.com")
    people.edit_record("Account", two, PersonHasOptedOutOfEmail=True)
    assert open_errors(stack) == 0
    assert record(people, "Account", one, "PersonHasOptedOutOfEmail") == {
        "PersonHasOptedOutOfEmail": True
    }
    assert people.contact(found(people, "out.two@example.com"), "hs_email_optout") == {
        "hs_email_optout": "true"
    }


@pytest.mark.rule("DUP-1")
@pytest.mark.rule("Q-34")
def test_a_person_account_is_found_by_its_address(stack: Stack, people: People):
    """A HubSpot contact with the address of a person account is linked with it, and no second
    record is made on either side.
    """
    contact = people.new_contact(email="known@example.com", firstname="Ada", lastname="Lang")
    account, hidden = person_account(people, "known@example.com", Phone="+49 731 0100")
    assert open_errors(stack) == 0
    assert rows(people, "Lead", "known@example.com") == []
    assert people.contact(contact, "phone", "crmsync_salesforce_id") == {
        "phone": "+49 731 0100",
        "crmsync_salesforce_id": hidden,
    }
    people.edit_contact(contact, lastname="Moe")
    stack.settle()
    assert record(people, "Account", account, "Name") == {"Name": "Ada Moe"}


@pytest.mark.rule("PA-7")
@pytest.mark.parametrize(
    "more", [{}, {"company": "Example GmbH"}], ids=["without company", "with company"]
)
def test_no_hubspot_contact_makes_a_person_account(stack: Stack, people: People, more):
    """A new HubSpot contact makes a lead, whether it has a company or not; no account comes of
    it.
    """
    query = "SELECT Id FROM Account WHERE IsPersonAccount = true"
    persons = people.records(query)
    address = f"new.{len(more)}@example.com"
    people.new_contact(email=address, firstname="Ada", lastname="Lang", **more)
    assert open_errors(stack) == 0
    assert lead(people, address, "LastName", "Company") == {
        "LastName": "Lang",
        "Company": more.get("company"),
    }
    assert people.records(query) == persons


@pytest.mark.rule("PA-8")
@pytest.mark.rule("Q-35")
@pytest.mark.rule("DUP-26")
def test_a_lead_without_company_can_become_a_person_account(stack: Stack, people: People):
    """The lead of a contact without company has none; converted, it is a person account, with which
    the contact goes on.
    """
    contact = people.new_contact(email="private@example.com", firstname="Ada", lastname="Lang")
    stack.settle()
    made = lead(people, "private@example.com", "Id", "Company")
    assert made["Company"] is None
    hidden = convert(stack, made["Id"])
    assert open_errors(stack) == 0
    account = record(people, "Contact", hidden, "AccountId", "IsPersonAccount")
    assert account["IsPersonAccount"] is True
    people.edit_contact(contact, jobtitle="Judge")
    people.edit_record("Account", account["AccountId"], Phone="+49 731 0100")
    assert open_errors(stack) == 0
    assert record(people, "Account", account["AccountId"], "PersonTitle", "Name") == {
        "PersonTitle": "Judge",
        "Name": "Ada Lang",
    }
    assert people.contact(contact, "phone", "crmsync_salesforce_id") == {
        "phone": "+49 731 0100",
        "crmsync_salesforce_id": hidden,
    }
    assert found(people, "private@example.com") == contact
    assert companies_of(people, contact) == [{"name": "Ada Lang", "primary": True}]


@pytest.mark.rule("PA-9")
def test_a_lead_with_a_company_becomes_a_business_account(stack: Stack, people: People):
    """The company that HubSpot knows goes to the lead; converted, it is a contact of a business
    account of that name.
    """
    contact = people.new_contact(
        email="works@example.com", lastname="Lang", company="Example Works"
    )
    stack.settle()
    heir = convert(stack, lead(people, "works@example.com")["Id"])
    assert open_errors(stack) == 0
    made = record(people, "Contact", heir, "AccountId", "IsPersonAccount")
    assert made["IsPersonAccount"] is False
    assert record(people, "Account", made["AccountId"], "Name", "IsPersonAccount") == {
        "Name": "Example Works",
        "IsPersonAccount": False,
    }
    people.edit_contact(contact, jobtitle="Judge")
    stack.settle()
    assert record(people, "Contact", heir, "Title") == {"Title": "Judge"}


@pytest.mark.rule("PA-4")
@pytest.mark.rule("PA-5")
@pytest.mark.rule("PA-6")
@pytest.mark.rule("FLD-8")
def test_a_person_account_becomes_one_company_and_one_contact(stack: Stack, people: People):
    """Both carry the person's name, which is no error, and they belong together; looking again
    makes no more of them.
    """
    person_account(people, "pair@example.com", FirstName="Paula", LastName="Pair")
    assert open_errors(stack) == 0
    stack.advance(SWEEP)
    contact = found(people, "pair@example.com")
    assert companies_of(people, contact) == [{"name": "Paula Pair", "primary": True}]
    assert [one["name"] for one in people.companies("name")].count("Paula Pair") == 1


@pytest.mark.rule("PA-5")
def test_a_persons_name_goes_to_both_and_never_comes_back_from_the_company(
    stack: Stack, people: People
):
    """Whoever renames the person, account, contact and company follow; a company that is renamed
    gets the person's name again.
    """
    account, _ = person_account(people, "name@example.com", FirstName="Nora", LastName="Name")
    stack.settle()
    contact = found(people, "name@example.com")
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
def test_a_persons_company_syncs_both_ways_in_all_else(stack: Stack, people: People):
    """What the account has as every account has, such as its website, crosses between it and the
    company.
    """
    account, _ = person_account(
        people, "fields@example.com", FirstName="Fritz", LastName="Field", Industry="Media"
    )
    stack.settle()
    (company,) = people.companies_of(found(people, "fields@example.com"))
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
def test_persons_of_one_name_stay_apart(stack: Stack, people: People):
    """Two persons of one name are two contacts and two companies, and neither takes over a company
    that is called so already.
    """
    standing = people.new_company(name="Mia Moor", domain="moor.example.com")
    for number in (1, 2):
        person_account(people, f"mia.{number}@example.com", FirstName="Mia", LastName="Moor")
    assert open_errors(stack) == 0
    contacts = [found(people, f"mia.{number}@example.com") for number in (1, 2)]
    owned = [list(people.companies_of(contact)) for contact in contacts]
    assert [len(companies) for companies in owned] == [1, 1]
    assert len({standing, *owned[0], *owned[1]}) == 3


@pytest.mark.rule("PA-4")
@pytest.mark.rule("Q-34")
def test_a_person_account_does_not_take_over_the_employer_of_its_contact(
    stack: Stack, people: People
):
    """The contact is found by its address and keeps its employer; the person gets a company of its
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


@pytest.mark.rule("PA-1")
@pytest.mark.rule("PA-5")
def test_a_merge_of_two_persons_is_followed(stack: Stack, people: People):
    """The loser's contact and company are left alone from then on; the winner's stay in step with
    the person.
    """
    winner, hidden = person_account(
        people, "winner@example.com", FirstName="Wim", LastName="Winner"
    )
    loser, _ = person_account(people, "loser@example.com", FirstName="Lou", LastName="Loser")
    stack.settle()
    merge_records(stack, "Account", winner, loser)
    assert open_errors(stack) == 0
    people.edit_record("Account", winner, LastName="Won")
    people.edit_contact(found(people, "loser@example.com"), lastname="Lost")
    people.edit_contact(found(people, "winner@example.com"), jobtitle="Judge")
    assert open_errors(stack) == 0
    assert record(people, "Account", winner, "Name", "PersonTitle") == {
        "Name": "Wim Won",
        "PersonTitle": "Judge",
    }
    assert companies_of(people, found(people, "winner@example.com")) == [
        {"name": "Wim Won", "primary": True}
    ]
    assert companies_of(people, found(people, "loser@example.com")) == [
        {"name": "Lou Loser", "primary": True}
    ]
    assert people.contact(found(people, "winner@example.com"), "crmsync_salesforce_id") == {
        "crmsync_salesforce_id": hidden
    }


@pytest.mark.rule("PA-4")
@pytest.mark.rule("PA-1")
@pytest.mark.long
def test_each_half_needs_its_own_setting(new_stack: NewStack):
    """Without account sync a person account makes a contact and no company; without contact
    creation, a company and no contact.
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
