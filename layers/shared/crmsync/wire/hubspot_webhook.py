"""HubSpot's webhook bodies to changes. Values are never read: an event only names a record to sync.

The body is a JSON array of up to 100 events, legacy (``contact.propertyChange``) or generic
(``object.propertyChange`` with ``objectTypeId``). Unknown types are ignored, as HubSpot may add
some at any time.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from crmsync.model.changes import Cause, Change, TieEvent
from crmsync.model.concerns import KIND_OF
from crmsync.model.crm_names import COMPANY, DEAL, HUBSPOT_CONTACT, HUBSPOT_OPT_OUT
from crmsync.model.moments import from_epoch_ms
from crmsync.model.records import Kind, Ref, Side


class MalformedError(ValueError):
    """The body is not what HubSpot sends; the message says why, without quoting it."""


@dataclass(frozen=True, slots=True)
class WebhookTenant:
    """A connection that webhook events may belong to.

    Attributes:
        connection: Its name.
        portal_id: Its HubSpot account.
        app_id: Our app there, by which our own writes are recognised.
        kinds: The kinds that it syncs; events about others are ignored.
    """

    connection: str
    portal_id: int
    app_id: str
    kinds: frozenset[Kind] = frozenset(Kind)


MAX_EVENTS = 100
"""The most events that HubSpot sends in one request [D]."""

MAX_CHANGES = 1_000
"""The most records that one request may name: an event names one or two, a merge all merged
records, at most 250.
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
"""An object's name or type id in an event -> its name in a `Ref`."""

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
"""The two ends of each association that is synced (FLD-8, OPP-12) -> which of them is synced, and
with which cause.

No property of a deal changes with its associations, so a deal is synced even if none of its
properties changed.
"""

_ON_REQUEST = frozenset({HUBSPOT_OPT_OUT})
"""Properties that HubSpot changes some time after a call of ours to another part of HubSpot."""

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


def read_webhook(body: bytes, tenants: Sequence[WebhookTenant]) -> list[Change]:
    """The changes in a body, for the accounts of `tenants` only, without echoes of our own writes.

    Raises `MalformedError`.
    """
    try:
        events = json.loads(body)
    except (ValueError, RecursionError):
        raise MalformedError("the body is not JSON") from None
    if not isinstance(events, list) or not all(isinstance(event, dict) for event in events):
        raise MalformedError("the body is not an array of events")
    if len(events) > MAX_EVENTS:
        raise MalformedError(f"the body has more than {MAX_EVENTS} events")
    by_portal = {str(tenant.portal_id): tenant for tenant in tenants}
    changes: list[Change] = []
    for event in events:
        changes += _changes(event, by_portal.get(str(event.get("portalId"))))
        if len(changes) > MAX_CHANGES:
            raise MalformedError(f"the body names more than {MAX_CHANGES} records")
    return changes


def _changes(event: Mapping[str, Any], tenant: WebhookTenant | None) -> list[Change]:
    prefix, _, what = str(event.get("subscriptionType")).partition(".")
    cause = _CAUSES.get(what)
    if tenant is None or cause is None or _is_echo(event, tenant):
        return []
    at = _occurred_at(event)
    if what != "associationChange":
        return [
            Change(tenant.connection, _KINDS[ref.object], ref, cause, at)
            for ref in _named(event, prefix, what)
            if _KINDS[ref.object] in tenant.kinds
        ]
    ends, is_gone = _ends(event, prefix), event.get("associationRemoved") is True
    return [
        Change(
            tenant.connection,
            _KINDS[ref.object],
            ref,
            why,
            at,
            ties=_tie_news(ref, ends, at, is_gone=is_gone),
        )
        for ref, why in _associated(ends)
        if _KINDS[ref.object] in tenant.kinds
    ]


def _is_echo(event: Mapping[str, Any], tenant: WebhookTenant) -> bool:
    """Whether the event is about our own write. A property that HubSpot changes on request counts
    as news even then, as it has now taken effect (OPT-4).
    """
    ours = (
        event.get("changeSource") == "INTEGRATION" and str(event.get("sourceId")) == tenant.app_id
    )
    return ours and str(event.get("propertyName")) not in _ON_REQUEST


def _named(event: Mapping[str, Any], prefix: str, what: str) -> list[Ref]:
    """All records that an event names; a merge names the survivor (perhaps under a new id) and the
    merged records.
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
    """The two ends of an association, without ends of objects that are not synced.

    Generic events name the ends by type id, legacy ones by the association's name. Each change is
    reported once from each end.
    """
    words = _ENDS.match(str(event.get("associationType")))
    ends = (words[1].lower(), words[2].lower()) if words else (prefix, "")
    called = (event.get("fromObjectTypeId") or ends[0], event.get("toObjectTypeId") or ends[1])
    objects = [_OBJECTS.get(str(one), "") for one in called]
    return _refs(
        list(zip(objects, (event.get("fromObjectId"), event.get("toObjectId")), strict=True))
    )


def _associated(ends: Sequence[Ref]) -> list[tuple[Ref, Cause]]:
    """The ends of an association that are synced, each with its cause; none if the association is
    not synced.
    """
    causes = _ASSOCIATED.get(frozenset(ref.object for ref in ends), {})
    return [(ref, causes[ref.object]) for ref in ends if ref.object in causes]


def _tie_news(
    ref: Ref, ends: Sequence[Ref], at: datetime, *, is_gone: bool
) -> tuple[TieEvent, ...]:
    """The contact that was associated with a deal, or dissociated from it."""
    contacts = (one for one in ends if one.object == HUBSPOT_CONTACT and ref.object == DEAL)
    return tuple(TieEvent(contact, at, is_gone) for contact in contacts)


def _refs(named: Sequence[tuple[str | None, object]]) -> list[Ref]:
    return list(dict.fromkeys(ref for name, one in named for ref in _ref(name, one)))


def _ref(name: str | None, one: object) -> list[Ref]:
    """The record with that object and id, if it is valid and synced, in a list."""
    if name and isinstance(one, int | str) and _ID.fullmatch(text := str(one)):
        return [Ref(Side.HUBSPOT, name, text)]
    return []


def _listed(value: object) -> list[object]:
    return value[: MAX_CHANGES + 1] if isinstance(value, list) else []


def _occurred_at(event: Mapping[str, Any]) -> datetime:
    """When it happened; 1970 for a missing or invalid time, as it is only used to order changes."""
    stamp = event.get("occurredAt")
    return from_epoch_ms(stamp if isinstance(stamp, int) and 0 <= stamp < _FAR else 0)


_FAR = 253_402_300_799_000
