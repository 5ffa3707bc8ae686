"""Older Salesforce records by the hundred thousand come into HubSpot by import, are resynced, and nothing is left out or doubled.

Law: the operator's command starts and watches the jobs, the deployed system does the work, Lambdas are killed on the way, and what came of
it is counted in the two simulators. Webhooks and change events are lost on purpose: each would be the echo of our own write.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from threading import Event, Thread
from types import MappingProxyType
from typing import Any

from local.stack import Stack

ABOUT = "import and resync very many records while Lambdas die"

SETTINGS = """
[[connection]]
name = "acme"
[connection.hubspot]
portal_id = 555001
secret = "crmsync/acme/hubspot"
[connection.salesforce]
login_url = "https://acme.my.salesforce.com"
secret = "crmsync/acme/salesforce"
daily_call_allotment = 100000
"""

REST = 13 * 60
"""Seconds after which a message that a killed Lambda held is handed out again."""

LOOK_EVERY = 10.0
"""Real seconds between two looks at the job, at least; each costs a process."""

LOOKS = 100
"""About so many looks at a job at a hundred records a second."""

DEAF = (
    {"at": "webhook", "kind": "drop", "times": 10**9},
    {"at": "salesforce", "kind": "drop_change_event", "times": 10**9},
)
"""Nobody hears the echoes."""

MOST_RESTS = 60


@dataclass(frozen=True, slots=True)
class Crowd:
    """A kind of record: how one is made in Salesforce, what imports it, its concern, and by what a HubSpot record is known."""

    word: str
    side_word: str
    function: str
    hubspot: str
    known_by: str
    make: Mapping[str, str]

    def records(self, size: int) -> Iterator[dict[str, str]]:
        """So many records, each with a name of its own."""
        return ({name: text.format(f"{number:06d}") for name, text in self.make.items()} for number in range(size))


CROWDS: Mapping[str, Crowd] = MappingProxyType(
    {
        "companies": Crowd(
            "accounts",
            "company",
            "account_sync",
            "companies",
            "name",
            {"type": "Account", "Name": "Company {}", "Website": "c{}.example.com", "Phone": "+49 731 {}"},
        ),
        "contacts": Crowd(
            "leads",
            "contact",
            "contact_sync",
            "contacts",
            "email",
            {"type": "Lead", "LastName": "Lang {}", "Company": "Old", "Email": "p{}@example.com"},
        ),
    }
)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Say what can be chosen."""
    parser.add_argument("--size", type=int, default=5_000, metavar="N", help="how many records (default 5,000)")
    parser.add_argument(
        "--kills", type=int, default=6, metavar="N", help="how often a Lambda dies in each job (default 6)"
    )
    parser.add_argument("--of", choices=CROWDS, default="companies", help="which records")


def play(arguments: argparse.Namespace) -> int:
    """Import, resync, count; 0 when nothing was left out and nothing doubled."""
    crowd, size = CROWDS[arguments.of], arguments.size
    began = time.monotonic()
    world = {
        "hubspot": [{"portal_id": 555001, "tier": "enterprise"}],
        "salesforce": {"daily_api_limit": 10_000_000, "records": crowd.records(size)},
    }
    with Stack(SETTINGS, world) as stack:
        print(f"{size:,} {crowd.word} stand in Salesforce after {time.monotonic() - began:.0f} s.", flush=True)
        imported = _run(stack, crowd, arguments.kills, "import", crowd.word)
        _report(stack, crowd, size, imported)
        resync = ("resync", "--side", "hubspot", "--object", crowd.side_word)
        resynced = _run(stack, crowd, arguments.kills, *resync)
        return _report(stack, crowd, size, resynced)


@dataclass(slots=True)
class Run:
    """One job and what was seen of it. Memory is in MiB, the most that a process of a function ever had, by tenths of the job."""

    words: tuple[str, ...]
    size: int
    job: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    kills: int = 0
    memory: dict[tuple[str, int], float] = field(default_factory=dict)
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)


def _run(stack: Stack, crowd: Crowd, kills: int, *words: str) -> Run:
    """Start a job, let everything move until it is done, and kill Lambdas on the way."""
    (job,) = _command(stack, *words, "--apply", "--no-wait")["jobs"]
    run = Run(words, int(job["total"]), job, before=stack.stats())
    stack.faults(DEAF)
    ended = Event()
    watcher = Thread(target=_watch, args=(stack, crowd, run, kills, ended), daemon=True)
    began = time.monotonic()
    watcher.start()
    stack.settle()
    for _ in range(MOST_RESTS):
        if _state(stack, run) != "running" and not _hidden(stack):
            break
        stack.advance(REST, settle=False)
        stack.settle()
    ended.set()
    watcher.join()
    _look(stack, run)
    run.seconds, run.after = time.monotonic() - began, stack.stats()
    return run


