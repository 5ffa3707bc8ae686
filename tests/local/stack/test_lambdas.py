"""Lambdas as processes: they stay warm, time out, are killed, and live in simulated time."""

import json

import pytest

from local.stack.lambdas.lambdas import Ending
from tests.local.stack.laptop import PRINTS_THE_BODIES, Build

COUNTS_ITS_CALLS = """
    import json, os
    calls = []
    def lambda_handler(event, context):
        calls.append(event)
        return {"calls": len(calls), "pid": os.getpid()}
"""

WRITES_TWICE = """
    import boto3, os
    table = boto3.client("dynamodb")
    def lambda_handler(event, context):
        for name in ("first", "second"):
            table.put_item(TableName=os.environ["TABLE"], Item={"pk": {"S": name}})
"""

NEVER_ENDS = """
    import threading
    def lambda_handler(event, context):
        if event["sleeps"]:
            threading.Event().wait()
        return "awake"
"""

TELLS_THE_TIME = """
    import time
    from datetime import datetime, timezone
    def lambda_handler(event, context):
        return [time.time() * 1000, datetime.now(timezone.utc).timestamp() * 1000, time.monotonic() * 1000]
"""


def items(stack) -> list[str]:
    table = stack.cloud.deployed.ref("Notes")
    found = stack.cloud.aws.client("dynamodb").scan(TableName=table)["Items"]
    return sorted(item["pk"]["S"] for item in found)


def test_a_warm_function_keeps_its_process_and_module_state(laptop: Build):
    """Two calls run in one process."""
    stack = laptop(reader=COUNTS_ITS_CALLS)
    first, second = (stack.cloud.lambdas.invoke("ReaderFunction", {}).answer for _ in range(2))
    assert second == {"calls": 2, "pid": first["pid"]}


def test_a_function_has_the_variables_of_its_template_and_none_of_this_process(
    laptop: Build, monkeypatch
):
    """A variable that the template forgets is missing here, too."""
    monkeypatch.setenv("ONLY_HERE", "yes")
    text = "import os\ndef lambda_handler(event, context): return dict(os.environ)\n"
    stack = laptop(reader=text, parameters={"Colour": "red"})
    found = stack.cloud.lambdas.invoke("ReaderFunction", {}).answer
    own = {
        name: value
        for name, value in found.items()
        if not name.startswith(("AWS_", "LAMBDA_", "_"))
    }
    assert own == {
        "COLOUR": "red",
        "TABLE": "crmsync-Notes",
        "QUEUE_URL": stack.cloud.deployed.ref("Queue"),
        "LANG": "en_US.UTF-8",
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "TZ": "UTC",
        "no_proxy": "*",
    }
    assert found["AWS_ENDPOINT_URL"] == stack.cloud.aws.url


def test_a_function_cannot_import_the_repository(laptop: Build):
    """It sees its own folder, its layers and the installed packages only."""
    stack = laptop(reader="import simulators.clock\ndef lambda_handler(event, context): pass\n")
    outcome = stack.cloud.lambdas.invoke("ReaderFunction", {})
    assert (outcome.ending, "No module named 'simulators'" in outcome.reason) == (
        Ending.FAILED,
        True,
    )


def test_the_context_has_the_function_and_its_remaining_time(laptop: Build):
    """The names are those of Lambda's context object."""
    text = """
        def lambda_handler(event, context):
            left = context.get_remaining_time_in_millis()
            return [context.function_name, context.invoked_function_arn, len(context.aws_request_id), 0 < left <= 20000]
    """
    stack = laptop(reader=text)
    arn = f"arn:aws:lambda:eu-west-1:{stack.cloud.aws.account}:function:crmsync-ReaderFunction"
    assert stack.cloud.lambdas.invoke("ReaderFunction", {}).answer == [
        "crmsync-ReaderFunction",
        arn,
        36,
        True,
    ]


def test_an_unhandled_error_is_reported_and_the_process_stays(laptop: Build, capfd):
    """The report has the traceback; the next call runs in the same process."""
    text = """
        calls = []
        def lambda_handler(event, context):
            calls.append(event)
            if len(calls) == 1:
                raise LookupError("what went wrong")
            return len(calls)
    """
    stack = laptop(reader=text)
    assert stack.cloud.lambdas.invoke("ReaderFunction", {}).ending is Ending.FAILED
    assert stack.cloud.lambdas.invoke("ReaderFunction", {}).answer == 2
    assert "LookupError: what went wrong" in capfd.readouterr().err
    assert "LookupError: what went wrong" in stack.cloud.lambdas.output("reader")


def test_an_endless_call_times_out_and_the_next_one_gets_a_new_process(laptop: Build):
    """The fault replaces the template's twenty seconds with a fifth of a second of real time."""
    stack = laptop(reader=NEVER_ENDS)
    stack.faults.replace(
        [{"at": "lambda", "kind": "timeout", "function": "reader", "seconds": 0.2}]
    )
    assert stack.cloud.lambdas.invoke("ReaderFunction", {"sleeps": True}).ending is Ending.TIMED_OUT
    assert stack.cloud.lambdas.invoke("ReaderFunction", {"sleeps": False}).answer == "awake"


