"""A record that cannot be written is parked under the CRM's own code."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crmsync.errors import Conflict, Gone, Refused, SyncError, TryAgain
from crmsync.model.changes import Cause
from crmsync.model.effects import Category
from crmsync.rules.refusals.table import UNKNOWN
from crmsync.rules.timing.outages import TRIES
from tests.memory.world import MemoryWorld


@pytest.mark.rule("ERR-1")
@pytest.mark.parametrize(
    ("error", "category", "hint"),
    [
        (Refused("No.", code="BRAND_NEW_RULE"), Category.VALIDATION, UNKNOWN.hint),
        (Refused("No.", code="NO_ACCESS_AT_ALL", hint="Ask."), Category.PERMISSIONS, "Ask."),
        (
            TryAgain("Locked.", code="ENTITY_IS_LOCKED"),
            Category.UNAVAILABLE,
            "Finish or recall the approval in Salesforce.",
        ),
        (Gone("Not there.", code="MALFORMED_ID"), Category.UNAVAILABLE, ""),
        (Conflict("Taken.", code="A_NEW_CONFLICT"), Category.UNAVAILABLE, ""),
    ],
    ids=["unknown", "unknown right", "locked", "gone", "conflict"],
)
def test_the_last_try_is_reported_under_the_crms_code(
    error: SyncError, category: Category, hint: str
) -> None:
    """Known or not, the code is kept; where the error has no hint, the table's is shown."""
    world = MemoryWorld()
    contact = world.new_contact()
    world.salesforce.refuse = lambda _fields: error

    world.deliver([replace(world.change(contact, Cause.AGAIN), tries=TRIES)])

    (report,) = world.inbox.parked("acme")
    assert (report.code, report.category, report.hint) == (error.code, category, hint)


def test_a_record_that_is_tried_twice_in_one_sync_counts_once() -> None:
    """It is reported before it is tried without the refused field, and again when that fails."""
    world = MemoryWorld()
    contact = world.new_contact(phone="0300")
    error = Refused("No.", code="FIELD_CUSTOM_VALIDATION_EXCEPTION", fieldname="Phone")
    world.salesforce.refuse = lambda _fields: error
    attempts = []
    for _ in range(2):
        world.sync(contact)
        attempts.append([entry.attempts for entry in world.inbox.entries("acme")])

    assert attempts == [[1], [2]]
