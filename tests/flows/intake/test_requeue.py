"""Deferred deletions are synced again with each sweep, so that they are done once their time is
over.
"""

from dataclasses import replace

import pytest

from crmsync.flows.intake.requeue import queue_deferred
from crmsync.model.changes import Cause, Change
from crmsync.model.effects import Category, Report
from crmsync.model.records import Kind, Ref, Side
from crmsync.model.settings import DealSettings
from tests.builders import NOON, a_connection
from tests.memory import MemoryInbox, MemoryOutbox

DEAL = Ref(Side.HUBSPOT, "deal", "71")
OPPORTUNITY = Ref(Side.SALESFORCE, "Opportunity", "006000000000001AAA")


@pytest.fixture
def inbox() -> MemoryInbox:
    """Two deferred deletions and two other reports."""
    inbox = MemoryInbox()
    held = [Report(ref, Category.HELD, "waits until it is deleted") for ref in (DEAL, OPPORTUNITY)]
    others = [
        Report(Ref(Side.HUBSPOT, "deal", "72"), Category.BRAKE, "was one too many"),
        Report(Ref(Side.HUBSPOT, "contact", "81"), Category.WAITING, "waits"),
    ]
    inbox.park("acme", [*held, *others])
    return inbox


@pytest.mark.rule("Q-30")
def test_deferred_deletions_are_queued_with_each_sweep(inbox: MemoryInbox) -> None:
    """Deletions of either side are queued, and no other reports."""
    outbox = MemoryOutbox()

    assert queue_deferred(a_connection(), inbox, outbox, NOON) == 2
    assert outbox.published == [
        Change("acme", Kind.OPPORTUNITY, ref, Cause.AGAIN, NOON) for ref in (DEAL, OPPORTUNITY)
    ]


def test_deletions_of_what_no_longer_syncs_are_not_queued(inbox: MemoryInbox) -> None:
    """With deal sync off nothing is queued, and without deferred deletions nothing is published."""
    outbox = MemoryOutbox()

    assert (
        queue_deferred(replace(a_connection(), deals=DealSettings(sync=False)), inbox, outbox, NOON)
        == 0
    )
    assert queue_deferred(a_connection(), MemoryInbox(), outbox, NOON) == 0
    assert outbox.published == []
