"""Who works where in the stories about owners: people known on both sides, on one side only, under
another name, or no longer active.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local.people import People
from tests.flows.stories.story_contacts import lead, record

OLIVE, OTTO = "olive@example.com", "otto@example.com"
"""The same person on both sides, by name and address."""

PAUL = "paul@example.com"
"""Known on both sides, in Salesforce as a partner."""

NIA = "nia@example.com"
"""An owner in HubSpot alone."""

BEN = "ben@example.com"
"""One address, but Salesforce calls him otherwise."""

IDA = "ida@example.com"
"""Known on both sides, but no longer active in Salesforce."""

TWIN = "twin@example.com"
"""One owner in HubSpot, two users of that name and address in Salesforce."""

SAM = "sam@example.com"
"""A user in Salesforce alone."""

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
    """The id of the Salesforce user with an address that one user has."""
    (row,) = [one for one in people.records("SELECT Id, Email FROM User") if one["Email"] == email]
    return str(row["Id"])


def queue(people: People) -> str:
    """The id of the queue."""
    (row,) = people.records("SELECT Id FROM Group WHERE Type = 'Queue'")
    return str(row["Id"])


def shown(people: People, contact: str) -> tuple[str | None, str | None]:
    """The HubSpot owner of a contact, by address, and the Salesforce owner's name in the property
    of our own.
    """
    fields = people.contact(contact, "hubspot_owner_id", "crmsync_owner_name")
    by_id = {
        str(owner.id): owner.email.strip().lower()
        for owner in people.hubspot.crm.owners.owners_api.get_page(limit=100).results
    }
    return by_id.get(fields["hubspot_owner_id"] or ""), fields["crmsync_owner_name"]


def owner_name(people: People, object_: str, record_id: str) -> str:
    """The name of a Salesforce record's owner, a queue's too."""
    owner = record(people, object_, record_id, "OwnerId")["OwnerId"]
    kind = "Group" if owner.startswith("00G") else "User"
    return str(record(people, kind, owner, "Name")["Name"])


def lead_owner(people: People, address: str) -> str:
    """The name of the owner of the one lead with an address."""
    return owner_name(people, "Lead", lead(people, address, "Id")["Id"])
