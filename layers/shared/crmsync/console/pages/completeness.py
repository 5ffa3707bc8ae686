"""How complete the sync is: counts and findings of the last comparison, and the start of another
(CH-31).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from crmsync.console.answers import Done, HtmlPage, Question
from crmsync.console.reports import Reports
from crmsync.console.wording import ago, number_of_records
from crmsync.flows.comparison.start import start_comparisons
from crmsync.flows.operator.health.comparisons import Completeness, last_comparison
from crmsync.model.operations.comparison import ObjectComparison, Standing
from crmsync.wire.pages import PageRequest

PATH = "/completeness"
START = "/completeness/compare"
REPAIR = "/completeness/repair"

_NOT_STARTED = (
    "No comparison was started: one runs already, or nothing of this connection is switched on."
)
_STARTED = "A comparison has been started. Load the page again to see its progress."
_IN_ORDER = "Everything is in step, waits, is parked or is outside."
_NEVER = (
    "Nothing was compared yet. A comparison runs every night; the button starts one now, which "
    "reads every record of both CRMs."
)
_FOUND = (
    "Missing or different: {}. Compare and repair has them synced, as crmsync verify "
    "--repair --apply does."
)
_REPAIR = (
    "Compare all records of {}, and have those synced that are missing or different?",
    (
        "It reads every record of both CRMs once. Then it writes what a resync would write, within "
        "the limits on changes of the settings."
    ),
)


@dataclass(frozen=True, slots=True)
class ObjectRow:
    """The last result for an object.

    Attributes:
        name: Such as "HubSpot contact".
        records: How many records were compared.
        counts: How many of them stand how.
        repaired: How many were queued to be put in step.
        since: Since when each comparison has found something; None if the last one found nothing.
        findings: The first records that are missing or different: id, how it stands, and why.
        unshown: How many more there are.
    """

    name: str
    records: int
    counts: Mapping[str, int]
    repaired: int
    since: datetime | None
    findings: tuple[tuple[str, str, str], ...]
    unshown: int


@dataclass(frozen=True, slots=True)
class RunningComparison:
    """A comparison that is not over.

    Attributes:
        id: The id of its job.
        state: Its state.
        done: How many records were compared so far.
        trouble: Why it does not go on; "" if it does.
    """

    id: str
    state: str
    done: int
    trouble: str


@dataclass(frozen=True, slots=True)
class ConnectionRows:
    """What the page shows of a connection.

    Attributes:
        name: Its name.
        at: When all objects had been compared last (UTC); None if none was.
        ago: How long ago that is.
        rows: The result of each object that was compared.
        not_yet: The objects that were never compared.
        found: How many records are missing or different.
        parked: How many are parked.
        advice: What to do, a sentence.
        running: The comparison that is not over, or None.
        repair: The address of the page that asks before a repair.
    """

    name: str
    at: datetime | None
    ago: str
    rows: tuple[ObjectRow, ...]
    not_yet: tuple[str, ...]
    found: int
    parked: int
    advice: str
    running: RunningComparison | None
    repair: str


@dataclass(frozen=True, slots=True)
class CompletenessView:
    """What the page shows.

    Attributes:
        connections: Each connection.
        standings: How a record may stand, as a column's heading, with what that means.
        told: What a button has done, a sentence; "" if none was pressed.
    """

    connections: tuple[ConnectionRows, ...]
    standings: Mapping[str, tuple[str, str]]
    told: str


STANDINGS: Mapping[str, tuple[str, str]] = {
    Standing.IN_STEP: ("In step", "has a counterpart, and nothing is left to write"),
    Standing.WAITING: ("Waiting", "the sync will come to it by itself"),
    Standing.PARKED: ("Parked", "is in the error inbox"),
    Standing.OUTSIDE: ("Outside", "by the settings or the rules it has no counterpart"),
    Standing.MISSING: ("Missing", "should have a counterpart and has none"),
    Standing.DIFFERENT: ("Different", "does not agree with its counterpart where it should"),
}


def show(reports: Reports, request: PageRequest) -> HtmlPage:
    """The page. Raises `SyncError`."""
    view = completeness(
        reports.completeness.read(), reports.completeness.now(), _told(request.query)
    )
    return HtmlPage("completeness", "Completeness", view)


def ask(_reports: Reports, request: PageRequest) -> HtmlPage:
    """Ask before a repair."""
    name = request.query.get("connection", "")
    question, detail = _REPAIR
    return HtmlPage(
        "question",
        "Compare and repair",
        Question(
            question.format(name or "all connections"),
            (detail,),
            START,
            {"connection": name, "repair": "yes"},
            "Compare and repair",
            PATH,
        ),
    )


def start(reports: Reports, request: PageRequest) -> Done:
    """Start a comparison of a connection, or of each one; with a repair if that was confirmed.

    Raises `SyncError`.
    """
    wanted, repairs = request.field("connection"), request.field("repair") == "yes"
    names = [one.connection for one in reports.completeness.read()]
    chosen = [one for one in names if wanted in {"", one}]
    jobs = start_comparisons(reports.jobs, chosen, repairs=repairs)
    facts = {"connections": [job.connection for job in jobs], "jobs": [job.id for job in jobs]}
    return Done(f"{PATH}?{urlencode({'started': len(jobs)})}", {**facts, "repairs": repairs})


def completeness(found: Sequence[Completeness], now: datetime, told: str = "") -> CompletenessView:
    """What the page shows of these at this time (UTC)."""
    return CompletenessView(tuple(_connection(one, now) for one in found), STANDINGS, told)


def _connection(one: Completeness, now: datetime) -> ConnectionRows:
    at, found = last_comparison(one.results), sum(each.found for each in one.results)
    return ConnectionRows(
        one.connection,
        at,
        ago(at, now),
        tuple(map(_row, one.results)),
        tuple(f"{side.label} {name}" for side, name in one.not_yet),
        found,
        sum(each.counts.get(Standing.PARKED, 0) for each in one.results),
        _advice(at, found),
        RunningComparison(one.open.id, str(one.open.state), one.open.queued, one.open.trouble)
        if one.open
        else None,
        f"{REPAIR}?{urlencode({'connection': one.connection})}",
    )


def _advice(at: datetime | None, found: int) -> str:
    if at is None:
        return _NEVER
    return _FOUND.format(number_of_records(found)) if found else _IN_ORDER


def _row(one: ObjectComparison) -> ObjectRow:
    return ObjectRow(
        f"{one.side.label} {one.object}",
        one.records,
        {str(standing): one.counts.get(standing, 0) for standing in Standing},
        one.repaired,
        one.since,
        tuple((each.ref.id, str(each.standing), each.reason) for each in one.findings),
        max(0, one.found - len(one.findings)),
    )


def _told(query: Mapping[str, str]) -> str:
    """What the button did that led here."""
    if "started" not in query:
        return ""
    return _NOT_STARTED if query["started"] == "0" else _STARTED
