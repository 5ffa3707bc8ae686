"""What was decided about one record lately, by which rule, when and because of whose edit (CH-3,
CH-29).

Law: nothing is written. Decisions are read from the link of the pair, open reports from the error
inbox, and authors from HubSpot. Values are read only on request, where the settings had them kept;
they are for the operator who asked, and are never stored or logged here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from crmsync.errors import Gone, Refused, SyncError, TryAgain
from crmsync.flows.arguments import chosen_connections
from crmsync.flows.operator.undo import MISSING_TABLE
from crmsync.model.links import LONGEST_WRITE, Link
from crmsync.model.operations.overwritten import OverwrittenBatch
from crmsync.model.records import Ref, Side
from crmsync.model.settings import Connection, Settings
from crmsync.ports.crm import PropertyOrigins
from crmsync.ports.overwritten import OverwrittenHistory
from crmsync.ports.stores import Inbox, Links
from crmsync.rules.backfill.objects import BACKFILL_OBJECTS, backfill_object
from crmsync.rules.pair.reports import privacy_place
from crmsync.rules.preview.history import (
    HistoryLine,
    lines_of_inbox,
    lines_of_link,
    properties_of,
    with_authors,
    with_values,
)

_NO_AUTHORS = "{}: HubSpot does not say now who edited its values: {}"
_NO_HOURS = (
    "{}: values are not kept. Set hours under [connection.undo], in a stack that was deployed with "
    "KeepOverwritten=yes."
)
_NO_STORE = "{}: values are not kept: this stack was deployed with KeepOverwritten=no."


@dataclass(frozen=True, slots=True)
class RecordHistory:
    """What was decided about a record on one connection.

    Attributes:
        connection: The name of the connection.
        ref: The record.
        link: The link of its pair, or None.
        lines: The decisions, newest first.
        remarks: What is not known, a sentence each.
    """

    connection: str
    ref: Ref
    link: Link | None
    lines: tuple[HistoryLine, ...]
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryReader:
    """Reads histories.

    Attributes:
        settings: Reads the settings in force.
        links: The stored links.
        inbox: The error inbox.
        origins: Makes the reader of a connection's HubSpot property history.
        kept: Makes the reader of overwritten values.
        full: Gives the 18-character form of a Salesforce id.
        now: The clock (UTC).
    """

    settings: Callable[[], Settings]
    links: Links
    inbox: Inbox
    origins: Callable[[Connection], PropertyOrigins]
    kept: Callable[[], OverwrittenHistory]
    full: Callable[[str], str]
    now: Callable[[], datetime]

    def read(
        self, side: Side, name: str, identifier: str, only: str = "", *, values: bool = False
    ) -> list[RecordHistory]:
        """The history of a record on each connection, or `only` one, that knows it; with `values`,
        if these were kept.

        Raises `Refused` for an object that does not sync, `Gone` if no connection knows the record,
        and `SyncError` if a store does not answer.
        """
        ref = self._ref(side, name, identifier)
        found = [
            self._read(connection, ref, values=values)
            for connection in chosen_connections(self.settings(), only)
        ]
        known = [one for one in found if one.link or one.lines]
        if not known:
            raise Gone(
                f"{ref} has no link and no report, so nothing is known of it.",
                hint="The functions' logs have what was decided about it.",
            )
        return known

    def _ref(self, side: Side, name: str, identifier: str) -> Ref:
        found = backfill_object(side, name)
        if found is None:
            known = ", ".join(one.object for one in BACKFILL_OBJECTS if one.side is side)
            raise Refused(f"{side} has no {name} with a history; there are {known}.", code="OBJECT")
        return Ref(
            side, found.object, self.full(identifier) if side is Side.SALESFORCE else identifier
        )

    def _read(self, connection: Connection, ref: Ref, *, values: bool) -> RecordHistory:
        link = self.links.find(connection.name, [ref]).get(ref)
        places = (link.hubspot, link.salesforce) if link else ()
        records = {ref, *(place for place in places if isinstance(place, Ref))}
        about = records | {privacy_place(one) for one in records}
        entries = self.inbox.entries_of(connection.name, about)
        lines: list[HistoryLine] = []
        remarks: list[str] = []
        if link:
            lines, remarks = self._lines(link, connection, values=values)
        lines = sorted([*lines_of_inbox(entries), *lines], key=lambda one: one.at, reverse=True)
        return RecordHistory(connection.name, ref, link, tuple(lines), tuple(remarks))

    def _lines(
        self, link: Link, connection: Connection, *, values: bool
    ) -> tuple[list[HistoryLine], list[str]]:
        """The decisions of a link with authors and values, and what of these is not known."""
        lines: Sequence[HistoryLine] = lines_of_link(link, connection)
        remarks: list[str] = []
        names = properties_of(lines)
        if names and isinstance(link.hubspot, Ref):
            try:
                origins = self.origins(connection).origins(link.hubspot, names)
            except SyncError as error:
                remarks.append(_NO_AUTHORS.format(connection.name, error.text))
            else:
                lines = list(with_authors(lines, origins))
        if values and not connection.undo.hours:
            remarks.append(_NO_HOURS.format(connection.name))
        elif values and lines:
            batches = self._batches(connection, lines[-1].at)
            if batches is None:
                remarks.append(_NO_STORE.format(connection.name))
            else:
                lines = list(with_values(lines, link, batches))
        return list(lines), remarks

    def _batches(self, connection: Connection, oldest: datetime) -> list[OverwrittenBatch] | None:
        """What was kept of the connection since the oldest decision; None if this stack keeps
        nothing.
        """
        now = self.now()
        since = max(oldest - LONGEST_WRITE, now - timedelta(hours=connection.undo.hours))
        try:
            return list(self.kept().since(connection.name, since, now))
        except TryAgain as error:
            if error.code == MISSING_TABLE:
                return None
            raise
