"""Very many opens and clicks become Salesforce tasks, with five calls per thousand and little
memory; then again while things break.

Law: the deployed system reads the simulated event log and does the work; the result is counted in
the simulated org.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Any

from crmsync.model.names import TASK_KEY
from local.people import People
from local.stack import Stack

ABOUT = "make very many tasks of e-mail events, then more of them while things break"

PORTAL = 555001
SETTINGS = f"""
[[connection]]
name = "acme"
[connection.hubspot]
portal_id = {PORTAL}
secret = "crmsync/acme/hubspot"
[connection.salesforce]
login_url = "https://acme.my.salesforce.com"
secret = "crmsync/acme/salesforce"
daily_call_allotment = 100000
"""

CAMPAIGN = {"id": "70012", "appId": "113", "name": "Spring offer", "subject": "Spring is here"}
READ_LOG = 5 * 60 + 5
WAIT = 13 * 60
"""Seconds after which a message or a claim that was left behind is free again. Within `READ_LOG`
seconds the log is read.
"""

MAX_WAITS = 40
HOUR_MS = 3_600_000
PORTION = 1000
BATCH = 100
CHECK_SECONDS = 5.0
"""Real seconds between two checks of the memory."""

GOAL = 5.2
"""Salesforce calls per 1,000 tasks."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the story's options."""
    parser.add_argument(
        "--size", type=int, default=100_000, metavar="N", help="how many events (default 100,000)"
    )
    parser.add_argument(
        "--people", type=int, default=2_000, metavar="N", help="how many recipients (default 2,000)"
    )
    parser.add_argument(
        "--broken",
        type=int,
        default=5_000,
        metavar="N",
        help="how many more while things break (default 5,000)",
    )


def play(arguments: argparse.Namespace) -> int:
    """Make the tasks and count them; return 0 when none is left out or doubled and the calls are
    few enough.
    """
    world = {
        "hubspot": [{"portal_id": PORTAL, "tier": "enterprise", "campaigns": [CAMPAIGN]}],
        "salesforce": {"daily_api_limit": 10_000_000},
    }
    with Stack(SETTINGS, world) as stack:
        people = [f"p{number:05d}@example.com" for number in range(arguments.people)]
        _link(stack, people)
        calm = _run(stack, list(_events(people, arguments.size, stack.clock.now_ms(), "calm")), ())
        status = _report("calm", calm, goal=GOAL)
        if arguments.broken:
            events = list(_events(people, arguments.broken, stack.clock.now_ms(), "broken"))
            status |= _report("while things break", _run(stack, events, FAULTS))
    return status


FAULTS: Sequence[Mapping[str, Any]] = (
    {"at": "queue", "kind": "duplicate", "times": 50},
    {"at": "salesforce", "kind": "timeout_after_write", "times": 3},
    {"at": "salesforce", "kind": "timeout_before_write", "times": 2},
    {"at": "salesforce", "kind": "lock_row", "times": 3},
    {"at": "lambda", "kind": "kill", "function": "email_tasks", "after": "salesforce_write"},
    {"at": "lambda", "kind": "kill", "function": "email_tasks", "after": "dynamodb_write"},
    {"at": "dynamodb", "kind": "conflict", "times": 2},
)


@dataclass(slots=True)
class Run:
    """What was measured of one run.

    Attributes:
        size: How many events.
        seconds: Real seconds.
        made: Tasks of these events.
        left_out: Events without a task.
        doubled: Events with several tasks.
        task_calls: Salesforce calls about tasks.
        calls: API calls by side.
        dynamodb: Capacity units, reads and writes.
        memory: (function, tenth of the tasks) -> peak memory of its process in MiB.
        open_errors: Errors in the inbox afterwards.
    """

    size: int
    seconds: float = 0.0
    made: int = 0
    left_out: int = 0
    doubled: int = 0
    task_calls: int = 0
    calls: dict[str, int] = field(default_factory=dict)
    dynamodb: dict[str, float] = field(default_factory=dict)
    memory: dict[tuple[str, int], float] = field(default_factory=dict)
    open_errors: int = 0


def _link(stack: Stack, people: Sequence[str]) -> None:
    """Create a contact for everybody, and let the sync create the leads."""
    began = time.monotonic()
    person = People(stack.ready())
    for start in range(0, len(people), BATCH):
        rows = [
            {
                "objectWriteTraceId": one,
                "properties": {"email": one, "lastname": "Lang", "company": "Example GmbH"},
            }
            for one in people[start : start + BATCH]
        ]
        person.hubspot.crm.contacts.batch_api.create({"inputs": rows})
    stack.settle()
    print(
        f"{len(people):,} recipients are linked after {time.monotonic() - began:.0f} s.", flush=True
    )


