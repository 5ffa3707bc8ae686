"""The queue of log ranges behind the port."""

from __future__ import annotations

import boto3
from moto import mock_aws

from crmsync.gateways.aws.log_ranges import RangeSender
from crmsync.model.mail import LogRange
from crmsync.wire.range_messages import load_range
from tests.memory import MemoryRangeQueue

NOON = 1_793_620_800_000


def test_log_ranges_are_queued_with_their_delays() -> None:
    """Each has its delay, up to the most that SQS allows; in memory, too."""
    windows = [
        LogRange("acme", "OPEN", NOON + number, NOON + number + 9, NOON, number)
        for number in range(12)
    ]
    delays = [(window, 100 * number) for number, window in enumerate(windows)]
    memory = MemoryRangeQueue()
    memory.queue(delays)
    with mock_aws():
        sqs = boto3.client("sqs", region_name="us-east-1")
        url = sqs.create_queue(QueueName="Queue")["QueueUrl"]
        RangeSender(sqs, url).queue([(window, 0) for window in windows])
        found = [
            sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
            for _ in range(3)
        ]

    assert sorted(load_range(one["Body"]).tries for part in found for one in part) == list(
        range(12)
    )
    assert memory.waiting == [(window, min(after, 900)) for window, after in delays]
