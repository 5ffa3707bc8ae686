"""HubSpot's webhook body -> changes. Values in it are never read: an event only says where to look.

The body is a JSON array of up to 100 events, legacy (``contact.propertyChange``) or generic (``object.propertyChange`` with
``objectTypeId``); unknown types are ignored, as more of them may come at any time.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from crmsync.model.changes import Cause, Change
from crmsync.model.records import Kind, Ref, Side


class MalformedError(ValueError):
    """The body is not what HubSpot sends; the message says in which way, without any of its content."""


@dataclass(frozen=True, slots=True)
class Door:
    """One connection as the webhook sees it: whose events it takes, and how it knows its own writes."""

    connection: str
    portal_id: int
    app_id: str


_KINDS: Mapping[str, tuple[Kind, str]] = MappingProxyType(
    {"contact": (Kind.CONTACT, "contact"), "0-1": (Kind.CONTACT, "contact")}
)

_CAUSES: Mapping[str, Cause] = MappingProxyType(
    {
        "creation": Cause.EDITED,
        "propertyChange": Cause.EDITED,
        "restore": Cause.RESTORED,
        "associationChange": Cause.EDITED,
        "deletion": Cause.DELETED,
        "privacyDeletion": Cause.FORGOTTEN,
        "merge": Cause.EDITED,
    }
)


def read_webhook(body: bytes, doors: Sequence[Door]) -> list[Change]:
    """The changes in a body, for the portals behind `doors` only, without the echoes of our own writes. Raises `MalformedError`."""
    try:
        events = json.loads(body)
    except ValueError:
        msg = "the body is not JSON"
        raise MalformedError(msg) from None
    if not isinstance(events, list) or not all(isinstance(event, dict) for event in events):
        msg = "the body is not an array of events"
        raise MalformedError(msg)
    by_portal = {str(door.portal_id): door for door in doors}
    return [change for event in events for change in _changes(event, by_portal.get(str(event.get("portalId"))))]


def _changes(event: Mapping[str, Any], door: Door | None) -> list[Change]:
    prefix, _, what = str(event.get("subscriptionType")).partition(".")
    kind = _KINDS.get(str(event.get("objectTypeId")) if prefix == "object" else prefix)
    cause = _CAUSES.get(what)
    if door is None or kind is None or cause is None or _is_echo(event, door):
        return []
    return [
        Change(door.connection, kind[0], Ref(Side.HUBSPOT, kind[1], record_id), cause, _occurred_at(event))
        for record_id in _record_ids(event, what)
    ]


def _is_echo(event: Mapping[str, Any], door: Door) -> bool:
    return event.get("changeSource") == "INTEGRATION" and str(event.get("sourceId")) == door.app_id


def _record_ids(event: Mapping[str, Any], what: str) -> list[str]:
    """Every record that an event speaks of; a merge names the survivor (perhaps under a new id) and those it took in."""
    named = {
        "associationChange": [event.get("fromObjectId")],
        "merge": [event.get("newObjectId"), event.get("primaryObjectId"), *_listed(event.get("mergedObjectIds"))],
    }.get(what, [event.get("objectId")])
    return list(dict.fromkeys(str(one) for one in named if isinstance(one, int | str) and str(one).isdigit()))


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _occurred_at(event: Mapping[str, Any]) -> datetime:
    """When it happened; an absent or odd time is taken as the beginning of time, as it only serves to order."""
    stamp = event.get("occurredAt")
    return datetime.fromtimestamp(stamp / 1000 if isinstance(stamp, int) and 0 <= stamp < _FAR else 0, UTC)


_FAR = 253_402_300_799_000
