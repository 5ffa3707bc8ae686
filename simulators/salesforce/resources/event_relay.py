"""The part of the Tooling API that defines an Event Relay: named credentials, channels, their
members, relays.

Shapes and rules are those of the Tooling API's reference and of the Event Relay's guide [D]; texts
of refusals are [M]. Definitions only: `events` carries the same events, whatever is defined here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from simulators.salesforce.objects.fields import Row
from simulators.salesforce.org import rules
from simulators.salesforce.org.org import Org
from simulators.salesforce.refusals import RefusalError, no_such_resource
from simulators.salesforce.resources.call import Call, Reply, segment
from simulators.salesforce.resources.rows import read_id

_STANDARD: Final = "ChangeEvents"
_SUFFIX: Final = "__chn"
_STATES: Final = ("RUN", "PAUSE", "STOP")


def create(org: Org, call: Call, name: str) -> Reply:
    """``POST /tooling/sobjects/{object}`` with ``FullName`` and ``Metadata``."""
    if name not in _COLUMNS:
        raise no_such_resource()
    rules.check_right_to_set_up(org, call.user_id, name)
    body = call.record()
    full_name, metadata = str(body.get("FullName") or ""), body.get("Metadata")
    if not full_name or not isinstance(metadata, dict):
        raise RefusalError(
            "REQUIRED_FIELD_MISSING",
            "Required fields are missing: [FullName, Metadata]",
            ["Metadata"],
        )
    row = {"DeveloperName": full_name, **_COLUMNS[name](org, full_name, metadata)}
    if any(one["DeveloperName"] == row["DeveloperName"] for one in org.store.tables[name]):
        message = f"This developer name is already in use: {row['DeveloperName']}"
        raise RefusalError("DUPLICATE_DEVELOPER_NAME", message, ["DeveloperName"])
    stored = _store(org, call, name, {"Id": org.ids.make(_prefix(org, name)), **row})
    return Reply(
        201, {"id": stored["Id"], "success": True, "errors": [], "warnings": [], "infos": []}
    )


def update_relay(org: Org, call: Call, relay_id: str) -> Reply:
    """``PATCH /tooling/sobjects/EventRelayConfig/{id}``: its state and its relay option only."""
    rules.check_right_to_set_up(org, call.user_id, "EventRelayConfig")
    row = org.store.get("EventRelayConfig", read_id(segment(relay_id)))
    metadata = call.record().get("Metadata")
    if row is None or not isinstance(metadata, dict):
        raise no_such_resource()
    state = metadata.get("state", row["State"])
    if state not in _STATES:
        raise RefusalError(
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", f"State: bad value: {state}", ["State"]
        )
    option = _option(metadata) if "relayOption" in metadata else row["RelayOption"]
    _store(org, call, "EventRelayConfig", {**row, "State": state, "RelayOption": option})
    return Reply(204)


def _channel(_org: Org, full_name: str, metadata: Mapping[str, Any]) -> Row:
    kind = metadata.get("channelType")
    if (
        not full_name.endswith(_SUFFIX)
        or kind not in {"data", "event"}
        or not metadata.get("label")
    ):
        raise _bad(
            "FullName ends in __chn, channelType is data or event, and there is a label", "FullName"
        )
    name = full_name.removesuffix(_SUFFIX)
    return {"DeveloperName": name, "ChannelType": kind, "MasterLabel": metadata["label"]}


def _member(org: Org, _full_name: str, metadata: Mapping[str, Any]) -> Row:
    channel, event = _known_channel(org, metadata), str(metadata.get("selectedEntity") or "")
    sobject = org.schema.get(event.removesuffix("ChangeEvent"))
    if not event.endswith("ChangeEvent") or sobject is None or not sobject.events:
        raise _bad(f"{event} is no entity with change events", "selectedEntity")
    members = org.store.tables["PlatformEventChannelMember"]
    if any(row["EventChannel"] == channel and row["SelectedEntity"] == event for row in members):
        raise RefusalError(
            "DUPLICATE_VALUE", f"{event} is a member of {channel} already", ["selectedEntity"]
        )
    return {"EventChannel": channel, "SelectedEntity": event}


def _credential(_org: Org, _full_name: str, metadata: Mapping[str, Any]) -> Row:
    if not metadata.get("label") or not metadata.get("endpoint"):
        raise _bad("label and endpoint are required", "Endpoint")
    return {"MasterLabel": metadata["label"], "Endpoint": metadata["endpoint"]}


def _relay(org: Org, _full_name: str, metadata: Mapping[str, Any]) -> Row:
    channel, where = (
        _known_channel(org, metadata),
        str(metadata.get("destinationResourceName") or ""),
    )
    credentials = {f"callout:{row['DeveloperName']}" for row in org.store.tables["NamedCredential"]}
    if where not in credentials:
        raise _bad(
            f"{where} is not callout: and the name of a named credential", "DestinationResourceName"
        )
    if any(row["EventChannel"] == channel for row in org.store.tables["EventRelayConfig"]):
        raise _bad(f"{channel} has a relay already", "EventChannel")
    if metadata.get("state", "STOP") != "STOP":
        raise _bad("a relay is created in the state STOP", "State")
    option = _option(metadata)
    label = metadata.get("label")
    place = {"EventChannel": channel, "DestinationResourceName": where, "MasterLabel": label}
    return {**place, "RelayOption": option, "State": "STOP"}


def _option(metadata: Mapping[str, Any]) -> str:
    """Return the relay option, a JSON text; without one a relay continues with the newest event."""
    text = str(metadata.get("relayOption") or '{"ReplayRecovery":"LATEST"}')
    try:
        known = json.loads(text)["ReplayRecovery"] in {"LATEST", "EARLIEST"}
    except (ValueError, KeyError, TypeError):
        known = False
    if not known:
        raise _bad(
            "relayOption is a JSON text with ReplayRecovery LATEST or EARLIEST", "RelayOption"
        )
    return text


def _known_channel(org: Org, metadata: Mapping[str, Any]) -> str:
    channel = str(metadata.get("eventChannel") or "")
    channels = {
        f"{row['DeveloperName']}{_SUFFIX}" for row in org.store.tables["PlatformEventChannel"]
    }
    if channel not in channels | {_STANDARD}:
        raise _bad(f"there is no channel {channel}", "EventChannel")
    return channel


def _bad(message: str, field: str) -> RefusalError:
    return RefusalError("FIELD_INTEGRITY_EXCEPTION", message, [field])


def _prefix(org: Org, name: str) -> str:
    return org.schema.objects[name.lower()].prefix


def _store(org: Org, call: Call, name: str, row: Row) -> Row:
    stamps = {
        "LastModifiedDate": org.now_ms(),
        "LastModifiedById": call.user_id,
        "SystemModstamp": org.now_ms(),
    }
    born = {"CreatedDate": org.now_ms(), "CreatedById": call.user_id}
    stored = born | row | stamps
    org.store.tables[name].put(row["Id"], stored)
    return stored


_COLUMNS: Final[Mapping[str, Callable[[Org, str, Mapping[str, Any]], Row]]] = {
    "PlatformEventChannel": _channel,
    "PlatformEventChannelMember": _member,
    "NamedCredential": _credential,
    "EventRelayConfig": _relay,
}
