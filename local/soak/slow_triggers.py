"""A person loads very many leads into an org whose triggers are slow: each arrives in HubSpot once,
and no Lambda is cut off.

Law: the load is one Salesforce collection after the other. The change events of so many are lost,
so the poll finds them and queues full messages. Time passes only by the product's write calls and
by the schedules. The result is counted in the two simulators, in the table of links, in the dead
letter queues, and by how the Lambdas ended.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Any

from crmsync.model.names import HUBSPOT_KEY, SALESFORCE_KEY
from local.people import People
from local.soak.runs import NO_EVENTS, SETTINGS, table
from local.stack import Stack
from local.stack.lambdas.lambdas import Ending

ABOUT = "load very many leads into an org with slow triggers"

AT_ONCE = 200
MAX_MINUTES = 400
MINUTE = 60
ALL_SCHEDULES = 16 * MINUTE
"""Seconds within which every schedule runs once more, so that a doubled record has every chance to
show.
"""

REPORT_SECONDS = 10.0
"""Real seconds between two reports of the progress."""

TIMEOUT = 120
"""The timeout of a Lambda in seconds."""

WORLD = {
    "hubspot": [{"portal_id": 555001, "tier": "enterprise"}],
    "salesforce": {"daily_api_limit": 10_000_000},
}


@dataclass(frozen=True, slots=True)
class LoadResult:
    """What came of a load.

    Attributes:
        contacts: Number of contacts with one address -> how many addresses have that many.
        linked: Leads whose records and link items on both sides name each other.
        parked: Records parked with an error.
        dead: Dead letters.
        cut_off: Calls that were cut off or failed.
        waiting: Messages that still wait.
        minutes: Simulated minutes.
        invocations: Calls by function.
        longest: Seconds of the longest call by function.
        calls: API calls by side.
        memory: Peak memory in MiB by function.
    """

    contacts: Mapping[int, int]
    linked: int
    parked: int
    dead: int
    cut_off: int
    waiting: int
    minutes: float = 0.0
    invocations: Mapping[str, int] = field(default_factory=dict)
    longest: Mapping[str, float] = field(default_factory=dict)
    calls: Mapping[str, int] = field(default_factory=dict)
    memory: Mapping[str, float] = field(default_factory=dict)

    def problems(self, size: int) -> list[str]:
        """Return what is wrong after a load of `size` leads, one sentence each."""
        doubled = sum(count for many, count in self.contacts.items() if many > 1)
        return [text.format(count) for text, count in (
            ("{:,} leads have no contact.", size - sum(self.contacts.values())),
            ("{:,} addresses are those of more than one contact.", doubled),
            ("{:,} leads are not linked with one contact on both sides.", size - self.linked),
            ("{:,} records are parked with an error.", self.parked),
            ("{:,} messages are dead letters.", self.dead),
            ("{:,} invocations were cut off or failed.", self.cut_off),
            ("{:,} messages still wait.", self.waiting),
        ) if count]  # fmt: skip


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the story's options."""
    parser.add_argument(
        "--size", type=int, default=50_000, metavar="N", help="how many leads (default 50,000)"
    )
    parser.add_argument(
        "--seconds",
        type=float,
        default=20,
        metavar="N",
        help="what a write call takes (default 20)",
    )


def play(arguments: argparse.Namespace) -> int:
    """Load and count, print what is wrong and then the figures; return 0 when nothing is wrong."""
    began, size = time.monotonic(), arguments.size

    def report(text: str) -> None:
        print(f"  {time.monotonic() - began:>6.0f} s  {text}", flush=True)

    with Stack(SETTINGS, WORLD) as stack:
        result = load_leads(stack, size, arguments.seconds, report)
    problems = result.problems(size)
    print("\n".join(f"Wrong: {problem}" for problem in problems) or "Nothing is wrong.")
    print(
        table({**_figures(result, size), "seconds": f"{time.monotonic() - began:.0f}"}), flush=True
    )
    return 1 if problems else 0


