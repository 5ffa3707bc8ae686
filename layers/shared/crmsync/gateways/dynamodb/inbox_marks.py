"""Which records the error inbox knows of, kept so small that asking about a batch costs one read,
however many are parked.

    pk                  sk     attributes
    inbox-marks#acme    -      m (marks), deep (how many levels below are in use), v (how often anything here was changed)
    inbox-marks#acme    3      m, of the marks whose hash begins with 3
    inbox-marks#acme    3f     m, likewise

A mark is 48 bits of a hash of a key: two keys with one mark cost a look at a row that is not there,
and nothing else. A page takes 4 KiB, which is one read unit; where it is full, further marks go to
the level below. A Lambda keeps the pages that it has read for as long as `v` stands still, and five
minutes at most, so that a batch reads the top page alone.
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from crmsync.gateways.dynamodb.table import ConditionFailed, DynamoTable

MOST = 448
"""Marks of eight bytes on a page, with room for its key, in 4 KiB."""
DEEPEST = 3
KEPT = 300.0
"""Seconds for which pages are kept at most. Who dies between a page and the count `v` is seen by
everybody after that time.
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
        """Which of these keys may be marked; None where nobody has ever marked or counted anything
        (an inbox of an older version).
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
        """Have a top page, even if nothing is marked, and say there that something has changed."""
        self._table.update(
            (_partition(connection), _TOP),
            UpdateExpression="SET deep = if_not_exists(deep, :none) ADD v :one",
            ExpressionAttributeValues={":none": {"N": "0"}, ":one": {"N": "1"}},
        )

    def add(self, connection: str, keys: Iterable[str]) -> None:
        """Mark keys; those that are marked cost reads alone. What this says is read from the table,
        not from what was kept.
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
        """Take marks away, and do without levels that are empty."""
        marks = set(map(mark_of, keys))
        top = self._top(connection)
        if not marks or top is None:
            return
        pages = {
            _TOP: top.marks,
            **self._pages(connection, {page for one in marks for page in pages_of(one, top.deep)}),
        }
        for page, standing in pages.items():
            if gone := standing & marks:
                self._change(connection, page, "DELETE", gone)
        self.begin(connection)
        if top.deep and not any(
            standing - marks for page, standing in pages.items() if page != _TOP
        ):
            self._flatten(connection, top.deep)

    def _level(
        self, connection: str, level: int, marks: set[str], known: Mapping[str, frozenset[str]]
    ) -> set[str]:
        """Put marks on the pages of a level; answers those that found no room."""
        by_page: dict[str, set[str]] = defaultdict(set)
        for mark in marks:
            by_page[pages_of(mark, level)[-1]].add(mark)
        unread = self._pages(connection, by_page.keys() - known.keys())
        left: set[str] = set()
        for page, some in by_page.items():
            standing = known[page] if page in known else unread[page]
            left |= self._fill(
                connection, page, some, standing, most=MOST if level < DEEPEST else None
            )
        return left

    def _fill(
        self,
        connection: str,
        page: str,
        marks: set[str],
        standing: frozenset[str],
        most: int | None = MOST,
    ) -> set[str]:
        """Put as many marks on a page as it has room for, and nobody else has taken meanwhile;
        answers the others.
        """
        fitting = sorted(marks) if most is None else sorted(marks)[: max(0, most - len(standing))]
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
        """Have everybody look at a level, before the first mark stands there."""
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
        """Stop looking at levels on which nothing stands; look again afterwards, as somebody may
        have put a mark there meanwhile.
        """
        if self._stands(connection, deep):
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
        if self._stands(connection, deep):
            self._deepen(connection, deep)
            self.begin(connection)

    def _stands(self, connection: str, deep: int) -> bool:
        """Whether there is any mark below the top."""
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
        """What was kept of a connection's pages, as long as nothing has changed since."""
        kept, now = self._kept.get(connection), self._now()
        if kept is None or kept.version != top.version or now - kept.at >= KEPT:
            kept = self._kept[connection] = _Kept(top.version, now)
        return kept


def mark_of(key: str) -> str:
    """The mark of a key."""
    return urlsafe_b64encode(hashlib.blake2b(key.encode(), digest_size=6).digest()).decode()


def pages_of(mark: str, deep: int) -> list[str]:
    """The pages below the top that a mark may stand on, as far down as there are any."""
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
