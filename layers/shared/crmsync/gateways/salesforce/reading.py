"""Tasks and events by their ids: queries, five per call, with some 500 ids each.

Salesforce documents that only queryAll returns archived ones, and not that their own resource
returns them (docs/vendors.md#salesforce-activities). One that was left out would be taken for
deleted. All people of a task or event are read from its relations, in a call more: in a query of
the field that has them, Salesforce allows 500 of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from crmsync.errors import Drifted, Refused
from crmsync.gateways.salesforce.errors import SIDE
from crmsync.gateways.salesforce.queries import EXTRA, Query, checked, packed, run
from crmsync.gateways.salesforce.sdk import format_soql
from crmsync.gateways.salesforce.session import SalesforceSession
from crmsync.model.crm_names import EVENT, TASK
from crmsync.model.kinds.activities import CONTACT_LISTS

NO_RELATIONS = frozenset({"INVALID_TYPE", "INVALID_FIELD"})
"""Codes with which an org without Shared Activities refuses to read relations [M]: those of tasks
do not exist, those of events have no ``IsParent``.
"""

PEOPLE_ONLY = {TASK: " AND IsWhat = FALSE", EVENT: " AND IsWhat = FALSE AND IsParent = TRUE"}
"""What a query leaves out of the relations of a task or event: the record that it is about, and the
invitees of an event.
"""


def rows_of_activities(
    session: SalesforceSession, name: str, ids: Sequence[str], columns: Sequence[str]
) -> Iterator[Mapping[str, Any]]:
    """The rows of the tasks or events that exist, with these columns. Raises `SyncError`."""
    people = CONTACT_LISTS[name]
    if people not in columns:
        for _, rows in run(session, list(by_id(name, ids, columns))):
            yield from rows
        return
    found = _people(session, name, ids)
    others = [one for one in columns if one != people]
    for _, rows in run(session, list(by_id(name, ids, others))):
        for row in rows:
            yield {**row, people: ";".join(sorted(found.get(row["Id"], ()))) or None}


def _people(
    session: SalesforceSession, name: str, ids: Sequence[str]
) -> Mapping[str, Sequence[str]]:
    """Task or event -> the ids of its people. Raises `SyncError`: `Drifted` where the org has no
    relations of theirs, as it no longer shares activities.
    """
    parent = f"{name}Id"
    form = (
        "SELECT {parent:literal}, RelationId FROM {relation:literal} "
        "WHERE {parent:literal} IN {ids} AND IsDeleted = FALSE{people:literal}"
    )

    def query(part: list[str]) -> Query:
        soql = format_soql(
            form, parent=parent, relation=f"{name}Relation", ids=part, people=PEOPLE_ONLY[name]
        )
        return Query(soql, f"{name}Relation", deleted_too=True)

    found: dict[str, list[str]] = {}
    try:
        for _, rows in run(session, list(packed(list(ids), query, lambda one: f"'{one}',"))):
            for row in rows:
                found.setdefault(row[parent], []).append(row["RelationId"])
    except Refused as error:
        if error.code not in NO_RELATIONS:
            raise
        raise Drifted(
            error.text, side=SIDE, code=error.code, fieldname=CONTACT_LISTS[name]
        ) from error
    return found


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
