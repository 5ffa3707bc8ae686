"""All possible owners of records on both sides, read together and kept for ten minutes. Who
corresponds to whom is decided in `crmsync.rules.merge.owners`.

HubSpot's owners v3, deactivated ones with ``archived=true`` (docs/vendors.md#hubspot-owners);
Salesforce's users of three types and its queues (OWN-1; docs/vendors.md#salesforce-objects).
HubSpot takes about two calls, and Salesforce one for both queries.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from crmsync.gateways.hubspot.client import HubspotClient
from crmsync.gateways.salesforce.ids import full
from crmsync.gateways.salesforce.queries import QUEUES, USERS, run
from crmsync.gateways.salesforce.session import SalesforceSession
from crmsync.model.kinds.owners import Owner, Owners

MAX_AGE = 600.0
"""Seconds for which the owners are kept: they change rarely, and every contact needs them."""

PAGE = 500
QUEUE = "Queue"
_OWNERS = "/crm/v3/owners/"


class OwnersDirectory:
    """Implements `Directory`."""

    def __init__(
        self,
        hubspot: HubspotClient,
        salesforce: SalesforceSession,
        *,
        now: Callable[[], float],
        page: int = PAGE,
    ) -> None:
        """Call through `hubspot` and `salesforce`; `now` gives seconds on a clock that does not go
        back, `page` is HubSpot's page size.
        """
        self._hubspot = hubspot
        self._salesforce = salesforce
        self._now = now
        self._size = page
        self._kept: tuple[Owners, float] | None = None

    def owners(self) -> Owners:
        """HubSpot's owners and Salesforce's users and queues, at most ten minutes old. Raises
        `SyncError`.
        """
        kept = self._kept
        if kept is None or self._now() - kept[1] >= MAX_AGE:
            hubspot = [
                _owner(row) for archived in (False, True) for row in self._rows(archived=archived)
            ]
            kept = self._kept = (Owners(tuple(hubspot), tuple(self._users())), self._now())
        return kept[0]

    def _rows(self, *, archived: bool) -> Iterator[Mapping[str, Any]]:
        query = {"limit": str(self._size), "archived": str(archived).lower()}
        while True:
            reply = self._hubspot.ask("GET", _OWNERS, query=query)
            yield from reply.rows
            after = ((reply.body.get("paging") or {}).get("next") or {}).get("after")
            if not after:
                return
            query["after"] = str(after)

    def _users(self) -> Iterator[Owner]:
        for query, rows in run(self._salesforce, (USERS, QUEUES)):
            yield from (_queue(row) if query is QUEUES else _user(row) for row in rows)


def _owner(row: Mapping[str, Any]) -> Owner:
    name = " ".join(part for part in (row.get("firstName"), row.get("lastName")) if part)
    kind = str(row.get("type") or "PERSON")
    return Owner(str(row["id"]), name, str(row.get("email") or ""), not row.get("archived"), kind)


def _user(row: Mapping[str, Any]) -> Owner:
    identifier, name, email = (
        full(str(row["Id"])),
        str(row.get("Name") or ""),
        str(row.get("Email") or ""),
    )
    return Owner(identifier, name, email, bool(row.get("IsActive")), str(row["UserType"]))


def _queue(row: Mapping[str, Any]) -> Owner:
    return Owner(full(str(row["Id"])), str(row.get("Name") or ""), "", is_active=True, kind=QUEUE)
