"""All records of an object in a HubSpot account, or all in its recycle bin: the list endpoint, page
by page in the order of ids.

Facts: the list endpoint reads the database, at most 100 records per page and without a limit in
all; search reads an index that lags, returns at most 10,000 records, and all apps of an account
share five pages a second (docs/vendors.md#hubspot-search). ``after`` is the id of the last record
of the page before [M], so it stays valid for the whole job, and records that are created or deleted
meanwhile do not shift the pages.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from crmsync.gateways.hubspot.client import HubspotClient, Reply
from crmsync.gateways.hubspot.rows import moment
from crmsync.gateways.hubspot.versions import PLURALS
from crmsync.model.crm_names import MERGED_IDS
from crmsync.model.kinds.activities import ActivityKind
from crmsync.model.records import Ref, Side
from crmsync.ports.listing import ChangedRecord, DeletedPage, Page

MAX = 100


class HubspotLister:
    """Implements `Lister` and `RecycleBin`."""

    def __init__(self, client: HubspotClient) -> None:
        """Call through `client`."""
        self._client = client

    def page(
        self,
        name: str,
        after: str,
        size: int,
        *,
        with_email: bool = False,  # noqa: ARG002 - HubSpot's list cannot filter
        activity: ActivityKind | None = None,  # noqa: ARG002 - each kind is an object of its own
    ) -> Page:
        """Up to 100 records by id, without archived ones. Raises `SyncError`."""
        reply = self._list(name, after, min(size, MAX), archived="false")
        refs = tuple(Ref(Side.HUBSPOT, name, str(row["id"])) for row in reply.rows)
        return Page(refs, _next(reply))

    def deleted(self, name: str, after: str) -> DeletedPage:
        """100 records in the recycle bin by id, each with those that had been merged into it, and
        with the time of its deletion. Raises `SyncError`.
        """
        reply = self._list(name, after, MAX, archived="true")
        records = tuple(
            ChangedRecord(
                Ref(Side.HUBSPOT, name, one),
                moment(row.get("archivedAt") or row["updatedAt"]),
                deleted=True,
            )
            for row in reply.rows
            for one in (str(row["id"]), *_merged_into(row))
        )
        return DeletedPage(records, _next(reply))

    def _list(self, name: str, after: str, size: int, *, archived: str) -> Reply:
        query = {"limit": str(size), "archived": archived, "properties": MERGED_IDS}
        if after:
            query["after"] = after
        return self._client.ask(
            "GET", "/crm/v3/objects/{type}", inside={"type": PLURALS.get(name, name)}, query=query
        )

    def count(
        self,
        name: str,
        *,
        with_email: bool = False,  # noqa: ARG002 - as above
        activity: ActivityKind | None = None,  # noqa: ARG002 - as above
    ) -> int:
        """How many records the search index has, which may lag. Raises `SyncError`."""
        reply = self._client.search(
            name, {"filterGroups": [], "properties": ["hs_object_id"], "limit": 1, "after": "0"}
        )
        return int(reply.body.get("total") or 0)


def _merged_into(row: Mapping[str, Any]) -> Iterable[str]:
    """The ids of the records that were merged into one, as its own property lists them."""
    listed = str((row.get("properties") or {}).get(MERGED_IDS) or "")
    return (one for text in listed.split(";") if (one := text.strip()) and one != str(row["id"]))


def _next(reply: Reply) -> str | None:
    """Where the next page begins; None after the last one."""
    further = (reply.body.get("paging") or {}).get("next") or {}
    return str(further["after"]) if further.get("after") else None
