"""The queues of backfills: depths, job messages, and how the command finds the queue."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from crmsync.errors import Refused, TryAgain
from crmsync.gateways.aws.queues import (
    KEPT,
    JobMessageQueue,
    QueueBacklog,
    QueueDepths,
    RecentDepths,
    url_of,
)
from crmsync.model.operations.jobs import JobMessage
from crmsync.model.records import Kind
from crmsync.rules.backfill.pacing import Depth
from crmsync.wire.job_messages import load_job

JOB_MESSAGE = JobMessage("acme", "7f3a2c", 4, "b81c09")


@pytest.fixture
def sqs() -> Iterator[Any]:
    """An account with one queue, called ``crmsync-backfill``."""
    with mock_aws():
        client = boto3.client("sqs")
        client.create_queue(QueueName="crmsync-backfill")
        yield client


def test_a_depth_counts_ready_hidden_and_delayed_messages(sqs: Any) -> None:
    """Each message is counted once, whatever its state."""
    url = url_of(sqs, "crmsync-backfill")
    backlog = QueueBacklog(sqs, {Kind.CONTACT: url})
    assert backlog.depth(Kind.CONTACT) == Depth()
    for delay in (0, 0, 0, 60):
        sqs.send_message(QueueUrl=url, MessageBody="x", DelaySeconds=delay)
    sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=1)

    assert backlog.depth(Kind.CONTACT) == Depth(ready=2, hidden=1, delayed=1)


def test_a_kind_without_a_queue_is_refused(sqs: Any) -> None:
    """The deployment does not sync this kind, so waiting would not help."""
    with pytest.raises(Refused, match="no queue for changes of the kind account"):
        QueueBacklog(sqs, {}).depth(Kind.ACCOUNT)


@pytest.mark.parametrize(("after", "kept"), [(0, "0"), (5, "5"), (9_000, "900")])
def test_a_job_message_is_sent_with_its_delay(sqs: Any, after: int, kept: str) -> None:
    """At most a quarter of an hour, which is the most that SQS allows."""
    sent: list[dict[str, Any]] = []
    sqs.meta.events.register(
        "provide-client-params.sqs.SendMessage", lambda params, **_: sent.append(params)
    )

    JobMessageQueue(sqs, lambda: url_of(sqs, "crmsync-backfill")).send(JOB_MESSAGE, after=after)

    assert [(load_job(one["MessageBody"]), str(one["DelaySeconds"])) for one in sent] == [
        (JOB_MESSAGE, kept)
    ]


def test_a_missing_queue_is_an_error_of_ours(sqs: Any) -> None:
    """In the wrong account or region the error is ours, not the vendor's."""
    with pytest.raises(TryAgain) as raised:
        JobMessageQueue(sqs, lambda: url_of(sqs, "elsewhere")).send(JOB_MESSAGE)

    assert "NonExistentQueue" in raised.value.code


def test_the_queues_of_a_stack_are_found_by_their_names(sqs: Any) -> None:
    """The names are those that CloudFormation gives; queues of another stack with a similar name
    are not included.
    """
    for name in (
        "crmsync-ContactQueue-Ab12",
        "crmsync-ContactDeadLetters-x",
        "crmsync-two-ContactQueue-Ab12",
    ):
        sqs.create_queue(QueueName=name)
    for name in ("crmsync-two-backfill", "crmsyncContactQueue", "crmsync-other"):
        sqs.create_queue(QueueName=name)
    sqs.send_message(QueueUrl=url_of(sqs, "crmsync-ContactDeadLetters-x"), MessageBody="x")

    assert QueueDepths(sqs, "crmsync").depths() == {
        "BackfillQueue": Depth(),
        "ContactDeadLetters": Depth(ready=1),
        "ContactQueue": Depth(),
    }
    assert QueueDepths(sqs, "elsewhere").depths() == {}


def test_the_depths_of_a_page_are_a_few_seconds_old_at_most(sqs: Any) -> None:
    """A message that arrives meanwhile is counted after that time."""
    url, ticks = url_of(sqs, "crmsync-backfill"), [100.0]
    recent = RecentDepths(sqs, "crmsync", ticks=lambda: ticks[0])
    seen = [recent.depths()]
    sqs.send_message(QueueUrl=url, MessageBody="x")
    for later in (KEPT - 0.1, 0.1):
        ticks[0] += later
        seen.append(recent.depths())

    none, one = {"BackfillQueue": Depth()}, {"BackfillQueue": Depth(ready=1)}
    assert seen == [none, none, one]
