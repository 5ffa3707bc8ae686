"""Several workers of one function: which calls overlap, in which order, and how one worker survives
the end of another.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from local.stack.turns import START, Taken, Turns
from tests.local.stack.laptop import TEMPLATE, Build, Laptop, builder

LIMITED = TEMPLATE.replace("maxReceiveCount: 2", "maxReceiveCount: 9").replace(
    "BatchSize: 5,", "BatchSize: 5, ScalingConfig: {MaximumConcurrency: 2},"
)

WRITES = """
    import boto3, os, time
    from concurrent.futures import ThreadPoolExecutor
    table, place = boto3.client("dynamodb"), os.environ["TABLE"]
    def write(name):
        table.put_item(TableName=place, Item={"pk": {"S": name}})
    def add(name):
        count = len(table.get_item(TableName=place, Key={"pk": {"S": name}}).get("Item", {}).get("n", {"S": ""})["S"])
        table.put_item(TableName=place, Item={"pk": {"S": name}, "n": {"S": "I" * (count + 1)}})
    def lambda_handler(event, context):
        print(os.getpid(), flush=True)
        for record in event["Records"]:
            how, name = record["body"].split()
            if how == "add":
                add(name)
                continue
            if how == "sleep":
                time.sleep(1)
            names = [f"{name} {step}" for step in range(20 if how == "threads" else 3)]
            if how == "threads":
                with ThreadPoolExecutor(8) as pool:
                    list(pool.map(write, names))
            else:
                list(map(write, names))
