"""A stack as it is after months of a busy connection: many links, many parked records, a comparison
for every night, and a long log of conflicts.

Law: it is stored by the product's own gateways, in the form that the functions read. Of links and
parked records a few are, and the others are copies of them.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from crmsync.gateways.dynamodb.comparisons import ComparisonTable
from crmsync.gateways.dynamodb.conflict_log import ConflictLog
from crmsync.gateways.dynamodb.inbox.inbox import InboxTable
from crmsync.gateways.dynamodb.jobs import JobsTable
from crmsync.model.conflicts import LoggedConflict
from crmsync.model.crm_names import HUBSPOT_CONTACT, LEAD
from crmsync.model.decisions import Decision, DecisionType
from crmsync.model.effects import Category, Report
from crmsync.model.fields import Update
from crmsync.model.moments import from_epoch_ms
from crmsync.model.operations.comparison import (
    KEPT,
    Comparison,
    Discrepancy,
    ObjectComparison,
    Standing,
)
from crmsync.model.operations.jobs import Job, JobState, JobType
from crmsync.model.records import Kind, Ref, Side
from crmsync.rules.backfill.objects import BACKFILL_OBJECTS
from local.bench.contacts import Contacts
from local.bench.scale.by_contacts import copy_links
from local.stack import Stack

CONNECTION = "acme"
STATE = "crmsync-state"

_PARKED = 70
"""Records that are parked; the others are copies."""

_A_BATCH = 50
"""Conflicts that one batch decides."""

_BRAKED = 10
"""Every so many-th error is a record that a brake holds back."""


@dataclass(frozen=True, slots=True)
class Amount:
    """How much is stored.

    Attributes:
        links: Links.
        errors: Parked records.
        nights: Comparisons that are over, one for a night.
        conflicts: Conflicts in their log.
    """

    links: int = 100_000
    errors: int = 5_000
    nights: int = 90
    conflicts: int = 5_000


def fill(stack: Stack, amount: Amount) -> str:
    """Store so much; return the id of a contact that is in sync with a lead."""
    contacts = Contacts(stack, 2)
    copy_links(stack, amount.links - len(contacts.ids))
    client, now = stack.cloud.aws.client("dynamodb"), from_epoch_ms(stack.clock.now_ms())
    inbox = InboxTable(client, STATE, now=lambda: now, ticks=time.monotonic)
    inbox.park(CONNECTION, list(_reports(_PARKED)))
    _copy_errors(stack, amount.errors - _PARKED)
    jobs, results = JobsTable(client, STATE), ComparisonTable(client, STATE)
    for night in range(amount.nights, 0, -1):
        job = _comparison(now - timedelta(days=night))
        jobs.save(job)
        results.save(CONNECTION, job.comparison.objects if job.comparison else ())
    log = ConflictLog(client, STATE, new_id=lambda: uuid4().hex[:8])
    conflicts = list(_conflicts(amount.conflicts))
    for start in range(0, len(conflicts), _A_BATCH):
        at = now - timedelta(minutes=amount.conflicts - start)
        log.add(CONNECTION, conflicts[start : start + _A_BATCH], at)
    return contacts.ids[0]


def _reports(number: int) -> Iterator[Report]:
    for one in range(number):
        ref = _contact(one)
        if one % _BRAKED:
            yield Report(
                ref,
                Category.VALIDATION,
                "Salesforce refuses the value: bad value for restricted picklist field.",
                fieldname=f"Field_{one % 7}__c",
                hint="Add the value to the picklist in Salesforce, or correct it in HubSpot.",
                because=("ERR-1",),
                code="INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            )
        else:
            yield Report(
                ref,
                Category.BRAKE,
                "More records would change in an hour than the settings allow.",
                because=("Q-30",),
                code="CHANGES_OVER_LIMIT",
            )


def _copy_errors(stack: Stack, number: int) -> None:
    """Add so many parked records: copies of those that there are, under ids of their own."""
    key = {":pk": {"S": f"inbox#{CONNECTION}"}}
    rows = stack.cloud.aws.client("dynamodb").query(
        TableName=STATE, KeyConditionExpression="pk = :pk", ExpressionAttributeValues=key
    )["Items"]
    copies = (
        {**rows[one % len(rows)], "sk": {"S": str(_contact(_PARKED + one))}}
        for one in range(number)
    )
    stack.cloud.aws.tables.fill(STATE, copies)


def _contact(number: int) -> Ref:
    return Ref(Side.HUBSPOT, HUBSPOT_CONTACT, str(2 * 10**9 + number))


def _comparison(at: datetime) -> Job:
    """A comparison of all objects that has found as much as is kept."""
    objects = tuple(
        ObjectComparison(
            one.side,
            one.object,
            {Standing.IN_STEP: 100_000, Standing.DIFFERENT: KEPT},
            tuple(
                Discrepancy(
                    Ref(one.side, one.object, str(3 * 10**9 + number)),
                    Standing.DIFFERENT,
                    "would write phone, jobtitle (MAP-1)",
                )
                for number in range(KEPT)
            ),
            at=at,
            since=at,
        )
        for one in BACKFILL_OBJECTS
    )
    steps = tuple(one.step() for one in BACKFILL_OBJECTS)
    return Job(
        CONNECTION,
        uuid4().hex[:8],
        JobType.VERIFY,
        steps,
        at,
        at + timedelta(minutes=20),
        JobState.DONE,
        at=len(steps),
        queued=200_000,
        comparison=Comparison(objects=objects),
    )


def _conflicts(number: int) -> Iterator[LoggedConflict]:
    for one in range(number):
        yield LoggedConflict(
            Kind.CONTACT,
            Ref(Side.HUBSPOT, HUBSPOT_CONTACT, str(10**9 + one)),
            Ref(Side.SALESFORCE, LEAD, f"{one:018}"),
            Decision(
                DecisionType.CONFLICT, Side.HUBSPOT, "phone", "MAP-1", Update.PREFER_SALESFORCE
            ),
        )
