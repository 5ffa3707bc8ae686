"""HubSpot's lists: which contacts are members, and which joined lately.

Facts: docs/vendors.md#hubspot-lists. Members in the order of joining can only be read oldest first,
or from a page whose token is known, and a token tells nothing about its page [V]. So the token of
every page is kept, and the next read begins at the newest page that starts before the moment in
question. HubSpot does not document what a token means after members have left; so a page is used
only if its first member joined before that moment. Whether anybody joined at all is a property of
the list itself [D].
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from crmsync.errors import Refused
from crmsync.gateways.hubspot.client import HubspotClient
from crmsync.gateways.hubspot.rows import is_id, moment
from crmsync.gateways.hubspot.versions import MEMBERSHIPS_BATCH
from crmsync.gateways.retry import chunks
from crmsync.model.crm_names import COMPANY, DEAL, HUBSPOT_CONTACT
from crmsync.model.records import Ref, Side
from crmsync.ports.listing import ChangedRecord
from crmsync.rules.refusals.table import hint_of

BATCH = 100
PAGE = 250
MARGIN = timedelta(seconds=5)
"""How far the list's time of its newest member may differ from the member's own time [M]."""

TYPE_IDS = {HUBSPOT_CONTACT: "0-1", COMPANY: "0-2", DEAL: "0-3"}
_LIST = "/crm/v3/lists/{listId}"
_SEARCH = "/crm/v3/lists/search"
_JOIN_ORDER = "/crm/v3/lists/{listId}/memberships/join-order"
_MISSING = frozenset({404})
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class HubspotLists:
    """Implements `Lists` for one HubSpot account."""

    def __init__(self, client: HubspotClient, *, page: int = PAGE) -> None:
        """Call through `client`; read `page` members at a time."""
        self._client = client
        self._size = page
        self._pages: dict[str, list[tuple[datetime, str]]] = {}

    def members(self, list_id: str, refs: Iterable[Ref]) -> frozenset[Ref]:
        """Those of the records that are in the list now, 100 per call. If none is, one more call
        checks that the list exists.

        Raises `Refused` if the list does not exist, else `SyncError`.
        """
        wanted = [ref for ref in dict.fromkeys(refs) if is_id(ref.id)]
        inside: set[tuple[str, str]] = set()
        for part in chunks(wanted, BATCH):
            inputs = [
                {"objectTypeId": TYPE_IDS.get(ref.object, ref.object), "recordId": ref.id}
                for ref in part
            ]
            reply = self._client.ask("POST", MEMBERSHIPS_BATCH, body={"inputs": inputs})
            inside |= {
                (str(row["objectTypeId"]), str(row["recordId"]))
                for row in reply.rows
                if _is_in(list_id, row)
            }
        if wanted and not inside:
            self._check(list_id)
        return frozenset(
            ref for ref in wanted if (TYPE_IDS.get(ref.object, ref.object), ref.id) in inside
        )

    def joined_since(self, list_id: str, since: datetime) -> Iterator[Sequence[ChangedRecord]]:
        """Contacts that joined the list at or after the moment and are still in it, page by page,
        newest first.

        One call if nobody joined. Otherwise one call per page since the moment; the first read
        begins with the oldest member. Raises `Refused` if the list does not exist, else
        `SyncError`.
        """
        newest = self._newest(list_id)
        if newest is None or newest >= since - MARGIN:
            yield from chunks(self._walk(list_id, since)[::-1], self._size)

    def _newest(self, list_id: str) -> datetime | None:
        """When the newest member joined; None if HubSpot does not say. Raises `Refused` if the list
        does not exist.
        """
        body = {
            "listIds": [list_id],
            "processingTypes": [],
            "additionalProperties": [],
            "offset": 0,
            "count": 1,
        }
        rows = self._client.ask("POST", _SEARCH, body=body).body.get("lists") or ()
        row = next((row for row in rows if str(row.get("listId")) == list_id), None)
        if row is None:
            self._check(list_id)
            return None
        properties = row.get("additionalProperties") or {}
        if str(properties.get("hs_list_size")) == "0":
            return _EPOCH
        return _moment(str(properties.get("hs_last_record_added_at") or ""))

    def object_of(self, list_id: str) -> str:
        """The object whose records a list has, by its own name or HubSpot's type id; "" for no such
        list. One call. Raises `SyncError`.
        """
        reply = self._client.ask("GET", _LIST, inside={"listId": list_id}, see=_MISSING)
        if reply.status in _MISSING:
            return ""
        type_id = str((reply.body.get("list") or {}).get("objectTypeId") or "")
        return {one: name for name, one in TYPE_IDS.items()}.get(type_id, type_id)

    def _check(self, list_id: str) -> None:
        reply = self._client.ask("GET", _LIST, inside={"listId": list_id}, see=_MISSING)
        if reply.status in _MISSING:
            raise Refused(
                f"HubSpot has no list {list_id}.",
                code="LIST_NOT_FOUND",
                hint=hint_of("LIST_NOT_FOUND"),
            )

    def _walk(self, list_id: str, since: datetime) -> list[ChangedRecord]:
        """The members that joined since the moment, oldest first."""
        pages = self._pages.setdefault(list_id, [])
        token, page, after = self._start(list_id, since, pages)
        found: list[ChangedRecord] = []
        while True:
            found.extend(one for one in page if one.modified_at >= since)
            if page:
                pages.append((page[0].modified_at, token))
            if not after:
                return found
            token = after
            page, after = self._page(list_id, token)

    def _start(
        self, list_id: str, since: datetime, pages: list[tuple[datetime, str]]
    ) -> tuple[str, list[ChangedRecord], str]:
        """The newest page that begins before the moment: its token, its members and the token of
        the next page. Later pages are removed from `pages`.
        """
        while pages:
            begin, token = pages.pop()
            if begin >= since or not token:
                continue
            page, after = self._page(list_id, token)
            if page and page[0].modified_at < since:
                return token, page, after
        return "", *self._page(list_id, "")

    def _page(self, list_id: str, token: str) -> tuple[list[ChangedRecord], str]:
        query = {"limit": str(self._size), **({"after": token} if token else {})}
        reply = self._client.ask("GET", _JOIN_ORDER, inside={"listId": list_id}, query=query)
        page = [
            ChangedRecord(
                Ref(Side.HUBSPOT, HUBSPOT_CONTACT, str(row["recordId"])),
                moment(row["membershipTimestamp"]),
                False,
            )
            for row in reply.rows
        ]
        following = (reply.body.get("paging") or {}).get("next") or {}
        return page, str(following.get("after") or "")


def _is_in(list_id: str, row: Mapping[str, Any]) -> bool:
    return any(str(one.get("listId")) == list_id for one in row.get("recordListMemberships") or ())


def _moment(text: str) -> datetime | None:
    """The time in a list property: milliseconds since 1970, or ISO 8601 [M]."""
    try:
        return _EPOCH + int(text) * timedelta(milliseconds=1) if text.isdecimal() else moment(text)
    except ValueError:
        return None
