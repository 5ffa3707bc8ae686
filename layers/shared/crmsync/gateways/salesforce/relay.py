"""The Event Relay of a Salesforce org: its named credential, channel, members and the relay itself,
read and created with the Tooling API.

Facts: PlatformEventChannel, PlatformEventChannelMember, EventRelayConfig and NamedCredential in the
Tooling API's reference, and the Event Relay's own guide. A relay can only be created in the state
STOP.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from crmsync.gateways.salesforce.sdk import format_soql
from crmsync.rules.settings.relay_parts import (
    Relay,
    RelayChannel,
    RelayCredential,
    RelayMember,
    RelayPart,
)

RECOVERY = '{"ReplayRecovery":"EARLIEST"}'
"""After an outage, events start with the earliest that Salesforce still has, up to three days back.
By default they would start with the newest.
"""

_CREDENTIALS = "SELECT DeveloperName, Endpoint FROM NamedCredential WHERE DeveloperName = {name}"
_CHANNELS = (
    "SELECT DeveloperName, ChannelType FROM PlatformEventChannel WHERE DeveloperName = {name}"
)
_MEMBERS = (
    "SELECT EventChannel, SelectedEntity FROM PlatformEventChannelMember"
    " WHERE EventChannel = {name}"
)
_RELAYS = (
    "SELECT DeveloperName, EventChannel, RelayOption, State FROM EventRelayConfig"
    " WHERE EventChannel = {name}"
)

_STARTS_WITH_NEWEST = (
    "begins with the newest event after an outage: set its ReplayRecovery to EARLIEST"
)
_NOT_RUNNING = (
    "does not run: start it in Setup, Event Relays, once the stack has taken its event source"
)
_WRONG_ENDPOINT = "leads to {}: remove it in Salesforce and run this again"
_WRONG_CHANNEL = "is not a channel of change events: remove it in Salesforce and run this again"

Query = Callable[[str, str], Sequence[Mapping[str, Any]]]
"""(SOQL, API path prefix) -> rows."""


def inspect_relay(parts: Sequence[RelayPart], query: Query) -> Iterator[tuple[RelayPart, str]]:
    """The parts that exist, each with what is wrong with it ("" = nothing). Raises `SyncError`."""
    for part in parts:
        if isinstance(part, RelayCredential):
            yield from (
                (part, _credential(part, row)) for row in _rows(query, _CREDENTIALS, part.name)
            )
        elif isinstance(part, RelayChannel):
            name = part.name.removesuffix("__chn")
            yield from (
                (part, "" if row["ChannelType"] == "data" else _WRONG_CHANNEL)
                for row in _rows(query, _CHANNELS, name)
            )
        elif isinstance(part, Relay):
            yield from ((part, _relay(row)) for row in _rows(query, _RELAYS, part.channel))
    members = [part for part in parts if isinstance(part, RelayMember)]
    selected = (
        {row["SelectedEntity"] for row in _rows(query, _MEMBERS, members[0].channel)}
        if members
        else set()
    )
    yield from ((part, "") for part in members if f"{part.object}ChangeEvent" in selected)


def creation_of(part: RelayPart) -> tuple[str, dict[str, Any]]:
    """The resource and the row that create a part."""
    if isinstance(part, RelayCredential):
        metadata: dict[str, Any] = {"label": part.name.replace("_", " "), "endpoint": part.endpoint}
        metadata |= {
            "principalType": "NamedUser",
            "protocol": "NoAuthentication",
            "generateAuthorizationHeader": True,
        }
        return _creation("NamedCredential", part.name, metadata)
    if isinstance(part, RelayChannel):
        return _creation(
            "PlatformEventChannel", part.name, {"channelType": "data", "label": "crmsync"}
        )
    if isinstance(part, RelayMember):
        event = f"{part.object}ChangeEvent"
        name = f"{part.channel.replace('__', '_')}_{event}"
        return _creation(
            "PlatformEventChannelMember",
            name,
            {"eventChannel": part.channel, "selectedEntity": event},
        )
    relay = {"eventChannel": part.channel, "destinationResourceName": f"callout:{part.credential}"}
    return _creation(
        "EventRelayConfig", part.name, {**relay, "label": "crmsync", "relayOption": RECOVERY}
    )


def _creation(name: str, full_name: str, metadata: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    return f"tooling/sobjects/{name}", {"FullName": full_name, "Metadata": metadata}


def _rows(query: Query, form: str, name: str) -> Sequence[Mapping[str, Any]]:
    return query(format_soql(form, name=name), "tooling/")


def _credential(part: RelayCredential, row: Mapping[str, Any]) -> str:
    return "" if row["Endpoint"] == part.endpoint else _WRONG_ENDPOINT.format(row["Endpoint"])


def _relay(row: Mapping[str, Any]) -> str:
    if "EARLIEST" not in str(row.get("RelayOption") or ""):
        return _STARTS_WITH_NEWEST
    return "" if row["State"] == "RUN" else _NOT_RUNNING
