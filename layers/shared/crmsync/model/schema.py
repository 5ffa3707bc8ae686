"""What the two CRMs say about their own properties and fields, as far as a mapping depends on it.

Read when settings are checked, never during a sync. Types and names are the vendors' own words.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Option:
    """One value of a HubSpot enumeration or a Salesforce picklist.

    Attributes:
        value: What is stored.
        label: What people see.
    """

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class HubspotProperty:
    """A HubSpot property (properties v3; docs/vendors.md#hubspot-properties). ``refers_to`` names
    the object whose ids it holds, "" for none.
    """

    name: str
    type: str = "string"
    field_type: str = "text"
    options: tuple[Option, ...] = ()
    is_read_only: bool = False
    refers_to: str = ""
    is_unique: bool = False


@dataclass(frozen=True, slots=True)
class SalesforceField:
    """A Salesforce field as describe shows it to the integration user
    (docs/vendors.md#salesforce-rows). ``options`` are the active picklist values.
    """

    name: str
    type: str = "string"
    length: int = 0
    precision: int = 0
    scale: int = 0
    options: tuple[Option, ...] = ()
    is_restricted: bool = False
    is_read_only: bool = False
    refers_to: tuple[str, ...] = ()
    is_external_id: bool = False
