"""The error inbox in the state table: the newest report per record that does not sync.

    pk                                  sk                  attributes
    inbox#acme                          hubspot:contact:81  category, code, text, field, hint,
                                                            because, waits, first, last (ISO 8601,
                                                            UTC), attempts, expires_at (unless the
                                                            report lasts: 90 days after `last`)
    inbox-list#acme#hubspot:company:12  hubspot:contact:81  none: the contact waits for the company
    inbox-list#acme#held                hubspot:deal:71     none: the report's category is `held`

A batch reads its reports by key, and `crmsync.gateways.dynamodb.inbox.marks` knows which keys are
worth reading. A report is written after its marks and list entries, and these are checked once more
afterwards; a process that deletes them checks whether the report was stored again meanwhile. So a
report always has them, even if two processes work on the record at the same time. A mark or list
entry without a report costs a read and is harmless.

DynamoDB deletes a report that has not been renewed for 90 days. Its record is synced again before
that (see `crmsync.flows.intake.requeue`), so only reports of records that nothing syncs any more
are deleted. Such a report is on no list; its mark is removed when the record is next cleared.

No personal data is stored: reports contain none.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

from crmsync.gateways.dynamodb.inbox.marks import Marks
from crmsync.gateways.dynamodb.table import DynamoTable, Key
from crmsync.gateways.retry import RetryPolicy
from crmsync.model.effects import Category, Report
from crmsync.model.moments import epoch_seconds
from crmsync.model.operations.inbox import InboxEntry
from crmsync.model.records import Ref, Side
from crmsync.rules.timing.parked import KEPT, SOON

THREADS = 8
_NAMES = {
    "#c": "category",
    "#o": "code",
    "#t": "text",
    "#f": "field",
    "#h": "hint",
    "#b": "because",
    "#w": "waits",
    "#n": "first",
    "#l": "last",
    "#a": "attempts",
    "#e": "expires_at",
}
_UPDATE = (
    "SET #c = :c, #o = :o, #t = :t, #f = :f, #h = :h, #b = :b, #w = :w, #l = :now, "
    "#n = if_not_exists(#n, :now), #a = if_not_exists(#a, :before) + :more"
)
_HELD = "held"


class InboxTable:
    """Implements `Inbox` on a table with the keys `pk` and `sk`."""

    def __init__(
        self,
        client: Any,
        table: str,
        *,
        now: Callable[[], datetime],
        ticks: Callable[[], float],
        retry_policy: RetryPolicy | None = None,
    ) -> None:
        """Use the boto3 `client` ("dynamodb").

        `now` gives the time (UTC) at which a report was seen, `ticks` seconds on a clock that does
        not go back.
        """
        self._table = DynamoTable(client, table, "The error inbox", retry_policy)
        self._marks = Marks(self._table, ticks)
        self._now = now

    def park(
        self, connection: str, reports: Sequence[Report], same_attempt: Collection[Ref] = ()
    ) -> Sequence[Ref]:
        """Store the newest report per record, with the time of the first one and the number of
        attempts. Records in `same_attempt` have been reported in this attempt already. Returns the
        records that wait for something new. Raises `TryAgain`.
        """
        newest = list({report.ref: report for report in reports}.values())
        if not newest:
            return []
        self._catch_up(connection)
        self._add_marks(connection, newest)
        with ThreadPoolExecutor(min(THREADS, len(newest))) as pool:
            before = list(
                pool.map(lambda report: self._park(connection, report, same_attempt), newest)
            )
        self._add_marks(connection, newest)
        self._remove_marks(
            connection,
            [
                (name, report.ref)
                for report, old in zip(newest, before, strict=True)
                for name in old
                if name not in _lists(report)
            ],
        )
        return [
            report.ref
            for report, old in zip(newest, before, strict=True)
            if not set(map(str, report.waits_for)) <= set(old)
        ]

    def clear(
        self, connection: str, refs: Iterable[Ref], left: Collection[Ref] = ()
    ) -> Sequence[Ref]:
        """Delete reports, except those of the records in `left`: these are returned if they are
        among `refs` and have a report. If none of `refs` has one, that costs one read unit for all
        of them.

        Raises `TryAgain`.
        """
        wanted = {str(ref): ref for ref in refs}
        if not wanted:
            return []
        known = self._marks.among(connection, wanted)
        if known is None:
            self._catch_up(connection)
            known = self._marks.among(connection, wanted) or set()
        if not known:
            return []
        rows = self._rows(connection, [wanted[key] for key in known])
        kept = sorted(rows.keys() & set(left))
        known = known - {str(rows.pop(ref).ref) for ref in kept}
        self._table.delete_many(_key(connection, ref) for ref in rows)
        self._remove_marks(
            connection,
            [(name, ref) for ref, report in rows.items() for name in _lists(report)],
            known,
        )
        return kept

    def reported(
        self, connection: str, refs: Iterable[Ref], *, or_awaited: bool = False
    ) -> Collection[Ref]:
        """Those of these records that may have a report, and with `or_awaited` those that another
        may wait for. If there are none, that costs one read unit for all of them. Writes nothing.
        Raises `TryAgain`.
        """
        asked = list(dict.fromkeys(refs))
        wanted = {str(ref): ref for ref in asked}
        if or_awaited:
            wanted |= {_awaited(ref): ref for ref in asked}
        if not wanted:
            return []
        known = self._marks.among(connection, wanted)
        if known is not None:
            return {wanted[key] for key in known}
        found = set(self._rows(connection, asked))
        if or_awaited:
            waits = (ref for report in self.parked(connection) for ref in report.waits_for)
            found |= set(asked).intersection(waits)
        return found

    def waiting_for(self, connection: str, refs: Iterable[Ref]) -> Sequence[Ref]:
        """The records that wait for one of these. If none waits, that costs one read unit for all
        of them. Writes nothing. Raises `TryAgain`.
        """
        wanted = {_awaited(ref): ref for ref in refs}
        if not wanted:
            return []
        known = self._marks.among(connection, wanted)
        if known is None:
            return [
                one.ref
                for one in self.parked(connection)
                if set(one.waits_for) & set(wanted.values())
            ]
        names = [str(ref) for key, ref in wanted.items() if key in known]
        return list(dict.fromkeys(ref for name in names for ref in self._listed(connection, name)))

    def held(self, connection: str) -> Sequence[Ref]:
        """The records whose report is of the category `held`. Raises `TryAgain`."""
        self._catch_up(connection)
        return list(self._listed(connection, _HELD))

    def parked(self, connection: str) -> Sequence[Report]:
        """All reports, oldest first. Reads the whole inbox. Raises `TryAgain`."""
        return [entry.report for entry in self.entries(connection)]

    def entries(self, connection: str) -> Sequence[InboxEntry]:
        """All reports with their times and attempts, oldest first. Reads the whole inbox. Raises
        `TryAgain`.

        An earlier version stored no code and counted no attempts: such a report has "" and 1.
        """
        return _entries(self._table.query(_partition(connection)))

    def entries_of(self, connection: str, refs: Iterable[Ref]) -> Sequence[InboxEntry]:
        """The same for these records, with a read for each. Raises `TryAgain`."""
        return _entries(self._table.get_many(_key(connection, ref) for ref in refs).values())

    def ending(self, connection: str) -> Sequence[Ref]:
        """The records whose reports expire soon, and those whose reports have no expiry because an
        earlier version stored them. Raises `TryAgain`.
        """
        soon = (self._now() + SOON).timestamp()
        rows = self._table.query(_partition(connection))
        ends = [row for row in rows if float(row.get("expires_at", {"N": "0"})["N"]) <= soon]
        return [report.ref for report in map(_report, ends) if not report.lasts]

    def _park(
        self, connection: str, report: Report, same_attempt: Collection[Ref]
    ) -> tuple[str, ...]:
        """Store a report; returns the lists that the record was on before."""
        now, more = self._now(), 0 if report.ref in same_attempt else 1
        values: dict[str, dict[str, str]] = {
            ":c": {"S": str(report.category)},
            ":o": {"S": report.code},
            ":t": {"S": report.text},
            ":f": {"S": report.fieldname},
            ":h": {"S": report.hint},
            ":b": {"S": " ".join(report.because)},
            ":w": {"S": " ".join(map(str, report.waits_for))},
            ":now": {"S": now.isoformat()},
            ":before": {"N": str(1 - more)},
            ":more": {"N": str(more)},
        }
        if not report.lasts:
            values[":e"] = {"N": str(epoch_seconds(now + KEPT))}
        old = self._table.update(
            _key(connection, report.ref),
            UpdateExpression=_UPDATE + (" REMOVE #e" if report.lasts else ", #e = :e"),
            ExpressionAttributeNames=_NAMES,
            ExpressionAttributeValues=values,
            ReturnValues="ALL_OLD",
        )
        return _lists(_report(old)) if old else ()

    def _add_marks(self, connection: str, reports: Iterable[Report]) -> None:
        """Add the marks and list entries of reports; those that exist only cost reads."""
        reports = list(reports)
        waits = {_awaited(ref) for report in reports for ref in report.waits_for}
        self._marks.add(connection, {str(report.ref) for report in reports} | waits)
        places = [
            _list_key(connection, name, report.ref) for report in reports for name in _lists(report)
        ]
        existing = self._table.get_many(places)
        self._table.put_many({place: {} for place in places if place not in existing})

    def _remove_marks(
        self, connection: str, places: Sequence[tuple[str, Ref]], marks: Iterable[str] = ()
    ) -> None:
        """Delete list entries and marks; then add those again that a report which was stored
        meanwhile needs.
        """
        cleared = [*marks]
        if not places and not cleared:
            return
        self._table.delete_many(_list_key(connection, name, ref) for name, ref in places)
        names = {name for name, _ in places if name != _HELD}
        empty = {name for name in names if not self._has_any(connection, name)}
        self._marks.remove(connection, {*cleared, *map(_mark_of_list, empty)})
        touched = {ref for _, ref in places} | set(map(_ref, cleared))
        self._add_marks(connection, self._rows(connection, touched).values())
        again = {name for name in empty if self._has_any(connection, name)}
        self._marks.add(connection, map(_mark_of_list, again))

    def _catch_up(self, connection: str) -> None:
        """Add the marks of reports that an older version stored. This is done once per connection,
        as it leaves a top page of marks.
        """
        if self._marks.among(connection, ()) is None:
            self._add_marks(connection, self.parked(connection))
            self._marks.begin(connection)

    def _rows(self, connection: str, refs: Iterable[Ref]) -> dict[Ref, Report]:
        found = self._table.get_many(_key(connection, ref) for ref in refs)
        return {report.ref: report for report in map(_report, found.values())}

    def _listed(self, connection: str, name: str) -> Iterable[Ref]:
        return (
            _ref(item["sk"]["S"]) for item in self._table.query(f"inbox-list#{connection}#{name}")
        )

    def _has_any(self, connection: str, name: str) -> bool:
        return (
            next(iter(self._table.query(f"inbox-list#{connection}#{name}", Limit=1)), None)
            is not None
        )


def _lists(report: Report) -> tuple[str, ...]:
    """The lists that the record of this report is on."""
    return (*map(str, report.waits_for), *([_HELD] if report.category is Category.HELD else ()))


def _awaited(ref: Ref) -> str:
    """The key to be marked if any record waits for this one."""
    return _mark_of_list(str(ref))


def _mark_of_list(name: str) -> str:
    return f"waits for {name}"


def _partition(connection: str) -> str:
    return f"inbox#{connection}"


def _key(connection: str, ref: Ref) -> Key:
    return _partition(connection), str(ref)


def _list_key(connection: str, name: str, ref: Ref) -> Key:
    return f"inbox-list#{connection}#{name}", str(ref)


def _entries(rows: Iterable[Mapping[str, Any]]) -> list[InboxEntry]:
    ordered = sorted(rows, key=lambda row: (row["first"]["S"], row["sk"]["S"]))
    return [_entry(row) for row in ordered]


def _entry(row: Mapping[str, Any]) -> InboxEntry:
    return InboxEntry(
        _report(row),
        first_at=datetime.fromisoformat(row["first"]["S"]),
        last_at=datetime.fromisoformat(row["last"]["S"]),
        attempts=int(row.get("attempts", {"N": "1"})["N"]),
    )


def _report(row: Mapping[str, Any]) -> Report:
    return Report(
        ref=_ref(row["sk"]["S"]),
        category=Category(row["category"]["S"]),
        text=row["text"]["S"],
        fieldname=row["field"]["S"],
        hint=row["hint"]["S"],
        because=tuple(row["because"]["S"].split()),
        waits_for=_waits(row),
        code=row.get("code", {"S": ""})["S"],
    )


def _waits(row: Mapping[str, Any]) -> tuple[Ref, ...]:
    return tuple(map(_ref, row.get("waits", {"S": ""})["S"].split()))


def _ref(text: str) -> Ref:
    side, name, identifier = text.split(":", 2)
    return Ref(Side(side), name, identifier)
