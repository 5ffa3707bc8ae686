"""Work runs when it is due, and the clock moves only on command."""

import json

import requests

from tests.local.stack.laptop import PRINTS_THE_BODIES, Build

TICKS = """
    import json, time
    def lambda_handler(event, context):
        print(json.dumps([event, round(time.time() * 1000)]))
"""

TICKS_AND_FAILS = TICKS + "        raise RuntimeError('no')\n"

QUEUES_WHAT_COMES_IN = """
    import boto3, os
    def lambda_handler(event, context):
        queue = "https://sqs.eu-west-1.amazonaws.com/{}/crmsync-Queue".format(event["body"])
        boto3.client("sqs").send_message(QueueUrl=queue, MessageBody="knock")
        return {"statusCode": 204}
"""

MINUTE = 60_000


def gaps(stack, began: int) -> list[int]:
    """Return the whole minutes between the start and each tick, as the function saw them."""
    return [round((at - began) / MINUTE) for _, at in stack.output("tick")]


def test_nothing_moves_by_itself(laptop: Build):
    """The real handler responds to a caller at once, but the caller's message waits in
    the queue.
    """
    stack = laptop(reader=PRINTS_THE_BODIES, web=QUEUES_WHAT_COMES_IN)
    body, headers = stack.cloud.aws.account, {"Content-Type": "text/plain"}
    assert (
        requests.post(stack.listener.url, data=body, headers=headers, timeout=30).status_code == 204
    )
    assert stack.output("reader") == []
    stack.runner.settle()
    assert stack.output("reader") == [["knock"]]


def test_a_schedule_runs_when_its_time_has_come(laptop: Build):
    """It runs every ten minutes, each time at its own moment although the clock is moved in one
    call.
    """
    stack = laptop(tick=TICKS)
    began = stack.clock.now_ms()
    stack.runner.advance(31 * 60)
    assert gaps(stack, began) == [10, 20, 30]
    assert [event for event, _ in stack.output("tick")] == [{"turn": True}] * 3


def test_settling_does_not_move_the_clock(laptop: Build):
    """Schedules that are not due do not run."""
    stack = laptop(tick=TICKS)
    assert stack.runner.settle().rounds == 0
    assert stack.output("tick") == []


def test_missed_times_of_a_schedule_run_once(laptop: Build):
    """After an outage there is one run at once, and the next one at its usual time."""
    stack = laptop(tick=TICKS)
    began = stack.clock.now_ms()
    stack.runner.advance(3605, settle=False)
    assert stack.output("tick") == []
    stack.runner.settle()
    stack.runner.advance(600)
    assert gaps(stack, began) == [60, 70]


def test_the_clock_reaches_the_requested_time(laptop: Build):
    """It is never behind, whatever ran on the way."""
    stack = laptop(tick=TICKS)
    began = stack.clock.now_ms()
    stack.runner.advance(86_400)
    assert stack.clock.now_ms() >= began + 86_400_000
    assert len(stack.output("tick")) == 144


def test_a_failed_scheduled_call_is_repeated_after_one_and_two_more_minutes(
    laptop: Build,
):
    """Lambda tries asynchronous calls three times in all."""
    stack = laptop(tick=TICKS_AND_FAILS)
    began = stack.clock.now_ms()
    stack.runner.advance(19 * 60)
    assert gaps(stack, began) == [10, 11, 13]


def test_a_throttled_scheduled_call_keeps_its_retries(laptop: Build):
    """It is made again a minute later."""
    stack = laptop(tick=TICKS)
    stack.faults.replace([{"at": "lambda", "kind": "throttle", "times": 4}])
    began = stack.clock.now_ms()
    stack.runner.advance(19 * 60)
    assert gaps(stack, began) == [14]


def test_an_event_of_the_partner_bus_goes_to_the_queue_of_the_rule_that_matches(laptop: Build):
    """The message holds what the rule's transformer takes out of the event; an event that no rule
    matches is dropped.
    """
    stack = laptop(
        reader=PRINTS_THE_BODIES,
        parameters={"PartnerBus": "aws.partner/salesforce.com/org/channel"},
    )
    event = {
        "detail-type": "ContactChangeEvent",
        "source": "aws.partner/salesforce.com/org/channel",
        "detail": {"header": {"ids": ["1"]}, "Name": "Ada"},
    }
    assert stack.cloud.partner_bus.put([event, event | {"detail-type": "CaseChangeEvent"}]) == 1
    stack.runner.settle()
    sent = {"source": event["source"], "detail": {"ids": ["1"]}}
    assert [json.loads(body) for body in stack.output("reader")[0]] == [sent]


def test_without_a_partner_bus_there_is_no_rule(laptop: Build):
    """The template's condition decides."""
    stack = laptop()
    assert stack.cloud.partner_bus.names == frozenset()
