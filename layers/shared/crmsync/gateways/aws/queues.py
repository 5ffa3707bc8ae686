"""Queues: how many messages wait in them, and the messages that make jobs continue."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from crmsync.errors import Refused
from crmsync.gateways.aws.bus import LONGEST_DELAY
from crmsync.gateways.aws.errors import aws_error
from crmsync.model.operations.jobs import JobMessage
from crmsync.model.records import Kind
from crmsync.rules.backfill.pacing import Depth
from crmsync.wire.job_messages import dump_job

THREADS = 8
"""Queues that are asked at the same time."""

KEPT = 15.0
"""Seconds for which pages show the same depths."""

_COUNTS = {
    "ready": "ApproximateNumberOfMessages",
    "hidden": "ApproximateNumberOfMessagesNotVisible",
    "delayed": "ApproximateNumberOfMessagesDelayed",
}


class QueueBacklog:
    """Implements `Backlog` on SQS, whose counts lag a little."""

    def __init__(self, sqs: Any, queues: Mapping[Kind, str]) -> None:
        """Use the boto3 client `sqs`; `queues` has the queue URL of each kind."""
        self._sqs = sqs
        self._queues = queues

    def depth(self, kind: Kind) -> Depth:
        """How many messages wait for the kind. Raises `TryAgain`, and `Refused` if the deployment
        has no queue for it.
        """
        if kind not in self._queues:
            raise Refused(
                f"This deployment has no queue for changes of the kind {kind}.", code="QUEUE"
            )
        try:
            answer = self._sqs.get_queue_attributes(
                QueueUrl=self._queues[kind], AttributeNames=list(_COUNTS.values())
            )
        except (BotoCoreError, ClientError) as problem:
            raise aws_error(problem, "The queue") from None
        return _depth(answer)


class QueueDepths:
    """Implements `QueueMonitor` on SQS."""

    def __init__(self, sqs: Any, stack: str) -> None:
        """Use the boto3 client `sqs` and the queues of the stack of that name."""
        self._sqs = sqs
        self._stack = stack

    def depths(self) -> Mapping[str, Depth]:
        """The messages in each queue, by its name in the template. Raises `TryAgain`."""
        try:
            urls = queue_urls(self._sqs, self._stack)
            with ThreadPoolExecutor(THREADS) as pool:
                return dict(zip(urls, pool.map(self._depth, urls.values()), strict=True))
        except (BotoCoreError, ClientError) as problem:
            raise aws_error(problem, "The queue") from None

    def _depth(self, url: str) -> Depth:
        return _depth(
            self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(_COUNTS.values()))
        )


class RecentDepths(QueueDepths):
    """Implements `QueueMonitor` for pages, of which people open one after the other: each queue is
    a call, and is asked at most once in `KEPT` seconds. SQS's own counts lag a little, too.
    """

    def __init__(self, sqs: Any, stack: str, *, ticks: Callable[[], float]) -> None:
        """As `QueueDepths`; `ticks` gives seconds on a clock that does not go back."""
        super().__init__(sqs, stack)
        self._ticks = ticks
        self._read: tuple[float, Mapping[str, Depth]] | None = None

    def depths(self) -> Mapping[str, Depth]:
        """As they were a few seconds ago. Raises `TryAgain`."""
        if self._read is None or self._ticks() - self._read[0] >= KEPT:
            self._read = (self._ticks(), super().depths())
        return self._read[1]


def queue_urls(sqs: Any, stack: str) -> Mapping[str, str]:
    """Queue name in the template -> URL, for the queues of a stack; they are found by the names
    that CloudFormation gives them.
    """
    pattern = re.compile(rf"{re.escape(stack)}-(\w+Queue|\w+DeadLetters|backfill)(?:-\w+)?")
    pages = sqs.get_paginator("list_queues").paginate(QueueNamePrefix=f"{stack}-")
    urls = (url for page in pages for url in page.get("QueueUrls") or ())
    found = {url: pattern.fullmatch(url.rpartition("/")[2]) for url in sorted(urls)}
    return {
        "BackfillQueue" if match[1] == "backfill" else match[1]: url
        for url, match in found.items()
        if match
    }


class JobMessageQueue:
    """Implements `JobMessages` on SQS."""

    def __init__(self, sqs: Any, url: Callable[[], str]) -> None:
        """Use the boto3 client `sqs`; `url` gives the queue's URL when it is needed."""
        self._sqs = sqs
        self._url = url

    def send(self, job_message: JobMessage, *, after: int = 0) -> None:
        """Make a job continue after so many seconds. Raises `TryAgain`."""
        delay = min(max(after, 0), LONGEST_DELAY)
        try:
            self._sqs.send_message(
                QueueUrl=self._url(), MessageBody=dump_job(job_message), DelaySeconds=delay
            )
        except (BotoCoreError, ClientError) as problem:
            raise aws_error(problem, "The queue of the backfills") from None


def _depth(answer: Mapping[str, Any]) -> Depth:
    return Depth(**{name: int(answer["Attributes"][count]) for name, count in _COUNTS.items()})


def url_of(sqs: Any, name: str) -> str:
    """The URL of the queue of that name. Raises `TryAgain`; its code shows whether the queue does
    not exist.
    """
    try:
        return str(sqs.get_queue_url(QueueName=name)["QueueUrl"])
    except (BotoCoreError, ClientError) as problem:
        raise aws_error(problem, "The queue of the backfills") from None
