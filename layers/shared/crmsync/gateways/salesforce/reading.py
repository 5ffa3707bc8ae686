"""Rows of records by their ids: 2,000 per call.

Tasks and events are read by queries, five per call, with some 500 ids each: Salesforce documents
that only queryAll returns archived ones, and not that their own resource returns them
(docs/vendors.md#salesforce-activities). One that was left out would be taken for deleted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from crmsync.gateways.retry import chunks
from crmsync.gateways.salesforce.queries import ACTIVITIES, EXTRA, Query, checked, packed, run
from crmsync.gateways.salesforce.sdk import format_soql
from crmsync.gateways.salesforce.session import SalesforceSession

READ_BATCH = 2000


def rows_by_id(
    session: SalesforceSession, name: str, ids: Sequence[str], columns: Sequence[str]
) -> Iterator[Mapping[str, Any]]:
    """The rows of the records that exist, with these columns. Raises `SyncError`."""
    if name in ACTIVITIES:
        for _, rows in run(session, list(by_id(name, ids, columns))):
            yield from rows
        return
    for part in chunks(list(ids), READ_BATCH):
        body = {"ids": part, "fields": list(columns)}
        found = session.call("POST", f"composite/sobjects/{name}", body=body)
        yield from filter(None, found or ())


def by_id(name: str, ids: Iterable[str], columns: Sequence[str]) -> Iterator[Query]:
    """Queries for the records with these ids that are not deleted."""
    form = "SELECT {columns:literal} FROM {name:literal} WHERE Id IN {ids}{extra:literal}"
    shown = ", ".join(map(checked, columns))

    def query(part: list[str]) -> Query:
        soql = format_soql(
            form, columns=shown, name=checked(name), ids=part, extra=EXTRA.get(name, "")
        )
        return Query(soql, name, deleted_too=True)

    return packed(list(ids), query, lambda one: format_soql("{},", one))
