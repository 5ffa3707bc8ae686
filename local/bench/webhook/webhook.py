"""The webhook: single requests of fifty signed events, a burst of two hundred requests over eight
connections, and the first request in a fresh process.

Law: measures the deployed function behind its Function URL on the laptop stack; requests come from
a process of their own. A run counts only if every answer is 200 and every record is in the contact
queue afterwards.

Other work on the machine makes the milliseconds longer. So the best of `ROUNDS` runs is the figure,
and the processor time per request, of the function and of the stack around it, goes to stderr. It
makes processor time longer, too, but that of two processes that follow each other alike. So the
ratio is the median of `PAIRS` ratios, each of the function and the shortest receiver in turn.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from statistics import median
from typing import Any
from urllib.parse import urlsplit

from crmsync.wire.queue_messages import load_changes
from crmsync.wire.signature import sign
from local.bench.contacts import PORTAL, SETTINGS
from local.bench.figures import BenchError, Figure, figure, percentile
from local.bench.fresh import first_call
from local.stack import Stack

EVENTS = 50
REQUESTS = 200
CONNECTIONS = 8
ALONE = 40
ROUNDS = 5
PAIRS = 15
FIRST_ID = 10_000_000
FUNCTION = "hubspot_webhook"
RECEIVER = "local.bench.webhook.receiver"


@dataclass(frozen=True, slots=True)
class Run:
    """What one run took.

    Attributes:
        milliseconds: The time of each answer.
        function_ms: Processor time of the function's process, per request.
        stack_ms: Processor time of the stack, per request.
    """

    milliseconds: Sequence[float]
    function_ms: float
    stack_ms: float


def measure() -> list[Figure]:
    """Return the figures of the webhook. Raises `BenchError`."""
    with Stack(SETTINGS, {"hubspot": [{"portal_id": PORTAL}]}) as stack:
        sender = Sender(stack)
        sender.run(ALONE, 1)  # the warm-up: a deployment in use is warm
        alone = [sender.run(ALONE, 1) for _ in range(ROUNDS)]
        bursts = [sender.run(REQUESTS, CONNECTIONS) for _ in range(ROUNDS)]
        pairs = [(sender.fresh("handler"), sender.fresh(RECEIVER)) for _ in range(PAIRS)]
    for name, runs in (("alone", alone), ("burst", bursts)):
        for run in runs:
            half, most = (percentile(run.milliseconds, percent) for percent in (50, 95))
            print(
                f"webhook, {name}: half answered in {half:.1f}, 95 % in {most:.1f} ms; "
                f"processor time per request: function {run.function_ms:.1f} ms, "
                f"stack {run.stack_ms:.1f} ms",
                file=sys.stderr,
            )
    ours, shortest = (median(side) for side in zip(*pairs, strict=True))
    ratios = [one / other for one, other in pairs]
    print(
        f"webhook, import and answer: {ours:.0f} ms, the shortest receiver {shortest:.0f} ms; "
        f"ratios from {min(ratios):.2f} to {max(ratios):.2f}",
        file=sys.stderr,
    )
    best = min(bursts, key=lambda run: percentile(run.milliseconds, 50))
    return [
        figure("webhook_service_ms", min(percentile(run.milliseconds, 50) for run in alone), 1),
        figure("webhook_burst_p50_ms", percentile(best.milliseconds, 50), 1),
        figure("webhook_burst_p95_ms", percentile(best.milliseconds, 95), 1),
        figure("webhook_ratio", median(ratios), 2),
    ]


class Sender:
    """Sends events of new contacts, a different contact each, and checks that all of them were
    queued.
    """

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        ready = stack.ready()
        (self._portal,) = ready["portals"]
        self._url = str(ready["webhook_url"])
        self._ids = count(FIRST_ID)

    def run(self, requests: int, connections: int) -> Run:
        """Send that many requests over that many connections. Raises `BenchError`."""
        address = urlsplit(self._url)
        ids_of_requests = [[next(self._ids) for _ in range(EVENTS)] for _ in range(requests)]
        prepared = [self._request(ids) for ids in ids_of_requests]
        given = {
            "host": address.hostname,
            "port": address.port,
            "connections": connections,
            "requests": prepared,
        }
        before, ours = self._function_seconds(), time.process_time()
        done = subprocess.run(
            [sys.executable, "-m", "local.bench.webhook.sender"],
            input=json.dumps(given),
            capture_output=True,
            text=True,
            check=True,
        )
        after, ours = self._function_seconds(), time.process_time() - ours
        answers, queued = json.loads(done.stdout), self._queued()
        if bad := [status for status, _ in answers if status != 200]:
            raise BenchError(
                f"{len(bad)} of {requests} requests were not accepted: {sorted(set(bad))}"
            )
        if queued != {one for ids in ids_of_requests for one in ids}:
            raise BenchError(
                f"{len(queued)} records are in the queue, not the {requests * EVENTS} of the events"
            )
        each = 1000 / requests
        return Run(
            [milliseconds for _, milliseconds in answers], (after - before) * each, ours * each
        )

    def fresh(self, module: str) -> float:
        """Return the processor milliseconds that a fresh process takes to import a handler's module
        and answer one request.

        Raises `BenchError`.
        """
        ids = [next(self._ids) for _ in range(EVENTS)]
        http = {"http": {"method": "POST"}, "domainName": "hooks.example.com"}
        event = {"rawPath": "/", "rawQueryString": "", "requestContext": http, **self._request(ids)}
        secret = {"RECEIVER_SECRET": "crmsync/acme/hubspot"}
        answer, milliseconds = first_call(self._stack, FUNCTION, module, event, secret)
        status = answer["statusCode"]
        if status != 200 or self._queued() != set(ids):
            raise BenchError(f"{module} answered {status} and did not queue every record")
        return milliseconds

    def _request(self, ids: Sequence[int]) -> dict[str, Any]:
        now = self._stack.clock.now_ms()
        body = json.dumps([self._event(one, now) for one in ids])
        signature = sign(self._portal["client_secret"], "POST", self._url, body.encode(), str(now))
        headers = {"x-hubspot-signature-v3": signature, "x-hubspot-request-timestamp": str(now)}
        return {"headers": {**headers, "content-type": "application/json"}, "body": body}

    def _event(self, contact: int, now: int) -> dict[str, Any]:
        return {
            "eventId": contact,
            "subscriptionId": 1,
            "portalId": PORTAL,
            "appId": self._portal["app_id"],
            "occurredAt": now,
            "subscriptionType": "contact.propertyChange",
            "attemptNumber": 0,
            "objectId": contact,
            "propertyName": "phone",
            "propertyValue": "+49 30 1234567",
            "changeSource": "CRM_UI",
            "sourceId": "userId:1",
        }

    def _queued(self) -> set[int]:
        """Empty the contact queue; return the ids of its records."""
        sqs = self._stack.cloud.aws.queues
        (url,) = [one for one in sqs.list_queues()["QueueUrls"] if "ContactQueue" in one]
        found: set[int] = set()
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            found.update(
                int(change.ref.id)
                for message in messages
                for change in load_changes(message["Body"])
            )
            done = [
                {"Id": one["MessageId"], "ReceiptHandle": one["ReceiptHandle"]} for one in messages
            ]
            sqs.delete_message_batch(QueueUrl=url, Entries=done)
        return found

    def _function_seconds(self) -> float:
        return self._stack.cloud.lambdas.processor_seconds()[FUNCTION]
