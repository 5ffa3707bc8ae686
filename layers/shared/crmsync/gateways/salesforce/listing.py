"""All records of an object in a Salesforce org, page by page in the order of ids.

Each page is a query of its own that begins after the last id of the page before. So no Salesforce
cursor has to last for the whole job (cursors expire after two days, and with the eleventh query of
a user), and there is no limit in all. Facts: docs/vendors.md#salesforce-queries.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from crmsync.gateways.salesforce.queries import (
    ACTIVITIES,
    EXTRA,
    MIN_ID,
    PAGE,
    Query,
    checked,
    run,
)
from crmsync.gateways.salesforce.sdk import format_soql
from crmsync.gateways.salesforce.session import SalesforceSession
from crmsync.model.kinds.activities import ActivityKind
from crmsync.model.operations.calls import DailyCalls
from crmsync.model.records import Ref, Side
from crmsync.ports.listing import Page

_WITH_EMAIL = " AND Email != null"

_OF_KIND: Mapping[ActivityKind, str] = MappingProxyType(
    {
        ActivityKind.CALL: " AND TaskSubtype = 'Call'",
        ActivityKind.EMAIL: " AND TaskSubtype = 'Email'",
        ActivityKind.TASK: " AND TaskSubtype NOT IN ('Call', 'Email')",
    }
)
"""Which of Salesforce's tasks are of a kind. The others of that object are left alone later, each
for its own reason.
"""


class SalesforceLister:
    """Implements `Lister` and `Quota`."""

    def __init__(self, session: SalesforceSession) -> None:
        """Call through `session`."""
        self._session = session

    def page(
        self,
        name: str,
        after: str,
        size: int,
        *,
        with_email: bool = False,
        activity: ActivityKind | None = None,
    ) -> Page:
        """Up to 2,000 records in the order of their ids, without deleted records and converted
        leads. Raises `SyncError`.
        """
        most = min(size, PAGE)
        more = _more(with_email=with_email, activity=activity)
        rows = self._rows(in_id_order(name, after or MIN_ID, limit=most, more=more))
        refs = tuple(Ref(Side.SALESFORCE, name, row["Id"]) for row in rows)
        return Page(refs, refs[-1].id if len(refs) == most else None)

    def count(
        self, name: str, *, with_email: bool = False, activity: ActivityKind | None = None
    ) -> int:
        """How many records there are. Raises `SyncError`."""
        (row,) = self._rows(counted(name, more=_more(with_email=with_email, activity=activity)))
        return int(row["n"])

    def calls(self) -> DailyCalls:
        """The org's calls of the last 24 hours. Raises `SyncError`."""
        daily = self._session.call("GET", "limits")["DailyApiRequests"]
        return DailyCalls(int(daily["Max"]) - int(daily["Remaining"]), int(daily["Max"]))

    def _rows(self, query: Query) -> list[Mapping[str, Any]]:
        return [row for _, rows in run(self._session, [query]) for row in rows]


def _more(*, with_email: bool, activity: ActivityKind | None) -> str:
    """Further conditions: only records with an address (IMP-4), only tasks of a kind."""
    return (_WITH_EMAIL if with_email else "") + (_OF_KIND.get(activity, "") if activity else "")


def in_id_order(name: str, after_id: str, *, limit: int = PAGE, more: str = "") -> Query:
    """A page of an object's records in the order of their ids, after an id, with `more` conditions
    of ours.
    """
    form = (
        "SELECT Id FROM {name:literal} WHERE Id > {after_id}{more:literal}"
        " ORDER BY Id LIMIT {limit}"
    )
    soql = format_soql(
        form, name=checked(name), after_id=after_id, more=EXTRA.get(name, "") + more, limit=limit
    )
    return Query(soql, name, deleted_too=name in ACTIVITIES)


def counted(name: str, *, more: str = "") -> Query:
    """The number of records that `in_id_order` returns, as ``n``."""
    form = "SELECT COUNT(Id) n FROM {name:literal} WHERE Id > {least}{more:literal}"
    soql = format_soql(form, name=checked(name), least=MIN_ID, more=EXTRA.get(name, "") + more)
    return Query(soql, name, deleted_too=name in ACTIVITIES)
