"""The partner event buses: what their rules do with an event.

Law: as EventBridge documents it, as far as the template uses it. moto refuses such a bus, because
only a partner can make one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

from moto.events.models import EventPattern

from local.stack.aws import Aws
from local.stack.template.template import PartnerRule

BATCH = 10
"""The most messages that SQS takes in one call [D]."""


class PartnerBus:
    """All partner event buses: each event goes to the queues whose rules match it.

    Attributes:
        events: How many events arrived.
        sent: How many messages they became.
    """

    def __init__(self, rules: Sequence[PartnerRule], aws: Aws) -> None:
        """Take the template's rules; `aws` has the queues."""
        self._rules = [(rule, EventPattern(None, dict(rule.pattern))) for rule in rules]
        self._queues = aws.queues
        self._urls: dict[str, str] = {}
        self.events = 0
        self.sent = 0

    @property
    def names(self) -> frozenset[str]:
        """The buses that have a rule."""
        return frozenset(rule.bus for rule, _ in self._rules)

    def put(self, events: Sequence[Mapping[str, Any]]) -> int:
        """Deliver events in EventBridge's envelope; return how many messages they became."""
        sent = 0
        for rule, pattern in self._rules:
            bodies = [
                transformed(event, rule.transformer)
                for event in events
                if pattern.matches_event(cast("Any", event))
            ]
            self._send(rule.queue, bodies)
            sent += len(bodies)
        self.events += len(events)
        self.sent += sent
        return sent

    def _send(self, queue: str, bodies: Sequence[str]) -> None:
        name = queue.rpartition(":")[2]
        for start in range(0, len(bodies), BATCH):
            if name not in self._urls:
                self._urls[name] = self._queues.get_queue_url(QueueName=name)["QueueUrl"]
            part = bodies[start : start + BATCH]
            entries = [{"Id": str(at), "MessageBody": body} for at, body in enumerate(part)]
            self._queues.send_message_batch(QueueUrl=self._urls[name], Entries=entries)


def transformed(event: Mapping[str, Any], transformer: Mapping[str, Any]) -> str:
    """Return what a target receives of an event: all of it without a transformer, else the template
    with the values that the paths lead to, as JSON. A path that leads nowhere gives nothing, so the
    text may be no JSON then [D "Amazon EventBridge input transformation"].
    """
    if not transformer:
        return json.dumps(event)
    paths = transformer.get("InputPathsMap", {})
    return re.sub(
        r"<([^<>]+)>",
        lambda found: _value(event, str(paths.get(found[1], ""))),
        str(transformer["InputTemplate"]),
    )


def _value(event: Mapping[str, Any], path: str) -> str:
    found: Any = event
    for name in path.removeprefix("$").lstrip(".").split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return "" if found is None else json.dumps(found)
