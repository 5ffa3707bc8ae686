"""What the limits on changes hold back, by object and cause, and what becomes of it (Q-30)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from urllib.parse import urlencode

from crmsync.console.answers import Done, HtmlPage, Notice, Question
from crmsync.console.parts import ListPart, list_part, number_in
from crmsync.console.reports import Reports
from crmsync.console.wording import ago, number_of_records
from crmsync.flows.operator.over_limit import OverLimitRecord
from crmsync.model.operations.jobs import JobType
from crmsync.rules.refusals.table import hint_of, refusal_of
from crmsync.wire.pages import PageRequest

PATH = "/brakes"
RECORDS = "/brakes/records"
DECIDE = "/brakes/decide"

_CHOICES = ("connection", "object", "code", "id")
_DELETIONS = "DELETIONS_OVER_LIMIT"
_DECISIONS: Mapping[str, JobType] = MappingProxyType(
    {"release": JobType.RELEASE, "drop": JobType.DROP}
)
_EFFECTS: Mapping[tuple[JobType, bool], str] = MappingProxyType(
    {
        (JobType.RELEASE, False): "What is held back crosses now, as both sides show it then.",
        (JobType.RELEASE, True): "They are deleted in HubSpot now.",
        (JobType.DROP, False): (
            "Both sides stay as they are, and stay different in these fields until somebody edits "
            "one of them."
        ),
        (JobType.DROP, True): "They stay in HubSpot, without a counterpart in Salesforce.",
    }
)
"""What a decision does, for changes and for deletions."""

_TOLD: Mapping[str, str] = MappingProxyType(
    {
        "release": "Released: {}. Each leaves the list once it is written.",
        "drop": "Dropped: {}. Each leaves the list within a minute or so.",
    }
)
_NOTHING = Notice("Nothing of this is held back any more.", "The page of the brakes lists what is.")


@dataclass(frozen=True, slots=True)
class Held:
    """The records of an object that one limit holds back.

    Attributes:
        connection: The connection.
        name: Such as "HubSpot contact".
        code: The code of the limit.
        cause: What it means, a sentence.
        hint: What to find out, and what each decision does.
        records: How many there are.
        since: When the first one was held back (UTC).
        ago: How long ago that is.
        to: The address of its records.
        release: The address of the page that asks before they are released.
        drop: The address of the page that asks before they are dropped.
    """

    connection: str
    name: str
    code: str
    cause: str
    hint: str
    records: int
    since: datetime
    ago: str
    to: str
    release: str
    drop: str


@dataclass(frozen=True, slots=True)
class HeldRecord:
    """A record that a limit holds back.

    Attributes:
        record: Side, object and id.
        fields: The fields that are held back; "" for all of it.
        text: What would happen to it.
        since: When it was held back (UTC).
        release: As in `Held`, for this record.
        drop: As in `Held`, for this record.
    """

    record: str
    fields: str
    text: str
    since: datetime
    release: str
    drop: str


@dataclass(frozen=True, slots=True)
class HeldRecords:
    """What the page of the records shows.

    Attributes:
        part: This part of the records.
        release: As in `Held`.
        drop: As in `Held`.
    """

    part: ListPart[HeldRecord]
    release: str
    drop: str


@dataclass(frozen=True, slots=True)
class Brakes:
    """What the page shows.

    Attributes:
        groups: What is held back, by connection, object and limit; the oldest first.
        records: How many records there are.
        told: What a button has done, a sentence; "" if none was pressed.
    """

    groups: tuple[Held, ...]
    records: int
    told: str


def show(reports: Reports, request: PageRequest) -> HtmlPage:
    """The page. Raises `SyncError`."""
    now = reports.over_limit.decisions.now()
    rows = reports.over_limit.held()
    return HtmlPage("brakes", "Brakes", brakes(rows, now, _told(request.query)))


def show_records(reports: Reports, request: PageRequest) -> HtmlPage:
    """The chosen records, fifty at a time. Raises `SyncError`."""
    which = _which(request.query)
    view = records(_chosen(reports, which), which, number_in(request.query.get("page")))
    return HtmlPage("held_records", "Records that are held back", view)


def ask(reports: Reports, request: PageRequest) -> HtmlPage:
    """Ask before the chosen records are released or dropped. Raises `SyncError`."""
    decision, which = request.query.get("decision", ""), _which(request.query)
    rows = _chosen(reports, which)
    if decision not in _DECISIONS or not rows:
        return HtmlPage("notice", "Nothing to decide", _NOTHING, 404)
    what = f"{decision.capitalize()} {number_of_records(len(rows))}"
    effects = {_EFFECTS[_DECISIONS[decision], row.report.code == _DELETIONS] for row in rows}
    question = Question(
        f"{what}?",
        (*_counts(rows), *sorted(effects)),
        DECIDE,
        {"decision": decision, **which},
        what,
        PATH,
    )
    return HtmlPage("question", "Release" if decision == "release" else "Drop", question)


def decide(reports: Reports, request: PageRequest) -> Done:
    """Release or drop the chosen records. Raises `SyncError`."""
    decision = request.field("decision")
    which = _which({name: values[0] for name, values in request.form.items()})
    rows = _chosen(reports, which) if decision in _DECISIONS else []
    if rows:
        reports.over_limit.decide(rows, _DECISIONS[decision])
    told = {decision: len(rows)} if rows else {}
    facts = {**which, "decision": decision, "records": len(rows)}
    return Done(f"{PATH}?{urlencode(told)}" if told else PATH, facts)


def brakes(rows: Sequence[OverLimitRecord], now: datetime, told: str = "") -> Brakes:
    """What the page shows of these records at this time (UTC)."""
    groups: dict[tuple[str, str, str, str], list[OverLimitRecord]] = {}
    for row in rows:
        ref = row.report.ref
        key = (row.connection, ref.side.label, ref.object, row.report.code)
        groups.setdefault(key, []).append(row)
    found = (_group(*key, mine, now) for key, mine in groups.items())
    return Brakes(tuple(sorted(found, key=lambda one: one.since)), len(rows), told)


def records(rows: Sequence[OverLimitRecord], which: Mapping[str, str], page: int) -> HeldRecords:
    """What the page of the records shows: part `page` of them, from 1."""
    return HeldRecords(
        list_part(rows, page, _row, RECORDS, which),
        _asking("release", which),
        _asking("drop", which),
    )


def _group(
    connection: str, crm: str, name: str, code: str, rows: Sequence[OverLimitRecord], now: datetime
) -> Held:
    known, since = refusal_of(code), min(row.since for row in rows)
    which = {"connection": connection, "object": name, "code": code}
    return Held(
        connection,
        f"{crm} {name}",
        code,
        known.cause if known else rows[0].report.text,
        hint_of(code),
        len(rows),
        since,
        ago(since, now),
        f"{RECORDS}?{urlencode(which)}",
        _asking("release", which),
        _asking("drop", which),
    )


def _row(row: OverLimitRecord) -> HeldRecord:
    ref = row.report.ref
    which = {"connection": row.connection, "object": ref.object, "id": ref.id}
    return HeldRecord(
        str(ref),
        row.report.fieldname,
        row.report.text,
        row.since,
        _asking("release", which),
        _asking("drop", which),
    )


def _asking(decision: str, which: Mapping[str, str]) -> str:
    """The address of the page that asks."""
    return f"{DECIDE}?{urlencode({'decision': decision, **which})}"


def _which(given: Mapping[str, str]) -> dict[str, str]:
    """What of a query or a form chooses records; what is missing stands for any."""
    return {name: given[name] for name in _CHOICES if name in given}


def _chosen(reports: Reports, which: Mapping[str, str]) -> list[OverLimitRecord]:
    return [row for row in reports.over_limit.held() if _is_chosen(row, which)]


def _is_chosen(row: OverLimitRecord, which: Mapping[str, str]) -> bool:
    ref = row.report.ref
    own = {
        "connection": row.connection,
        "object": ref.object,
        "code": row.report.code,
        "id": ref.id,
    }
    return all(own[name] == value for name, value in which.items())


def _counts(rows: Sequence[OverLimitRecord]) -> list[str]:
    """How many there are of each connection, object and cause, a sentence each."""
    found: dict[str, int] = {}
    for row in rows:
        ref = row.report.ref
        name = f"{row.connection}: {ref.side.label} {ref.object}, {row.report.code}"
        found[name] = found.get(name, 0) + 1
    return [f"{name}: {number_of_records(count)}." for name, count in sorted(found.items())]


def _told(query: Mapping[str, str]) -> str:
    """What the button did that led here."""
    for decision, sentence in _TOLD.items():
        count = query.get(decision, "")
        if count.isascii() and count.isdigit():
            return sentence.format(number_of_records(int(count)))
    return ""