def _events(people: Sequence[str], size: int, now: int, word: str) -> Iterator[dict[str, Any]]:
    """Yield opens and clicks of the last hour; every tenth is a click."""
    for number in range(size):
        yield {
            "id": f"{word}-{number:08d}",
            "created": now - HOUR_MS * number // size,
            "type": "OPEN" if number % 10 else "CLICK",
            "recipient": people[number % len(people)],
            "appId": 113,
            "emailCampaignId": 70012,
        }


def _run(
    stack: Stack, events: Sequence[dict[str, Any]], faults: Sequence[Mapping[str, Any]]
) -> Run:
    """Put events into the log, run the stack, and count the tasks."""
    run = Run(len(events))
    expected = {f"{PORTAL}-{event['created']}-{event['id']}" for event in events}
    at_first, before = _tasks(stack), stack.stats()
    for start in range(0, len(events), PORTION):
        action = {
            "side": "hubspot",
            "do": "email_events",
            "events": events[start : start + PORTION],
        }
        stack.person(action)
    ended = Event()
    watcher = Thread(target=_watch, args=(stack, run, at_first, ended), daemon=True)
    began = time.monotonic()
    watcher.start()
    stack.faults(faults)
    stack.advance(READ_LOG)
    waits = 0
    while _tasks(stack) < at_first + run.size and waits < MAX_WAITS:
        stack.advance(WAIT)
        waits += 1
    # Once more, so that a doubled task has every chance to show.
    run.open_errors = int(stack.advance(WAIT)["open_errors"])
    ended.set()
    watcher.join()
    run.seconds = time.monotonic() - began
    found = Counter(map(str, stack.salesforce.values("Task", TASK_KEY)))
    run.made = sum(found[key] for key in expected)
    run.left_out, run.doubled = (
        len(expected - found.keys()),
        sum(found[key] > 1 for key in expected),
    )
    after = stack.stats()
    run.task_calls = _task_calls(after) - _task_calls(before)
    run.calls = {
        side: after[side]["calls"] - before[side]["calls"] for side in ("hubspot", "salesforce")
    }
    run.dynamodb = {
        name: after["dynamodb"][name] - before["dynamodb"][name] for name in ("reads", "writes")
    }
    return run


def _watch(stack: Stack, run: Run, at_first: int, ended: Event) -> None:
    """Print the progress now and then and note the memory."""
    while not ended.wait(CHECK_SECONDS):
        done = _tasks(stack) - at_first
        print(f"  {done:>9,} of {run.size:,}", flush=True)
        for function, most in stack.cloud.lambdas.memory_mib().items():
            for tenth in range(10 * done // max(run.size, 1), 11):
                run.memory[function, tenth] = max(run.memory.get((function, tenth), 0.0), most)


def _tasks(stack: Stack) -> int:
    """Return how many tasks the org has."""
    return stack.salesforce.count("Task")


def _task_calls(stats: Mapping[str, Any]) -> int:
    return sum(
        count for name, count in stats["salesforce"]["by_endpoint"].items() if "Task" in name
    )


def _report(word: str, run: Run, *, goal: float | None = None) -> int:
    """Print the figures; return 0 when they are as they must be."""
    per_thousand = run.task_calls * 1000 / max(run.size, 1)
    rows = {
        "events": f"{run.size:,} ({word})",
        "tasks": f"{run.made:,}",
        "left out": f"{run.left_out:,}",
        "doubled": f"{run.doubled:,}",
        "seconds": f"{run.seconds:.0f} ({run.size / max(run.seconds, 0.1):.0f} events a second)",
        "Salesforce calls per 1,000 tasks": f"{per_thousand:.2f}"
        + (f" (goal {goal})" if goal else ""),
        "all calls": ", ".join(f"{side} {count:,}" for side, count in run.calls.items()),
        "DynamoDB units per task": ", ".join(
            f"{one} {n / max(run.size, 1):.2f}" for one, n in run.dynamodb.items()
        ),
        **{
            f"memory of {name}": f"{run.memory.get((name, 1), 0):.0f} MiB at 10 %, "
            f"{run.memory.get((name, 10), 0):.0f} MiB at 100 %"
            for name in ("email_events", "email_tasks")
        },
        "open errors": f"{run.open_errors}",
    }
    width = max(map(len, rows))
    print("\n".join(f"{name:<{width}}  {value}" for name, value in rows.items()), flush=True)
    too_expensive = goal is not None and per_thousand > goal
    return 1 if run.left_out or run.doubled or too_expensive else 0
