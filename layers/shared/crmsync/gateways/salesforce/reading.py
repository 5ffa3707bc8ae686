"""Tasks and events by their ids: queries, five per call, with some 500 ids each.

Salesforce documents that only queryAll returns archived ones, and not that their own resource
returns them (docs/vendors.md#salesforce-activities). One that was left out would be taken for
deleted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from crmsync.gateways.salesforce.queries import EXTRA, Query, checked, packed, run
from crmsync.gateways.salesforce.sdk import format_soql
from crmsync.gateways.salesforce.session import SalesforceSession


def rows_of_activities(
    session: SalesforceSession, name: str, ids: Sequence[str], columns: Sequence[str]
) -> Iterator[Mapping[str, Any]]:
    """The rows of the tasks or events that exist, with these columns. Raises `SyncError`."""
    for _, rows in run(session, list(by_id(name, ids, columns))):
        yield from rows


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
