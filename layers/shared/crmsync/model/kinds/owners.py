"""Who may own a record on either side. `crmsync.rules.merge.owners` matches them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Owner:
    """A HubSpot owner, or a Salesforce user or queue.

    Attributes:
        id: The id on its side.
        name: The full name.
        email: The address; "" for a queue.
        is_active: Whether it may still own records.
        kind: HubSpot's ``PERSON`` or ``QUEUE``, or Salesforce's ``Standard``, ``PowerPartner``,
            ``Guest`` or ``Queue`` (OWN-1).
    """

    id: str
    name: str
    email: str
    is_active: bool
    kind: str


@dataclass(frozen=True, slots=True)
class Owners:
    """All owners of both sides, as last read."""

    hubspot: tuple[Owner, ...] = ()
    salesforce: tuple[Owner, ...] = ()
