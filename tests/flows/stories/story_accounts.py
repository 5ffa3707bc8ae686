"""Helpers of the stories about companies and accounts: settings, records of both sides, and
counterparts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simple_salesforce.format import format_soql

from local.people import People
from tests.flows.conftest import SETTINGS
from tests.flows.stories.story_contacts import LIST, join_list
from tests.flows.stories.story_owners import WORLD as OWNED

_LISTED = {
    "listId": LIST,
    "name": "To Salesforce",
    "objectTypeId": "0-1",
    "processingType": "MANUAL",
}
_OLDER = ({"type": "Account", "Name": name} for name in ("Older Silent", "Older Edited"))

WORLD: Mapping[str, Any] = {
    "hubspot": [
        {**OWNED["hubspot"][0], "lists": [_LISTED], "properties": {"companies": [{"name": "rank"}]}}
    ],
    "salesforce": {
        **OWNED["salesforce"],
        "custom_fields": {"Account": [{"name": "Rank__c", "length": 40}]},
        "records": [
            *OWNED["salesforce"]["records"],
            *_OLDER,
            {"type": "Account", "Name": "Idle Holdings", "OwnerId": "@ida", "ref": "idle"},
            {
                "type": "Contact",
                "LastName": "Idle",
                "Email": "idle.member@example.com",
                "AccountId": "@idle",
            },
        ],
    },
}
"""Owners on both sides, a list, accounts that are older than the connection, and a custom field."""

ROW = """
[[connection.companies.field]]
hubspot = "rank"
salesforce = "Rank__c"
update = "two_way"
"""


def settings(contacts: Mapping[str, str], companies: Mapping[str, str], rows: str = "") -> str:
    """A settings file with these keys for contacts and companies, whose values are TOML text."""
    sections = {"contacts": contacts, "companies": companies}
    lines = [
        line
        for name, keys in sections.items()
        for line in (f"[connection.{name}]", *(f"{key} = {value}" for key, value in keys.items()))
    ]
    return "\n".join([SETTINGS, *lines, rows])


def accounts(people: People, name: str, *fields: str) -> list[dict[str, Any]]:
    """The accounts with a name."""
    # The names of the fields are the test's own; only the account's is a value.
    query = f"SELECT {', '.join(fields or ('Id',))} FROM Account WHERE Name = {{}} ORDER BY CreatedDate, Id"  # noqa: S608
    return people.records(format_soql(query, name))


def companies(people: People, name: str) -> list[str]:
    """The ids of the companies with a name."""
    return [one["id"] for one in people.companies("name") if one["name"] == name]


def counterpart(people: People, company: str) -> str | None:
    """The id of the account that a company is linked with."""
    return people.company(company, "crmsync_salesforce_id")["crmsync_salesforce_id"]


def company_with(people: People, name: str, *contacts: str, **properties: str) -> str:
    """Make a company and associate contacts with it; its id."""
    company = people.new_company(name=name, **properties)
    for contact in contacts:
        people.associate(contact, company)
    return company


def listed_contact(people: People, address: str, **properties: str) -> str:
    """Make a contact in the inclusion list; its id."""
    contact = people.new_contact(**({"lastname": "Lang"} | properties), email=address)
    join_list(people, contact)
    return contact
