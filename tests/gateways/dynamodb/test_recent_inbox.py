"""The error inbox for pages."""

from __future__ import annotations

from crmsync.gateways.dynamodb.inbox.inbox import InboxTable
from crmsync.gateways.dynamodb.inbox.recent import KEPT, RecentInbox
from crmsync.model.effects import Category, Report
from crmsync.model.records import Ref, Side
from tests.builders import NOON
from tests.contracts.stores.tables import dynamodb


def a_report(number: int) -> Report:
    """A contact that Salesforce refused."""
    return Report(Ref(Side.HUBSPOT, "contact", str(number)), Category.VALIDATION, "A text.")


def test_entries_are_a_few_seconds_old_at_most() -> None:
    """For each connection by itself; reports and entries agree."""
    ticks = [100.0]
    with dynamodb("pk", "sk") as client:
        recent = RecentInbox(client, "Table", now=lambda: NOON, ticks=lambda: ticks[0])
        writer = InboxTable(client, "Table", now=lambda: NOON, ticks=lambda: ticks[0])
        writer.park("acme", [a_report(81)])
        seen = [len(recent.entries("acme")), len(recent.entries("beta"))]
        writer.park("acme", [a_report(82)])
        for later in (KEPT - 0.1, 0.1):
            ticks[0] += later
            seen += [len(recent.entries("acme")), len(recent.parked("acme"))]

    assert seen == [1, 0, 1, 1, 2, 2]
