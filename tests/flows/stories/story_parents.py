"""Helpers of the stories about contacts and their parents: settings, synced contacts and companies,
and reports.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count

from local.people import People
from local.stack import Stack
from tests.flows.conftest import SETTINGS
from tests.flows.stories.story_contacts import rows

_NUMBERS = count(1)


def with_companies(*lines: str, contacts: tuple[str, ...] = ()) -> str:
    """Settings in which new contacts become contacts, with these lines for companies and for
    contacts.
    """
    of_contacts = ["[connection.contacts]", 'create_in_salesforce = "contact"', *contacts]
    return "\n".join([SETTINGS, *of_contacts, "[connection.companies]", *lines, ""])


@dataclass(frozen=True, slots=True)
class SyncedContact:
    """The ids of a contact and its company, and of the Salesforce contact and account they are
    linked with.
    """

    contact: str
    company: str
    person: str
    account: str
    address: str


def new_address() -> str:
    """An address that no other record has."""
    return f"member.{next(_NUMBERS)}@example.com"


def synced_contact(stack: Stack, people: People, **properties: str) -> SyncedContact:
    """Associate a new HubSpot contact with a new company and sync both."""
    address = new_address()
    company = people.new_company(name=f"Example {address.partition('@')[0]}")
    contact = people.new_contact(**({"lastname": "Lang"} | properties), email=address)
    people.associate(contact, company)
    stack.settle()
    (row,) = rows(people, "Contact", address, "Id", "AccountId")
    assert row["AccountId"], "the contact has its account"
    return SyncedContact(contact, company, row["Id"], row["AccountId"], address)


def synced_company(stack: Stack, people: People, name: str) -> tuple[str, str]:
    """Make an account that becomes a company; the ids of the company and the account."""
    account = people.new_account(Name=name)
    stack.settle()
    return company_of(people, account), account


def company_of(people: People, account: str) -> str:
    """The company that is linked with an account."""
    (one,) = [
        one
        for one in people.companies("crmsync_salesforce_id")
        if one["crmsync_salesforce_id"] == account
    ]
    return str(one["id"])


def account_of(people: People, company: str) -> str:
    """The account that is linked with a company."""
    return str(people.company(company, "crmsync_salesforce_id")["crmsync_salesforce_id"])


def parent(people: People, person: str) -> str | None:
    """The account of a Salesforce contact."""
    account: str | None = people.record("Contact", person, "AccountId")["AccountId"]
    return account


def primary(people: People, contact: str) -> str | None:
    """The primary company of a HubSpot contact, after asserting that its property agrees with the
    association.
    """
    named = people.contact(contact, "associatedcompanyid")["associatedcompanyid"]
    companies = [company for company, counts in people.companies_of(contact).items() if counts]
    assert companies == ([named] if named else []), "the property mirrors the association"
    return companies[0] if companies else None


def reports(stack: Stack) -> dict[str, tuple[str, str]]:
    """The category and text of each report in the error inbox, by the record's id."""
    dynamodb = stack.cloud.aws.client("dynamodb")
    table = next(name for name in dynamodb.list_tables()["TableNames"] if name.endswith("state"))
    rows = dynamodb.query(
        TableName=table,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": "inbox#acme"}},
    )["Items"]
    by_id = {row["sk"]["S"].rpartition(":")[2]: row for row in rows}
    return {record_id: (row["category"]["S"], row["text"]["S"]) for record_id, row in by_id.items()}
