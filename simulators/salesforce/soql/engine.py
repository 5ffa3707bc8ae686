"""Answering a query: select, filter, sort, limit, group; and showing the rows of one page.

The answer keeps the rows as they were when the query ran, like the org's cursors; they become JSON
page by page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from simulators.salesforce.objects.fields import Row
from simulators.salesforce.objects.schema import View
from simulators.salesforce.objects.sobject import SObject
from simulators.salesforce.org.store import TIMES, Store, index_key
from simulators.salesforce.org.values import show_value
from simulators.salesforce.soql import aggregates
from simulators.salesforce.soql.columns import Column, Resolver
from simulators.salesforce.soql.conditions import Scope, candidates, compile_condition, span_of
from simulators.salesforce.soql.lexer import malformed
from simulators.salesforce.soql.parser import parse
from simulators.salesforce.soql.tree import Call, Item, Order, Path, Select
from simulators.salesforce.times import DAY

Show = Callable[[Row], dict[str, Any]]
MAX_OFFSET: Final = 2000
BIN_DAYS: Final = 15
"""How long the recycle bin keeps a record [D]."""
_FIELDS_LIMIT: Final = 200


@dataclass(frozen=True, slots=True)
class Answer:
    """The rows of a query and how to show one; `count` is the answer of ``SELECT COUNT()``."""

    sobject: SObject
    rows: Sequence[Row]
    show: Show
    count: int | None = None

    @property
    def total(self) -> int:
        """The number of rows, or the count."""
        return len(self.rows) if self.count is None else self.count


class Engine:
    """Answers the queries of one user at one moment."""

    def __init__(self, store: Store, view: View, now_ms: int, prefix: str) -> None:
        """Answer from `store` what `view` shows; `prefix` begins the record URLs
        (``/services/data/v66.0/sobjects``).
        """
        self._store = store
        self._view = view
        self._now_ms = now_ms
        self._prefix = prefix

    def run(self, text: str, *, include_deleted: bool = False) -> Answer:
        """Parse and answer a query. Raises `RefusalError`."""
        select = parse(text)
        resolver = Resolver(self._store, self._view, text)
        sobject = resolver.sobject(select.source, select.at)
        return self._answer(select, sobject, resolver, include_deleted=include_deleted)

    def _answer(
        self, select: Select, sobject: SObject, resolver: Resolver, *, include_deleted: bool
    ) -> Answer:
        if select.offset > MAX_OFFSET:
            message = f"Maximum SOQL offset allowed is {MAX_OFFSET}"
            raise malformed(resolver.text, select.at, message, "NUMBER_OUTSIDE_VALID_RANGE")
        if aggregates.is_aggregate(select):
            rows = self._rows(select, sobject, resolver, include_deleted=include_deleted)
            return self._aggregate(select, sobject, resolver, rows)
        rows = self._page(select, sobject, resolver, include_deleted=include_deleted)
        show = self._shower(select, sobject, resolver, rows)
        return Answer(sobject, _cut(self._ordered(rows, select, sobject, resolver), select), show)

    def _ordered(
        self, rows: list[Row], select: Select, sobject: SObject, resolver: Resolver
    ) -> list[Row]:
        for order in reversed(select.order):
            rows = _sorted(rows, order, self._column(order.by, sobject, select, resolver))
        return rows

    def _page(
        self, select: Select, sobject: SObject, resolver: Resolver, *, include_deleted: bool
    ) -> list[Row]:
        """Return the rows that meet the conditions. If only the oldest few are wanted, return these
        and the rows as old as the last.
        """
        name = self._first_by(select, sobject, resolver)
        bounds = name and span_of(
            select.where,
            self._scope(select, sobject, resolver),
            self._store.tables[sobject.name],
            name,
        )
        if not name or not bounds or select.limit is None:
            return self._rows(select, sobject, resolver, include_deleted=include_deleted)
        line = self._store.tables[sobject.name].line(name, *bounds)
        rows = self._matching(select, sobject, resolver, line, include_deleted=include_deleted)
        return _oldest(rows, name, select.offset + select.limit)

    def _first_by(self, select: Select, sobject: SObject, resolver: Resolver) -> str:
        """Return the time by which the rows are sorted first, oldest first; empty if it is
        something else.
        """
        if not select.order or select.order[0].descending:
            return ""
        column = self._column(select.order[0].by, sobject, select, resolver)
        return column.field.name if column.direct and column.field.name in TIMES else ""

    def _scope(self, select: Select, sobject: SObject, resolver: Resolver) -> Scope:
        def inner(nested: Select) -> set[Any]:
            return self._inner(nested, resolver)

        return Scope(resolver, sobject, select.alias, inner, self._now_ms)

    def _rows(
        self,
        select: Select,
        sobject: SObject,
        resolver: Resolver,
        *,
        include_deleted: bool,
        among: Iterable[Row] | None = None,
    ) -> list[Row]:
        """Return the rows that meet the conditions, out of the table or out of `among`."""
        if among is None:
            scope = self._scope(select, sobject, resolver)
            among = candidates(select.where, scope, self._store.tables[sobject.name])
        return list(
            self._matching(select, sobject, resolver, among, include_deleted=include_deleted)
        )

    def _matching(
        self,
        select: Select,
        sobject: SObject,
        resolver: Resolver,
        rows: Iterable[Row],
        *,
        include_deleted: bool,
    ) -> Iterator[Row]:
        if select.where is not None:
            rows = filter(
                compile_condition(select.where, self._scope(select, sobject, resolver)), rows
            )
        bin_since = self._now_ms - BIN_DAYS * DAY

        def shows(row: Row) -> bool:
            """Query-all has the recycle bin and archived activities, query has neither [D]."""
            if row.get("IsDeleted"):
                return include_deleted and bool(row["SystemModstamp"] > bin_since)
            return include_deleted or not row.get("IsArchived")

        return filter(shows, rows)

    def _inner(self, select: Select, resolver: Resolver) -> set[Any]:
        """Return the values of a sub-select in a condition."""
        sobject = resolver.sobject(select.source, select.at)
        what = select.items[0].what
        if len(select.items) != 1 or not isinstance(what, Path):
            raise malformed(
                resolver.text, select.at, "Only one field can be selected in a semi join sub-select"
            )
        column = resolver.column(what, sobject, select.alias)
        return {
            column.read(row) for row in self._rows(select, sobject, resolver, include_deleted=False)
        }

    def _aggregate(
        self, select: Select, sobject: SObject, resolver: Resolver, rows: list[Row]
    ) -> Answer:
        if aggregates.is_plain_count(select):
            return Answer(sobject, (), _as_is, count=len(_cut(rows, select)))

        def column(path: Path) -> Column:
            return resolver.column(path, sobject, select.alias)

        return Answer(
            sobject, _cut(aggregates.grouped(select, rows, column, resolver.text), select), _as_is
        )

    def _column(
        self, by: Path | Call, sobject: SObject, select: Select, resolver: Resolver
    ) -> Column:
        if isinstance(by, Call):
            raise malformed(resolver.text, by.at, f"unexpected token: '{by.function}'")
        return resolver.column(by, sobject, select.alias)

    def _shower(
        self, select: Select, sobject: SObject, resolver: Resolver, rows: Sequence[Row]
    ) -> Show:
        parts: list[tuple[tuple[str, ...], Callable[[Row], Any]]] = []
        hops: dict[tuple[str, ...], Column] = {}
        for item in self._spread(select, sobject, resolver):
            if isinstance(item.what, Select):
                parts.append(self._children(item.what, sobject, resolver, rows))
            elif isinstance(item.what, Path):
                column = resolver.column(item.what, sobject, select.alias)
                names = (*(hop.relationship or hop.name for hop in column.hops), column.field.name)
                if any(known == names for known, _ in parts):
                    raise malformed(
                        resolver.text,
                        item.what.at,
                        f"duplicate field selected: {'.'.join(names)}",
                        "INVALID_FIELD",
                    )
                for length in range(1, len(names)):
                    hops.setdefault(names[:length], column)
                parts.append((names, _shown(column)))
        return lambda row: self._show(row, sobject, parts, hops, resolver)

    def _show(
        self,
        row: Row,
        sobject: SObject,
        parts: list[tuple[tuple[str, ...], Callable[[Row], Any]]],
        hops: dict[tuple[str, ...], Column],
        resolver: Resolver,
    ) -> dict[str, Any]:
        record: dict[str, Any] = {"attributes": self._attributes(sobject.name, row)}
        for names, read in parts:
            place: dict[str, Any] | None = record
            for length in range(1, len(names)):
                name = names[length - 1]
                if place is not None and name not in place:
                    place[name] = self._parent(row, hops[names[:length]], length, resolver)
                place = None if place is None else place[name]
            if place is not None:
                place[names[-1]] = read(row)
        return record

    def _parent(
        self, row: Row, column: Column, depth: int, resolver: Resolver
    ) -> dict[str, Any] | None:
        found: tuple[str, Row] | None = ("", row)
        for hop in column.hops[:depth]:
            found = None if found is None else resolver.parent(found[1], hop)
        return None if found is None else {"attributes": self._attributes(found[0], found[1])}

    def _attributes(self, sobject: str, row: Row) -> dict[str, Any]:
        return {"type": sobject, "url": f"{self._prefix}/{sobject}/{row['Id']}"}

    def _children(
        self, select: Select, parent: SObject, resolver: Resolver, parents: Sequence[Row]
    ) -> tuple[tuple[str, ...], Callable[[Row], Any]]:
        """Run a sub-query of the SELECT list: the children of each row, to which its own LIMIT and
        OFFSET apply [D].
        """
        found = self._view.children(parent, select.source)
        if found is None:
            message = (
                f"Didn't understand relationship '{select.source}' in FROM part of query call."
            )
            raise malformed(resolver.text, select.at, message, "INVALID_TYPE")
        child, link = found
        table = self._store.tables[child.name]
        among = (
            table.matching(link.name, [row["Id"] for row in parents])
            if table.has_index(link.name)
            else table
        )
        found_rows = self._rows(select, child, resolver, include_deleted=False, among=among)
        show = self._shower(select, child, resolver, found_rows)
        by_parent: dict[str, list[Row]] = {}
        for row in self._ordered(found_rows, select, child, resolver):
            by_parent.setdefault(row.get(link.name) or "", []).append(row)

        def read(row: Row) -> dict[str, Any] | None:
            rows = _cut(by_parent.get(row["Id"], []), select)
            return (
                {"totalSize": len(rows), "done": True, "records": [show(r) for r in rows]}
                if rows
                else None
            )

        return (link.children or "",), read

    def _spread(self, select: Select, sobject: SObject, resolver: Resolver) -> list[Item]:
        """Return the SELECT list with ``FIELDS(...)`` expanded."""
        items: list[Item] = []
        for item in select.items:
            if not isinstance(item.what, Call):
                items.append(item)
                continue
            kind = item.what.path.names[0].upper() if item.what.path else ""
            if kind not in {"ALL", "STANDARD", "CUSTOM"}:
                raise malformed(resolver.text, item.what.at, "unexpected token: 'FIELDS'")
            if kind != "STANDARD" and (select.limit is None or select.limit > _FIELDS_LIMIT):
                message = "The SOQL FIELDS function must have a LIMIT of at most 200"
                raise malformed(resolver.text, item.what.at, message)
            wanted = (
                field
                for field in self._view.fields(sobject).values()
                if kind == "ALL" or field.custom == (kind == "CUSTOM")
            )
            items.extend(Item(Path((field.name,), item.what.at)) for field in wanted)
        return items


def _as_is(row: Row) -> dict[str, Any]:
    return row


def _shown(column: Column) -> Callable[[Row], Any]:
    if column.field.type != "datetime":
        return column.read
    return lambda row: show_value(column.field, column.read(row))


def _cut(rows: Sequence[Row], select: Select) -> Sequence[Row]:
    end = None if select.limit is None else select.offset + select.limit
    return rows[select.offset : end] if select.offset or end is not None else rows


def _oldest(rows: Iterable[Row], name: str, wanted: int) -> list[Row]:
    """Return the first rows in the order of a time, and those of the same time as the last."""
    found: list[Row] = []
    for row in rows:
        if len(found) >= wanted and (not found or row[name] != found[-1][name]):
            break
        found.append(row)
    return found


def _sorted(rows: list[Row], order: Order, column: Column) -> list[Row]:
    keyed = [(index_key(column.read(row)), row) for row in rows]
    filled = sorted(
        (pair for pair in keyed if pair[0] is not None),
        key=lambda pair: pair[0],
        reverse=order.descending,
    )
    empty = [row for key, row in keyed if key is None]
    full = [row for _, row in filled]
    return full + empty if order.nulls_last else empty + full
