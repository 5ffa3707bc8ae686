"""The first page: what needs attention, and the state of each connection and queue."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from crmsync.console.answers import HtmlPage
from crmsync.console.charts import Chart
from crmsync.console.pages import brakes, completeness, jobs
from crmsync.console.pages.overview_charts import (
    calls_chart,
    changes_chart,
    hours_at_work,
    lag_chart,
)
from crmsync.console.reports import Reports
from crmsync.console.wording import ago
from crmsync.flows.operator.health.campaigns import CampaignStatus
from crmsync.flows.operator.health.status import ConnectionStatus, Status, is_dead
from crmsync.flows.operator.health.throughput import Throughput
from crmsync.model.effects import Category
from crmsync.model.operations.calls import CallClass
from crmsync.model.operations.jobs import Job
from crmsync.model.records import Side
from crmsync.rules.timing.call_outlook import outlook
from crmsync.rules.timing.call_state import CallState
from crmsync.wire.pages import PageRequest

_WAITING = frozenset({Category.WAITING, Category.HELD})
"""What goes on by itself: it waits for another record, or for the end of a hold."""

_PAGE_OF: Mapping[str, str] = MappingProxyType(
    {
        "crmsync errors list": "/errors",
        "crmsync brakes list": brakes.PATH,
        "crmsync jobs list": jobs.PATH,
        "crmsync verify": completeness.PATH,
    }
)
"""The pages that show what a command shows, by the command as findings name it."""

_COMMAND = re.compile(f"({'|'.join(map(re.escape, _PAGE_OF))})")


@dataclass(frozen=True, slots=True)
class Words:
    """Words of a sentence.

    Attributes:
        text: The words themselves.
        to: The page that shows what the command in it shows; "" for other words.
    """

    text: str
    to: str


@dataclass(frozen=True, slots=True)
class ObjectCounts:
    """The records of an object that do not sync now.

    Attributes:
        name: Such as "HubSpot contact".
        waiting: They go on by themselves: they wait for something, such as an address, or for the
            end of a hold.
        parked: They have an error.
        braked: A brake holds them back.
    """

    name: str
    waiting: int
    parked: int
    braked: int


@dataclass(frozen=True, slots=True)
class CallsRow:
    """The calls to one CRM in the last 24 hours.

    Attributes:
        crm: Its name.
        by_class: crmsync's calls by what they were for.
        own: All of them.
        allotment: The most of them; 0 for no such limit.
        all_used: Those of all clients, as last reported; None if unknown.
        all_allowed: How many the CRM allows; None if unknown.
        percent: How much is used, of the tighter limit.
        holds: What waits for calls, a sentence each.
        chart: The calls by hour.
        outlook: What becomes of them; "" if they are used up.
    """

    crm: str
    by_class: Mapping[str, int]
    own: int
    allotment: int
    all_used: int | None
    all_allowed: int | None
    percent: int
    holds: tuple[str, ...]
    chart: Chart
    outlook: str


@dataclass(frozen=True, slots=True)
class SweepRow:
    """How far a sweep is.

    Attributes:
        name: What it reads.
        newest: How old the newest change is that it has passed on.
    """

    name: str
    newest: str


@dataclass(frozen=True, slots=True)
class JobRow:
    """A job.

    Attributes:
        id: Its id.
        what: What it does.
        state: Its state.
        done: Records that are done.
        total: Records in all, approximately.
        trouble: Why it does not go on; "" if it does.
    """

    id: str
    what: str
    state: str
    done: int
    total: int
    trouble: str


@dataclass(frozen=True, slots=True)
class CampaignRow:
    """How far the members of a list are members of a campaign.

    Attributes:
        campaign: The campaign's id, or what stands for all of them.
        list: The list's id, or "-".
        members: Contacts of the list that have become members.
        waiting: Contacts of the list that have not.
        leaving: Contacts that left the list, which the campaign does not show yet.
        refused: Rows that Salesforce has refused.
        read: When the list was read last.
        trouble: The code of what stops the campaign; "" for nothing.
    """

    campaign: str
    list: str
    members: int
    waiting: int
    leaving: int
    refused: int
    read: str
    trouble: str


@dataclass(frozen=True, slots=True)
class ConnectionView:
    """What the page shows of a connection.

    Attributes:
        name: Its name.
        on: What is switched on.
        off: What is switched off.
        looked: When a sweep of each side last succeeded.
        objects: The records that do not sync now, by object.
        throughput: How many changes there were in each hour, and how long they took; none if that
            cannot be read.
        calls: The calls to each side.
        sweeps: How far each sweep is.
        imported: What has been imported, and when.
        jobs: The jobs that are not over.
        campaigns: The campaigns whose members follow lists.
    """

    name: str
    on: tuple[str, ...]
    off: tuple[str, ...]
    looked: tuple[tuple[str, str], ...]
    objects: tuple[ObjectCounts, ...]
    throughput: tuple[Chart, ...]
    calls: tuple[CallsRow, ...]
    sweeps: tuple[SweepRow, ...]
    imported: tuple[tuple[str, datetime], ...]
    jobs: tuple[JobRow, ...]
    campaigns: tuple[CampaignRow, ...] = ()


@dataclass(frozen=True, slots=True)
class QueueRow:
    """A queue.

    Attributes:
        name: Its name in the template.
        ready: Messages that wait.
        hidden: Messages in progress.
        delayed: Messages that are put off.
        is_dead: It is a queue of dead letters, and has some.
    """

    name: str
    ready: int
    hidden: int
    delayed: int
    is_dead: bool


@dataclass(frozen=True, slots=True)
class Overview:
    """What the page shows.

    Attributes:
        findings: What needs attention, a sentence each, as ``crmsync status`` says it.
        connections: The state of each connection.
        queues: The queues.
        trouble: Why no throughput can be shown, and what to do; "" if it is shown.
        version: The version of the settings in force.
        at: When all this was read (UTC).
    """

    findings: tuple[tuple[Words, ...], ...]
    connections: tuple[ConnectionView, ...]
    queues: tuple[QueueRow, ...]
    trouble: str
    version: int
    at: datetime


def show(reports: Reports, _request: PageRequest) -> HtmlPage:
    """The page. Raises `SyncError`."""
    status = reports.health.status()
    throughput = reports.throughput.last_day([one.name for one in status.connections], status.at)
    return HtmlPage("overview", "Overview", overview(status, throughput))


def overview(status: Status, throughput: Throughput) -> Overview:
    """What the page shows of a state and of the changes of the last day."""
    return Overview(
        tuple(map(_parts, status.findings)),
        tuple(_connection(one, throughput, status.at) for one in status.connections),
        tuple(
            QueueRow(name, depth.ready, depth.hidden, depth.delayed, is_dead(name, depth))
            for name, depth in sorted(status.queues.items())
        ),
        throughput.trouble,
        status.version,
        status.at,
    )


def _parts(finding: str) -> tuple[Words, ...]:
    return tuple(Words(one, _PAGE_OF.get(one, "")) for one in _COMMAND.split(finding) if one)


def _connection(one: ConnectionStatus, throughput: Throughput, now: datetime) -> ConnectionView:
    return ConnectionView(
        one.name,
        on=tuple(name for name, is_on in one.concerns.items() if is_on),
        off=tuple(name for name, is_on in one.concerns.items() if not is_on),
        looked=tuple((side.label, ago(at, now)) for side, at in one.looked.items()),
        objects=tuple(_objects(one)),
        throughput=tuple(_hourly_charts(one, throughput, now)),
        calls=tuple(_calls(side, own, now) for side, own in one.own_calls.items()),
        sweeps=tuple(SweepRow(name, ago(at, now)) for name, at in one.newest.items()),
        imported=tuple((name, at) for name, at in one.imported.items() if at),
        jobs=tuple(_progress(job) for job in one.open_jobs),
        campaigns=tuple(_campaign(campaign, now) for campaign in one.campaigns),
    )


def _objects(one: ConnectionStatus) -> Iterator[ObjectCounts]:
    """In the order of their names, those of HubSpot first."""
    for side, name in sorted({(side, name) for side, name, _ in one.reports}):
        counts = {category: n for (*of, category), n in one.reports.items() if of == [side, name]}
        braked = counts.get(Category.BRAKE, 0)
        waiting = sum(counts.get(category, 0) for category in _WAITING)
        parked = sum(counts.values()) - braked - waiting
        yield ObjectCounts(f"{side.label} {name}", waiting, parked, braked)


def _hourly_charts(one: ConnectionStatus, throughput: Throughput, now: datetime) -> Iterator[Chart]:
    if not throughput.trouble:
        found, at_work = throughput.hours.get(one.name, {}), hours_at_work(one.own_calls.values())
        yield changes_chart(found, at_work, now)
        yield lag_chart(found, at_work, now)


def _calls(side: Side, own: CallState, now: datetime) -> CallsRow:
    holds = tuple(
        f"{one}: {hold.text} Until {hold.until:%Y-%m-%d %H:%M} UTC."
        for one, hold in own.holds.items()
    )
    return CallsRow(
        side.label,
        {str(one): own.own.get(one, 0) for one in CallClass},
        sum(own.own.values()),
        own.allotment,
        own.day.used if own.day else None,
        own.day.allowed if own.day else None,
        own.percent,
        holds,
        calls_chart(side.label, own, now),
        outlook(side, own, now),
    )


def _campaign(one: CampaignStatus, now: datetime) -> CampaignRow:
    return CampaignRow(
        one.campaign or "shown in HubSpot",
        one.list or "-",
        one.members,
        one.waiting,
        one.leaving,
        one.refused,
        ago(one.read_at, now),
        one.trouble.code if one.trouble else "",
    )


def _progress(job: Job) -> JobRow:
    return JobRow(job.id, str(job.type), str(job.state), job.done, job.total, job.trouble)
