"""What a thousand changes use: calls of both CRMs, capacity units, writes for echoes, and dollars.

Law: counts of the deployed functions on the laptop stack, both ways, with both sides read again, no
company and no list. The same on every machine, apart from the processor time in the price.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from crmsync.model.changes import Cause, Change
from crmsync.model.crm_names import HUBSPOT_CONTACT
from crmsync.model.records import Kind, Ref, Side
from local.bench.contacts import CONTACTS_ONLY, WORLD, Contacts
from local.bench.figures import Figure, figure
from local.bench.prices import AWS_CALL_SECONDS, CALL_SECONDS, MILLION, Usage, costs, gb_seconds
from local.stack import Stack
from local.stack.aws import OWN_KEY

CONTACTS = 1_000
FUNCTION = "contact_sync"


def measure() -> Sequence[Figure]:
    """Return the figures. Raises `BenchError`."""
    with Stack(CONTACTS_ONLY, WORLD) as stack:
        start = Reading.of(stack)
        contacts = Contacts(stack, CONTACTS)
        created = Reading.of(stack) - start
        contacts.rest()
        forward = _edit(stack, contacts, 1, contacts.edit_in_hubspot, contacts.check_salesforce)
        echo = _echo(stack, contacts)
        back = _edit(stack, contacts, 2, contacts.edit_in_salesforce, contacts.check_hubspot)
    for name, one in (
        ("created", created),
        ("HubSpot -> Salesforce", forward),
        ("echoes and duplicates", echo),
        ("Salesforce -> HubSpot", back),
    ):
        print(f"{name}: {json.dumps(one.shown())}", file=sys.stderr)
    usd = costs(forward.usage())
    parts = {name: round(value * MILLION / CONTACTS, 3) for name, value in usd.items()}
    print(f"USD per million changes: {json.dumps(parts)}", file=sys.stderr)
    each = 1 / CONTACTS
    return [
        figure("calls_hubspot_to_salesforce", forward.calls * 1000 * each),
        figure("calls_salesforce_to_hubspot", back.calls * 1000 * each),
        figure("writes_echo", echo.all_writes * 1000 * each),
        figure("dynamodb_writes_update", max(forward.writes, back.writes) * each, 3),
        figure("dynamodb_reads_update", max(forward.reads, back.reads) * each, 3),
        figure("dynamodb_writes_create", created.writes * each, 3),
        figure("usd_per_million_changes", sum(usd.values()) * MILLION * each, 2),
        figure("seconds_per_1000_changes", forward.seconds(), 1),
    ]


@dataclass(frozen=True, slots=True)
class Reading:
    """What the stack has counted, at one moment or between two.

    Attributes:
        stats: As the control URL's ``/stats`` answers.
        processor: Processor seconds by function.
        memory_mb: Memory by function.
        aws: Calls to AWS by caller, service and operation.
        functions: Which caller is which function, by logical id.
        events: Events put on buses.
        messages: Messages that partner events became.
        log_bytes: Bytes of all functions' logs.
    """

    stats: Mapping[str, Any]
    processor: Mapping[str, float]
    memory_mb: Mapping[str, int]
    aws: Mapping[tuple[str, str, str], int]
    functions: Mapping[str, str]
    events: int
    messages: int
    log_bytes: int

    @classmethod
    def of(cls, stack: Stack) -> Reading:
        """Return the counts up to now."""
        cloud = stack.cloud
        functions = cloud.functions
        return cls(
            stack.stats(),
            cloud.lambdas.processor_seconds(),
            {function.name: function.memory_mb for function in functions.values()},
            dict(cloud.aws.calls),
            {logical_id: function.name for logical_id, function in functions.items()},
            cloud.aws.events + cloud.partner_bus.events,
            cloud.aws.events + cloud.partner_bus.sent,
            sum(len(stack.output(function.name).encode()) for function in functions.values()),
        )

    def __sub__(self, then: Reading) -> Reading:
        return Reading(
            _minus(self.stats, then.stats),
            {name: value - then.processor.get(name, 0) for name, value in self.processor.items()},
            self.memory_mb,
            {key: count - then.aws.get(key, 0) for key, count in self.aws.items()},
            self.functions,
            self.events - then.events,
            self.messages - then.messages,
            self.log_bytes - then.log_bytes,
        )

    @property
    def calls(self) -> int:
        """Calls of both CRMs."""
        return int(self.stats["hubspot"]["calls"] + self.stats["salesforce"]["calls"])

    @property
    def writes(self) -> float:
        """Write units of DynamoDB."""
        return float(self.stats["dynamodb"]["writes"])

    @property
    def reads(self) -> float:
        """Read units of DynamoDB."""
        return float(self.stats["dynamodb"]["reads"])

    @property
    def all_writes(self) -> float:
        """Writing calls of both CRMs and write units of DynamoDB."""
        stats = self.stats
        return float(stats["hubspot"]["writes"] + stats["salesforce"]["writes"] + self.writes)

    def seconds(self) -> float:
        """The contact function's duration on one whole core, with the assumed time of each call."""
        return self.processor[FUNCTION] + self._waiting(FUNCTION)

    def usage(self) -> Usage:
        """What AWS charges for."""
        queue_requests = sum(
            count
            for (who, service, operation), count in self.aws.items()
            if service == "sqs" and (who != OWN_KEY or operation in _POLLING)
        )
        return Usage(
            lambda_requests=sum(self.stats["lambda"].values()),
            lambda_gb_seconds=sum(
                gb_seconds(self.memory_mb[name], seconds, self._waiting(name))
                for name, seconds in self.processor.items()
            ),
            events=self.events,
            queue_requests=self.messages + queue_requests,
            write_units=self.writes,
            read_units=self.reads,
            log_gb=self.log_bytes / 1e9,
        )

    def shown(self) -> dict[str, Any]:
        """Return the counts for people, without those that are zero."""
        stats = {name: _without_zeros(part) for name, part in self.stats.items()}
        return {**stats, "events": self.events, "log_bytes": self.log_bytes}

    def _waiting(self, function: str) -> float:
        calls = sum(
            count for (who, _, _), count in self.aws.items() if self.functions.get(who) == function
        )
        crms = self.calls if function == FUNCTION else 0
        return calls * AWS_CALL_SECONDS + crms * CALL_SECONDS


