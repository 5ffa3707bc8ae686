"""Our own stores as AWS keeps them, in moto, for the contract suite."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from crmsync.gateways.brake import BrakeTable
from crmsync.gateways.cursors import CursorTable
from crmsync.gateways.inbox import InboxTable
from crmsync.gateways.jobs import JobsTable
from crmsync.gateways.ledger import LedgerTable
from crmsync.gateways.links import LinksTable
from crmsync.gateways.pipeline_maps import PipelineMapTable
from crmsync.gateways.role_memory import RoleTable
from crmsync.gateways.throttle import Patience
from crmsync.gateways.troubles import TroubleTable
from tests import aws

NO_WAIT = Patience(pause=lambda _seconds: None, jitter=lambda: 0.5)


@contextmanager
def dynamodb(*keys: str) -> Iterator[Any]:
    """A client, and a table called ``Table`` with these keys."""
    with aws.mock_aws():
        client = aws.client("dynamodb")
        client.create_table(
            TableName="Table",
            KeySchema=[
                {"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)
            ],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
            BillingMode="PAY_PER_REQUEST",
        )
        yield client


@contextmanager
def links_on_dynamodb() -> Iterator[LinksTable]:
    """An empty link table."""
    with dynamodb("pk") as client:
        yield LinksTable(client, "Table", patience=NO_WAIT)


def an_inbox(client: Any, now: Callable[[], datetime]) -> InboxTable:
    """The error inbox in ``Table``, as a Lambda begins with it; its other clock stands still."""
    return InboxTable(client, "Table", now=now, ticks=lambda: 0.0, patience=NO_WAIT)


@contextmanager
def cursors_on_dynamodb() -> Iterator[CursorTable]:
    """A table without any cursor."""
    with dynamodb("pk", "sk") as client:
        yield CursorTable(client, "Table")


@contextmanager
def brake_on_dynamodb() -> Iterator[BrakeTable]:
    """A brake that nobody has pulled."""
    with dynamodb("pk", "sk") as client:
        yield BrakeTable(client, "Table")


@contextmanager
def jobs_on_dynamodb() -> Iterator[JobsTable]:
    """A table without any job."""
    with dynamodb("pk", "sk") as client:
        yield JobsTable(client, "Table")


@contextmanager
def pipeline_maps_on_dynamodb() -> Iterator[PipelineMapTable]:
    """A table without any map."""
    with dynamodb("pk", "sk") as client:
        yield PipelineMapTable(client, "Table")


@contextmanager
def role_memory_on_dynamodb() -> Iterator[RoleTable]:
    """A connection's empty memory."""
    with dynamodb("pk", "sk") as client:
        yield RoleTable(client, "Table", "acme", NO_WAIT)


@contextmanager
def ledger_on_dynamodb() -> Iterator[LedgerTable]:
    """A ledger in which nothing was ever noted."""
    with dynamodb("pk", "sk") as client:
        yield LedgerTable(client, "Table", NO_WAIT)


@contextmanager
def troubles_on_dynamodb() -> Iterator[TroubleTable]:
    """A list on which nothing stands."""
    with dynamodb("pk", "sk") as client:
        yield TroubleTable(client, "Table")