"""
"""``write a`` writes three items, ``threads a`` twenty in eight threads, ``sleep a`` sleeps first,
``add a`` reads one item and adds to it.
"""


@pytest.fixture(scope="module")
def with_limit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Laptop, Turns]]:
    with ExitStack() as owned:
        turns = Turns(1, workers=5)
        yield (
            builder(tmp_path_factory.mktemp("limited"), owned)(
                reader=WRITES, template=LIMITED, turns=turns
            ),
            turns,
        )


@pytest.fixture
def turns(with_limit: tuple[Laptop, Turns]) -> Turns:
    """Return the turns of `stack`, of which none was taken."""
    with_limit[1].log.clear()
    return with_limit[1]


@pytest.fixture
def stack(with_limit: tuple[Laptop, Turns]) -> Iterator[Laptop]:
    """A stack with five workers whose mapping allows two; at the end all messages are done."""
    stack = with_limit[0]
    yield stack
    stack.faults.replace([])
    stack.runner.advance(125)
    assert stack.depth("Queue") == 0


def written(stack: Laptop, name: str) -> int:
    """Return the number of items that a message has written, or the count that it was added to."""
    table = stack.cloud.deployed.ref("Notes")
    found = stack.cloud.aws.client("dynamodb").scan(TableName=table)["Items"]
    return sum(
        len(item.get("n", {"S": "I"})["S"]) for item in found if item["pk"]["S"].split()[0] == name
    )


def workers(turns: Turns) -> list[str]:
    """Return the workers whose turns were taken."""
    return [taken.worker for taken in turns.log]


def test_a_single_worker_takes_all_messages_in_one_batch_and_no_turns(laptop: Build):
    """This is the default: no call waits."""
    turns = Turns()
    stack = laptop(reader=WRITES, turns=turns)
    stack.send("add a", "add a")
    stack.runner.settle()
    assert (written(stack, "a"), stack.cloud.lambdas.calls()["reader"], list(turns.log)) == (
        2,
        1,
        [],
    )


def test_two_messages_go_to_two_workers_whose_calls_take_turns(stack: Laptop, turns: Turns):
    """When both read before one of them writes, one addition is lost: the workers really
    overlap.
    """
    lost = set[bool]()
    for _ in range(60):
        turns.log.clear()
        before = written(stack, "sum")
        stack.send("add sum", "add sum")
        stack.runner.settle()
        assert sorted(turns.log) == sorted(
            Taken(f"reader.{number}", *call)
            for number in range(2)
            for call in (("", START), ("aws", "GetItem"), ("aws", "PutItem"))
        )
        calls = [taken.call for taken in turns.log]
        both_had_read = calls[: calls.index("PutItem")].count("GetItem") == 2
        assert written(stack, "sum") - before == (1 if both_had_read else 2)
        lost.add(both_had_read)
        if lost == {True, False}:
            return
    pytest.fail(f"in sixty rounds the dice have had both read first: {lost}")


def test_no_more_workers_run_than_the_mapping_allows(stack: Laptop, turns: Turns):
    """MaximumConcurrency is two: thirty messages in batches of five make three rounds of
    two calls.
    """
    before = stack.cloud.lambdas.calls()["reader"], stack.cloud.aws.tables.units.writes
    stack.send(*(f"write many{number}" for number in range(30)))
    stack.runner.settle()
    after = stack.cloud.lambdas.calls()["reader"], stack.cloud.aws.tables.units.writes
    assert (after[0] - before[0], after[1] - before[1]) == (6, 90)
    assert [call.worker for call in turns.log if call.call == START].count("reader.0") == 3
    assert set(workers(turns)) == {"reader.0", "reader.1"}
    assert list(stack.cloud.lambdas.memory_mib()).count("reader") == 1


def test_the_same_seed_gives_the_same_order_of_calls(laptop: Build):
    """Workers may use threads. Without MaximumConcurrency three run at once."""
    told = []
    for _ in range(2):
        turns = Turns(7, workers=3)
        stack = laptop(reader=WRITES, turns=turns)
        stack.send("write a", "write b", "write c", "threads d", "add e", "threads f")
        stack.runner.settle()
        told.append(list(turns.log))
    assert (told[0], set(workers(turns))) == (told[1], {"reader.0", "reader.1", "reader.2"})


@pytest.mark.parametrize(("how", "every"), [("write", 3), ("threads", 20)])
@pytest.mark.parametrize(("after", "before_the_end"), [("start", 0), ("dynamodb_write", 1)])
def test_a_killed_worker_stops_at_once_and_the_other_goes_on(
    stack: Laptop, how: str, every: int, after: str, before_the_end: int
):
    """Its earlier writes stay, it writes nothing more, and its message comes back and is done."""
    names = [f"{side}-{how}-{after}" for side in "ab"]
    stack.faults.replace([{"at": "lambda", "kind": "kill", "function": "reader", "after": after}])
    stack.send(*(f"{how} {name}" for name in names))
    stack.runner.settle()
    assert sorted(written(stack, name) for name in names) == [before_the_end, every]
    assert stack.depth("Queue") == 1
    stack.runner.advance(125)
    assert [written(stack, name) for name in names] == [every, every]


def test_a_kill_ends_the_worker_that_wrote(stack: Laptop, turns: Turns):
    """The other worker of the function is not affected."""
    hit = set()
    for _ in range(6):
        turns.log.clear()
        stack.faults.replace([{"at": "lambda", "kind": "kill", "after": "dynamodb_write"}])
        stack.send("write killed", "write alive")
        stack.runner.settle()
        writer = next(taken.worker for taken in turns.log if taken.call == "PutItem")
        assert (workers(turns).count(writer), len(workers(turns))) == (2, 2 + 4)
        hit.add(writer)
        stack.runner.advance(125)
    assert hit == {"reader.0", "reader.1"}


def test_a_timeout_ends_the_worker_that_wrote(stack: Laptop, turns: Turns):
    """It ends after its first write, while the other one ends normally."""
    stack.faults.replace([{"at": "lambda", "kind": "timeout"}])
    stack.send("write cut", "write uncut")
    stack.runner.settle()
    assert sorted(map(workers(turns).count, ("reader.0", "reader.1"))) == [2, 4]


def test_the_others_wait_for_a_sleeping_worker_without_hanging(stack: Laptop, turns: Turns):
    """All messages are done, and no turn was taken without it."""
    stack.send("sleep sleeper", "write other")
    stack.runner.settle()
    assert (written(stack, "sleeper"), written(stack, "other"), len(turns.log)) == (3, 3, 8)


def test_a_throttled_worker_leaves_its_turns_to_the_other(stack: Laptop):
    """Its message comes back; the other one is done."""
    stack.faults.replace([{"at": "lambda", "kind": "throttle"}])
    stack.send("write one", "write two")
    stack.runner.settle()
    assert (sorted([written(stack, "one"), written(stack, "two")]), stack.depth("Queue")) == (
        [0, 3],
        1,
    )


def test_every_process_ends_with_the_stack(laptop: Build):
    """Further workers end, too."""
    stack = laptop(reader=WRITES, turns=Turns(1, workers=2))
    stack.send("write a", "write b")
    stack.runner.settle()
    pids = {int(line) for line in stack.cloud.lambdas.output("reader").split()}
    stack.cloud.close()
    deadline = time.monotonic() + 5
    while any(map(_runs, pids)) and time.monotonic() < deadline:
        threading.Event().wait(0.01)
    assert (len(pids), [pid for pid in pids if _runs(pid)]) == (2, [])


def _runs(pid: int) -> bool:
    try:
        return bool(Path(f"/proc/{pid}/cmdline").read_bytes())
    except OSError:
        return False
