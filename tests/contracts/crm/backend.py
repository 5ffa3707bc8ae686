"""A CRM that the contract suite runs on: its ports, a person who works in it, and the names of its
fields.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, Protocol

from crmsync.model.effects import CreateRecord, UpdateRecord
from crmsync.model.links import Slot
from crmsync.model.names import HUBSPOT_KEY, SALESFORCE_KEY
from crmsync.model.records import Ref, Side, Value


class Person(Protocol):
    """Somebody who works in the CRM with a user's rights."""

    def add(self, name: str, fields: Mapping[str, Value]) -> Ref:
        """Create a record."""

    def edit(self, ref: Ref, fields: Mapping[str, Value]) -> None:
        """Change a record."""

    def delete(self, ref: Ref) -> None:
        """Delete a record."""

    def merge(self, winner: Ref, loser: Ref) -> Ref:
        """Merge two records; return the survivor."""

    def convert(self, lead: Ref) -> Ref:
        """Convert a lead; return the contact."""

    def restore(self, ref: Ref) -> None:
        """Restore a record from the recycle bin."""


@dataclass(frozen=True, slots=True)
class FieldNames:
    """What a side calls the object and the fields that the suite uses."""

    side: Side
    object: str
    email: str
    last: str
    first: str
    phone: str
    key: str
    needed: Mapping[str, Value] = field(default_factory=dict)


HUBSPOT = FieldNames(
    Side.HUBSPOT, "contact", "email", "lastname", "firstname", "phone", HUBSPOT_KEY
)


SALESFORCE = FieldNames(
    Side.SALESFORCE,
    "Lead",
    "Email",
    "LastName",
    "FirstName",
    "Phone",
    SALESFORCE_KEY,
    {"Company": "Example Works"},
)


@dataclass(slots=True)
class Backend:
    """A CRM behind its ports."""

    crm: Any
    person: Person
    names: FieldNames
    _: KW_ONLY
    preferences: Any = None
    deleter: Any = None
    activity_bin: Any = None
    lists: Any = None
    list_editor: Any = None
    """Creates HubSpot lists and changes their members."""
    list_members: Any = None
    campaigns: Any = None
    campaign_editor: Any = None
    """Makes campaigns and their members as a person does."""
    sweeper: Any = None
    accounts: Any = None
    companies: Any = None
    associations: Any = None
    association_editor: Any = None
    """Associates HubSpot records as a person does."""
    lister: Any = None
    opportunities: Any = None
    activities: Any = None
    deals: Any = None
    update_index: Callable[[], None] = lambda: None
    """Waits until the search index has every record."""
    our_user: str = ""
    is_live: bool = False
    made: list[Ref] = field(default_factory=list)
    run: str = field(default_factory=lambda: uuid.uuid4().hex[:8])

    def address(self, name: str) -> str:
        """Return an address that no earlier run used."""
        return f"{name}.{self.run}@example.com"

    def fields(self, name: str, **more: Value) -> dict[str, Value]:
        """Return the fields of a person called `name`; keywords are attributes of `FieldNames`."""
        names = self.names
        named = {getattr(names, one): value for one, value in more.items()}
        return {names.email: self.address(name), names.last: name.title(), **names.needed, **named}

    def add(self, name: str, **more: Value) -> Ref:
        """Create a record as a person."""
        ref = self.person.add(self.names.object, self.fields(name, **more))
        self.made.append(ref)
        return ref

    def creation(self, name: str, *, key: str = "", **more: Value) -> CreateRecord:
        """Return the effect that creates a record for `name`, under a key of its own."""
        return CreateRecord(
            self.names.side,
            self.names.object,
            f"{key or name}-{self.run}",
            self.fields(name, **more),
            Slot(name),
        )

    def update(self, ref: Ref, **fields: Value) -> UpdateRecord:
        """Return the effect that writes fields; keywords are attributes of `FieldNames`."""
        return UpdateRecord(
            ref, ref.side, {getattr(self.names, one): value for one, value in fields.items()}
        )

    def shown(self, ref: Ref, *fields: str) -> list[Value]:
        """Return the present values of fields, given as attributes of `FieldNames`."""
        names = [getattr(self.names, one) for one in fields]
        return [self.crm.read([ref], {ref.object: names})[ref].fields[name] for name in names]

    def deleted_record(self) -> Ref:
        """Return a record that was created and deleted."""
        ref = self.add("nobody")
        self.person.delete(ref)
        return ref
