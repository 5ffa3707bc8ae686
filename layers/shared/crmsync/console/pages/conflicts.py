"""The log of conflicts: fields that both sides had changed, which side won, and by which rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from crmsync.console.answers import Elsewhere, HtmlPage
from crmsync.console.pages.record import about_values
from crmsync.console.pages.records import KINDS, record_path
from crmsync.console.reports import Reports
from crmsync.flows.operator.conflicts import ConflictChoice, ConflictLine, ConflictPart
from crmsync.rules.preview.history import MEANINGS, decision_text
from crmsync.wire.pages import PageRequest

PATH = "/conflicts"
FIELDS = ("connection", "kind", "field", "rule")
"""The fields of the form, and of the address."""


@dataclass(frozen=True, slots=True)
class ConflictRow:
    """A conflict.

    Attributes:
        at: When it was decided (UTC).
        record: The HubSpot record of the pair.
        to: The address of its page.
        about: The field on both sides.
        decision: Which side won.
        policy: The update policy.
        rule: The id of the rule.
    """

    at: datetime
    record: str
    to: str
    about: str
    decision: str
    policy: str
    rule: str


@dataclass(frozen=True, slots=True)
class ConflictView:
    """What the page shows.

    Attributes:
        connections: The names of the connections.
        kinds: What can be chosen.
        chosen: What is chosen, by the fields of the form.
        rows: The conflicts of this part, newest first.
        after: The address of the next part; "" for none.
        is_first: This is the first part.
        values: What is known of values.
        meanings: The rules on this page, in one line each.
    """

    connections: tuple[str, ...]
    kinds: tuple[tuple[str, str], ...]
    chosen: Mapping[str, str]
    rows: tuple[ConflictRow, ...]
    after: str
    is_first: bool
    values: str
    meanings: tuple[tuple[str, str], ...]


def show(reports: Reports, request: PageRequest) -> HtmlPage:
    """The page. Raises `SyncError`."""
    chosen = {name: request.query.get(name, "").strip() for name in FIELDS}
    choice = ConflictChoice(chosen["kind"], chosen["field"], chosen["rule"])
    begin = request.query.get("from", "")
    part = reports.conflicts.part(chosen["connection"], choice, begin)
    view = conflict_view(part, reports.records.connections(), chosen, is_first=not begin)
    return HtmlPage("conflicts", "Conflicts", view)


def choose(_reports: Reports, request: PageRequest) -> Elsewhere:
    """The address of what the form asks for."""
    given = {name: request.field(name).strip() for name in FIELDS}
    return Elsewhere(f"{PATH}?{urlencode({name: one for name, one in given.items() if one})}")


def conflict_view(
    part: ConflictPart,
    connections: tuple[str, ...],
    chosen: Mapping[str, str],
    *,
    is_first: bool,
) -> ConflictView:
    """What the page shows of a part."""
    name = part.connection.name
    chosen = {**chosen, "connection": name}
    after = f"{PATH}?{urlencode({**chosen, 'from': part.after})}" if part.after else ""
    rows = tuple(_row(one, name) for one in part.lines)
    return ConflictView(
        connections,
        (("", "all"), *KINDS),
        chosen,
        rows,
        after,
        is_first,
        about_values(part.connection),
        tuple(
            (rule, MEANINGS[rule])
            for rule in dict.fromkeys(row.rule for row in rows)
            if rule in MEANINGS
        ),
    )


def _row(one: ConflictLine, connection: str) -> ConflictRow:
    line = one.line
    return ConflictRow(
        line.at,
        str(one.ref),
        record_path(connection, one.ref),
        " / ".join(filter(None, (line.hubspot, line.salesforce))),
        decision_text(line),
        line.policy.replace("_", " "),
        line.because,
    )
