"""All members of HubSpot's lists, and whether they may have changed since the last time.

Facts: docs/vendors.md#hubspot-lists. A list's own properties say how many members it has, and when
one last joined and left [D]; together they are its mark.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from crmsync.errors import Refused
from crmsync.gateways.hubspot.client import HubspotClient
from crmsync.gateways.hubspot.lists import PAGE
from crmsync.gateways.retry import chunks
from crmsync.rules.refusals.table import hint_of

_SEARCH = "/crm/v3/lists/search"
_MEMBERS = "/crm/v3/lists/{listId}/memberships"
_MISSING = frozenset({404})
_LISTS = 100
_MARKS = ("hs_list_size", "hs_last_record_added_at", "hs_last_record_removed_at")


class HubspotListMembers:
    """Implements `ListMembers` for one HubSpot account."""

    def __init__(self, client: HubspotClient, *, page: int = PAGE) -> None:
        """Call through `client`; read `page` members at a time."""
        self._client = client
        self._size = page

    def marks(self, list_ids: Iterable[str]) -> Mapping[str, str]:
        """The mark of each list that exists, which changes with its members; a hundred lists per
        call. Raises `SyncError`.
        """
        wanted = list(dict.fromkeys(list_ids))
        found: dict[str, str] = {}
        for part in chunks(wanted, _LISTS):
            body = {
                "listIds": part,
                "processingTypes": [],
                "additionalProperties": list(_MARKS),
                "offset": 0,
                "count": len(part),
            }
            rows = self._client.ask("POST", _SEARCH, body=body).body.get("lists") or ()
            found |= {str(row["listId"]): _mark(row) for row in rows}
        return {one: found[one] for one in wanted if one in found}

    def listed(self, list_id: str) -> Iterator[Sequence[int]]:
        """The contacts in a list, by the numbers of their ids, 250 per call. Raises `Refused` if
        the list does not exist, else `SyncError`.
        """
        after = ""
        while True:
            query = {"limit": str(self._size), **({"after": after} if after else {})}
            reply = self._client.ask(
                "GET", _MEMBERS, inside={"listId": list_id}, query=query, see=_MISSING
            )
            if reply.status in _MISSING:
                raise Refused(
                    f"HubSpot has no list {list_id}.",
                    code="LIST_NOT_FOUND",
                    hint=hint_of("LIST_NOT_FOUND"),
                )
            yield [int(row["recordId"]) for row in reply.rows]
            following = (reply.body.get("paging") or {}).get("next") or {}
            after = str(following.get("after") or "")
            if not after:
                return


def _mark(row: Mapping[str, Any]) -> str:
    """Size and times; the version of the list's filters belongs to it, too."""
    properties = row.get("additionalProperties") or {}
    return " ".join(
        [str(row.get("listVersion") or ""), *(str(properties.get(name) or "") for name in _MARKS)]
    )
