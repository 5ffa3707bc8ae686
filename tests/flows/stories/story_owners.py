"""Owners and users of the stories about owners: known on both sides, on one side only, under
another name, or inactive.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local.people import People
from tests.flows.stories.story_contacts import lead, record

OLIVE, OTTO = "olive@example.com", "otto@example.com"
"""Owners with the same name and address on both sides."""

PAUL = "paul@example.com"
"""Known on both sides, in Salesforce as a partner user."""

NIA = "nia@example.com"
"""An owner known in HubSpot alone."""

BEN = "ben@example.com"
"""The same address on both sides, but another name in Salesforce."""

IDA = "ida@example.com"
"""Known on both sides, but inactive in Salesforce."""

TWIN = "twin@example.com"
"""One owner in HubSpot, but two users with that name and address in Salesforce."""

SAM = "sam@example.com"
"""A user known in Salesforce alone."""

QUEUE = "Inbound"


def _owner(email: str, first: str, last: str) -> dict[str, str]:
    return {"email": email, "firstName": first, "lastName": last}


WORLD: Mapping[str, Any] = {
    "hubspot": [
        {
            "portal_id": 555001,
            "tier": "professional",
            "owners": [
                _owner(OLIVE, "Olive", "Owens"),
                _owner(f" {OTTO.upper()}", "otto", "OLSEN"),
                _owner(PAUL, "Paul", "Partner"),
                _owner(NIA, "Nia", "Novak"),
                _owner(BEN, "Ben", "Berg"),
                _owner(IDA, "Ida", "Idle"),
                _owner(TWIN, "Tim", "Twin"),
            ],
        }
    ],
    "salesforce": {
        "edition": "Enterprise Edition",
        "users": [
            {
                "Name": "Olive Owens",
                "Email": OLIVE,
                "Username": "olive.owens@acme.example.com",
                "ref": "olive",
            },
            {"Name": "Otto Olsen", "Email": OTTO},
            {"Name": "Paul Partner", "Email": PAUL, "UserType": "PowerPartner"},
            {"Name": "Benjamin Berg", "Email": BEN},
            {"Name": "Ida Idle", "Email": IDA, "IsActive": False, "ref": "ida"},
            {"Name": "Tim Twin", "Email": TWIN, "Username": "twin.one@example.com"},
            {"Name": "Tim Twin", "Email": TWIN, "Username": "twin.two@example.com"},
            {"Name": "Sam Solo", "Email": SAM},
            {"Name": "Gus Guest", "Email": "gus@example.com", "UserType": "Guest"},
        ],
        "queues": [{"Name": QUEUE}],
        "records": [
            *(
                {
                    "type": "Lead",
                    "LastName": "Old",
                    "Company": "Example AB",
                    "Email": f"old.{number}@example.com",
                    "OwnerId": "@ida",
                }
                for number in range(3)
            ),
        ],
    },
}


def hubspot_owner(people: People, email: str) -> str:
    """The id of a HubSpot owner."""
    owners = people.hubspot.crm.owners.owners_api.get_page(limit=100).results
    return next(str(owner.id) for owner in owners if owner.email.strip().lower() == email)


def user(people: People, email: str) -> str:
    """The id of the one Salesforce user with an address."""
    (row,) = [one for one in people.records("SELECT Id, Email FROM User") if one["Email"] == email]
    return str(row["Id"])


def queue(people: People) -> str:
    """The id of the queue."""
    (row,) = people.records("SELECT Id FROM Group WHERE Type = 'Queue'")
    return str(row["Id"])


def shown_owner(people: People, contact: str) -> tuple[str | None, str | None]:
    """The address of a contact's HubSpot owner, and the name of the Salesforce owner in our
    property.
    """
    fields = people.contact(contact, "hubspot_owner_id", "crmsync_owner_name")
    by_id = {
        str(owner.id): owner.email.strip().lower()
        for owner in people.hubspot.crm.owners.owners_api.get_page(limit=100).results
    }
    return by_id.get(fields["hubspot_owner_id"] or ""), fields["crmsync_owner_name"]


def owner_name(people: People, object_: str, record_id: str) -> str:
    """The name of the user or queue that owns a Salesforce record."""
    owner = record(people, object_, record_id, "OwnerId")["OwnerId"]
    kind = "Group" if owner.startswith("00G") else "User"
    return str(record(people, kind, owner, "Name")["Name"])


def lead_owner(people: People, address: str) -> str:
    """The name of the owner of the one lead with an address."""
    return owner_name(people, "Lead", lead(people, address, "Id")["Id"])
