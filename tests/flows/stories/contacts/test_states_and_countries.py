"""Stories of an org with State and Country/Territory Picklists: state and country sync together, by
code or by name, and values that do not fit are left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from local.people import People
from local.stack import Stack
from tests.flows.conftest import NewStack
from tests.flows.stories.story_contacts import SWEEP, lead, open_errors, rows, with_contacts, writes

WORLD: Mapping[str, Any] = {
    "hubspot": [{"portal_id": 555001, "tier": "professional"}],
    "salesforce": {"edition": "Enterprise Edition", "state_country_picklists": True},
}
PLACE = ("State", "StateCode", "Country", "CountryCode")


@pytest.fixture(scope="module")
def module_stack() -> Iterator[Stack]:
    """One stack for the module."""
    with Stack(with_contacts(), WORLD) as stack:
        yield stack


def place_of(people: People, address: str) -> tuple[Any, ...]:
    """A lead's state and country, with their codes."""
    return tuple(lead(people, address, *PLACE).values())


def writes_nothing_more(stack: Stack) -> bool:
    """Whether nothing more is written until every schedule has run."""
    before = writes(stack)
    stack.advance(SWEEP)
    return writes(stack) == before


@pytest.mark.long
@pytest.mark.rule("FLD-2")
@pytest.mark.parametrize(
    ("state", "country"),
    [("CA", "us"), ("california", "United States"), ("California", "US")],
    ids=str,
)
def test_a_place_syncs_by_code_or_by_name(stack: Stack, people: People, state: str, country: str):
    """HubSpot keeps what was entered there, and Salesforce gets its own name for it."""
    address = f"{state}.{country}@example.com".replace(" ", "").lower()
    before = open_errors(stack)
    contact = people.new_contact(
        email=address, lastname="Lang", company="Example", state=state, country=country
    )
    assert open_errors(stack) == before
    assert place_of(people, address) == ("California", "CA", "United States", "US")
    people.edit_contact(contact, state="ny")
    assert open_errors(stack) == before
    assert place_of(people, address) == ("New York", "NY", "United States", "US")
    assert people.contact(contact, "state", "country") == {"state": "ny", "country": country}
    assert writes_nothing_more(stack)


@pytest.mark.long
@pytest.mark.rule("CH-8")
def test_a_place_that_does_not_fit_is_left_out_and_reported(stack: Stack, people: People):
    """An unknown country, a state that its country does not have and a state without a country are
    left out, and other fields are written.
    """
    before = open_errors(stack)
    contact = people.new_contact(
        email="bavaria@example.com",
        lastname="Bayer",
        company="Bayer",
        state="Bavaria",
        country="Germany",
        city="Fürth",
    )
    assert open_errors(stack) == before + 1
    assert place_of(people, "bavaria@example.com") == (None, None, "Germany", "DE")
    assert lead(people, "bavaria@example.com", "City") == {"City": "Fürth"}
    assert people.contact(contact, "state") == {"state": "Bavaria"}
    assert writes_nothing_more(stack)

    people.edit_contact(contact, country="Utopia", firstname="Bo")
    assert open_errors(stack) == before + 1
    assert place_of(people, "bavaria@example.com") == (None, None, "Germany", "DE")
    assert lead(people, "bavaria@example.com", "FirstName") == {"FirstName": "Bo"}
    assert writes_nothing_more(stack)

    people.edit_contact(contact, state="WA", country="AU")
    assert open_errors(stack) == before
    assert place_of(people, "bavaria@example.com") == ("Western Australia", "WA", "Australia", "AU")
    people.edit_contact(contact, country="")
    assert open_errors(stack) == before + 1
    assert place_of(people, "bavaria@example.com") == ("Western Australia", "WA", "Australia", "AU")
    people.edit_contact(contact, state="")
    assert open_errors(stack) == before
    assert place_of(people, "bavaria@example.com") == (None, None, None, None)


@pytest.mark.rule("FLD-2")
def test_salesforces_names_are_written_to_hubspot(stack: Stack, people: People):
    """States and countries of a contact and its account sync both ways, and HubSpot shows
    Salesforce's names.
    """
    before = open_errors(stack)
    account = people.new_account(Name="Place AG", BillingCountryCode="CA", BillingStateCode="BC")
    one = {"LastName": "Place", "Email": "place@example.com", "AccountId": account}
    there = people.new_record("Contact", MailingCountryCode="US", MailingStateCode="TX", **one)
    assert open_errors(stack) == before
    contact = people.contact_with("place@example.com")
    assert contact is not None
    assert people.contact(contact, "state", "country") == {
        "state": "Texas",
        "country": "United States",
    }
    company = next(iter(people.companies_of(contact)))
    assert people.company(company, "state", "country") == {
        "state": "British Columbia",
        "country": "Canada",
    }

    people.edit_contact(contact, state="on", country="canada")
    people.edit_company(company, state="NY", country="US")
    stack.settle()
    shown = people.record("Contact", there, "MailingState", "MailingCountryCode")
    assert shown == {"MailingState": "Ontario", "MailingCountryCode": "CA"}
    shown = people.account(account, "BillingStateCode", "BillingCountry")
    assert shown == {"BillingStateCode": "NY", "BillingCountry": "United States"}
    assert len(rows(people, "Contact", "place@example.com")) == 1
    assert writes_nothing_more(stack)


@pytest.mark.rule("CH-8")
@pytest.mark.long
def test_without_access_to_the_codes_a_refused_place_is_left_out(
    new_stack: NewStack,
):
    """If the code fields cannot be read, only state and country are left out of a refused write,
    both together.
    """
    stack = new_stack(with_contacts(), WORLD)
    stack.faults(
        [
            {
                "at": "salesforce",
                "kind": "field_removed",
                "object": "Contact",
                "field": "MailingCountryCode",
            }
        ]
    )
    people = People(stack.ready())
    there = {"state": "Texas", "country": "United States"}
    contact = people.new_contact(
        email="blind@example.com", lastname="Blind", company="Blind AG", **there
    )
    assert open_errors(stack) == 0
    assert place_of(people, "blind@example.com") == ("Texas", "TX", "United States", "US")
    people.edit_contact(contact, state="Bavaria", country="Germany", city="Bonn")
    assert open_errors(stack) == 1
    assert place_of(people, "blind@example.com") == ("Texas", "TX", "United States", "US")
    assert lead(people, "blind@example.com", "City") == {"City": "Bonn"}
    assert people.contact(contact, "state", "country") == {"state": "Bavaria", "country": "Germany"}
    assert writes_nothing_more(stack)
    people.edit_contact(contact, state="California", country="United States")
    assert open_errors(stack) == 0
    assert place_of(people, "blind@example.com") == ("California", "CA", "United States", "US")
