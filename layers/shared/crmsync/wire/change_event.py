"""Salesforce's change events to changes. As with webhooks, only the header is read: which records
changed, and by whom.

The Event Relay puts the header into ``detail.payload``, AppFlow directly into ``detail``; both are
read. Gap events have ids and are treated like others; an overflow event or a wildcard names no
record, so the poll has to find it.
https://developer.salesforce.com/docs/atlas.en-us.change_data_capture.meta/change_data_capture/cdc_event_fields_header.htm
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from crmsync.model.changes import Cause, Change
from crmsync.model.concerns import INDIRECT_OBJECTS, KIND_OF
from crmsync.model.moments import from_epoch_ms
from crmsync.model.names import SALESFORCE_CLIENT
from crmsync.model.records import Kind, Ref, Side

_CAUSES: Mapping[str, Cause] = MappingProxyType(
    {"DELETE": Cause.DELETED, "UNDELETE": Cause.RESTORED}
)

_ENTITIES: Mapping[str, Kind] = MappingProxyType({**KIND_OF[Side.SALESFORCE], **INDIRECT_OBJECTS})
"""The objects of events -> the kind that syncs because of them; a contact role syncs its
opportunity (OPP-9).
"""

_ID_LENGTH = 18


@dataclass(frozen=True, slots=True)
class EventTenant:
    """A connection that change events may belong to.

    Attributes:
        connection: Its name.
        org_id: The id of its org, 18 characters.
        our_user: The id of the integration user, by which our own writes are recognised.
        kinds: The kinds that it syncs; events about others are ignored.
    """

    connection: str
    org_id: str
    our_user: str
    kinds: frozenset[Kind] = frozenset(Kind)


def load_change_event(body: str) -> Mapping[str, Any] | None:
    """The event in a message of the queue; None for one that is no JSON object."""
    try:
        event = json.loads(body)
    except ValueError:
        return None
    return event if isinstance(event, dict) else None


def read_change_event(event: Mapping[str, Any], tenants: Sequence[EventTenant]) -> list[Change]:
    """The changes in one EventBridge event, for each connection of its org, without echoes of our
    own writes.

    If the event's source names no org (AppFlow) and there is only one, the event belongs to that;
    with several orgs it is ignored, and the poll finds the change.
    """
    detail = event.get("detail") or {}
    header = (detail.get("payload") or detail).get("ChangeEventHeader") or {}
    kind = _ENTITIES.get(header.get("entityName", ""))
    if kind is None:
        return []
    cause = _CAUSES.get(str(header.get("changeType")).removeprefix("GAP_"), Cause.EDITED)
    at = _committed_at(header)
    return [
        Change(
            tenant.connection,
            kind,
            Ref(Side.SALESFORCE, header["entityName"], record_id),
            cause,
            at,
        )
        for tenant in _of_org(str(event.get("source", "")), tenants)
        if kind in tenant.kinds and not _is_echo(header, tenant)
        for record_id in header.get("recordIds") or []
        if isinstance(record_id, str) and len(record_id) == _ID_LENGTH
    ]


def _of_org(source: str, tenants: Sequence[EventTenant]) -> list[EventTenant]:
    named = [tenant for tenant in tenants if tenant.org_id and tenant.org_id in source.split("/")]
    if named:
        return named
    orgs = {tenant.org_id for tenant in tenants}
    return list(tenants) if len(orgs) == 1 and "salesforce.com" not in source else []


def _is_echo(header: Mapping[str, Any], tenant: EventTenant) -> bool:
    client = str(header.get("changeOrigin") or "").rpartition("client=")[2]
    return client.rstrip("/") == SALESFORCE_CLIENT and header.get("commitUser") == tenant.our_user


def _committed_at(header: Mapping[str, Any]) -> datetime:
    stamp = header.get("commitTimestamp")
    return from_epoch_ms(stamp if isinstance(stamp, int | float) else 0)
