"""How many records of a kind are linked, counted in Salesforce at most once an hour."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from crmsync.gateways.salesforce.queries import Query, checked, run
from crmsync.gateways.salesforce.sdk import format_soql
from crmsync.gateways.salesforce.session import SalesforceSession
from crmsync.model.crm_names import ACCOUNT, LEAD, OPPORTUNITY, SALESFORCE_CONTACT
from crmsync.model.names import SALESFORCE_KEY, salesforce_key
from crmsync.model.records import Kind

KEPT = 3600.0
"""Seconds for which a count is used."""

_OBJECTS: Mapping[Kind, tuple[str, ...]] = MappingProxyType(
    {
        Kind.CONTACT: (LEAD, SALESFORCE_CONTACT),
        Kind.ACCOUNT: (ACCOUNT,),
        Kind.OPPORTUNITY: (OPPORTUNITY,),
        Kind.ACTIVITY: (),
    }
)


class SalesforcePairs:
    """Counts the linked records of one HubSpot account; `SyncContext.pairs` is such a callable."""

    def __init__(
        self, session: SalesforceSession, portal_id: int, *, now: Callable[[], float]
    ) -> None:
        """Call through `session`; `now` gives seconds on a clock that does not go back."""
        self._session = session
        self._portal_id = portal_id
        self._now = now
        self._known: dict[Kind, tuple[float, int]] = {}

    def __call__(self, kind: Kind) -> int:
        """How many Salesforce records of the kind name a HubSpot record of the account. At most one
        call. Raises `SyncError`.
        """
        at, number = self._known.get(kind, (-KEPT, 0))
        if self._now() - at < KEPT:
            return number
        queries = [_linked(name, self._portal_id) for name in _OBJECTS[kind]]
        number = sum(int(row["n"]) for _, rows in run(self._session, queries) for row in rows)
        self._known[kind] = (self._now(), number)
        return number


def _linked(name: str, portal_id: int) -> Query:
    """The number of records of an object that name a record of the account, as ``n``."""
    form = "SELECT COUNT(Id) n FROM {name:literal} WHERE {key:literal} LIKE '{begins:like}%'"
    return Query(
        format_soql(
            form, name=checked(name), key=SALESFORCE_KEY, begins=salesforce_key(portal_id, "")
        ),
        name,
    )
