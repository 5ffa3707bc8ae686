"""What soak stories share: a job that is watched to its end while Lambdas are killed, and its
figures.

Law: no story here. The operator's command starts and watches the jobs; everything else is read from
the laptop stack.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Any

from local.stack import Stack

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

WAIT = 13 * 60
"""Seconds after which a message that a killed Lambda held is delivered again."""

CHECK_SECONDS = 10.0
"""Least real seconds between two checks of the job, as each check costs a process."""

CHECKS = 100
"""About this many checks of a job that does a hundred records a second."""

NO_EVENTS = (
    {"at": "webhook", "kind": "drop", "times": 10**9},
    {"at": "salesforce", "kind": "drop_change_event", "times": 10**9},
)
"""The faults by which all webhooks and change events are lost, so that no echo arrives."""

MAX_WAITS = 60


@dataclass(slots=True)
class Run:
    """One job and what was measured of it.

    Attributes:
        words: The words of the operator's command.
        size: How many records the job has.
        job: The job as the command lists it.
        seconds: Real seconds from start to end.
        kills: How many Lambdas were killed.
        memory: (function, tenth of the job) -> peak memory of its process in MiB.
        before: The stack's counts before the job.
        after: The stack's counts after it.
    """

    words: tuple[str, ...]
    size: int
    job: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    kills: int = 0
    memory: dict[tuple[str, int], float] = field(default_factory=dict)
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)


def run_job(stack: Stack, function: str, kills: int, *words: str) -> Run:
    """Start a job and run the stack until it is done, killing Lambdas on the way."""
    (job,) = command(stack, *words, "--apply", "--no-wait")["jobs"]
    run = Run(words, int(job["total"]), job, before=stack.stats())
    stack.faults(NO_EVENTS)
    ended = Event()
    watcher = Thread(target=_watch, args=(stack, function, run, kills, ended), daemon=True)
    began = time.monotonic()
    watcher.start()
    stack.settle()
    for _ in range(MAX_WAITS):
        if _state(stack, run) != "running" and not unfinished(stack):
            break
        stack.advance(WAIT, settle=False)
        stack.settle()
    ended.set()
    watcher.join()
    _check(stack, run)
    run.seconds, run.after = time.monotonic() - began, stack.stats()
    return run


def _watch(stack: Stack, function: str, run: Run, kills: int, ended: Event) -> None:
    """Check the job now and then, print its progress, and kill a Lambda at each of `kills`
    milestones.
    """
    places = ("dynamodb_write", "hubspot_write", "start", "salesforce_write")
    while not ended.wait(max(CHECK_SECONDS, run.size / 100 / CHECKS)):
        _check(stack, run)
        done = int(run.job["done"])
        print(
            f"  {done:>9,} of {run.size:,}  {run.job['per_second'] or 0:>6} a second  "
            f"{run.job['state']}",
            flush=True,
        )
        if run.kills < kills and done >= run.size * (run.kills + 1) / (kills + 2):
            victim = ("backfill", function)[run.kills % 2]
            after = "dynamodb_write" if victim == "backfill" else places[run.kills % len(places)]
            kill = {"at": "lambda", "kind": "kill", "function": victim, "after": after}
            stack.faults([*NO_EVENTS, kill])
            run.kills += 1


def _check(stack: Stack, run: Run) -> None:
    (run.job,) = [one for one in command(stack, "jobs", "list") if one["id"] == run.job["id"]]
    tenth = 10 * int(run.job["done"]) // max(run.size, 1)
    for name, most in stack.cloud.lambdas.memory_mib().items():
        for one in range(tenth, 11):
            key = (name, one)
            run.memory[key] = max(run.memory.get(key, 0.0), most)


def _state(stack: Stack, run: Run) -> str:
    _check(stack, run)
    return str(run.job["state"])


def unfinished(stack: Stack) -> int:
    """Return how many messages of any queue are not done yet, without dead letters."""
    sqs = stack.cloud.aws.client("sqs")
    names = (
        "ApproximateNumberOfMessages",
        "ApproximateNumberOfMessagesNotVisible",
        "ApproximateNumberOfMessagesDelayed",
    )
    urls = [url for url in sqs.list_queues()["QueueUrls"] if "DeadLetters" not in url]
    found = [
        sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(names))["Attributes"]
        for url in urls
    ]
    return sum(int(one[name]) for one in found for name in names)


def figures(run: Run, size: int, *functions: str) -> dict[str, str]:
    """Return the figures of a job over `size` records, for `table`."""
    calls = {
        side: run.after[side]["calls"] - run.before[side]["calls"]
        for side in ("hubspot", "salesforce")
    }
    writes = {
        side: run.after[side]["writes"] - run.before[side]["writes"]
        for side in ("hubspot", "salesforce")
    }
    memory = {name: [run.memory.get((name, tenth), 0) for tenth in (1, 10)] for name in functions}
    return {
        "Lambdas killed": f"{run.kills}",
        "seconds": f"{run.seconds:.0f} ({size / max(run.seconds, 0.1):.0f} records a second)",
        "calls per 1,000": ", ".join(
            f"{side} {count * 1000 / size:.1f}" for side, count in calls.items()
        ),
        "writing calls": ", ".join(f"{side} {count:,}" for side, count in writes.items()),
        **{
            f"memory of {name}": f"{one:.0f} MiB at 10 %, {ten:.0f} MiB at 100 %"
            for name, (one, ten) in memory.items()
        },
    }


def table(rows: Mapping[str, str]) -> str:
    """Return names and values, one pair per line."""
    width = max(map(len, rows))
    return "\n".join(f"{name:<{width}}  {value}" for name, value in rows.items())


def command(stack: Stack, *words: str) -> Any:
    """Run the operator's command and return its JSON output."""
    ready = stack.ready()
    where = {
        "AWS_ENDPOINT_URL": ready["aws_endpoint_url"],
        "AWS_DEFAULT_REGION": ready["aws_region"],
    }
    keys = {"AWS_ACCESS_KEY_ID": "operator", "AWS_SECRET_ACCESS_KEY": "laptop"}
    line = [sys.executable, "-m", "crmsync.cli", *words, "--json"]
    done = subprocess.run(
        line, env={**os.environ, **keys, **where}, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)
