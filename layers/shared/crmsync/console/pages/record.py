"""One record: both sides field by field, what was decided about its pair, and buttons that have it
synced or linked anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from crmsync.console.answers import Done, Elsewhere, HtmlPage, Notice
from crmsync.console.pages.records import record_path
from crmsync.console.reports import Reports
from crmsync.errors import Gone, Refused, SyncError
from crmsync.flows.operator.records import RecordReport, parsed_ref
from crmsync.flows.preview.explain import Explained
from crmsync.model.effects import effect_line
from crmsync.model.operations.inbox import InboxEntry
from crmsync.model.records import SIDES, Record, Ref, Side, Value
from crmsync.model.settings import Connection
from crmsync.rules.preview.addresses import address_of
from crmsync.rules.preview.explanation import TOPICS, ChangedSide, FieldLine, FieldOutcome
from crmsync.rules.preview.history import MEANINGS, HistoryLine, decision_text
from crmsync.rules.preview.labels import label_of
from crmsync.wire.pages import PageRequest

PAIR = "the pair"
"""What a decision is about that is about no field."""

_CHANGED = {
    ChangedSide.NOWHERE: "",
    ChangedSide.HUBSPOT: "changed in HubSpot",
    ChangedSide.SALESFORCE: "changed in Salesforce",
    ChangedSide.BOTH: "changed on both sides",
    ChangedSide.NEVER_AGREED: "never agreed on",
}
_TOPICS = {topic: (mine, theirs) for topic, mine, theirs in TOPICS}
_TOLD = {
    "resync": "A resync of this record has begun. Load the page again in half a minute.",
    "relink": (
        "The link is dropped, and a resync finds the counterpart anew. Load the page again in half "
        "a minute."
    ),
    "drop-link": (
        "The link is dropped. The next sync of either record finds its counterpart again: by the "
        "ids that both keep, else by address."
    ),
}
"""What a button has done, by its name."""

_NOT_READ = "The CRMs cannot be read now, so only what is stored is shown."
_NO_RECORD = Notice(
    "This address names no record of an object that syncs.",
    "Search for it under One record.",
)


@dataclass(frozen=True, slots=True)
class ShownSide:
    """A side of the pair.

    Attributes:
        crm: The name of the CRM.
        record: Object and id; "" for none.
        to: The address of the record in the CRM; "" for none.
        state: When it was changed, or that there is none.
    """

    crm: str
    record: str
    to: str
    state: str


@dataclass(frozen=True, slots=True)
class ShownField:
    """A mapped field, or what has a rule of its own, such as the owner.

    Attributes:
        hubspot: The property.
        hubspot_value: Its value.
        salesforce: The field.
        salesforce_value: Its value.
        stands: Which value stands, and what happens.
        changed: Where it has changed since both agreed.
        policy: The update policy.
        rules: The ids of the rules.
        last: The last decision about it, with its time; "" for none that is kept.
    """

    hubspot: str
    hubspot_value: str
    salesforce: str
    salesforce_value: str
    stands: str
    changed: str
    policy: str
    rules: tuple[str, ...]
    last: str


@dataclass(frozen=True, slots=True)
class EventRow:
    """A decision in the timeline.

    Attributes:
        at: When (UTC).
        about: The field on both sides, or the pair.
        decision: What was decided.
        rule: The id of the rule; "" for none.
        note: What else is known.
    """

    at: datetime
    about: str
    decision: str
    rule: str
    note: str


@dataclass(frozen=True, slots=True)
class RecordView:
    """What the page shows.

    Attributes:
        connection: The connection.
        record: Side, object and id, as in a form's field.
        label: What a person recognises the record by; "" if it was not read.
        told: What a button has done; "" if none was pressed.
        unread: Why the CRMs were not read, and what to do; "" if they were.
        standing: Whether it is linked.
        is_linked: Whether there is a link that can be dropped.
        sides: Both sides, HubSpot first.
        fields: The mapped fields with a value.
        blank: The names of the others.
        decisions: What has rules of its own.
        now: What would be done now, a line each; why nothing is done, or what it waits for.
        parked: What is in the error inbox about it.
        events: The timeline, newest first.
        remarks: What is not known or not kept, a sentence each.
        meanings: The rules on this page, in one line each.
        campaigns: How the contact stands with campaigns, a line each.
    """

    connection: str
    record: str
    label: str
    told: str
    unread: str
    standing: str
    is_linked: bool
    sides: tuple[ShownSide, ...]
    fields: tuple[ShownField, ...]
    blank: tuple[str, ...]
    decisions: tuple[ShownField, ...]
    now: tuple[str, ...]
    parked: tuple[str, ...]
    events: tuple[EventRow, ...]
    remarks: tuple[str, ...]
    meanings: tuple[tuple[str, str], ...]
    campaigns: tuple[str, ...] = ()


def show(reports: Reports, request: PageRequest) -> HtmlPage | Elsewhere:
    """The page of a record, or the search if the address names none. Raises `SyncError`."""
    if not request.query.get("record"):
        return Elsewhere("/records")
    ref = parsed_ref(request.query["record"])
    if ref is None:
        return HtmlPage("notice", "No such record", _NO_RECORD, 404)
    report = reports.records.show(ref, request.query.get("connection", ""))
    view = record_view(report, _TOLD.get(request.query.get("done", ""), ""))
    facts = {"connection": view.connection, "record": view.record}
    return HtmlPage("record", "One record", view, facts=facts)


def resync(reports: Reports, request: PageRequest) -> Done:
    """Resync the record (MAP-6). Raises `SyncError`."""
    ref, connection = _named(request)
    reports.records.resync(ref, connection)
    return _done(ref, connection, "resync")


def relink(reports: Reports, request: PageRequest) -> Done:
    """Drop the link of the record and resync it. Raises `SyncError`."""
    ref, connection = _named(request)
    reports.records.relink(ref, connection)
    return _done(ref, connection, "relink")


def drop_link(reports: Reports, request: PageRequest) -> Done:
    """Drop the link of the record. Raises `SyncError`."""
    ref, connection = _named(request)
    reports.records.drop(ref, connection)
    return _done(ref, connection, "drop-link")


def record_view(report: RecordReport, told: str = "") -> RecordView:
    """What the page shows of a record."""
    explained, history = report.explained, report.history
    lines = history.lines if history else ()
    fields = tuple(_field_rows(explained, lines)) if explained else ()
    decisions = tuple(_decision_rows(explained, lines)) if explained else ()
    events = tuple(map(_event, lines))
    rules = [rule for row in (*fields, *decisions) for rule in row.rules]
    rules += [event.rule for event in events]
    link = report.link
    return RecordView(
        report.connection.name,
        str(report.ref),
        _label(explained, report.ref),
        told,
        _unread(report.unread) if report.unread else "",
        explained.standing if explained else f"linked, {link.state}" if link else "no link stored",
        link is not None,
        tuple(_side(report, side) for side in SIDES),
        fields,
        tuple(
            f"{line.hubspot} / {line.salesforce}"
            for line in (explained.fields if explained else ())
            if explained and line not in explained.filled
        ),
        decisions,
        tuple(_now(explained)) if explained else (),
        tuple(map(_parked, explained.parked)) if explained else (),
        events,
        (*(history.remarks if history else ()), about_values(report.connection)),
        tuple((rule, MEANINGS[rule]) for rule in dict.fromkeys(rules) if rule in MEANINGS),
        tuple(one.line for one in explained.campaigns) if explained else (),
    )


def _unread(error: SyncError) -> str:
    text = f"{error.text} {error.hint}".rstrip()
    return text if isinstance(error, Gone) else f"{_NOT_READ} {text}"


def _label(explained: Explained | None, ref: Ref) -> str:
    records = (explained.hubspot, explained.salesforce) if explained else ()
    return next((label_of(one) for one in records if one and one.ref == ref), "")


def _side(report: RecordReport, side: Side) -> ShownSide:
    explained, link = report.explained, report.link
    record = None
    if explained:
        record = explained.hubspot if side is Side.HUBSPOT else explained.salesforce
    ref = _place(report, record, side)
    return ShownSide(
        side.label,
        f"{ref.object} {ref.id}" if ref else "",
        address_of(ref, report.connection) if ref else "",
        _state(record, is_read=explained is not None, is_new=link is not None and ref is None),
    )


def _place(report: RecordReport, record: Record | None, side: Side) -> Ref | None:
    """Where the record of a side is: as it was read, else as its link has it."""
    if record is not None:
        return record.ref
    place = report.link.on(side) if report.link else None
    named = report.ref if report.ref.side is side else None
    return place if isinstance(place, Ref) else named


def _state(record: Record | None, *, is_read: bool, is_new: bool) -> str:
    if record is not None:
        return f"changed {record.modified_at:%Y-%m-%d %H:%M:%S} UTC"
    if is_new:
        return "is about to be made"
    return "shows no record" if is_read else "not read"


def _field_rows(explained: Explained, lines: Sequence[HistoryLine]) -> Iterator[ShownField]:
    for line in explained.filled:
        yield ShownField(
            line.hubspot,
            "" if Side.HUBSPOT in explained.missing else _shown(line.hubspot_value),
            line.salesforce,
            "" if Side.SALESFORCE in explained.missing else _shown(line.salesforce_value),
            _stands(line),
            _CHANGED[line.changed_side],
            str(line.policy).replace("_", " "),
            line.because,
            _last(line.hubspot, line.salesforce, lines),
        )


def _decision_rows(explained: Explained, lines: Sequence[HistoryLine]) -> Iterator[ShownField]:
    for line in explained.decisions:
        hubspot, salesforce = _TOPICS[line.topic]
        yield ShownField(
            hubspot,
            _shown(line.hubspot_value),
            salesforce,
            _shown(line.salesforce_value),
            f"{line.topic} {line.text}",
            "",
            "",
            line.because,
            _last(hubspot, salesforce, lines),
        )


def _stands(line: FieldLine) -> str:
    """Whose value stands, and what becomes of the field."""
    cut = ", cut to what fits" if line.is_truncated else ""
    if line.outcome is FieldOutcome.IN_SYNC:
        return f"both agree{cut}"
    outcome = _OUTCOMES.get(line.outcome, str(line.outcome))
    return (f"{line.winner.label}'s: {outcome}" if line.winner else outcome) + cut


_OUTCOMES = {
    FieldOutcome.TO_HUBSPOT: "would be written to HubSpot",
    FieldOutcome.TO_SALESFORCE: "would be written to Salesforce",
}


def _last(hubspot: str, salesforce: str, lines: Sequence[HistoryLine]) -> str:
    names = (hubspot, salesforce)
    found = next((one for one in lines if (one.hubspot, one.salesforce) == names), None)
    return _dated(found) if found else ""


def _dated(line: HistoryLine) -> str:
    rule = f" ({line.because})" if line.because else ""
    return f"{line.at:%Y-%m-%d %H:%M:%S}: {decision_text(line)}{rule}"


def _now(explained: Explained) -> Iterator[str]:
    if not explained.syncs:
        kind = explained.kind.plural
        yield f"{kind} are switched off on {explained.connection}: nothing is done."
    yield from (effect_line(effect) for effect in explained.effects)
    yield from (_because(note.text, note.because) for note in explained.plan.notes)
    yield from (f"waits for {ref}" for ref in explained.waits_for)
    for report in explained.foreseen:
        yield f"reported once it exists: {_because(report.text, report.because)}"


def _because(text: str, because: Sequence[str]) -> str:
    return f"{text} ({', '.join(because)})" if because else text


def _parked(entry: InboxEntry) -> str:
    report = entry.report
    field = f" [{report.fieldname}]" if report.fieldname else ""
    code = f" {report.code}" if report.code else ""
    text = _because(f"{report.category}{code}: {report.text}{field}", report.because)
    return f"{text} {report.hint}".rstrip() + f" Since {entry.first_at:%Y-%m-%d %H:%M} UTC."


def _event(line: HistoryLine) -> EventRow:
    about = " / ".join(filter(None, (line.hubspot, line.salesforce))) or PAIR
    by = f"edited by {line.by}" if line.by else ""
    note = "; ".join(filter(None, (by, line.text)))
    return EventRow(line.at, about, decision_text(line), line.because, note)


def about_values(connection: Connection) -> str:
    """Whether values before and after a decision are kept, a sentence."""
    hours = connection.undo.hours
    if not hours:
        return (
            "Values before and after a decision are not kept: the settings have no hours under "
            "[connection.undo]."
        )
    return (
        f"Values before and after are kept for {hours} hours, and the console may not open them: "
        "crmsync history with --values does."
    )


def _shown(value: Value) -> str:
    return "" if value is None else str(value)


def _named(request: PageRequest) -> tuple[Ref, str]:
    """The record that a form is about, and its connection. Raises `Refused`."""
    ref = parsed_ref(request.field("record"))
    if ref is None:
        raise Refused(_NO_RECORD.text, code="RECORD", hint=_NO_RECORD.hint)
    return ref, request.field("connection")


def _done(ref: Ref, connection: str, what: str) -> Done:
    facts = {"connection": connection, "record": str(ref)}
    return Done(f"{record_path(connection, ref)}&done={what}", facts)
