"""Who may own a record on each side, how people give records to others, and which owners may stand
at the end (OWN-4 to OWN-19, Q-13, Q-18, Q-21).

Like the oracle, this module knows no rules of crmsync: who is who follows from names and addresses.
"""

from __future__ import annotations

from collections.abc import Mapping

from crmsync.model.kinds.owners import Owner, Owners
from crmsync.model.records import Side
from tests.memory.behaviour import OUR_USER, PERSON

FIELD: Mapping[Side, str] = {Side.HUBSPOT: "hubspot_owner_id", Side.SALESFORCE: "OwnerId"}
SHOWN_ID, SHOWN_NAME = "crmsync_owner_id", "crmsync_owner_name"
"""HubSpot's properties that show who owns the Salesforce record (Q-18)."""


QUEUE = "00G000000000001AAA"
"""A queue, which may own leads and no other records, and has no address."""


def _owner(identifier: str, name: str, *, kind: str, is_active: bool = True) -> Owner:
    return Owner(
        identifier, f"Canary {name}", f"canary.{name}@example.com".lower(), is_active, kind
    )


OWNERS = Owners(
    hubspot=(
        _owner("1", "Ada", kind="PERSON"),
        _owner("2", "Bo", kind="PERSON"),
        _owner("3", "Cy", kind="PERSON"),
        _owner("4", "Dee", kind="PERSON"),
    ),
    salesforce=(
        _owner("005000000000011AAA", "Ada", kind="Standard"),
        _owner("005000000000012AAA", "Bo", kind="Standard"),
        _owner("005000000000014AAA", "Dee", kind="Standard", is_active=False),
        _owner("005000000000015AAA", "Eve", kind="Standard"),
        _owner(PERSON, "Clerk", kind="Standard"),
        _owner(OUR_USER, "Crmsync", kind="Standard"),
        Owner(QUEUE, "Canary Queue", "", is_active=True, kind="Queue"),
    ),
)
"""Ada and Bo work in both CRMs, Cy only in HubSpot, Eve only in Salesforce, and Dee has left
Salesforce."""

_CHOICES: Mapping[Side, Mapping[str, str | None]] = {
    Side.HUBSPOT: {"": None, "1": "1", "2": "2", "3": "3", "4": "4"},
    Side.SALESFORCE: {
        "": PERSON,
        "1": "005000000000011AAA",
        "2": "005000000000012AAA",
        "3": "005000000000015AAA",
        "4": "005000000000015AAA",
        "queue": QUEUE,
    },
}
"""Whom the text of a step stands for. Nobody can give a record to a user who has left, or to nobody
in Salesforce."""

IN_HUBSPOT: Mapping[str, str] = {
    user.id: owner.id
    for user in OWNERS.salesforce
    for owner in OWNERS.hubspot
    if (user.name, user.email) == (owner.name, owner.email)
}
"""Salesforce user -> the same person in HubSpot."""

_WORKS_IN_SALESFORCE = {IN_HUBSPOT.get(user.id) for user in OWNERS.salesforce if user.is_active}


def chosen(side: Side, text: str) -> str | None:
    """The owner for whom the text of a step stands."""
    return _CHOICES[side][text]


def name_of(user: str) -> str:
    """The name of a Salesforce user."""
    return next(one.name for one in OWNERS.salesforce if one.id == user)


Pair = tuple[str | None, str | None]
"""HubSpot's owner, and who that of Salesforce is in HubSpot; None for nobody."""


def goes_back(owner: object) -> bool:
    """Whether a new owner in HubSpot is somebody who does not work in Salesforce (OWN-7)."""
    return owner is not None and owner not in _WORKS_IN_SALESFORCE


def after_edit_in_hubspot(owner: str | None, in_salesforce: str | None) -> Pair:
    """What becomes of a new owner in HubSpot: one who works in Salesforce crosses (OWN-6), another
    goes back to Salesforce's (OWN-7). Nobody is no owner, and stays.
    """
    if owner is None:
        return None, in_salesforce
    return (in_salesforce, in_salesforce) if goes_back(owner) else (owner, owner)
