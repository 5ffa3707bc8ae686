"""The sections of the settings that have mapping rows, by name: ``contacts``, ``companies``,
``deals``, and ``activities.calls`` and its siblings. Which rows each has by default.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, TypeAlias

from crmsync.model.crm_names import (
    ACCOUNT,
    COMPANY,
    DEAL,
    HUBSPOT_CONTACT,
    LEAD,
    OPPORTUNITY,
    SALESFORCE_CONTACT,
)
from crmsync.model.fields import FieldRule
from crmsync.model.kinds.activities import (
    HUBSPOT_OBJECTS,
    SALESFORCE_OBJECTS,
    ActivityKind,
    ActivityKindSettings,
    ActivitySync,
)
from crmsync.model.settings import CompanySettings, Connection, ContactSettings, DealSettings
from crmsync.rules.fields.maps import (
    CURRENCY,
    DEFAULT_ACCOUNT_MAP,
    DEFAULT_CONTACT_MAPS,
    DEFAULT_OPPORTUNITY_MAP,
)
from crmsync.rules.kinds.activity.maps import DEFAULT_MAPS

MappedSection: TypeAlias = ContactSettings | CompanySettings | DealSettings | ActivityKindSettings
"""A section of the settings that has mapping rows."""

RECORD_SECTIONS = ("contacts", "companies", "deals")

ACTIVITY_SECTIONS: Mapping[str, ActivityKind] = MappingProxyType(
    {f"activities.{kind}": kind for kind in ActivityKind}
)
"""Section -> the kind of activity whose rows it has."""

SECTIONS = (*RECORD_SECTIONS, *ACTIVITY_SECTIONS)

OBJECTS: Mapping[str, tuple[str, tuple[str, ...]]] = MappingProxyType(
    {
        "contacts": (HUBSPOT_CONTACT, (LEAD, SALESFORCE_CONTACT)),
        "companies": (COMPANY, (ACCOUNT,)),
        "deals": (DEAL, (OPPORTUNITY,)),
        **{
            name: (HUBSPOT_OBJECTS[kind], (SALESFORCE_OBJECTS[kind],))
            for name, kind in ACTIVITY_SECTIONS.items()
        },
    }
)
"""Section -> the HubSpot object and the Salesforce objects of its rows."""

DEFAULT_ROWS: Mapping[str, Sequence[FieldRule]] = MappingProxyType(
    {
        "contacts": tuple(rule for rows in DEFAULT_CONTACT_MAPS.values() for rule in rows),
        "companies": DEFAULT_ACCOUNT_MAP,
        "deals": (*DEFAULT_OPPORTUNITY_MAP, CURRENCY),
        **{name: DEFAULT_MAPS[kind] for name, kind in ACTIVITY_SECTIONS.items()},
    }
)
"""Section -> its default rows."""


def section_of(connection: Connection, name: str) -> MappedSection:
    """The section of that name."""
    kind = ACTIVITY_SECTIONS.get(name)
    if kind is not None:
        return connection.activities.of(kind)
    found: MappedSection = getattr(connection, name)
    return found


def is_on(connection: Connection, name: str) -> bool:
    """Whether what the section is about syncs."""
    sync = section_of(connection, name).sync
    return sync if isinstance(sync, bool) else sync is not ActivitySync.OFF


def with_sections(connection: Connection, sections: Mapping[str, MappedSection]) -> Connection:
    """The connection with these sections in place of its own."""
    kinds: dict[str, Any] = {
        kind: sections[name] for name, kind in ACTIVITY_SECTIONS.items() if name in sections
    }
    others: dict[str, Any] = {
        name: section for name, section in sections.items() if name in RECORD_SECTIONS
    }
    return replace(connection, **others, activities=replace(connection.activities, **kinds))


def row_path(index: int, name: str, row: int, *cell: str) -> tuple[str | int, ...]:
    """Where a mapping row of a section, or a cell of it, is in the file: that of the connection at
    place `index`.
    """
    return ("connection", index, *name.split("."), "field", row, *cell)


def called(name: str) -> str:
    """What HubSpot's records of a section are called, as in "calls"."""
    return name.rpartition(".")[2]
