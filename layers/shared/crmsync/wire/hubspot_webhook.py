"""HubSpot's webhook body -> changes. Values in it are never read: an event only says where to look.

The body is a JSON array of up to 100 events, legacy (``contact.propertyChange``) or generic
(``object.propertyChange`` with ``objectTypeId``); unknown types are ignored, as more of them may
come at any time.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from crmsync.model.changes import Cause, Change, TieNews
from crmsync.model.concerns import KIND_OF
from crmsync.model.crm_names import COMPANY, DEAL, HUBSPOT_CONTACT, HUBSPOT_OPT_OUT
from crmsync.model.moments import from_epoch_ms
from crmsync.model.records import Kind, Ref, Side


class MalformedError(ValueError):
    """The body is not what HubSpot sends; the message says in which way, without any of its
    content.
    """


@dataclass(frozen=True, slots=True)
class WebhookTenant:
    """One connection as the webhook sees it: whose events it takes, of which concerns, and how it
    knows its own writes.
    """

    connection: str
    portal_id: int
    app_id: str
    kinds: frozenset[Kind] = frozenset(Kind)


MOST_EVENTS = 100
"""HubSpot sends no more in one request [D]."""

MOST_CHANGES = 1_000
"""Records that one request may name: an event has one or two, and a merge all records that went
into one, at most 250.
"""

_OBJECTS: Mapping[str, str] = MappingProxyType(
    {
        HUBSPOT_CONTACT: HUBSPOT_CONTACT,
        "0-1": HUBSPOT_CONTACT,
        COMPANY: COMPANY,
        "0-2": COMPANY,
        DEAL: DEAL,
        "0-3": DEAL,
    }
)
"""What an event calls an object, by name or by type id -> the name that a `Ref` has."""

_KINDS = KIND_OF[Side.HUBSPOT]

_ASSOCIATED: Mapping[frozenset[str], Mapping[str, Cause]] = MappingProxyType(
    {
        frozenset({HUBSPOT_CONTACT, COMPANY}): MappingProxyType(
            {HUBSPOT_CONTACT: Cause.EDITED, COMPANY: Cause.EDITED}
        ),
        frozenset({DEAL, HUBSPOT_CONTACT}): MappingProxyType({DEAL: Cause.AGAIN}),
        frozenset({DEAL, COMPANY}): MappingProxyType({DEAL: Cause.AGAIN}),
    }
)
"""The two ends of each association that is kept in step (FLD-8, OPP-12) -> which of them is looked
at, and why.

No property of a deal tells that its associations have changed, so a deal is looked at even if it
shows nothing new.
"""

_ASKED_FOR = frozenset({HUBSPOT_OPT_OUT})
"""Properties that follow from a call of ours to another part of HubSpot, some time later."""

_ID = re.compile("[0-9]{1,20}")

_ENDS = re.compile(r"([A-Z]+)_TO_([A-Z]+)")
"""The two objects in an association's name, ``CONTACT_TO_COMPANY``."""

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


def read_webhook(body: bytes, doors: Sequence[WebhookTenant]) -> list[Change]:
    """The changes in a body, for the portals behind `doors` only, without the echoes of our own
    writes. Raises `MalformedError`.
    """
    try:
        events = json.loads(body)
    except (ValueError, RecursionError):
        raise MalformedError("the body is not JSON") from None
    if not isinstance(events, list) or not all(isinstance(event, dict) for event in events):
        raise MalformedError("the body is not an array of events")
    if len(events) > MOST_EVENTS:
        raise MalformedError(f"the body has more than {MOST_EVENTS} events")
    by_portal = {str(door.portal_id): door for door in doors}
    changes: list[Change] = []
    for event in events:
        changes += _changes(event, by_portal.get(str(event.get("portalId"))))
        if len(changes) > MOST_CHANGES:
            raise MalformedError(f"the body names more than {MOST_CHANGES} records")
    return changes


