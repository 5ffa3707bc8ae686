"""The search for one record: by e-mail address, name or id.

Law: what is searched for may be personal, so it is sent as a form and never stands in an address.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from crmsync.console.answers import Elsewhere, HtmlPage
from crmsync.console.reports import Reports
from crmsync.flows.operator.records import LISTED, LONGEST_TEXT, Found
from crmsync.model.records import Kind, Ref
from crmsync.wire.pages import PageRequest

KINDS = (
    (str(Kind.CONTACT), "Contact or lead"),
    (str(Kind.ACCOUNT), "Company or account"),
    (str(Kind.OPPORTUNITY), "Deal or opportunity"),
    (str(Kind.ACTIVITY), "Call, e-mail, meeting, note, task or event"),
)
"""What can be searched for, and how the page says it."""


@dataclass(frozen=True, slots=True)
class FoundRow:
    """A pair, or a record without a link.

    Attributes:
        label: What a person recognises it by.
        hubspot: The HubSpot record; "" for none.
        salesforce: The Salesforce record; "" for none.
        to: The address of its page.
    """

    label: str
    hubspot: str
    salesforce: str
    to: str


@dataclass(frozen=True, slots=True)
class SearchView:
    """What the page shows.

    Attributes:
        connections: The names of the connections.
        connection: The one that was searched.
        kinds: What can be searched for.
        kind: What was searched for.
        text: The text that was searched for; "" before a search.
        longest: The most characters of a text.
        rows: What was found.
        cut: That there may be more; "" if not.
        unread: Why a CRM was not searched, a sentence each.
    """

    connections: tuple[str, ...]
    connection: str = ""
    kinds: tuple[tuple[str, str], ...] = KINDS
    kind: str = str(Kind.CONTACT)
    text: str = ""
    longest: int = LONGEST_TEXT
    rows: tuple[FoundRow, ...] = ()
    cut: str = ""
    unread: tuple[str, ...] = ()


def show(reports: Reports, _request: PageRequest) -> HtmlPage:
    """The page before a search. Raises `SyncError`."""
    return HtmlPage("records", "One record", SearchView(reports.records.connections()))


def find(reports: Reports, request: PageRequest) -> HtmlPage | Elsewhere:
    """What a search has found, or the page of the only record. Raises `SyncError`."""
    text = request.field("text").strip()[:LONGEST_TEXT]
    if not text:
        return Elsewhere("/records")
    kind = Kind(request.field("kind")) if request.field("kind") in set(Kind) else Kind.CONTACT
    name = request.field("connection")
    found = reports.records.find(text, kind, name)
    if len(found.pairs) == 1 and not found.unread:
        return Elsewhere(record_path(name or reports.records.connections()[0], found.pairs[0].ref))
    view = search_view(found, reports.records.connections(), name, kind, text)
    facts = {"connection": view.connection, "found": len(view.rows)}
    return HtmlPage("records", "One record", view, facts=facts)


def search_view(
    found: Found, connections: tuple[str, ...], name: str, kind: Kind, text: str
) -> SearchView:
    """What the page shows of what was found."""
    connection = name or connections[0]
    rows = tuple(
        FoundRow(
            one.label or str(one.ref),
            str(one.hubspot or ""),
            str(one.salesforce or ""),
            record_path(connection, one.ref),
        )
        for one in found.pairs
    )
    cut = f"At most {LISTED} records of each object are listed." if found.is_cut else ""
    unread = tuple(
        f"{side.label} was not searched: {error.text} {error.hint}".rstrip()
        for side, error in found.unread.items()
    )
    return SearchView(
        connections, connection, kind=str(kind), text=text, rows=rows, cut=cut, unread=unread
    )


def record_path(connection: str, ref: Ref | str) -> str:
    """The address of the page of a record. It has ids alone."""
    return f"/record?{urlencode({'connection': connection, 'record': str(ref)})}"
