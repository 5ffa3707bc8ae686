"""Which records the error inbox has reports for, stored so compactly that a batch costs one read,
no matter how many reports there are.

    pk                  sk     attributes
    inbox-marks#acme    -      m (marks), deep (how many levels below are in use),
                               v (number of changes to any page)
    inbox-marks#acme    3      m, of the marks whose hash begins with 3
    inbox-marks#acme    3f     m, likewise

A mark is 48 bits of a hash of a key. If two keys have the same mark, an item that does not exist is
read, which is harmless. A page has at most 4 KiB, which is one read unit; if it is full, further
marks go to the level below. A Lambda keeps the pages that it has read until `v` changes, at most
five minutes, so that a batch only reads the top page.
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from crmsync.gateways.dynamodb.table import ConditionFailed, DynamoTable

MAX = 448
"""Marks of eight bytes per page of 4 KiB, with room for its key."""
DEEPEST = 3
KEPT = 300.0
"""Seconds for which pages are kept at most. If a process dies after changing a page and before
raising `v`, others see the change after that time.
"""

_TOP = "-"
_DIGITS = "0123456789abcdef"


@dataclass(frozen=True, slots=True)
class _Top:
    marks: frozenset[str]
    deep: int
    version: int


@dataclass(slots=True)
class _Kept:
    version: int
    at: float
    pages: dict[str, frozenset[str]] = field(default_factory=dict)


class Marks:
    """The marks of each connection's inbox."""

    def __init__(self, table: DynamoTable, now: Callable[[], float]) -> None:
        """Store them in `table`; `now` gives seconds on a clock that does not go back."""
        self._table = table
        self._now = now
        self._kept: dict[str, _Kept] = {}

    def among(self, connection: str, keys: Iterable[str]) -> set[str] | None:
        """Which of these keys may be marked; None if there is no top page (an inbox of an older
        version).
        """
        if (top := self._top(connection)) is None:
            return None
        marks = {key: mark_of(key) for key in keys}
        found = {key for key, mark in marks.items() if mark in top.marks}
        if not top.deep:
            return found
        kept = self._fresh(connection, top)
        below = {key: pages_of(mark, top.deep) for key, mark in marks.items() if key not in found}
        unread = {page for pages in below.values() for page in pages} - kept.pages.keys()
        kept.pages.update(self._pages(connection, unread))
        return found | {
            key
            for key, pages in below.items()
            if any(marks[key] in kept.pages[one] for one in pages)
        }

    def begin(self, connection: str) -> None:
        """Create the top page if it does not exist, and raise its number of changes."""
        self._table.update(
            (_partition(connection), _TOP),
            UpdateExpression="SET deep = if_not_exists(deep, :none) ADD v :one",
            ExpressionAttributeValues={":none": {"N": "0"}, ":one": {"N": "1"}},
        )

    def add(self, connection: str, keys: Iterable[str]) -> None:
        """Mark keys; keys that are marked already only cost reads. Pages are read from the table,
        not from memory.
        """
        marks = set(map(mark_of, keys))
        if not marks:
            return
        top = self._top(connection) or _Top(frozenset(), 0, 0)
        left = marks - top.marks
        known = self._pages(
            connection, {page for mark in left for page in pages_of(mark, top.deep)}
        )
        left = {
            mark
            for mark in left
            if not any(mark in known[page] for page in pages_of(mark, top.deep))
        }
        if not left:
            return
        left = self._fill(connection, _TOP, left, top.marks)
        for level in range(1, DEEPEST + 1):
            if left:
                self._deepen(connection, level)
                left = self._level(connection, level, left, known)
        self.begin(connection)

    def remove(self, connection: str, keys: Iterable[str]) -> None:
        """Remove marks, and stop using levels that are empty."""
        marks = set(map(mark_of, keys))
        top = self._top(connection)
        if not marks or top is None:
            return
        pages = {
            _TOP: top.marks,
            **self._pages(connection, {page for one in marks for page in pages_of(one, top.deep)}),
        }
        for page, present in pages.items():
            if gone := present & marks:
                self._change(connection, page, "DELETE", gone)
        self.begin(connection)
        if top.deep and not any(present - marks for page, present in pages.items() if page != _TOP):
            self._flatten(connection, top.deep)

    def _level(
        self, connection: str, level: int, marks: set[str], known: Mapping[str, frozenset[str]]
    ) -> set[str]:
        """Add marks to the pages of a level; returns those for which there is no room."""
        by_page: dict[str, set[str]] = defaultdict(set)
        for mark in marks:
            by_page[pages_of(mark, level)[-1]].add(mark)
        unread = self._pages(connection, by_page.keys() - known.keys())
        left: set[str] = set()
        for page, some in by_page.items():
            present = known[page] if page in known else unread[page]
            left |= self._fill(
                connection, page, some, present, most=MAX if level < DEEPEST else None
            )
        return left

    def _fill(
        self,
        connection: str,
        page: str,
        marks: set[str],
        present: frozenset[str],
        most: int | None = MAX,
    ) -> set[str]:
        """Add as many marks to a page as it has room for, unless others have filled it meanwhile;
        returns the rest.
        """
        fitting = sorted(marks) if most is None else sorted(marks)[: max(0, most - len(present))]
        if not fitting:
            return marks
        condition: dict[str, Any] = {}
        if most is not None:
            condition = {"ConditionExpression": "attribute_not_exists(m) OR size(m) <= :room"}
        try:
            self._change(
                connection, page, "ADD", fitting, room=most and most - len(fitting), **condition
            )
        except ConditionFailed:
            return marks
        return marks - set(fitting)

    def _change(
        self,
        connection: str,
        page: str,
        verb: str,
        marks: Iterable[str],
        room: int | None = None,
        **options: Any,
    ) -> None:
        values: dict[str, Any] = {":m": {"SS": sorted(marks)}}
        if room is not None:
            values[":room"] = {"N": str(room)}
        self._table.update(
            (_partition(connection), page),
            UpdateExpression=f"{verb} m :m",
            ExpressionAttributeValues=values,
            **options,
        )

    def _deepen(self, connection: str, level: int) -> None:
        """Make all readers read a level, before the first mark is added to it."""
        try:
            self._table.update(
                (_partition(connection), _TOP),
                UpdateExpression="SET deep = :level",
                ConditionExpression="attribute_not_exists(deep) OR deep < :level",
                ExpressionAttributeValues={":level": {"N": str(level)}},
            )
        except ConditionFailed:
            return

    def _flatten(self, connection: str, deep: int) -> None:
        """Stop using levels that are empty; check again afterwards, as another process may have
        added a mark meanwhile.
        """
        if self._has_marks(connection, deep):
            return
        try:
            self._table.update(
                (_partition(connection), _TOP),
                UpdateExpression="SET deep = :none ADD v :one",
                ConditionExpression="deep = :deep",
                ExpressionAttributeValues={
                    ":none": {"N": "0"},
                    ":one": {"N": "1"},
                    ":deep": {"N": str(deep)},
                },
            )
        except ConditionFailed:
            return
        if self._has_marks(connection, deep):
            self._deepen(connection, deep)
            self.begin(connection)

    def _has_marks(self, connection: str, deep: int) -> bool:
        """Whether any page below the top has a mark."""
        return any(
            any(self._pages(connection, _all_pages(level)).values()) for level in range(1, deep + 1)
        )

    def _top(self, connection: str) -> _Top | None:
        item = self._table.get((_partition(connection), _TOP))
        if item is None:
            return None
        return _Top(
            _marks(item),
            int(item.get("deep", {"N": "0"})["N"]),
            int(item.get("v", {"N": "0"})["N"]),
        )

    def _pages(self, connection: str, pages: Iterable[str]) -> dict[str, frozenset[str]]:
        wanted = list(pages)
        partition = _partition(connection)
        found = self._table.get_many((partition, page) for page in wanted)
        return {page: _marks(found.get((partition, page), {})) for page in wanted}

    def _fresh(self, connection: str, top: _Top) -> _Kept:
        """The pages in memory of a connection; none if anything has changed since."""
        kept, now = self._kept.get(connection), self._now()
        if kept is None or kept.version != top.version or now - kept.at >= KEPT:
            kept = self._kept[connection] = _Kept(top.version, now)
        return kept


def mark_of(key: str) -> str:
    """The mark of a key."""
    return urlsafe_b64encode(hashlib.blake2b(key.encode(), digest_size=6).digest()).decode()


def pages_of(mark: str, deep: int) -> list[str]:
    """The pages below the top that may have a mark, one per level in use."""
    digits = hashlib.blake2b(mark.encode(), digest_size=2).hexdigest()
    return [digits[:level] for level in range(1, deep + 1)]


def _all_pages(level: int) -> list[str]:
    pages = [""]
    for _ in range(level):
        pages = [page + digit for page in pages for digit in _DIGITS]
    return pages


def _marks(item: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(item.get("m", {"SS": ()})["SS"])


def _partition(connection: str) -> str:
    return f"inbox-marks#{connection}"
