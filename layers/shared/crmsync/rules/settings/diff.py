"""The differences between two versions of the settings, line by line, to be read before a push.

Connections are identified by name, a mapping row by its two fields.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass

from crmsync.model.fields import FieldRule
from crmsync.model.settings import Connection, Settings
from crmsync.rules.settings.mappings import is_pair
from crmsync.rules.settings.sections import ACTIVITY_SECTIONS, DEFAULT_ROWS

_SET_BY_THE_PUSH = frozenset({"since", "listed_since", "statuses", "outcomes", "several_contacts"})
"""What no operator writes into the file, so it is not shown."""

_OWNER_IDS = tuple(f".{name}.owners" for name in ACTIVITY_SECTIONS)
"""The lists of owners whose activities sync, not a table of owners and users."""


def differences(old: Settings, new: Settings) -> tuple[str, ...]:
    """``acme.contacts.create_in_hubspot: "never" -> "leads_only"``, one line a value, in the order
    of the file.
    """
    return tuple(_lines(old, new))


def _lines(old: Settings, new: Settings) -> Iterator[str]:
    for connection in new.connections:
        before = old.connection(connection.name)
        if before is None:
            yield f"{connection.name}: new, HubSpot account {connection.hubspot.portal_id}"
        else:
            yield from _changes(_flat(before), _flat(connection))
    for connection in old.connections:
        if new.connection(connection.name) is None:
            yield f"{connection.name}: removed, its records no longer sync"
    yield from _changes(dict(_values("alerts", old.alerts)), dict(_values("alerts", new.alerts)))


def _changes(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    for name in dict.fromkeys((*new, *old)):
        before, after = old.get(name, "none"), new.get(name, "none")
        if before != after:
            yield f"{name}: {before} -> {after}"


def _flat(connection: Connection) -> dict[str, str]:
    """Each value by its path. A default pair has its policy also where no row names it."""
    defaults = {
        f"{connection.name}.{section}.field {row}": str(row.update)
        for section, rows in DEFAULT_ROWS.items()
        for row in rows
    }
    return defaults | dict(_values(connection.name, connection))


def _values(path: str, value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, FieldRule):
        yield f"{path} {_named(path, value)}", str(value.update)
    elif isinstance(value, tuple) and path.endswith(".owners") and not path.endswith(_OWNER_IDS):
        for owner, user in value:
            yield f"{path} {owner}", _shown(user)
    elif isinstance(value, tuple) and path.endswith(".campaigns"):
        for row in value:
            yield from _values(f"{path} {row.campaign}", row)
    elif is_dataclass(value):
        for one in (one for one in fields(value) if one.name not in _SET_BY_THE_PUSH):
            yield from _values(f"{path}.{one.name}", getattr(value, one.name))
    elif isinstance(value, tuple) and path.endswith(".field"):
        for row in value:
            yield from _values(path, row)
    else:
        yield path, _shown(value)


def _named(path: str, row: FieldRule) -> FieldRule:
    """The default row for the same pair, as Salesforce's names are case-insensitive, or the row."""
    defaults = next(
        (rows for name, rows in DEFAULT_ROWS.items() if path.endswith(f".{name}.field")), ()
    )
    return next((one for one in defaults if is_pair(row, one)), row)


def _shown(value: object) -> str:
    if value is None:
        return '"auto"'
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_shown, value)) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value)
