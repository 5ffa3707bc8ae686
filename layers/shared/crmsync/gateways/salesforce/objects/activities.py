"""Which tasks and events of one Salesforce org are about given records.

Facts: docs/vendors.md#salesforce-activities.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from crmsync.gateways.salesforce.ids import full, is_id
from crmsync.gateways.salesforce.queries import Query, checked, packed, run
from crmsync.gateways.salesforce.sdk import format_soql
from crmsync.gateways.salesforce.session import SalesforceSession
from crmsync.model.crm_names import LEAD, SALESFORCE_CONTACT, WHAT_ID, WHO_ID
from crmsync.model.records import Ref, Side

_ABOUT = "SELECT Id FROM {name:literal} WHERE {column:literal} IN {ids}{made:literal}"
_PEOPLE = frozenset({LEAD, SALESFORCE_CONTACT})


class SalesforceActivities:
    """Implements `Activities` for one Salesforce org."""

    def __init__(self, session: SalesforceSession) -> None:
        """Call through `session`."""
        self._session = session

    def about(self, records: Iterable[Ref], since: Mapping[str, datetime | None]) -> Sequence[Ref]:
        """The tasks and events about these records, by object and id: of each object in `since`
        those that were made at that moment or later. Some 500 records per query and five queries
        per call. Raises `SyncError`.

        Deleted ones are left out, and so are archived ones, which are a year old.
        """
        wanted = list(records)
        queries = [query for name in since for query in _queries(name, wanted, since[name])]
        return sorted(
            {
                Ref(Side.SALESFORCE, query.object, full(str(row["Id"])))
                for query, rows in run(self._session, queries)
                for row in rows
            }
        )


def _queries(name: str, records: Sequence[Ref], since: datetime | None) -> Iterator[Query]:
    made = format_soql(" AND CreatedDate >= {since}", since=since) if since else ""
    columns: dict[str, list[str]] = {}
    for ref in records:
        if is_id(ref.id):
            columns.setdefault(WHO_ID if ref.object in _PEOPLE else WHAT_ID, []).append(ref.id)
    for column, ids in columns.items():

        def query(part: list[str], column: str = column) -> Query:
            soql = format_soql(_ABOUT, name=checked(name), column=column, ids=part, made=made)
            return Query(soql, name)

        yield from packed(ids, query, lambda one: format_soql("{},", one))
