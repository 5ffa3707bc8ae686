"""Salesforce's change events -> changes. As with webhooks, only the header is read: which records,
and by whom.

The Event Relay puts the header into ``detail.payload``, AppFlow straight into ``detail``; both are
taken. Gap events carry ids and are treated like any other; an overflow or a wildcard names no
record, and is left to the poll.
https://developer.salesforce.com/docs/atlas.en-us.change_data_capture.meta/change_data_capture/cdc_event_fields_header.htm
"""

from __future__ import annotations

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
"""What an event may be about -> the concern that is told; a contact role tells of its opportunity
(OPP-9).
"""

_ID_LENGTH = 18


@dataclass(frozen=True, slots=True)
class EventTenant:
    """One connection as change events see it: its org's id (18 characters), and the integration
    user, by whom it knows its own writes.

    It takes the events of its own concerns only.
    """

    connection: str
    org_id: str
    our_user: str
    kinds: frozenset[Kind] = frozenset(Kind)


def read_change_event(event: Mapping[str, Any], doors: Sequence[EventTenant]) -> list[Change]:
    """The changes in one EventBridge event, for each connection of its org, without the echoes of
    our own writes.

    An event whose source names no org (AppFlow) is taken for the only org there is; with several it
    is left to the poll.
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
            door.connection, kind, Ref(Side.SALESFORCE, header["entityName"], record_id), cause, at
        )
        for door in _of_org(str(event.get("source", "")), doors)
        if kind in door.kinds and not _is_echo(header, door)
        for record_id in header.get("recordIds") or []
        if isinstance(record_id, str) and len(record_id) == _ID_LENGTH
    ]


def _of_org(source: str, doors: Sequence[EventTenant]) -> list[EventTenant]:
    named = [door for door in doors if door.org_id and door.org_id in source.split("/")]
    if named:
        return named
    orgs = {door.org_id for door in doors}
    return list(doors) if len(orgs) == 1 and "salesforce.com" not in source else []


def _is_echo(header: Mapping[str, Any], door: EventTenant) -> bool:
    client = str(header.get("changeOrigin") or "").rpartition("client=")[2]
    return client.rstrip("/") == SALESFORCE_CLIENT and header.get("commitUser") == door.our_user


def _committed_at(header: Mapping[str, Any]) -> datetime:
    stamp = header.get("commitTimestamp")
    return from_epoch_ms(stamp if isinstance(stamp, int | float) else 0)
