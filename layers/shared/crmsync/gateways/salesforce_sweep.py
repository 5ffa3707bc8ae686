"""How one Salesforce org is asked for everything that changed since a moment: pages by stamp. No records are read here.

Facts: ``SystemModstamp`` has whole seconds, is indexed, and moves with every write; queryAll tells deleted records, too (platforms,
sections 2.2 and 2.3).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from crmsync.errors import SyncError
from crmsync.gateways.salesforce_queries import PAGE, Query, modified_since, of_stamp, run
from crmsync.gateways.salesforce_session import SalesforceSession
from crmsync.model.records import Ref, Side
from crmsync.ports import Sighting


def moment(text: str) -> datetime:
    """Salesforce's time, ``2026-11-02T10:00:00.000+0000``."""
    return datetime.fromisoformat(text)


class SalesforceSweep:
    """Implements `Sweeper`."""

    def __init__(self, session: SalesforceSession, *, page: int = PAGE) -> None:
        """Ask over `session`, `page` records at a time."""
        self._session = session
        self._size = page

    def changed_since(self, since: Mapping[str, datetime]) -> Iterator[Sequence[Sighting]]:
        """Pages of up to 2,000 records per object, oldest first per object, deleted ones too; longer where many share a stamp.

        One call for all objects when nothing changed. A page may begin with records that ended the page before. An object that Salesforce
        will not show keeps nobody from being told of the others: its refusal is raised at the end. Raises `SyncError`.
        """
        places = {name: _whole(start) for name, start in since.items()}
        refused: list[SyncError] = []
        while places:
            page: list[Sighting] = []
            further: dict[str, datetime] = {}
            queries = [modified_since(name, start, limit=self._size) for name, start in places.items()]
            for query, rows in run(self._session, queries, refused):
                some, full = self._onward(query, [_sighting(query.object, row) for row in rows], places[query.object])
                page.extend(some)
                if full:
                    further[query.object] = _whole(some[-1].modified_at)
            if page:
                yield page
            places = further
        if refused:
            raise refused[0]

    def _onward(self, query: Query, page: list[Sighting], start: datetime) -> tuple[list[Sighting], bool]:
        """The page and whether more follows it. A full page ends later than it begins.

        Stamps have whole seconds and a data load may put more than a page on one of them: then that second is walked by id first.
        """
        full = len(page) >= self._size
        if not full or _whole(page[-1].modified_at) > start:
            return page, full
        later = self._page(modified_since(query.object, start, limit=self._size, operator=">"))
        return [*self._whole_stamp(query.object, start), *later], len(later) >= self._size

    def _whole_stamp(self, name: str, stamp: datetime) -> list[Sighting]:
        seen: list[Sighting] = []
        page: list[Sighting] = []
        while not seen or len(page) >= self._size:
            page = self._page(of_stamp(name, stamp, seen[-1].ref.id if seen else "", limit=self._size))
            seen.extend(page)
            if not page:
                break
        return seen

    def _page(self, query: Query) -> list[Sighting]:
        return [_sighting(query.object, row) for _, rows in run(self._session, [query]) for row in rows]


def _sighting(name: str, row: Mapping[str, Any]) -> Sighting:
    deleted = bool(row.get("IsDeleted"))
    return Sighting(Ref(Side.SALESFORCE, name, row["Id"]), moment(row["SystemModstamp"]), deleted=deleted)


def _whole(stamp: datetime) -> datetime:
    return stamp.replace(microsecond=0)
