"""From a queue to its function: batches, failures, redelivery, dead letters."""

import json

import pytest

from tests.local.stack.laptop import PRINTS_THE_BODIES, TEMPLATE, Build

COUNTS_RECEIVES = """
    import json
    def lambda_handler(event, context):
        print(json.dumps([[r["body"], r["attributes"]["ApproximateReceiveCount"]] for r in event["Records"]]))
        raise RuntimeError("no")
"""

FAILS_ODD_ONES = """
    import json
    def lambda_handler(event, context):
        print(json.dumps([record["body"] for record in event["Records"]]))
        odd = [record["messageId"] for record in event["Records"] if int(record["body"]) % 2]
        return {"batchItemFailures": [{"itemIdentifier": name} for name in odd]}
"""


def returning(text: str) -> str:
    return f"""
        import json
        def lambda_handler(event, context):
            print(json.dumps([record["body"] for record in event["Records"]]))
            return {text}
    """


def test_ready_messages_are_offered_at_once_up_to_the_batch_size(laptop: Build):
    """Without a batching window, twelve messages and a batch size of five make calls of five, five
    and two.
    """
    stack = laptop(reader=PRINTS_THE_BODIES)
    stack.send(*map(str, range(12)))
    stack.runner.settle()
    assert [len(batch) for batch in stack.output("reader")] == [5, 5, 2]
    assert sorted(int(body) for batch in stack.output("reader") for body in batch) == list(
        range(12)
    )
    assert stack.depth("Queue") == 0


def test_a_queue_counts_its_ready_hidden_and_delayed_messages(laptop: Build):
    """SQS reports the same three numbers."""
    stack = laptop()
    stack.send("a", "b", "c")
    queues, url = stack.cloud.aws.queues, stack.cloud.deployed.ref("Queue")
    queues.send_message(QueueUrl=url, MessageBody="later", DelaySeconds=60)
    queues.receive_message(QueueUrl=url, MaxNumberOfMessages=1)
    names = (
        "ApproximateNumberOfMessages",
        "ApproximateNumberOfMessagesNotVisible",
        "ApproximateNumberOfMessagesDelayed",
    )

    def counted() -> list[int]:
        told = queues.get_queue_attributes(QueueUrl=url, AttributeNames=list(names))["Attributes"]
        return [int(told[name]) for name in names]

    early = counted()
    stack.clock.advance(61)
    assert (early, counted()[2]) == ([2, 1, 1], 0)


def test_a_message_reaches_the_handler_as_an_sqs_record(laptop: Build):
    """A record has the names that AWS documents for SQS events."""
    stack = laptop()
    stack.send("hello")
    stack.runner.settle()
    (event,) = stack.output("reader")
    (record,) = event["Records"]
    assert set(record.pop("attributes")) >= {"ApproximateReceiveCount", "SentTimestamp", "SenderId"}
    assert {
        name: record[name]
        for name in ("body", "eventSource", "awsRegion", "messageAttributes", "md5OfBody")
    } == {
        "body": "hello",
        "eventSource": "aws:sqs",
        "awsRegion": "eu-west-1",
        "messageAttributes": {},
        "md5OfBody": "5d41402abc4b2a76b9719d911017c592",
    }
    assert record["eventSourceARN"] == stack.cloud.deployed.attribute("Queue", "Arn")


def test_a_failing_message_is_retried_and_ends_as_a_dead_letter(
    laptop: Build,
):
    """Two receives are allowed: 120 s after the second, the message becomes a dead letter."""
    stack = laptop(reader=COUNTS_RECEIVES)
    stack.send("poison")
    stack.runner.settle()
    stack.runner.settle()
    assert stack.output("reader") == [[["poison", "1"]]]
    stack.runner.advance(110)
    assert stack.output("reader") == [[["poison", "1"]]]
    stack.runner.advance(15)
    assert stack.output("reader") == [[["poison", "1"]], [["poison", "2"]]]
    assert (stack.depth("Queue"), stack.depth("DeadLetters")) == (1, 0)
    stack.runner.advance(125)
    assert (stack.depth("Queue"), stack.depth("DeadLetters")) == (0, 1)
    assert len(stack.output("reader")) == 2


def test_only_reported_messages_come_back(laptop: Build):
    """With ReportBatchItemFailures the other messages of the batch are deleted."""
    stack = laptop(reader=FAILS_ODD_ONES)
    stack.send("1", "2", "3", "4")
    stack.runner.settle()
    assert stack.depth("Queue") == 2
    stack.runner.advance(125)
    first, *later = stack.output("reader")
    again = sorted(one for batch in later for one in batch)
    assert (sorted(first), again) == (["1", "2", "3", "4"], ["1", "3"])


