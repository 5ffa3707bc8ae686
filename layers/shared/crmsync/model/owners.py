"""Who may own a record, on either side. Who stands for whom is decided in
`crmsync.rules.merge.owners`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Owner:
    """A HubSpot owner or a Salesforce user or queue: its id there, and what it is matched by.

    ``kind`` is HubSpot's ``PERSON`` or ``QUEUE``, or Salesforce's ``Standard``, ``PowerPartner``,
    ``Guest`` or ``Queue`` (OWN-1); a queue has no address.
    """

    id: str
    name: str
    email: str
    is_active: bool
    kind: str


@dataclass(frozen=True, slots=True)
class Owners:
    """All of both sides, as they were when last read."""

    hubspot: tuple[Owner, ...] = ()
    salesforce: tuple[Owner, ...] = ()
