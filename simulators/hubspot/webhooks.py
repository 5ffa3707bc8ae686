"""Webhooks of one app in one portal: subscriptions, waiting events, and deliveries that were not
answered.

Record events become webhook events here, and these become signed deliveries when they are taken.
Unanswered deliveries come back by the vendor's schedule. Nothing is sent: the caller that takes a
delivery sends it. Facts: docs/vendors.md#hubspot-webhooks.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from simulators.faults import Faults
from simulators.hubspot.events import RecordEvent
from simulators.hubspot.stamps import PortalClock

EVENTS_A_REQUEST = 100
RETRY_AFTER_S = (60, 180, 600, 1_800, 3_600, 7_200, 10_800, 14_400, 18_000, 21_600)
"""Ten retries in less than 24 hours [D]; the intervals are [M]."""
JITTER = 0.1
USER_AGENT = "HubSpot Connect 2.0 (http://dev.hubspot.com/) (namespace: webhooks-simulator)"


_Meaning = tuple[str, str, str | None]
"""Object name or "object", action, and the property of a property change."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """One line of the app's webhook file; `object_type_id` is set for the generic ``object.*``
    types.
    """

    id: int
    type: str
    property_name: str | None = None
    object_type_id: str | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One signed request as HubSpot would send it now."""

    portal_id: int
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    attempt: int
    number: int


@dataclass(frozen=True, slots=True)
class _Packet:
    number: int
    events: Sequence[Mapping[str, Any]]
    attempt: int
    due_ms: int


def signature_v3(secret: str, method: str, url: str, body: bytes, timestamp: str) -> str:
    """Return the v3 signature: HMAC-SHA256 over method, URI, body and timestamp, in base64."""
    message = method.encode() + url.encode() + body + timestamp.encode()
    return base64.b64encode(hmac.new(secret.encode(), message, hashlib.sha256).digest()).decode()


