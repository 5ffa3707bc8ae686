"""Which records of a HubSpot account changed since a moment: a search, page by page.

Facts: a search returns at most 200 rows per page and 10,000 in all, it lags behind, and all apps of
an account share five searches a second (docs/vendors.md#hubspot-search).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from crmsync.gateways.hubspot.client import HubspotClient
from crmsync.gateways.hubspot.rows import moment
from crmsync.gateways.retry import RetryPolicy
from crmsync.model.crm_names import HUBSPOT_CONTACT
from crmsync.model.records import Ref, Side
from crmsync.ports.listing import ChangedRecord, Show

SEARCH_PAGE = 200
SEARCH_PAUSE = 0.25
"""Seconds between two searches of a sweep, so that other apps can use some of the five searches a
second, too.
"""

MODIFIED = {HUBSPOT_CONTACT: "lastmodifieddate"}
"""The property with the time of the last change, if it is not `hs_lastmodifieddate`."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class HubspotSweep:
    """Implements `Sweeper`."""

    def __init__(
        self,
        client: HubspotClient,
        *,
        retry_policy: RetryPolicy | None = None,
        page: int = SEARCH_PAGE,
    ) -> None:
        """Search through `client`, `page` records at a time, with the pauses of `retry_policy`."""
        self._client = client
        self._retry_policy = retry_policy or RetryPolicy()
        self._size = page

    def changed_since(
        self,
        since: Mapping[str, datetime],
        *,
        with_purged: bool = False,  # noqa: ARG002 - HubSpot reports no deletions
        show: Show | None = None,  # noqa: ARG002 - its properties would cost a call per object
    ) -> Iterator[Sequence[ChangedRecord]]:
        """Pages of 200 changed records, oldest first per object; a page is longer if many records
        have the same timestamp. HubSpot does not report deleted records.

        One call per object if nothing changed. A page may begin with records that ended the page
        before. Raises `SyncError`.
        """
        for kind, begin in since.items():
            start, full = _ms(begin), True
            while full:
                page, full = self._page_since(kind, start)
                if page:
                    yield page
                    start = _ms(page[-1].modified_at)
                if full:
                    self._retry_policy.pause(SEARCH_PAUSE)

    def _page_since(self, kind: str, start: int) -> tuple[list[ChangedRecord], bool]:
        """One page, and whether more may follow. Unless it is the last page, its end is later than
        `start`, so that continuing from its end makes progress.

        A search returns at most 10,000 rows, and any number of records may have the same timestamp.
        So pages are not addressed by offset: the next one starts at the newest timestamp, and if a
        full page has only one timestamp, all records of that timestamp are read by id.
        """
        page, full = self._search(kind, [("GTE", start)])
        if not full or _ms(page[-1].modified_at) > start:
            return page, full
        same = self._all_of(kind, start)
        later, full = self._search(kind, [("GT", start)])
        return [*same, *later], full

    def _all_of(self, kind: str, stamp: int) -> list[ChangedRecord]:
        seen: list[ChangedRecord] = []
        full, last = True, "0"
        while full:
            page, full = self._search(kind, [("EQ", stamp)], after_id=last)
            self._retry_policy.pause(SEARCH_PAUSE)
            seen.extend(page)
            last = page[-1].ref.id if page else last
        return seen

    def _search(
        self, kind: str, times: list[tuple[str, int]], *, after_id: str = ""
    ) -> tuple[list[ChangedRecord], bool]:
        name = MODIFIED.get(kind, "hs_lastmodifieddate")
        filters = [
            {"propertyName": name, "operator": operator, "value": str(ms)} for operator, ms in times
        ]
        if after_id:
            filters.append({"propertyName": "hs_object_id", "operator": "GT", "value": after_id})
        order = {"propertyName": "hs_object_id" if after_id else name, "direction": "ASCENDING"}
        body = {
            "filterGroups": [{"filters": filters}],
            "sorts": [order],
            "properties": [name],
            "limit": self._size,
            "after": "0",
        }
        reply = self._client.search(kind, body)
        page = [
            ChangedRecord(
                Ref(Side.HUBSPOT, kind, str(row["id"])), _modified(row, name), deleted=False
            )
            for row in reply.rows
        ]
        return page, bool(page) and bool((reply.body.get("paging") or {}).get("next"))


def _ms(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(milliseconds=1)


def _modified(row: Mapping[str, Any], name: str) -> datetime:
    return moment((row.get("properties") or {}).get(name) or row["updatedAt"])
