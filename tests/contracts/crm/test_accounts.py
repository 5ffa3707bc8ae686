"""Accounts behind the ports: found by web domain, with their contacts, created, changed, merged,
deleted.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from crmsync.errors import Conflict, Refused
from crmsync.model.effects import CreateRecord, UpdateRecord
from crmsync.model.links import Slot
from crmsync.model.records import Ref, Side
from crmsync.ports.crm import Written
from crmsync.rules.fields.domains import host_of
from tests.contracts.crm.backend import Backend


def an_account(backend: Backend, website: str | None, name: str = "Example Works") -> str:
    """A person creates an account; returns its id."""
    return backend.person.add("Account", {"Name": name, "Website": website}).id


@pytest.mark.parametrize(
    "website",
    [
        "example.com",
        "www.example.com",
        "http://example.com",
        "HTTPS://www.Example.com/about?us=1",
        "https://example.com:8443",
        "example.com/team",
    ],
)
def test_the_account_with_a_website_of_the_domain_is_found(
    salesforce: Backend, website: str
) -> None:
    """People type websites in many forms (CH-12)."""
    account = an_account(salesforce, website)

    assert salesforce.accounts.accounts_by_domain([" Example.COM ", "example.org"]) == {
        "example.com": account
    }


@pytest.mark.parametrize(
    "website",
    [
        None,
        "example.com.test",
        "shop.example.com",
        "https://example.community",
        "not-example.com",
        "example",
    ],
)
def test_an_account_at_another_host_is_not_found(salesforce: Backend, website: str | None) -> None:
    """A host that begins or ends with the domain is another host."""
    an_account(salesforce, website)

    assert salesforce.accounts.accounts_by_domain(["example.com"]) == {}


def test_a_domain_of_several_accounts_is_left_out(salesforce: Backend) -> None:
    """Which one is meant is unknown."""
    an_account(salesforce, "example.com", "One")
    an_account(salesforce, "www.example.com", "Two")
    other = an_account(salesforce, "example.org")

    assert salesforce.accounts.accounts_by_domain(["example.com", "example.org"]) == {
        "example.org": other
    }


def test_a_domain_cannot_inject_soql(salesforce: Backend) -> None:
    """A domain from an address cannot inject SOQL, and a wildcard is taken literally."""
    account = an_account(salesforce, "example.com")
    hostile = [
        "e%ample.com",
        "e_ample.com",
        "x' OR Name LIKE '%",
        "a\\.com",
        "",
        " ",
        "%",
        "example",
        "\x00.com",
    ]

    assert salesforce.accounts.accounts_by_domain([*hostile, "example.com"]) == {
        "example.com": account
    }
    assert salesforce.accounts.accounts_by_domain(hostile) == {}
    assert salesforce.accounts.accounts_by_domain([]) == {}


def test_many_domains_are_searched_at_once(salesforce: Backend) -> None:
    """More domains than one query or one call can have."""
    accounts = {
        f"works{number}.example.com": an_account(salesforce, f"works{number}.example.com")
        for number in (3, 240)
    }

    found = salesforce.accounts.accounts_by_domain(
        f"works{number}.example.com" for number in range(250)
    )

    assert found == accounts


@pytest.mark.parametrize(
    "website", ["", "http://", "https://[", "ask the front desk", "mailto:a@example.com"]
)
def test_an_invalid_website_has_no_domain(website: str) -> None:
    """People type anything into the field."""
    assert "." not in host_of(website) or host_of(website) == "example.com"


def a_contact(backend: Backend, account: str | None, name: str) -> Ref:
    """A person creates a contact of an account."""
    return backend.person.add("Contact", {"LastName": name, "AccountId": account})


def test_the_contacts_of_an_account_are_returned(salesforce: Backend) -> None:
    """They are in the order of their ids, without deleted ones; an account without contacts is left
    out (DUP-2).
    """
    one, two, none = (an_account(salesforce, None, name) for name in ("One", "Two", "None"))
    ada, bob, cleo = (a_contact(salesforce, one, name) for name in ("Lang", "Berg", "Kurz"))
    dan = a_contact(salesforce, two, "Dorn")
    a_contact(salesforce, None, "Allein")
    salesforce.person.delete(bob)

    found = salesforce.accounts.contacts_of([one, two, none, "001000000000001AAA", "see above", ""])

    assert found == {one: (ada, cleo), two: (dan,)}
    assert salesforce.accounts.contacts_of([]) == {}


def test_the_leads_that_were_converted_to_a_contact_are_returned(salesforce: Backend) -> None:
    """A contact that nobody converted a lead to is left out (DUP-26)."""
    lead, other = salesforce.add("ada"), salesforce.add("bob")
    became = salesforce.person.convert(lead)
    alone = a_contact(salesforce, None, "Allein")

    nobody = Ref(Side.SALESFORCE, "Contact", "see above")
    assert salesforce.accounts.leads_of([became, alone, nobody, other]) == {became: (lead,)}
    assert salesforce.accounts.leads_of([]) == {}


def test_the_contacts_of_a_merged_account_are_the_winner_s(salesforce: Backend) -> None:
    """Salesforce moves them to the winner, which is the survivor."""
    winner, loser = (
        Ref(Side.SALESFORCE, "Account", an_account(salesforce, None, name))
        for name in ("One", "Two")
    )
    ada, bob = a_contact(salesforce, winner.id, "Lang"), a_contact(salesforce, loser.id, "Berg")

    salesforce.person.merge(winner, loser)

    assert salesforce.accounts.contacts_of([winner.id, loser.id]) == {winner.id: (ada, bob)}
    assert salesforce.crm.survivors([winner, loser]) == {loser: winner}


def test_the_contacts_of_a_deleted_account_are_deleted(salesforce: Backend) -> None:
    """They go to the recycle bin with it."""
    account = Ref(Side.SALESFORCE, "Account", an_account(salesforce, None))
    ada = a_contact(salesforce, account.id, "Lang")

    salesforce.person.delete(account)

    assert salesforce.accounts.contacts_of([account.id]) == {}
    assert salesforce.crm.read([account, ada], {"Account": [], "Contact": []}) == {}


def test_an_account_is_created_once_and_updated(salesforce: Backend) -> None:
    """It works as for leads and contacts (ACC-7)."""
    key = f"key-{salesforce.run}"
    effect = CreateRecord(
        Side.SALESFORCE, "Account", key, {"Name": "Example Works"}, Slot("account")
    )

    [made] = salesforce.crm.create([effect])
    [again] = salesforce.crm.create([effect])
    salesforce.crm.update(
        [UpdateRecord(made.ref, Side.SALESFORCE, {"Name": "Works", "Phone": "7"})]
    )

    assert made == Written(made.ref, {})
    assert (type(again), again.existing) == (Conflict, made.ref.id)
    assert salesforce.crm.read([made.ref], {"Account": ["Name", "Phone"]})[made.ref].fields == {
        "Name": "Works",
        "Phone": "7",
    }


def test_contacts_of_one_account_have_outcomes_in_the_order_of_their_rows(
    salesforce: Backend,
) -> None:
    """Grouped or not, each row has its own outcome at its own position (fault 14)."""
    accounts = [an_account(salesforce, None, name) for name in ("One", "Two")]
    contacts = [a_contact(salesforce, accounts[number % 2], f"Lang{number}") for number in range(6)]
    updates = [
        UpdateRecord(ref, Side.SALESFORCE, {"Phone": str(number)}, group=accounts[number % 2])
        for number, ref in enumerate(contacts)
    ]

    outcomes = salesforce.crm.update(
        [*updates[::-1], UpdateRecord(contacts[0], Side.SALESFORCE, {"Phone": "99"})]
    )

    assert outcomes == [Written(ref, {}) for ref in [*contacts[::-1], contacts[0]]]
    phones = [
        salesforce.crm.read([ref], {"Contact": ["Phone"]})[ref].fields["Phone"] for ref in contacts
    ]
    assert phones == ["99", "1", "2", "3", "4", "5"]


def test_an_org_without_person_accounts_is_recognised(salesforce: Backend) -> None:
    """The columns do not exist, and a lead needs a company (PA-1, Q-35)."""
    account = Ref(Side.SALESFORCE, "Account", an_account(salesforce, None))
    lead = replace(salesforce.creation("ada"), fields={"LastName": "Lang"})

    assert salesforce.accounts.has_person_accounts() is False
    with pytest.raises(Refused) as refused:
        salesforce.crm.read([account], {"Account": ["IsPersonAccount"]})
    assert refused.value.code == "INVALID_FIELD"
    assert [getattr(one, "code", "") for one in salesforce.crm.create([lead])] == [
        "REQUIRED_FIELD_MISSING"
    ]


@pytest.mark.rule("PA-1")
def test_an_org_with_person_accounts_is_recognised(
    salesforce_with_person_accounts: Backend,
) -> None:
    """The columns exist."""
    assert salesforce_with_person_accounts.accounts.has_person_accounts() is True


@pytest.mark.rule("PA-2")
@pytest.mark.rule("PA-4")
def test_a_person_account_is_not_found_by_domain(salesforce_with_person_accounts: Backend) -> None:
    """A person account with a website is not the account of its domain."""
    salesforce_with_person_accounts.person.add(
        "Account", {"LastName": "Lang", "Website": "example.com"}
    )
    assert salesforce_with_person_accounts.accounts.accounts_by_domain(["example.com"]) == {}

    account = an_account(salesforce_with_person_accounts, "example.com")
    assert salesforce_with_person_accounts.accounts.accounts_by_domain(["example.com"]) == {
        "example.com": account
    }


COLUMNS = {
    "Account": ["Name", "IsPersonAccount", "PersonContactId"],
    "Contact": ["LastName", "Email", "IsPersonAccount"],
}


def a_person(backend: Backend, **fields: str) -> tuple[Ref, Ref]:
    """A person creates a person account; returns the account and its contact."""
    account = backend.person.add("Account", {"LastName": "Lang", **fields})
    contact = backend.crm.read([account], COLUMNS)[account].fields["PersonContactId"]
    return account, Ref(Side.SALESFORCE, "Contact", str(contact))


def test_a_person_account_has_a_contact_of_its_own(
    salesforce_with_person_accounts: Backend,
) -> None:
    """It is returned with the account and marked as a person (PA-3, PA-5)."""
    org = salesforce_with_person_accounts
    person, hidden = a_person(org, FirstName="Ada", PersonEmail="ada@example.com")
    works = Ref(Side.SALESFORCE, "Account", an_account(org, None))
    bob = a_contact(org, works.id, "Berg")

    records = org.crm.read([person, works, bob], COLUMNS)

    assert {
        ref: (record.fields.get("Name"), record.fields["IsPersonAccount"])
        for ref, record in records.items()
    } == {
        person: ("Ada Lang", True),
        works: ("Example Works", False),
        bob: (None, False),
    }
    shown = org.crm.read([hidden], COLUMNS)[hidden].fields
    assert shown == {"LastName": "Lang", "Email": "ada@example.com", "IsPersonAccount": True}
    assert org.accounts.contacts_of([person.id, works.id]) == {
        person.id: (hidden,),
        works.id: (bob,),
    }


def test_a_person_account_is_written_through_the_account_only(
    salesforce_with_person_accounts: Backend,
) -> None:
    """What is written there shows on the contact; a write to the contact is refused (PA-3)."""
    org = salesforce_with_person_accounts
    person, hidden = a_person(org)
    bob = a_contact(org, an_account(org, None), "Berg")
    writes = {
        person: {"PersonEmail": "new@example.com"},
        hidden: {"Email": "other@example.com"},
        bob: {"Phone": "7"},
    }

    outcomes = org.crm.update(
        [UpdateRecord(ref, Side.SALESFORCE, fields) for ref, fields in writes.items()]
    )

    assert [getattr(one, "code", "written") for one in outcomes] == [
        "written",
        "INVALID_FIELD_FOR_INSERT_UPDATE",
        "written",
    ]
    assert org.crm.read([hidden], COLUMNS)[hidden].fields["Email"] == "new@example.com"


def test_a_lead_without_a_company_becomes_a_person(
    salesforce_with_person_accounts: Backend,
) -> None:
    """With person accounts a lead needs no company (PA-8, Q-35)."""
    org = salesforce_with_person_accounts
    effect = replace(org.creation("ada"), fields={"LastName": "Lang", "Email": org.address("ada")})
    [lead] = org.crm.create([effect])

    contact = org.person.convert(lead.ref)

    shown = org.crm.read([contact], COLUMNS)[contact].fields
    assert shown == {"LastName": "Lang", "Email": org.address("ada"), "IsPersonAccount": True}