class Webhooks:
    """The webhook side of one app in one portal."""

    def __init__(
        self,
        portal_id: int,
        app_id: int,
        secrets: Sequence[str],
        clock: PortalClock,
        faults: Faults,
        seed: int,
    ) -> None:
        """Start without subscriptions.

        `secrets` holds the client secret and, during a rotation, the former one; no document says
        which of them then signs [M], so they take turns.
        """
        self._portal_id, self._app_id = portal_id, app_id
        self._secrets = tuple(secrets)
        self._clock, self._faults = clock, faults
        self._random = Random(seed)
        self._url = ""
        self._by_meaning: dict[_Meaning, list[Subscription]] = {}
        self._events: list[dict[str, Any]] = []
        self._waiting: list[_Packet] = []
        self._out: dict[int, _Packet] = {}
        self._next_event, self._next_packet = 700_001, 1

    def subscribe(self, url: str, subscriptions: Iterable[Sequence[str | None]]) -> None:
        """Deploy the app's webhook file, which replaces the former target and subscriptions."""
        self._url = url
        rows = [tuple(row) for row in subscriptions]
        self._by_meaning = {}
        for place, row in enumerate(rows):
            subscription = Subscription(61 + place, str(row[0]), *row[1:3])
            prefix, _, action = subscription.type.partition(".")
            name = subscription.property_name if action == "propertyChange" else None
            self._by_meaning.setdefault((prefix, action, name), []).append(subscription)

    def note(self, event: RecordEvent) -> None:
        """Queue one event for each subscription that the event matches."""
        kinds = (event.kind,) if event.other_kind is None else (event.kind, event.other_kind)
        if event.property_name in event.kind.muted:
            return
        own = (kind.name for kind in kinds if not kind.is_activity)
        for prefix in (*dict.fromkeys(own), "object"):
            for subscription in self._by_meaning.get(
                (prefix, event.action, event.property_name), ()
            ):
                if subscription.object_type_id is None or subscription.object_type_id in {
                    k.type_id for k in kinds
                }:
                    self._events.append(self._event(subscription, event))

    def next_ms(self) -> int | None:
        """Return when the next delivery is due in true time, None when nothing waits."""
        due = [packet.due_ms for packet in self._waiting]
        return min([*due, self._clock.true_ms()] if self._events else due, default=None)

    def due(self) -> list[Delivery]:
        """Take everything that is due now: retries first, then all new events, packed in the order
        of occurrence.
        """
        now = self._clock.true_ms()
        packets = [packet for packet in self._waiting if packet.due_ms <= now]
        self._waiting = [packet for packet in self._waiting if packet.due_ms > now]
        packets += self._packed(now)
        taken: list[Delivery] = []
        for packet in packets:
            if self._faults.take("webhook", "drop", portal_id=self._portal_id):
                continue
            self._out[packet.number] = packet
            twice = self._faults.take("webhook", "duplicate", portal_id=self._portal_id) is not None
            taken += [self._signed(packet)] * (2 if twice else 1)
        return taken

    def answered(self, delivery: Delivery, status: int) -> None:
        """Record the answer: after 2xx a delivery is done, anything else (0 = no answer) brings it
        back, at most ten times.
        """
        packet = self._out.pop(delivery.number, None)
        if packet is None or 200 <= status < 300 or packet.attempt >= len(RETRY_AFTER_S):
            return
        wait_s = RETRY_AFTER_S[packet.attempt] * (1 + self._random.uniform(0, JITTER))
        due_ms = self._clock.true_ms() + round(wait_s * 1000)
        self._waiting.append(_Packet(packet.number, packet.events, packet.attempt + 1, due_ms))

    def _packed(self, now: int) -> list[_Packet]:
        events, self._events = self._events, []
        if events and self._faults.take("webhook", "reorder", portal_id=self._portal_id):
            events.reverse()
        packets = []
        for start in range(0, len(events), EVENTS_A_REQUEST):
            packets.append(
                _Packet(self._next_packet, events[start : start + EVENTS_A_REQUEST], 0, now)
            )
            self._next_packet += 1
        return packets

    def _signed(self, packet: _Packet) -> Delivery:
        rows = (
            [{**event, "attemptNumber": packet.attempt} for event in packet.events]
            if packet.attempt
            else packet.events
        )
        body = json.dumps(rows, separators=(",", ":"), ensure_ascii=False).encode()
        timestamp = str(self._clock.now_ms())
        secret = self._secrets[(packet.number + packet.attempt) % len(self._secrets)]
        headers = {
            "Content-Type": "application/json",
            "User-Agent": USER_AGENT,
            "X-HubSpot-Request-Timestamp": timestamp,
            "X-HubSpot-Signature-v3": signature_v3(secret, "POST", self._url, body, timestamp),
            "X-HubSpot-Signature-Version": "v1",
            "X-HubSpot-Signature": hashlib.sha256(secret.encode() + body).hexdigest(),
        }
        return Delivery(
            self._portal_id, "POST", self._url, headers, body, packet.attempt, packet.number
        )

    def _event(self, subscription: Subscription, event: RecordEvent) -> dict[str, Any]:
        body: dict[str, Any] = {
            "eventId": self._next_event,
            "subscriptionId": subscription.id,
            "portalId": self._portal_id,
            "appId": self._app_id,
            "occurredAt": event.at_ms,
            "subscriptionType": subscription.type,
            "attemptNumber": 0,
            "objectId": int(event.object_id),
            **event.fields,
            "changeSource": event.actor.change_source,
            "sourceId": event.actor.source_id,
        }
        self._next_event += 1
        return _generic(body, event) if subscription.type.startswith("object.") else body


def _generic(body: dict[str, Any], event: RecordEvent) -> dict[str, Any]:
    """Return the body for a generic subscription, whose type begins with ``object.``."""
    if event.action == "associationChange":
        del body["objectId"]
        return body
    return body | {"objectTypeId": event.kind.type_id, "isSensitive": False}
