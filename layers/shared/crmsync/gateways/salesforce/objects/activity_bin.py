"""Tasks and events in the recycle bin of one Salesforce org.

Facts: docs/vendors.md#salesforce-activities.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from crmsync.gateways.salesforce.deletion import delete
from crmsync.gateways.salesforce.ids import full, is_id
from crmsync.gateways.salesforce.queries import Query, checked, packed, run
from crmsync.gateways.salesforce.sdk import format_soql
from crmsync.gateways.salesforce.session import SalesforceSession
from crmsync.model.crm_names import WHAT_ID, WHO_ID
from crmsync.model.effects import DeleteRecord
from crmsync.model.records import Ref
from crmsync.ports.crm import Outcome

_IN_BIN = "SELECT Id, WhoId, WhatId FROM {name:literal} WHERE Id IN {ids} AND IsDeleted = true"


class SalesforceActivityBin:
    """Implements `ActivityBin` for one Salesforce org."""

    def __init__(self, session: SalesforceSession) -> None:
        """Call through `session`."""
        self._session = session

    def delete(self, effects: Sequence[DeleteRecord]) -> Sequence[Outcome]:
        """Move tasks and events to the recycle bin, 200 per call; one that is there already counts
        as deleted. Raises `SyncError` if nothing was deleted.
        """
        return delete(self._session, (effect.ref for effect in effects))

    def in_bin(self, refs: Iterable[Ref]) -> Mapping[Ref, frozenset[str]]:
        """Those of the tasks and events that are in the recycle bin, each with the ids of whom and
        what it was about; hundreds per query and five queries per call. Raises `SyncError`.
        """
        asked = {full(ref.id): ref for ref in refs if is_id(ref.id)}
        found: dict[Ref, frozenset[str]] = {}
        for _, rows in run(self._session, list(_in_bin(asked))):
            for row in rows:
                about = (row.get(name) for name in (WHO_ID, WHAT_ID))
                found[asked[full(str(row["Id"]))]] = frozenset(
                    full(str(one)) for one in about if one
                )
        return found


def _in_bin(asked: Mapping[str, Ref]) -> Iterator[Query]:
    for name in dict.fromkeys(ref.object for ref in asked.values()):

        def query(part: list[str], name: str = name) -> Query:
            soql = format_soql(_IN_BIN, name=checked(name), ids=part)
            return Query(soql, name, deleted_too=True)

        ids = [one for one, ref in asked.items() if ref.object == name]
        yield from packed(ids, query, lambda one: format_soql("{},", one))