@pytest.mark.parametrize(
    ("fault", "ending", "written"),
    [
        ({"kind": "kill"}, Ending.KILLED, []),
        ({"kind": "kill", "after": "start"}, Ending.KILLED, []),
        ({"kind": "kill", "after": "dynamodb_write"}, Ending.KILLED, ["first"]),
        ({"kind": "kill", "after": "hubspot_write"}, Ending.ANSWERED, ["first", "second"]),
        ({"kind": "timeout"}, Ending.TIMED_OUT, ["first"]),
        ({"kind": "throttle"}, Ending.THROTTLED, []),
    ],
)
def test_a_fault_ends_a_call_after_the_given_write(laptop: Build, fault, ending, written):
    """Earlier writes stay, nothing is written afterwards, and the next call succeeds."""
    stack = laptop(reader=WRITES_TWICE)
    stack.faults.replace([{"at": "lambda", "function": "ReaderFunction", **fault}])
    assert stack.cloud.lambdas.invoke("ReaderFunction", {}).ending is ending
    assert items(stack) == written
    stack.faults.replace([])
    assert stack.cloud.lambdas.invoke("ReaderFunction", {}).ending is Ending.ANSWERED
    assert items(stack) == ["first", "second"]


def test_a_call_that_writes_nothing_times_out_before_it_returns(laptop: Build):
    """Its result is lost."""
    stack = laptop(reader=COUNTS_ITS_CALLS)
    stack.faults.replace([{"at": "lambda", "kind": "timeout"}])
    assert stack.cloud.lambdas.invoke("ReaderFunction", {}).ending is Ending.TIMED_OUT


def test_a_fault_for_one_function_leaves_the_others_alone(laptop: Build):
    """It waits for the function that it names."""
    stack = laptop(reader=COUNTS_ITS_CALLS, tick=COUNTS_ITS_CALLS)
    stack.faults.replace([{"at": "lambda", "kind": "kill", "function": "tick", "after": "start"}])
    assert stack.cloud.lambdas.invoke("ReaderFunction", {}).ending is Ending.ANSWERED
    assert stack.cloud.lambdas.invoke("TickFunction", {}).ending is Ending.KILLED


def test_a_killed_function_leaves_its_message_in_the_queue(laptop: Build):
    """It is delivered again after the visibility timeout, to a new process."""
    stack = laptop(reader=PRINTS_THE_BODIES)
    stack.faults.replace([{"at": "lambda", "kind": "kill", "function": "reader", "after": "start"}])
    stack.send("precious")
    stack.runner.settle()
    assert (stack.output("reader"), stack.depth("Queue")) == ([], 1)
    stack.runner.advance(125)
    assert (stack.output("reader"), stack.depth("Queue")) == ([["precious"]], 0)


def test_a_function_lives_in_simulated_time(laptop: Build):
    """`time`, `datetime` and the monotonic clock follow the stack's clock, also in a warm
    process.
    """
    stack = laptop(reader=TELLS_THE_TIME)
    before = stack.cloud.lambdas.invoke("ReaderFunction", {}).answer
    stack.clock.advance(86_400)
    low = stack.clock.now_ms()
    after = stack.cloud.lambdas.invoke("ReaderFunction", {}).answer
    high = stack.clock.now_ms()
    assert all(low - 1 <= moment <= high + 1 for moment in after[:2])
    assert all(later - earlier >= 86_400_000 for earlier, later in zip(before, after, strict=True))


def test_calls_are_counted_by_the_name_of_the_functions_folder(laptop: Build):
    """A throttled call is not counted."""
    stack = laptop(reader=COUNTS_ITS_CALLS)
    stack.faults.replace([{"at": "lambda", "kind": "throttle"}])
    for _ in range(3):
        stack.cloud.lambdas.invoke("ReaderFunction", {})
    assert stack.cloud.lambdas.calls() == {"reader": 2, "tick": 0, "web": 0}


def test_endings_and_the_longest_call_are_recorded(laptop: Build):
    """The time of a slow write counts as used; a throttled call has no ending."""
    stack = laptop(reader=NEVER_ENDS)
    lambdas = stack.cloud.lambdas
    for faults in (
        [{"kind": "throttle"}],
        [],
        [{"kind": "kill", "after": "start"}],
        [{"kind": "timeout", "seconds": 1}],
    ):
        stack.faults.replace([{"at": "lambda", **fault} for fault in faults])
        lambdas.invoke("ReaderFunction", {"sleeps": bool(faults)})
    assert lambdas.endings()["reader"] == {
        Ending.ANSWERED: 1,
        Ending.KILLED: 1,
        Ending.TIMED_OUT: 1,
    }
    assert lambdas.endings()["tick"] == {}
    assert 1 <= lambdas.longest()["reader"] < 20
    assert lambdas.longest()["tick"] == 0


def test_the_output_of_a_function_is_kept(laptop: Build):
    """Standard output and standard error, of all its processes."""
    text = """
        import sys
        def lambda_handler(event, context):
            print(event["say"])
            print(event["whisper"], file=sys.stderr)
    """
    stack = laptop(reader=text)
    stack.cloud.lambdas.invoke(
        "ReaderFunction", {"say": json.dumps("loud"), "whisper": json.dumps("quiet")}
    )
    assert sorted(stack.output("reader")) == ["loud", "quiet"]
