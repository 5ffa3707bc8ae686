"""What set-up can make in either CRM, part by part, as values. `crmsync.rules.settings.own_fields`
lists those that the product needs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from crmsync.rules.settings.relay_parts import RelayPart


@dataclass(frozen=True, slots=True)
class PropertyGroup:
    """A group of HubSpot properties of `object`."""

    object: str
    name: str
    label: str

    def __str__(self) -> str:
        """``group crmsync of contact``."""
        return f"group {self.name} of {self.object}"


@dataclass(frozen=True, slots=True)
class OwnProperty:
    """A HubSpot property of `object`; `type` and `field_type` are HubSpot's words
    (docs/vendors.md#hubspot-properties).
    """

    object: str
    name: str
    label: str
    description: str
    type: str = "string"
    field_type: str = "text"
    unique: bool = False

    def __str__(self) -> str:
        """``property contact.crmsync_owner_id``."""
        return f"property {self.object}.{self.name}"


@dataclass(frozen=True, slots=True)
class KeyField:
    """A Salesforce text field of `object` that is an external id, and unique unless `unique` is
    off; case-insensitive.

    With `can_be_plain` it may be an ordinary field where Salesforce allows no external id.
    """

    object: str
    name: str
    label: str
    description: str
    length: int = 40
    unique: bool = True
    can_be_plain: bool = False

    def __str__(self) -> str:
        """``field Lead.Crmsync_HubSpot_Id__c``."""
        return f"field {self.object}.{self.name}"


@dataclass(frozen=True, slots=True)
class TextField:
    """A plain Salesforce text field of `object`."""

    object: str
    name: str
    label: str
    description: str
    length: int = 40

    def __str__(self) -> str:
        """``field Lead.Crmsync_Revision_555001__c``."""
        return f"field {self.object}.{self.name}"


@dataclass(frozen=True, slots=True)
class CountField:
    """A Salesforce field of `object` for a whole number."""

    object: str
    name: str
    label: str
    description: str
    digits: int = 9

    def __str__(self) -> str:
        """``field Activity.Crmsync_Email_Event_Count__c``."""
        return f"field {self.object}.{self.name}"


@dataclass(frozen=True, slots=True)
class PermissionSet:
    """A Salesforce permission set."""

    name: str
    label: str
    description: str

    def __str__(self) -> str:
        """``permission set Crmsync``."""
        return f"permission set {self.name}"


@dataclass(frozen=True, slots=True)
class ObjectAccess:
    """Reading, creating and editing every record of `object`, granted by `permission_set`:
    Salesforce's "Modify All" of that object alone.
    """

    permission_set: str
    object: str

    def __str__(self) -> str:
        """``access to every Lead``."""
        return f"access to every {self.object}"


@dataclass(frozen=True, slots=True)
class ObjectReading:
    """Reading every record of `object`, granted by `permission_set`; the rights to the objects in
    `for_the_sake_of` depend on it.
    """

    permission_set: str
    object: str
    for_the_sake_of: tuple[str, ...]

    def __str__(self) -> str:
        """``reading of every Account``."""
        return f"reading of every {self.object}"


@dataclass(frozen=True, slots=True)
class FieldAccess:
    """Reading and editing `field` of `object`, granted by `permission_set`: a new field is hidden
    from everybody.
    """

    permission_set: str
    object: str
    field: str

    def __str__(self) -> str:
        """``access to Lead.Crmsync_HubSpot_Id__c``."""
        return f"access to {self.object}.{self.field}"


@dataclass(frozen=True, slots=True)
class Assignment:
    """`permission_set` given to the integration user."""

    permission_set: str

    def __str__(self) -> str:
        """``permission set Crmsync given to the integration user``."""
        return f"permission set {self.permission_set} given to the integration user"


Part: TypeAlias = (
    PropertyGroup
    | OwnProperty
    | KeyField
    | TextField
    | CountField
    | PermissionSet
    | ObjectAccess
    | ObjectReading
    | FieldAccess
    | Assignment
    | RelayPart
)
"""One thing that set-up makes."""