def _changes(event: Mapping[str, Any], door: WebhookTenant | None) -> list[Change]:
    prefix, _, what = str(event.get("subscriptionType")).partition(".")
    cause = _CAUSES.get(what)
    if door is None or cause is None or _is_echo(event, door):
        return []
    at = _occurred_at(event)
    if what != "associationChange":
        return [
            Change(door.connection, _KINDS[ref.object], ref, cause, at)
            for ref in _named(event, prefix, what)
            if _KINDS[ref.object] in door.kinds
        ]
    ends, is_gone = _ends(event, prefix), event.get("associationRemoved") is True
    return [
        Change(
            door.connection,
            _KINDS[ref.object],
            ref,
            why,
            at,
            ties=_tie_news(ref, ends, at, is_gone=is_gone),
        )
        for ref, why in _associated(ends)
        if _KINDS[ref.object] in door.kinds
    ]


def _is_echo(event: Mapping[str, Any], door: WebhookTenant) -> bool:
    """Whether we wrote it ourselves. A property that we can only ask for is news even then: HubSpot
    shows it now (OPT-4).
    """
    ours = event.get("changeSource") == "INTEGRATION" and str(event.get("sourceId")) == door.app_id
    return ours and str(event.get("propertyName")) not in _ASKED_FOR


def _named(event: Mapping[str, Any], prefix: str, what: str) -> list[Ref]:
    """Every record that an event speaks of; a merge names the survivor (perhaps under a new id) and
    those it took in.
    """
    name = _OBJECTS.get(str(event.get("objectTypeId")) if prefix == "object" else prefix)
    if what != "merge":
        return _ref(name, event.get("objectId"))
    ids = [
        event.get("newObjectId"),
        event.get("primaryObjectId"),
        *_listed(event.get("mergedObjectIds")),
    ]
    return _refs([(name, one) for one in ids])


def _ends(event: Mapping[str, Any], prefix: str) -> list[Ref]:
    """The two ends of an association; one of an object that does not sync is left out.

    Generic events name the ends by type id, legacy ones by the association's name; each change
    comes once from either end.
    """
    words = _ENDS.match(str(event.get("associationType")))
    ends = (words[1].lower(), words[2].lower()) if words else (prefix, "")
    called = (event.get("fromObjectTypeId") or ends[0], event.get("toObjectTypeId") or ends[1])
    objects = [_OBJECTS.get(str(one), "") for one in called]
    return _refs(
        list(zip(objects, (event.get("fromObjectId"), event.get("toObjectId")), strict=True))
    )


def _associated(ends: Sequence[Ref]) -> list[tuple[Ref, Cause]]:
    """The ends of an association that are looked at, each with its cause; of one that is not kept
    in step neither is.
    """
    causes = _ASSOCIATED.get(frozenset(ref.object for ref in ends), {})
    return [(ref, causes[ref.object]) for ref in ends if ref.object in causes]


def _tie_news(ref: Ref, ends: Sequence[Ref], at: datetime, *, is_gone: bool) -> tuple[TieNews, ...]:
    """Who was tied to a deal, or untied from it."""
    contacts = (one for one in ends if one.object == HUBSPOT_CONTACT and ref.object == DEAL)
    return tuple(TieNews(contact, at, is_gone) for contact in contacts)


def _refs(named: Sequence[tuple[str | None, object]]) -> list[Ref]:
    return list(dict.fromkeys(ref for name, one in named for ref in _ref(name, one)))


def _ref(name: str | None, one: object) -> list[Ref]:
    """The record of that object and id, if it is one that syncs."""
    if name and isinstance(one, int | str) and _ID.fullmatch(text := str(one)):
        return [Ref(Side.HUBSPOT, name, text)]
    return []


def _listed(value: object) -> list[object]:
    return value[: MOST_CHANGES + 1] if isinstance(value, list) else []


def _occurred_at(event: Mapping[str, Any]) -> datetime:
    """When it happened; an absent or odd time is taken as the beginning of time, as it only serves
    to order.
    """
    stamp = event.get("occurredAt")
    return from_epoch_ms(stamp if isinstance(stamp, int) and 0 <= stamp < _FAR else 0)


_FAR = 253_402_300_799_000
