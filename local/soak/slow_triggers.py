"""A person loads very many leads into an org whose triggers take their time: each arrives in
HubSpot once, and no Lambda is cut off.

Law: the load is one of Salesforce's own collections after the other; the poll finds it, as change
events of so many are lost, and queues full messages. Time passes only by what the product's write
calls take and by the schedules. What came of it is counted in the two simulators, in the table of
links, in the queues of dead letters, and by how the Lambdas ended.
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
from local.soak.runs import DEAF, SETTINGS, table
from local.stack import Stack
from local.stack.lambdas import Ending

ABOUT = "load very many leads into an org with slow triggers"

AT_ONCE = 200
MOST_LOOKS = 400
MINUTE = 60
ALL_SCHEDULES = 16 * MINUTE
"""Seconds within which every schedule has run once more, so that what was doubled has every chance
to show.
"""

TELL_EVERY = 10.0
"""Real seconds between two words of how far it is."""

TIMEOUT = 120
"""Seconds that a Lambda has."""

WORLD = {
    "hubspot": [{"portal_id": 555001, "tier": "enterprise"}],
    "salesforce": {"daily_api_limit": 10_000_000},
}


@dataclass(frozen=True, slots=True)
class Came:
    """What came of a load.

    ``contacts`` says how many addresses are those of so many contacts; ``linked`` counts leads of
    which both records and both items of the table of links name each other. ``parked``, ``dead``,
    ``cut_off`` and ``waiting`` are what did not end well. The others are figures: minutes of
    simulated time, calls of functions and what the longest used (seconds), API calls by side, and
    memory in MiB.
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
        """What is not as it must be after a load of `size` leads, one sentence each."""
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
    """Say what can be chosen."""
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
    """Load and count, and print what is wrong before the figures; 0 when nothing is."""
    began, size = time.monotonic(), arguments.size

    def tell(text: str) -> None:
        print(f"  {time.monotonic() - began:>6.0f} s  {text}", flush=True)

    with Stack(SETTINGS, WORLD) as stack:
        came = load_leads(stack, size, arguments.seconds, tell)
    problems = came.problems(size)
    print("\n".join(f"Wrong: {problem}" for problem in problems) or "Nothing is wrong.")
    print(table({**_figures(came, size), "seconds": f"{time.monotonic() - began:.0f}"}), flush=True)
    return 1 if problems else 0


def load_leads(
    stack: Stack, size: int, seconds: float, tell: Callable[[str], None] = lambda _text: None
) -> Came:
    """Make so many leads as a person, with write calls of the product that take so many seconds,
    and let everything move to its end.

    `tell` is told now and then how far it is.
    """
    people = People(stack.ready())
    stack.faults([*DEAF, {"at": "salesforce", "kind": "slow_triggers", "seconds": seconds}])
    _insert(people, size)
    tell(f"{size:,} leads are loaded.")
    began, before = stack.clock.now_ms(), stack.stats()
    with _telling(stack, size, tell):
        for _ in range(MOST_LOOKS):
            stack.advance(MINUTE)
            if len(_contacts(stack)) >= size and not _waiting(stack):
                break
    minutes = (stack.clock.now_ms() - began) / 60_000
    stack.faults([])
    after = stack.stats()
    parked = int(stack.advance(ALL_SCHEDULES)["open_errors"])
    lambdas = stack.cloud.lambdas
    return Came(
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
def _telling(stack: Stack, size: int, tell: Callable[[str], None]) -> Iterator[None]:
    """Tell now and then how far it is; whoever moves the stack is busy until no message is left."""
    ended, began = Event(), stack.clock.now_ms()

    def watch() -> None:
        while not ended.wait(TELL_EVERY):
            calls, minutes = (
                stack.cloud.lambdas.calls()["contact_sync"],
                (stack.clock.now_ms() - began) / 60_000,
            )
            made = len(_contacts(stack))
            tell(
                f"{made:>9,} of {size:,} contacts, {calls:,} invocations, {minutes:.0f} simulated minutes"
            )

    watcher = Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()


def _figures(came: Came, size: int) -> Mapping[str, str]:
    """What is printed of a load of `size` leads."""
    busy = [name for name, count in came.invocations.items() if count]
    return {
        "leads": f"{size:,}",
        "contacts of one address": ", ".join(
            f"{many}: {count:,}" for many, count in sorted(came.contacts.items())
        ),
        "linked pairs": f"{came.linked:,}",
        "parked, dead letters, cut off": f"{came.parked}, {came.dead}, {came.cut_off}",
        "simulated minutes": f"{came.minutes:.0f}",
        "calls per 1,000": ", ".join(
            f"{side} {count * 1000 / size:.1f}" for side, count in came.calls.items()
        ),
        **{
            name: f"{came.invocations[name]:,} invocations, the longest {came.longest[name]:.0f} of {TIMEOUT} s, "
            f"{came.memory.get(name, 0):.0f} MiB"
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
    """How many living contacts have each address."""
    return Counter(email for email in _emails(stack) if email.startswith("lead"))


def _emails(stack: Stack) -> Iterator[str]:
    return (
        record.value("email") for record in _contacts(stack).walk() if record.archived_ms is None
    )


def _linked(stack: Stack) -> Iterator[bool]:
    """Lead by lead: whether it and one living contact name each other, and so do their two items in
    the table of links.
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
    """The key of each item in the table of links, and the record that it names; from what is
    stored, as a scan would read for minutes.
    """
    stored = (
        stack.cloud.aws.backend("dynamodb").tables[stack.cloud.deployed.ref("LinksTable")].items
    )
    return ((key.value, item.attrs["s"].value) for key, item in stored.items())


def _waiting(stack: Stack, *, dead: bool = False) -> dict[str, int]:
    """Messages of the queues, or of the queues of dead letters, whether ready, in work or put off;
    empty queues left out.
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