def _watch(stack: Stack, crowd: Crowd, run: Run, kills: int, ended: Event) -> None:
    """Look at the job now and then, print how far it is, and kill a Lambda at each of so many milestones."""
    places = ("dynamodb_write", "hubspot_write", "start", "salesforce_write")
    while not ended.wait(max(LOOK_EVERY, run.size / 100 / LOOKS)):
        _look(stack, run)
        done = int(run.job["done"])
        print(f"  {done:>9,} of {run.size:,}  {run.job['per_second'] or 0:>6} a second  {run.job['state']}", flush=True)
        if run.kills < kills and done >= run.size * (run.kills + 1) / (kills + 2):
            victim = ("backfill", crowd.function)[run.kills % 2]
            after = "dynamodb_write" if victim == "backfill" else places[run.kills % len(places)]
            kill = {"at": "lambda", "kind": "kill", "function": victim, "after": after}
            stack.faults([*DEAF, kill])
            run.kills += 1


def _look(stack: Stack, run: Run) -> None:
    (run.job,) = [one for one in _command(stack, "jobs", "list") if one["id"] == run.job["id"]]
    tenth = 10 * int(run.job["done"]) // max(run.size, 1)
    for function, most in stack.cloud.lambdas.memory_mib().items():
        for one in range(tenth, 11):
            key = (function, one)
            run.memory[key] = max(run.memory.get(key, 0.0), most)


def _state(stack: Stack, run: Run) -> str:
    _look(stack, run)
    return str(run.job["state"])


def _hidden(stack: Stack) -> int:
    """Messages of any queue that are not done yet, dead letters left out."""
    sqs = stack.cloud.aws.client("sqs")
    names = (
        "ApproximateNumberOfMessages",
        "ApproximateNumberOfMessagesNotVisible",
        "ApproximateNumberOfMessagesDelayed",
    )
    urls = [url for url in sqs.list_queues()["QueueUrls"] if "DeadLetters" not in url]
    found = [sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(names))["Attributes"] for url in urls]
    return sum(int(one[name]) for one in found for name in names)


def _report(stack: Stack, crowd: Crowd, size: int, run: Run) -> int:
    """Print what was measured and counted; 0 when nothing was left out and nothing doubled."""
    wanted = {one[_known_in_salesforce(crowd)].lower() for one in crowd.records(size)}
    found = Counter(_in_hubspot(stack, crowd))
    left_out, doubled = wanted - found.keys(), [name for name, count in found.items() if count > 1]
    calls = {side: _less(run, side, "calls") for side in ("hubspot", "salesforce")}
    writes = {side: _less(run, side, "writes") for side in ("hubspot", "salesforce")}
    rows = {
        "job": f"{' '.join(run.words)}: {run.job['state']}, {run.job['queued']:,} queued",
        f"{crowd.word} in Salesforce": f"{size:,}",
        f"{crowd.hubspot} in HubSpot": f"{sum(found.values()):,}",
        "left out": f"{len(left_out):,}",
        "doubled": f"{len(doubled):,}",
        "Lambdas killed": f"{run.kills}",
        "seconds": f"{run.seconds:.0f} ({size / max(run.seconds, 0.1):.0f} records a second)",
        "calls per 1,000": ", ".join(f"{side} {count * 1000 / size:.1f}" for side, count in calls.items()),
        "writing calls": ", ".join(f"{side} {count:,}" for side, count in writes.items()),
        **{
            f"memory of {name}": f"{run.memory.get((name, 1), 0):.0f} MiB at 10 %, {run.memory.get((name, 10), 0):.0f} MiB at 100 %"
            for name in ("backfill", crowd.function)
        },
        "open errors": f"{stack.settle()['open_errors']}",
    }
    width = max(map(len, rows))
    print("\n".join(f"{name:<{width}}  {value}" for name, value in rows.items()), flush=True)
    return 1 if left_out or doubled or run.job["state"] != "done" else 0


def _known_in_salesforce(crowd: Crowd) -> str:
    return {"name": "Name", "email": "Email"}[crowd.known_by]


def _in_hubspot(stack: Stack, crowd: Crowd) -> Iterable[str]:
    """By what each living record of the portal is known."""
    table = stack.hubspot.portals[0].of(crowd.hubspot).table
    return (record.value(crowd.known_by).lower() for record in table.walk() if record.archived_ms is None)


def _less(run: Run, side: str, name: str) -> int:
    return int(run.after[side][name] - run.before[side][name])


def _command(stack: Stack, *words: str) -> Any:
    """What the operator's command answers to these words."""
    ready = stack.ready()
    where = {"AWS_ENDPOINT_URL": ready["aws_endpoint_url"], "AWS_DEFAULT_REGION": ready["aws_region"]}
    keys = {"AWS_ACCESS_KEY_ID": "operator", "AWS_SECRET_ACCESS_KEY": "laptop"}
    line = [sys.executable, "-m", "crmsync.cli", *words, "--json"]
    done = subprocess.run(line, env={**os.environ, **keys, **where}, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)
