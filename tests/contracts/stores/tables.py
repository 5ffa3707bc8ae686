"""Our own stores on DynamoDB, in moto, for the contract suite."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from crmsync.gateways.dynamodb.call_usage import CallUsageTable
from crmsync.gateways.dynamodb.change_counts import ChangeCountTable
from crmsync.gateways.dynamodb.contact_roles import RoleTable
from crmsync.gateways.dynamodb.cursors import CursorTable
from crmsync.gateways.dynamodb.inbox.inbox import InboxTable
from crmsync.gateways.dynamodb.jobs import JobsTable
from crmsync.gateways.dynamodb.links.links import LinksTable
from crmsync.gateways.dynamodb.pipeline_maps import PipelineMapTable
from crmsync.gateways.dynamodb.troubles import TroubleTable
from crmsync.gateways.retry import RetryPolicy
from local.stack.dynamodb import statements
from tests import aws

statements.install()

NO_WAIT = RetryPolicy(pause=lambda _seconds: None, jitter=lambda: 0.5)


@contextmanager
def dynamodb(*keys: str) -> Iterator[Any]:
    """A client, and a table called ``Table`` with these keys."""
    with aws.mock_aws():
        client = aws.client("dynamodb")
        client.create_table(
            TableName="Table",
            KeySchema=[
                {"AttributeName": key, "KeyType": kind}
                for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)
            ],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
            BillingMode="PAY_PER_REQUEST",
        )
        yield client


@contextmanager
def links_on_dynamodb() -> Iterator[LinksTable]:
    """An empty link table."""
    with dynamodb("pk") as client:
        yield LinksTable(client, "Table", retry_policy=NO_WAIT)


def an_inbox(client: Any, now: Callable[[], datetime]) -> InboxTable:
    """The error inbox in ``Table``, as in a new Lambda; its second clock does not move."""
    return InboxTable(client, "Table", now=now, ticks=lambda: 0.0, retry_policy=NO_WAIT)


@contextmanager
def cursors_on_dynamodb() -> Iterator[CursorTable]:
    """A table without cursors."""
    with dynamodb("pk", "sk") as client:
        yield CursorTable(client, "Table")


@contextmanager
def change_counts_on_dynamodb() -> Iterator[ChangeCountTable]:
    """A store without counts."""
    with dynamodb("pk", "sk") as client:
        yield ChangeCountTable(client, "Table")


@contextmanager
def jobs_on_dynamodb() -> Iterator[JobsTable]:
    """A table without jobs."""
    with dynamodb("pk", "sk") as client:
        yield JobsTable(client, "Table")


@contextmanager
def pipeline_maps_on_dynamodb() -> Iterator[PipelineMapTable]:
    """A table without maps."""
    with dynamodb("pk", "sk") as client:
        yield PipelineMapTable(client, "Table")


@contextmanager
def roles_on_dynamodb() -> Iterator[RoleTable]:
    """A connection's empty store."""
    with dynamodb("pk", "sk") as client:
        yield RoleTable(client, "Table", "acme", NO_WAIT)


@contextmanager
def troubles_on_dynamodb() -> Iterator[TroubleTable]:
    """An empty store."""
    with dynamodb("pk", "sk") as client:
        yield TroubleTable(client, "Table")


@contextmanager
def call_usage_on_dynamodb() -> Iterator[CallUsageTable]:
    """A table without any usage."""
    with dynamodb("pk", "sk") as client:
        yield CallUsageTable(client, "Table")