def test_without_partial_failures_the_whole_batch_is_deleted(laptop: Build):
    """Without ReportBatchItemFailures the mapping ignores the result."""
    plain = TEMPLATE.replace(", FunctionResponseTypes: [ReportBatchItemFailures]", "")
    stack = laptop(reader=FAILS_ODD_ONES, template=plain)
    stack.send("1", "2")
    stack.runner.settle()
    assert stack.depth("Queue") == 0


@pytest.mark.parametrize(
    "answer",
    [
        '{"batchItemFailures": [{"itemIdentifier": "unknown"}]}',
        '{"batchItemFailures": [{}]}',
        '"nonsense"',
    ],
)
def test_an_invalid_result_fails_the_whole_batch(laptop: Build, answer: str):
    """An unknown or missing identifier, or a result that is no object, returns all messages."""
    stack = laptop(reader=returning(answer))
    stack.send("1", "2")
    stack.runner.settle()
    assert stack.depth("Queue") == 2


@pytest.mark.parametrize(
    "answer", ["None", "{}", '{"batchItemFailures": []}', '{"batchItemFailures": None}']
)
def test_a_result_without_failures_is_a_success(laptop: Build, answer: str):
    """Nothing, an empty object and an empty list all mean that every message is done."""
    stack = laptop(reader=returning(answer))
    stack.send("1", "2")
    stack.runner.settle()
    assert stack.depth("Queue") == 0


def test_a_delayed_message_waits_for_its_time(laptop: Build):
    """A message with a delay of 300 s is received when the clock has passed it, not before."""
    stack = laptop(reader=PRINTS_THE_BODIES)
    url = stack.cloud.deployed.ref("Queue")
    stack.cloud.aws.queues.send_message(QueueUrl=url, MessageBody="later", DelaySeconds=300)
    stack.runner.advance(290)
    assert stack.output("reader") == []
    stack.runner.advance(15)
    assert stack.output("reader") == [["later"]]


def test_an_event_on_the_bus_reaches_the_queue_that_its_rule_names(laptop: Build):
    """An event that no rule matches is dropped."""
    stack = laptop(reader=PRINTS_THE_BODIES)
    entries = [
        {
            "EventBusName": "crmsync-bus",
            "Source": "test",
            "DetailType": kind,
            "Detail": json.dumps({"kind": kind}),
        }
        for kind in ("work.wanted", "work.unheard")
    ]
    assert stack.cloud.aws.client("events").put_events(Entries=entries)["FailedEntryCount"] == 0
    stack.runner.settle()
    (batch,) = stack.output("reader")
    (body,) = (json.loads(text) for text in batch)
    assert {name: body[name] for name in ("version", "detail-type", "resources", "detail")} == {
        "version": "0",
        "detail-type": "work.wanted",
        "resources": [],
        "detail": {"kind": "work.wanted"},
    }
    assert body.keys() == {
        "version",
        "detail-type",
        "resources",
        "detail",
        "id",
        "source",
        "time",
        "region",
    }


def test_the_fault_duplicate_delivers_a_message_twice(laptop: Build):
    """The second delivery comes although the first one succeeded, as SQS allows."""
    stack = laptop(reader=PRINTS_THE_BODIES)
    stack.faults.replace([{"at": "queue", "kind": "duplicate"}])
    stack.send("1", "2")
    stack.runner.settle()
    assert stack.output("reader") == [["1", "2"], ["1"]]
    assert stack.depth("Queue") == 0


def test_the_fault_reorder_delivers_the_newest_first(laptop: Build):
    """The order holds across batches: the last of twelve messages comes first."""
    stack = laptop(reader=PRINTS_THE_BODIES)
    stack.faults.replace([{"at": "queue", "kind": "reorder"}])
    stack.send(*map(str, range(12)))
    stack.runner.settle()
    assert [int(body) for batch in stack.output("reader") for body in batch] == list(
        range(11, -1, -1)
    )
    assert stack.depth("Queue") == 0


def test_a_throttled_function_leaves_its_messages_and_gets_them_later(laptop: Build):
    """No process sees the batch; it is received again after the visibility timeout."""
    stack = laptop(reader=PRINTS_THE_BODIES)
    stack.faults.replace([{"at": "lambda", "kind": "throttle", "function": "reader"}])
    stack.send("1")
    stack.runner.settle()
    assert stack.output("reader") == []
    stack.runner.advance(125)
    assert stack.output("reader") == [["1"]]
    assert stack.cloud.lambdas.calls()["reader"] == 1


def test_an_old_message_is_dropped_after_the_retention_period(laptop: Build):
    """After four days by default; younger messages are still delivered."""
    stack = laptop(reader=PRINTS_THE_BODIES)
    stack.send("old")
    stack.clock.advance(3 * 86_400)
    stack.send("new")
    stack.clock.advance(86_400 + 60)
    stack.runner.settle()
    assert stack.output("reader") == [["new"]]
    assert stack.depth("Queue") == 0
