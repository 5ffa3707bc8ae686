"""The date since which each mapping row, each concern and the inclusion list apply, worked out at a
push from the settings before it (MAP-6, OPP-4, SET-9).

A row is identified by its two fields. A row with another policy stays the same, but one that synced
nothing and now does, or that was removed and put back, is new.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from crmsync.model.fields import FieldRule, Update
from crmsync.model.kinds.activities import ActivitySettings
from crmsync.model.settings import Connection, Settings
from crmsync.rules.kinds.contact.inclusion import needs_membership
from crmsync.rules.settings.mappings import is_pair
from crmsync.rules.settings.sections import (
    DEFAULT_ROWS,
    RECORD_SECTIONS,
    SECTIONS,
    MappedSection,
    section_of,
    with_sections,
)


def dated(old: Settings, new: Settings, at: datetime) -> Settings:
    """The settings `new`, with the date `at` on rows that `old` did not have.

    The rows of a new connection get none, as it has no pairs yet.
    """
    dated_rows = (_dated(old.connection(one.name), one, at) for one in new.connections)
    return replace(
        new, connections=tuple(_switched(old.connection(one.name), one, at) for one in dated_rows)
    )


def _switched(old: Connection | None, new: Connection, at: datetime) -> Connection:
    """The connection with the dates of its concerns and its list.

    What is older than that is left to an import (OPP-4), the rest to the sweeps. What was switched
    on before such dates were kept has none.
    """
    sections: dict[str, Any] = {}
    for name in RECORD_SECTIONS:
        before, section = getattr(old, name) if old else None, getattr(new, name)
        if section.sync:
            sections[name] = replace(section, since=before.since if before and before.sync else at)
    if new.activities.on:
        sections["activities"] = _activities(old, new, at)
    contacts = sections.get("contacts")
    if contacts and needs_membership(contacts):
        was_listed = (
            old is not None
            and old.contacts.sync
            and old.contacts.inclusion_list == contacts.inclusion_list
        )
        listed_since = old.contacts.listed_since if old and was_listed else at
        sections["contacts"] = replace(contacts, listed_since=listed_since)
    return replace(new, **sections)


def _activities(old: Connection | None, new: Connection, at: datetime) -> ActivitySettings:
    """The settings of activities with the date of each kind that syncs (ACT-3)."""
    sections: dict[str, Any] = {}
    for kind in new.activities.on:
        before = old.activities.of(kind) if old and kind in old.activities.on else None
        sections[kind] = replace(new.activities.of(kind), since=before.since if before else at)
    return replace(new.activities, **sections)


def _dated(old: Connection | None, new: Connection, at: datetime) -> Connection:
    if old is None:
        return new
    sections: dict[str, MappedSection] = {}
    for name in SECTIONS:
        before = {str(row): row for row in section_of(old, name).field}
        section = section_of(new, name)
        rows = tuple(replace(row, since=_since(row, before, name, at)) for row in section.field)
        sections[name] = replace(section, field=rows)
    return with_sections(new, sections)


def _since(
    row: FieldRule, before: Mapping[str, FieldRule], section: str, at: datetime
) -> datetime | None:
    known = before.get(str(row))
    if known is None:
        is_default = any(is_pair(row, default) for default in DEFAULT_ROWS[section])
        return None if is_default else at
    begins = known.update is Update.NEVER and row.update is not Update.NEVER
    return at if begins else known.since
