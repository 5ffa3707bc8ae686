"""A person loads very many leads into an org whose triggers take their time: each arrives in HubSpot once, and no Lambda is cut off.

Law: the load is one of Salesforce's own collections after the other; the poll finds it, as change events of so many are lost, and queues
full messages. Time passes only by what the product's write calls take and by the schedules. What is counted are contacts, records that are
parked, invocations that were cut off, and dead letters.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from local.people import People
from local.soak.runs import DEAF, SETTINGS, table
from local.stack import Stack

ABOUT = "load very many leads into an org with slow triggers"

AT_ONCE = 200
MOST_LOOKS = 400
MINUTE = 60
WORLD = {"hubspot": [{"portal_id": 555001, "tier": "enterprise"}], "salesforce": {"daily_api_limit": 10_000_000}}


@dataclass(frozen=True, slots=True)
class Came:
    """What came of a load: contacts in HubSpot by how many have the same address, what did not end well, and minutes of simulated time."""

    contacts: dict[int, int]
    parked: int
    dead: int
    cut_off: int
    minutes: float


def add_options(parser: argparse.ArgumentParser) -> None:
    """Say what can be chosen."""
    parser.add_argument("--size", type=int, default=50_000, metavar="N", help="how many leads (default 50,000)")
    parser.add_argument("--seconds", type=float, default=20, metavar="N", help="what a write call takes (default 20)")


def play(arguments: argparse.Namespace) -> int:
    """Load and count; 0 when every lead arrived once and nothing was cut off."""
    began, size = time.monotonic(), arguments.size
    with Stack(SETTINGS, WORLD) as stack:
        came = load_leads(stack, size, arguments.seconds)
        calls = stack.stats()["lambda"]["contact_sync"]
    rows = {
        "leads": f"{size:,}",
        "contacts of one address": ", ".join(f"{many}: {count:,}" for many, count in sorted(came.contacts.items())),
        "parked, dead letters, cut off": f"{came.parked}, {came.dead}, {came.cut_off}",
        "simulated minutes": f"{came.minutes:.0f}",
        "invocations of contact_sync": f"{calls:,}",
        "seconds": f"{time.monotonic() - began:.0f}",
    }
    print(table(rows), flush=True)
    return 0 if (came.contacts, came.parked, came.dead, came.cut_off) == ({1: size}, 0, 0, 0) else 1


def load_leads(stack: Stack, size: int, seconds: float) -> Came:
    """Make so many leads as a person, with write calls of the product that take so many seconds, and let everything move to its end."""
    people = People(stack.ready())
    stack.faults([*DEAF, {"at": "salesforce", "kind": "slow_triggers", "seconds": seconds}])
    _insert(people, size)
    began = stack.clock.now_ms()
    said = io.StringIO()
    with contextlib.redirect_stderr(said):
        for _ in range(MOST_LOOKS):
            stack.advance(MINUTE)
            if len(_addresses(stack)) == size and not _waiting(stack):
                break
    minutes = (stack.clock.now_ms() - began) / 60_000
    stack.faults([])
    return Came(
        dict(Counter(_addresses(stack).values())),
        int(stack.settle()["open_errors"]),
        sum(_waiting(stack, dead=True).values()),
        said.getvalue().count("timed out"),
        minutes,
    )


def _insert(people: People, size: int) -> None:
    for start in range(0, size, AT_ONCE):
        records = [
            {
                "attributes": {"type": "Lead"},
                "LastName": f"Lang {at}",
                "Company": "New",
                "Email": f"lead{at}@example.com",
            }
            for at in range(start, min(size, start + AT_ONCE))
        ]
        people.salesforce.restful("composite/sobjects", method="POST", json={"allOrNone": False, "records": records})


def _addresses(stack: Stack) -> Counter[str]:
    """How many living contacts have each address."""
    return Counter(email for email in _emails(stack) if email.startswith("lead"))


def _emails(stack: Stack) -> Iterator[str]:
    table = stack.hubspot.portals[0].of("contacts").table
    return (record.value("email") for record in table.walk() if record.archived_ms is None)


def _waiting(stack: Stack, *, dead: bool = False) -> dict[str, int]:
    """Messages of the queues, or of the queues of dead letters, whether ready, in work or put off; empty queues left out."""
    sqs = stack.cloud.aws.client("sqs")
    names = [
        "ApproximateNumberOfMessages",
        "ApproximateNumberOfMessagesNotVisible",
        "ApproximateNumberOfMessagesDelayed",
    ]
    found = {}
    for url in sqs.list_queues()["QueueUrls"]:
        if ("deadletters" in url.lower().replace("-", "")) == dead:
            attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
            found[url] = sum(int(attributes[name]) for name in names)
    return {url: count for url, count in found.items() if count}
