"""Workers of one function side by side: who overlaps with whom, in which order, and what becomes of the others when one ends."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
import requests

from local.stack.lambdas import Ending
from local.stack.turns import START, Taken, Turns
from tests.local.stack.laptop import TEMPLATE, Build, Laptop

LIMITED = TEMPLATE.replace("BatchSize: 5,", "BatchSize: 5, ScalingConfig: {MaximumConcurrency: 2},")
RECEIVES = TEMPLATE.replace("maxReceiveCount: 2", "maxReceiveCount: 9")

ADDS_ONE = """
    import boto3, json, os
    table = boto3.client("dynamodb")
    def lambda_handler(event, context):
        print(json.dumps([record["body"] for record in event["Records"]]), flush=True)
        for record in event["Records"]:
            place = {"TableName": os.environ["TABLE"], "Key": {"pk": {"S": "count"}}}
            count = int(table.get_item(**place).get("Item", {}).get("n", {"N": "0"})["N"])
            table.put_item(TableName=os.environ["TABLE"], Item={"pk": {"S": "count"}, "n": {"N": str(count + 1)}})
"""
"""Loses an addition whenever another worker adds between its reading and its writing."""

WRITES_ITS_NAME = """
    import boto3, os
    table = boto3.client("dynamodb")
    def lambda_handler(event, context):
        for record in event["Records"]:
            for step in range(3):
                table.put_item(TableName=os.environ["TABLE"], Item={"pk": {"S": f"{record['body']} {step}"}})
"""

WRITES_IN_THREADS = """
    import boto3, os
    from concurrent.futures import ThreadPoolExecutor
    table = boto3.client("dynamodb")
    def write(name):
        table.put_item(TableName=os.environ["TABLE"], Item={"pk": {"S": name}})
    def lambda_handler(event, context):
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(write, [f"{record['body']} {at}" for record in event["Records"] for at in range(20)]))
"""

SLEEPS_FIRST = """
    import boto3, os, time
    table = boto3.client("dynamodb")
    def lambda_handler(event, context):
        for record in event["Records"]:
            if record["body"] == "sleeper":
                time.sleep(1)
            table.put_item(TableName=os.environ["TABLE"], Item={"pk": {"S": record["body"]}})