def load_leads(
    stack: Stack, size: int, seconds: float, report: Callable[[str], None] = lambda _text: None
) -> LoadResult:
    """Create `size` leads as a person, let each write call of the product take `seconds`, and run
    the stack to the end.

    `report` is called with the progress now and then.
    """
    people = People(stack.ready())
    stack.faults([*NO_EVENTS, {"at": "salesforce", "kind": "slow_triggers", "seconds": seconds}])
    _insert(people, size)
    report(f"{size:,} leads are loaded.")
    began, before = stack.clock.now_ms(), stack.stats()
    with _progress_reports(stack, size, report):
        for _ in range(MAX_MINUTES):
            stack.advance(MINUTE)
            if len(_contacts(stack)) >= size and not _waiting(stack):
                break
    minutes = (stack.clock.now_ms() - began) / 60_000
    stack.faults([])
    after = stack.stats()
    parked = int(stack.advance(ALL_SCHEDULES)["open_errors"])
    lambdas = stack.cloud.lambdas
    return LoadResult(
        contacts=dict(Counter(_addresses(stack).values())),
        linked=sum(_linked(stack)),
        parked=parked,
        dead=sum(_waiting(stack, dead=True).values()),
        cut_off=sum(
            count
            for some in lambdas.endings().values()
            for how, count in some.items()
            if how is not Ending.ANSWERED
        ),
        waiting=sum(_waiting(stack).values()),
        minutes=minutes,
        invocations={
            name: count - before["lambda"][name] for name, count in after["lambda"].items()
        },
        longest=lambdas.longest(),
        calls={
            side: after[side]["calls"] - before[side]["calls"] for side in ("hubspot", "salesforce")
        },
        memory=lambdas.memory_mib(),
    )


@contextmanager
def _progress_reports(stack: Stack, size: int, report: Callable[[str], None]) -> Iterator[None]:
    """Report the progress from a thread, as running the stack keeps this one busy."""
    ended, began = Event(), stack.clock.now_ms()

    def watch() -> None:
        while not ended.wait(REPORT_SECONDS):
            made = len(_contacts(stack))
            calls = stack.cloud.lambdas.calls()["contact_sync"]
            minutes = (stack.clock.now_ms() - began) / 60_000
            report(
                f"{made:>9,} of {size:,} contacts, {calls:,} invocations, "
                f"{minutes:.0f} simulated minutes"
            )

    watcher = Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()


def _figures(result: LoadResult, size: int) -> Mapping[str, str]:
    """Return the figures of a load of `size` leads, for printing."""
    busy = [name for name, count in result.invocations.items() if count]
    return {
        "leads": f"{size:,}",
        "contacts of one address": ", ".join(
            f"{many}: {count:,}" for many, count in sorted(result.contacts.items())
        ),
        "linked pairs": f"{result.linked:,}",
        "parked, dead letters, cut off": f"{result.parked}, {result.dead}, {result.cut_off}",
        "simulated minutes": f"{result.minutes:.0f}",
        "calls per 1,000": ", ".join(
            f"{side} {count * 1000 / size:.1f}" for side, count in result.calls.items()
        ),
        **{
            name: f"{result.invocations[name]:,} invocations, "
            f"the longest {result.longest[name]:.0f} of {TIMEOUT} s, "
            f"{result.memory.get(name, 0):.0f} MiB"
            for name in busy
        },
    }


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
        people.salesforce.restful(
            "composite/sobjects", method="POST", json={"allOrNone": False, "records": records}
        )


def _contacts(stack: Stack) -> Any:
    return stack.hubspot.portals[0].of("contacts").table


def _addresses(stack: Stack) -> Counter[str]:
    """Count the living contacts of each address."""
    return Counter(email for email in _emails(stack) if email.startswith("lead"))


def _emails(stack: Stack) -> Iterator[str]:
    return (
        record.value("email") for record in _contacts(stack).walk() if record.archived_ms is None
    )


def _linked(stack: Stack) -> Iterator[bool]:
    """Yield for each lead whether it and one living contact name each other, and whether their two
    link items do.
    """
    contacts = {
        one.id: one.value(HUBSPOT_KEY) for one in _contacts(stack).walk() if one.archived_ms is None
    }
    links = dict(_links(stack))
    named = (stack.salesforce.values("Lead", field) for field in ("Id", SALESFORCE_KEY))
    for lead, key in zip(*named, strict=True):
        contact = str(key or "").rpartition("-")[2]
        here, there = f"acme#hubspot:contact:{contact}", f"acme#salesforce:Lead:{lead}"
        pairs = (contacts.get(contact), links.get(here), links.get(there))
        yield pairs == (lead, there.partition("#")[2], here.partition("#")[2])


def _links(stack: Stack) -> Iterator[tuple[str, str]]:
    """Yield the key of each link item and the record that it names; from moto's memory, as a scan
    would take minutes.
    """
    stored = (
        stack.cloud.aws.backend("dynamodb").tables[stack.cloud.deployed.ref("LinksTable")].items
    )
    return ((key.value, item.attrs["s"].value) for key, item in stored.items())


def _waiting(stack: Stack, *, dead: bool = False) -> dict[str, int]:
    """Return the messages of each queue, or of each dead letter queue, that are ready, in work or
    delayed; without empty queues.
    """
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