_POLLING = frozenset({"ReceiveMessage", "DeleteMessageBatch"})
"""What the stack does in the place of Lambda's pollers, at the account's cost."""


def _edit(
    stack: Stack,
    contacts: Contacts,
    number: int,
    edit: Callable[[int], None],
    check: Callable[[int], None],
) -> Reading:
    """Edit all records on one side and sync them; returns what that used. Raises `BenchError`."""
    edit(number)
    before = Reading.of(stack)
    contacts.settle()
    used = Reading.of(stack) - before
    check(number)
    contacts.rest()
    return used


def _echo(stack: Stack, contacts: Contacts) -> Reading:
    """Send the changes of all contacts once more, as SQS may, after both sides have agreed."""
    sent_at = datetime.fromtimestamp(stack.clock.now_ms() / 1000, UTC)
    changes = [
        Change("acme", Kind.CONTACT, Ref(Side.HUBSPOT, HUBSPOT_CONTACT, one), Cause.EDITED, sent_at)
        for one in contacts.ids
    ]
    before = Reading.of(stack)
    contacts.queue(changes)
    contacts.settle()
    used = Reading.of(stack) - before
    contacts.rest()
    return used


def _minus(now: Any, then: Any) -> Any:
    """Subtract every number in `then` from its counterpart in `now`, through nested dicts."""
    if isinstance(now, Mapping):
        return {name: _minus(value, (then or {}).get(name)) for name, value in now.items()}
    return now - (then or 0)


def _without_zeros(part: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _without_zeros(value) if isinstance(value, Mapping) else value
        for name, value in part.items()
        if value
    }