"""


def items(stack: Laptop) -> list[str]:
    found = stack.cloud.aws.client("dynamodb").scan(TableName=stack.cloud.deployed.ref("Notes"))["Items"]
    return sorted(item["pk"]["S"] for item in found)


def count(stack: Laptop) -> int:
    table = stack.cloud.deployed.ref("Notes")
    item = stack.cloud.aws.client("dynamodb").get_item(TableName=table, Key={"pk": {"S": "count"}})["Item"]
    return int(item["n"]["N"])


def workers(turns: Turns) -> list[str]:
    return [taken.worker for taken in turns.log]


def test_one_worker_takes_all_messages_in_one_batch_and_no_turns(laptop: Build):
    """As where nothing is said of workers: nobody waits for anybody."""
    turns = Turns()
    stack = laptop(toil=ADDS_ONE, turns=turns)
    stack.send("a", "b")
    stack.runner.settle()
    assert (stack.said("toil"), count(stack), list(turns.log)) == ([["a", "b"]], 2, [])


def test_two_messages_go_to_two_workers_whose_calls_take_turns(laptop: Build):
    """Each worker reads before the other one has written in some order of the seeds, and then one addition is lost."""
    lost = {}
    for seed in range(6):
        turns = Turns(seed, workers=2)
        stack = laptop(toil=ADDS_ONE, turns=turns)
        stack.send("a", "b")
        stack.runner.settle()
        assert sorted(stack.said("toil")) == [["a"], ["b"]]
        assert sorted(turns.log) == sorted(
            Taken(f"toil.{number}", *call)
            for number in range(2)
            for call in (("", START), ("aws", "GetItem"), ("aws", "PutItem"))
        )
        first_write = [taken.call for taken in turns.log].index("PutItem")
        both_had_read = [taken.call for taken in turns.log][:first_write].count("GetItem") == 2
        assert count(stack) == (1 if both_had_read else 2)
        lost[seed] = both_had_read
    assert set(lost.values()) == {True, False}


@pytest.mark.parametrize(("at_once", "template"), [(5, LIMITED), (2, TEMPLATE)])
def test_never_more_run_than_the_mapping_allows_nor_than_was_asked_for(laptop: Build, at_once: int, template: str):
    """Two of five workers where MaximumConcurrency is two; two of two where it is not set."""
    turns = Turns(1, workers=at_once)
    stack = laptop(toil=WRITES_ITS_NAME, template=template, turns=turns)
    stack.send(*map(str, range(30)))
    stack.runner.settle()
    assert set(workers(turns)) == {"toil.0", "toil.1"}
    assert items(stack) == sorted(f"{message} {step}" for message in range(30) for step in range(3))
    assert stack.cloud.lambdas.calls()["toil"] == 6
    assert stack.left_in("Queue") == 0


@pytest.mark.parametrize("handler", [WRITES_ITS_NAME, WRITES_IN_THREADS], ids=["one_thread", "eight_threads"])
def test_the_same_seed_gives_the_same_order_of_calls(laptop: Build, handler: str):
    """Twice with one seed, also where the workers use threads; another seed gives another order."""
    told = []
    for seed in (7, 7, 8):
        turns = Turns(seed, workers=3)
        stack = laptop(toil=handler, turns=turns)
        stack.send("a", "b", "c")
        stack.runner.settle()
        told.append(list(turns.log))
    assert told[0] == told[1] != told[2]


@pytest.mark.parametrize("after", ["start", "dynamodb_write"])
@pytest.mark.parametrize("handler", [WRITES_ITS_NAME, WRITES_IN_THREADS], ids=["one_thread", "eight_threads"])
def test_a_killed_worker_stops_at_once_and_the_others_go_on(laptop: Build, handler: str, after: str):
    """What it had written stays, it writes nothing more, and its message comes back and is done."""
    stack = laptop(toil=handler, template=RECEIVES, turns=Turns(3, workers=3))
    stack.faults.replace([{"at": "lambda", "kind": "kill", "function": "toil", "after": after}])
    stack.send("a", "b", "c")
    stack.runner.settle()
    every = 20 if handler is WRITES_IN_THREADS else 3
    written = sorted([item.split()[0] for item in items(stack)].count(body) for body in "abc")
    assert written == [0 if after == "start" else 1, every, every]
    assert stack.left_in("Queue") == 1
    stack.runner.advance(125)
    assert (len(items(stack)), stack.left_in("Queue")) == (3 * every, 0)


def test_a_kill_hits_the_worker_that_wrote(laptop: Build):
    """Of two workers of one function the one whose write was applied ends, whichever of them it is; the other one is not touched."""
    for seed in range(4):
        turns = Turns(seed, workers=2)
        stack = laptop(toil=WRITES_ITS_NAME, template=RECEIVES, turns=turns)
        stack.faults.replace([{"at": "lambda", "kind": "kill", "after": "dynamodb_write"}])
        stack.send("a", "b")
        stack.runner.settle()
        writer = next(taken.worker for taken in turns.log if taken.call == "PutItem")
        assert (workers(turns).count(writer), len(workers(turns))) == (2, 2 + 4)


def test_a_timeout_hits_the_worker_that_wrote(laptop: Build):
    """Cut off after its first write, while the other one ends as it should."""
    turns = Turns(2, workers=2)
    stack = laptop(toil=WRITES_ITS_NAME, template=RECEIVES, turns=turns)
    stack.faults.replace([{"at": "lambda", "kind": "timeout"}])
    stack.send("a", "b")
    stack.runner.settle()
    assert sorted(map(workers(turns).count, ("toil.0", "toil.1"))) == [2, 4]


def test_a_worker_that_sleeps_is_waited_for_and_hangs_nobody(laptop: Build):
    """All messages are done."""
    stack = laptop(toil=SLEEPS_FIRST, turns=Turns(1, workers=2))
    stack.send("sleeper", "other")
    stack.runner.settle()
    assert items(stack) == ["other", "sleeper"]


def test_a_throttled_worker_leaves_its_turn_to_the_others(laptop: Build):
    """Its message comes back; the other one is done."""
    stack = laptop(toil=WRITES_ITS_NAME, template=RECEIVES, turns=Turns(1, workers=2))
    stack.faults.replace([{"at": "lambda", "kind": "throttle"}])
    stack.send("a", "b")
    stack.runner.settle()
    assert (len(items(stack)), stack.left_in("Queue")) == (3, 1)


def test_capacity_and_calls_are_counted_for_all_workers(laptop: Build):
    """Two messages, two calls, six units written."""
    stack = laptop(toil=WRITES_ITS_NAME, turns=Turns(1, workers=2))
    stack.send("a", "b")
    stack.runner.settle()
    assert (stack.cloud.lambdas.calls()["toil"], stack.cloud.aws.tables.units.writes) == (2, 6)
    assert list(stack.cloud.lambdas.memory_mib()) == ["toil"]


def test_every_process_ends_with_the_stack(laptop: Build):
    """Those of the further workers too."""
    stack = laptop(
        toil="import os\ndef lambda_handler(event, context):\n    print(os.getpid(), flush=True)\n", turns=Turns(1, 2)
    )
    stack.send("a", "b")
    stack.runner.settle()
    pids = {int(line) for line in stack.cloud.lambdas.output("toil").split()}
    stack.cloud.close()
    deadline = time.monotonic() + 5
    while any(_runs(pid) for pid in pids) and time.monotonic() < deadline:
        threading.Event().wait(0.01)
    assert (len(pids), [pid for pid in pids if _runs(pid)]) == (2, [])


def _runs(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return bool(file.read())
    except OSError:
        return False
