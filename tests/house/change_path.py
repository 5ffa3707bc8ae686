"""The modules that a change goes through: `python -m tests.house.change_path` prints them in order.

The story is "a phone number changed in HubSpot", from the webhook to the write in Salesforce and
the saved link, on the laptop stack and with the product's own handlers. Both Lambdas are warm:
what only a first call does (settings, secrets, sign-in) is not on the path.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crmsync.wire.signature import sign
from local.invoke import SIGNATURE
from local.people import People
from local.rehearsal.deployment import ROOT
from local.stack import Stack
from local.stack.lambdas.environment import function_environment
from local.worker_pool import Worker, WorkerSpec, worker_pool
from tests.flows.conftest import SETTINGS, WORLD

WEBHOOK, SYNC = "HubspotWebhookFunction", "ContactSyncFunction"
BEFORE, AFTER = "+1 555 0100", "+1 555 0199"


@dataclass(frozen=True, slots=True)
class Walk:
    """One change on its way.

    Attributes:
        intake: modules of the webhook's Lambda, in the order in which they were entered.
        sync: modules of the contacts' Lambda, likewise.
        phone: what Salesforce shows in the end.
    """

    intake: tuple[str, ...]
    sync: tuple[str, ...]
    phone: str

    @property
    def modules(self) -> tuple[str, ...]:
        """All of them, each once."""
        return tuple(dict.fromkeys((*self.intake, *self.sync)))


def walk() -> Walk:
    """Change a contact's phone number in HubSpot, carry the change through both Lambdas, and name
    the modules that ran.
    """
    with (
        Stack(SETTINGS, WORLD) as stack,
        _worker(stack, WEBHOOK) as hook,
        _worker(stack, SYNC) as sync,
    ):
        people = People(stack.ready())
        contact = people.new_contact(
            email="ada@example.com", firstname="Ada", lastname="Byron", phone=BEFORE
        )
        stack.settle()
        _carry(stack, contact, hook, sync)
        people.edit_contact(contact, phone=AFTER)
        intake, synced = _carry(stack, contact, hook, sync)
        (lead,) = people.records("SELECT Phone FROM Lead WHERE Email = 'ada@example.com'")
        return Walk(intake, synced, str(lead["Phone"]))


def _carry(
    stack: Stack, contact: str, hook: Worker, sync: Worker
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Send HubSpot's event to the webhook, and what lies in the queue then to the sync."""
    sqs = stack.cloud.aws.client("sqs")
    queue = next(url for url in sqs.list_queues()["QueueUrls"] if url.endswith("ContactQueue"))
    accepted = _call(stack, hook, _event(stack, contact))
    messages = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    records = [
        {"messageId": one["MessageId"], "body": one["Body"], "attributes": {}} for one in messages
    ]
    synced = _call(stack, sync, {"Records": records})
    for one in messages:
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=one["ReceiptHandle"])
    if (accepted["answer"]["statusCode"], synced["answer"]) != (200, {"batchItemFailures": []}):
        msg = f"the change did not arrive: {accepted['answer']}, {synced['answer']}"
        raise RuntimeError(msg)
    return tuple(accepted["modules"]), tuple(synced["modules"])


def _event(stack: Stack, contact: str) -> dict[str, Any]:
    """HubSpot's call about the contact, signed as HubSpot signs it."""
    path = ROOT / "events/hubspot_webhook/contact_edited.json"
    event: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    first, *_ = json.loads(event["body"])
    event["body"] = json.dumps([first | {"objectId": int(contact)}])
    stamp = str(stack.clock.now_ms())
    secret = stack.hubspot.portals[0].client_secret
    event["headers"] |= {
        SIGNATURE: sign(secret, "POST", stack.webhook_url, event["body"].encode(), stamp),
        "x-hubspot-request-timestamp": stamp,
    }
    return event


@contextmanager
def _worker(stack: Stack, logical_id: str) -> Iterator[Worker]:
    """A process of the function, whose handler says which modules ran."""
    functions = stack.cloud.functions
    function, number = functions[logical_id], list(functions).index(logical_id)
    with tempfile.TemporaryDirectory() as folder:
        worker = worker_pool().start(
            WorkerSpec(
                name=function.name,
                paths=[str(function.code), *map(str, function.layers), str(ROOT)],
                layers=[*map(str, function.layers)],
                handler="tests.house.traced.lambda_handler",
                directory=str(function.code),
                environment=function_environment(function, number, stack.cloud.aws.url),
                output=str(Path(folder) / "output"),
                added_ms=stack.clock.added_ms,
                function={"name": function.aws_name, "arn": "", "memory_mb": "256"},
            )
        )
        try:
            yield worker
        finally:
            worker.close()


def _call(stack: Stack, worker: Worker, event: Mapping[str, Any]) -> dict[str, Any]:
    message = {
        "event": event,
        "request_id": "one",
        "added_ms": stack.clock.added_ms,
        "budget_ms": 60_000,
    }
    said = worker.call(message, 60)
    if "error" in said:
        raise RuntimeError(said["error"]["trace"])
    answer: dict[str, Any] = said["answer"]
    return answer


def main() -> None:
    """Print the modules of both Lambdas and how many there are."""
    found = walk()
    lines: list[str] = []
    for name, modules in (("hubspot_webhook", found.intake), ("contact_sync", found.sync)):
        lines += [f"{name}: {len(modules)}", *(f"  {module}" for module in modules)]
    lines.append(f"{len(found.modules)} modules in all; Salesforce shows {found.phone}")
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
