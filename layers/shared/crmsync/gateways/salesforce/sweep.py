"""Which records of a Salesforce org changed since a moment: pages by timestamp.

Facts: ``SystemModstamp`` has whole seconds, is indexed and changes with every write; queryAll also
returns deleted records while they are in the recycle bin (docs/vendors.md#salesforce-polling). Get
Deleted lists deleted records for 15 days, even those that are not in the recycle bin: purged ones
[M], and contact roles that were deleted by themselves [D]. Salesforce recommends not to call it
more often than every five minutes [D].
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from crmsync.errors import SyncError
from crmsync.gateways.salesforce.describe import described
from crmsync.gateways.salesforce.ids import full as full_id
from crmsync.gateways.salesforce.queries import (
    NEVER_DELETED,
    PAGE,
    Deletions,
    Description,
    Query,
    modified_since,
    of_stamp,
    run,
)
from crmsync.gateways.salesforce.rows import moment
from crmsync.gateways.salesforce.session import SalesforceSession
from crmsync.model.records import Ref, Side
from crmsync.ports.listing import ChangedRecord, Show
from crmsync.ports.troubles import Described

REMEMBERED = timedelta(days=15) - timedelta(hours=1)
"""How long Salesforce lists deleted records: 15 days [D], less an hour for clocks that differ."""

MARGIN = timedelta(minutes=2)
"""How far beyond now the list is requested: its range has whole minutes, and at least one."""


class SalesforceSweep:
    """Implements `Sweeper`."""

    def __init__(
        self, session: SalesforceSession, *, now: Callable[[], float], page: int = PAGE
    ) -> None:
        """Call through `session`, `page` records at a time; `now` gives seconds since the epoch."""
        self._session = session
        self._now = now
        self._size = page

    def changed_since(
        self, since: Mapping[str, datetime], *, with_purged: bool = False, show: Show | None = None
    ) -> Iterator[Sequence[ChangedRecord]]:
        """Pages of up to 2,000 changed records per object, oldest first per object, including
        deleted ones; a page is longer if many records have the same timestamp.

        One call for up to five objects if nothing changed. `with_purged` adds the lists of deleted
        records to the same call. `show` is called with the fields of the objects that Salesforce
        describes. A page may begin with records that ended the page before. If Salesforce refuses
        an object, the others are still returned, and the refusal is raised at the end. Raises
        `SyncError`.
        """
        places = {name: _whole(start) for name, start in since.items()}
        refused: list[SyncError] = []
        listed = [name for name in places if with_purged and name not in NEVER_DELETED]
        lists: list[Deletions | Description] = [
            self._deletions(name, places[name]) for name in listed
        ]
        lists += [Description(name) for name in places if show]
        shown: dict[str, Described] = {}
        gone: dict[str, list[ChangedRecord]] = {}
        while places:
            page: list[ChangedRecord] = []
            further: dict[str, datetime] = {}
            questions: list[Query | Deletions | Description] = [*lists]
            questions += [
                modified_since(name, start, limit=self._size) for name, start in places.items()
            ]
            for question, rows in run(self._session, questions, refused):
                if isinstance(question, Deletions):
                    gone[question.object] = _gone(question, rows)
                    continue
                if isinstance(question, Description):
                    shown[question.object] = described(rows)
                    continue
                name = question.object
                some, full = self._onward(
                    question, [_changed_record(name, row) for row in rows], places[name]
                )
                page.extend(_with_gone(some, gone.get(name, []), full=full))
                if full:
                    further[name] = _whole(some[-1].modified_at)
            if page:
                yield page
            if show and lists:
                show(shown)
            places, lists = further, []
        if refused:
            raise refused[0]

    def _deletions(self, name: str, start: datetime) -> Deletions:
        """The list of records deleted since a moment, including those that no query returns any
        more.
        """
        now = datetime.fromtimestamp(self._now(), UTC)
        begin = max(start, now - REMEMBERED)
        return Deletions(name, begin, max(now, begin) + MARGIN)

    def _onward(
        self, query: Query, page: list[ChangedRecord], start: datetime
    ) -> tuple[list[ChangedRecord], bool]:
        """The page, and whether more may follow. A full page ends later than `start`.

        Timestamps have whole seconds, and a data load may write more than a page of records within
        one second. Then all records of that second are read by id first.
        """
        full = len(page) >= self._size
        if not full or _whole(page[-1].modified_at) > start:
            return page, full
        later = self._page(modified_since(query.object, start, limit=self._size, operator=">"))
        return [*self._whole_stamp(query.object, start), *later], len(later) >= self._size

    def _whole_stamp(self, name: str, stamp: datetime) -> list[ChangedRecord]:
        seen: list[ChangedRecord] = []
        page: list[ChangedRecord] = []
        while not seen or len(page) >= self._size:
            page = self._page(
                of_stamp(name, stamp, seen[-1].ref.id if seen else "", limit=self._size)
            )
            seen.extend(page)
            if not page:
                break
        return seen

    def _page(self, query: Query) -> list[ChangedRecord]:
        return [
            _changed_record(query.object, row)
            for _, rows in run(self._session, [query])
            for row in rows
        ]


def _gone(asked: Deletions, rows: Iterable[Mapping[str, Any]]) -> list[ChangedRecord]:
    """The deleted records of the list since its start, oldest first. The list itself begins at a
    whole minute, so it may have earlier ones.
    """
    found = ((_ref(asked.object, row["id"]), moment(row["deletedDate"])) for row in rows)
    seen = (ChangedRecord(ref, at, deleted=True) for ref, at in found if at >= asked.start)
    return sorted(seen, key=lambda one: one.modified_at)


def _with_gone(
    page: list[ChangedRecord], gone: list[ChangedRecord], *, full: bool
) -> list[ChangedRecord]:
    """The page together with the records of `gone` that belong to it: up to its end, or all if no
    page follows. They are removed from `gone`.
    """
    end = page[-1].modified_at if full and page else None
    here = [one for one in gone if end is None or one.modified_at <= end]
    del gone[: len(here)]
    known = {one.ref for one in page if one.deleted}
    return sorted(
        [*page, *(one for one in here if one.ref not in known)], key=lambda one: one.modified_at
    )


def _ref(name: str, identifier: str) -> Ref:
    return Ref(Side.SALESFORCE, name, full_id(identifier))


def _changed_record(name: str, row: Mapping[str, Any]) -> ChangedRecord:
    deleted = bool(row.get("IsDeleted"))
    return ChangedRecord(
        Ref(Side.SALESFORCE, name, row["Id"]), moment(row["SystemModstamp"]), deleted=deleted
    )


def _whole(stamp: datetime) -> datetime:
    return stamp.replace(microsecond=0)
