"""Which tasks and events of one Salesforce org are about given records.

Facts: docs/vendors.md#salesforce-activities.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from crmsync.errors import Refused
from crmsync.gateways.salesforce.ids import full, is_id
from crmsync.gateways.salesforce.queries import Query, checked, packed, run
from crmsync.gateways.salesforce.reading import NO_RELATIONS, PEOPLE_ONLY
from crmsync.gateways.salesforce.sdk import format_soql
from crmsync.gateways.salesforce.session import SalesforceSession
from crmsync.model.crm_names import LEAD, SALESFORCE_CONTACT, WHAT_ID, WHO_ID
from crmsync.model.kinds.activities import CONTACT_LISTS
from crmsync.model.records import Ref, Side

_LISTING = (
    "SELECT {name:literal}Id FROM {name:literal}Relation "
    "WHERE RelationId IN {ids}{people:literal}{made:literal}"
)
_ABOUT = "SELECT Id FROM {name:literal} WHERE {column:literal} IN {ids}{made:literal}"
_OF_RELATION = {f"{name}Relation": name for name in CONTACT_LISTS}
_PEOPLE = frozenset({LEAD, SALESFORCE_CONTACT})


class SalesforceActivities:
    """Implements `Activities` for one Salesforce org."""

    def __init__(self, session: SalesforceSession) -> None:
        """Call through `session`."""
        self._session = session

    def about(
        self,
        records: Iterable[Ref],
        since: Mapping[str, datetime | None],
        *,
        several: bool = False,
    ) -> Sequence[Ref]:
        """The tasks and events about these records, by object and id: of each object in `since`
        those that were made at that moment or later; with `several` also those that list one of the
        contacts, unless the org no longer shares activities. Some 500 records per query and five
        queries per call. Raises `SyncError`.

        Deleted ones are left out, and so are archived ones, which are a year old.
        """
        wanted = list(records)
        queries = [query for name in since for query in _queries(name, wanted, since[name])]
        lists = [
            query for name in since if several for query in _listing(name, wanted, since[name])
        ]
        try:
            return self._found([*queries, *lists])
        except Refused as error:
            if not lists or error.code not in NO_RELATIONS:
                raise
            return self._found(queries)

    def _found(self, queries: Iterable[Query]) -> Sequence[Ref]:
        found = set[Ref]()
        for query, rows in run(self._session, list(queries)):
            name = _OF_RELATION.get(query.object, query.object)
            column = "Id" if name == query.object else f"{name}Id"
            found |= {Ref(Side.SALESFORCE, name, full(str(row[column]))) for row in rows}
        return sorted(found)


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


def _listing(name: str, records: Sequence[Ref], since: datetime | None) -> Iterator[Query]:
    """Queries for the tasks or events that list one of the contacts."""
    ids = [one.id for one in records if one.object == SALESFORCE_CONTACT and is_id(one.id)]
    moment = format_soql("{since}", since=since) if since else ""
    made = f" AND {checked(name)}.CreatedDate >= {moment}" if since else ""

    def query(part: list[str]) -> Query:
        soql = format_soql(_LISTING, name=name, ids=part, people=PEOPLE_ONLY[name], made=made)
        return Query(soql, f"{name}Relation")

    yield from packed(ids, query, lambda one: format_soql("{},", one))
