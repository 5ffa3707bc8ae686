"""What the stories of contacts and their parents share: settings, families on both sides, and who
belongs where.
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
    """Settings under which new contacts become contacts, with these lines for companies and more
    for contacts.
    """
    of_contacts = ["[connection.contacts]", 'create_in_salesforce = "contact"', *contacts]
    return "\n".join([SETTINGS, *of_contacts, "[connection.companies]", *lines, ""])


@dataclass(frozen=True, slots=True)
class Family:
    """A contact and its company, in step with a Salesforce contact and its account; all by their
    ids.
    """

    contact: str
    company: str
    person: str
    account: str
    address: str


def an_address() -> str:
    """An address that nobody else has."""
    return f"member.{next(_NUMBERS)}@example.com"


def a_family(stack: Stack, people: People, **properties: str) -> Family:
    """A contact that was associated with a new company in HubSpot, and what came of both."""
    address = an_address()
    company = people.new_company(name=f"Example {address.partition('@')[0]}")
    contact = people.new_contact(**({"lastname": "Lang"} | properties), email=address)
    people.associate(contact, company)
    stack.settle()
    (row,) = rows(people, "Contact", address, "Id", "AccountId")
    assert row["AccountId"], "the contact has its account"
    return Family(contact, company, row["Id"], row["AccountId"], address)


def a_pair(stack: Stack, people: People, name: str) -> tuple[str, str]:
    """An account made in Salesforce and the company that it became: the company's id, the
    account's.
    """
    account = people.new_account(Name=name)
    stack.settle()
    return company_of(people, account), account


def company_of(people: People, account: str) -> str:
    """The company that keeps the account's id."""
    (one,) = [
        one
        for one in people.companies("crmsync_salesforce_id")
        if one["crmsync_salesforce_id"] == account
    ]
    return str(one["id"])


def account_of(people: People, company: str) -> str:
    """The account that the company keeps the id of."""
    return str(people.company(company, "crmsync_salesforce_id")["crmsync_salesforce_id"])


def parent(people: People, person: str) -> str | None:
    """The account of a Salesforce contact."""
    account: str | None = people.record("Contact", person, "AccountId")["AccountId"]
    return account


def primary(people: People, contact: str) -> str | None:
    """The primary company of a HubSpot contact: the real association's, which its property must
    agree with.
    """
    named = people.contact(contact, "associatedcompanyid")["associatedcompanyid"]
    companies = [company for company, counts in people.companies_of(contact).items() if counts]
    assert companies == ([named] if named else []), "the property mirrors the association"
    return companies[0] if companies else None


def told(stack: Stack) -> dict[str, tuple[str, str]]:
    """What stands in the error inbox: the record's id -> category and sentence."""
    dynamodb = stack.cloud.aws.client("dynamodb")
    table = next(name for name in dynamodb.list_tables()["TableNames"] if name.endswith("state"))
    rows = dynamodb.query(
        TableName=table,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": "inbox#acme"}},
    )["Items"]
    by_id = {row["sk"]["S"].rpartition(":")[2]: row for row in rows}
    return {record_id: (row["category"]["S"], row["text"]["S"]) for record_id, row in by_id.items()}
