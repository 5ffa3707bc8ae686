"""The peak memory of the contact function's process after 1,000, 10,000 and 100,000 records.

Law: one process that starts afresh for the first thousand. Changes of `CONTACTS` linked contacts
wait in the queue at once, both sides are read and every pair is planned; the queue is filled again
until the number is reached. So the figures show whether a process keeps what it has worked through.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from crmsync.model.changes import Cause, Change
from crmsync.model.crm_names import HUBSPOT_CONTACT
from crmsync.model.records import Kind, Ref, Side
from local.bench.contacts import CONTACTS_ONLY, WORLD, Contacts
from local.bench.figures import Figure, figure
from local.stack import Stack

CONTACTS = 2_000
RECORDS = (1_000, 10_000, 100_000)
FUNCTION = "contact_sync"
FLAT = 1.1
"""Memory counts as flat up to this multiple of that after the first thousand records."""


def measure() -> Sequence[Figure]:
    """Return the memory after each number of records. Raises `BenchError`."""
    peaks: list[float] = []
    with Stack(CONTACTS_ONLY, WORLD) as stack:
        contacts = Contacts(stack, CONTACTS)
        contacts.rest()
        stack.cloud.lambdas.close()  # the next call starts a process
        synced = 0
        for records in RECORDS:
            while synced < records:
                ids = contacts.ids[: records - synced]
                contacts.queue(_changes(stack, ids))
                contacts.settle()
                synced += len(ids)
            peaks.append(stack.cloud.lambdas.memory_mib()[FUNCTION])
    first, *rest = zip(RECORDS, peaks, strict=True)
    flat = f"<= {first[1] * FLAT:.1f}"
    return [
        figure(f"memory_mib_{first[0]}", first[1], 1),
        *(figure(f"memory_mib_{records}", peak, 1, limit=flat) for records, peak in rest),
    ]


def _changes(stack: Stack, ids: Sequence[str]) -> list[Change]:
    at = datetime.fromtimestamp(stack.clock.now_ms() / 1000, UTC)
    return [
        Change("acme", Kind.CONTACT, Ref(Side.HUBSPOT, HUBSPOT_CONTACT, one), Cause.EDITED, at)
        for one in ids
    ]
