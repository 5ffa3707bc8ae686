"""CRM objects v3, one record at a time: list, create, get, update, archive, merge, delete for
privacy (crm-objects-*-v3 [V]).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from simulators.hubspot.api.call import NO_CONTENT, Answer, Call, object_of, paging, text_of
from simulators.hubspot.api.rows import associations_part, record_row, written_row
from simulators.hubspot.errors import MissingPageError, invalid, not_found
from simulators.hubspot.records.table import Record
from simulators.hubspot.records.writes import Writes

PAGE_CEILING = 100
HISTORY_CEILING = 50
"""The most records of a page or batch with property histories."""


def list_page(call: Call) -> Answer:
    """GET a page of records in the order of ids; on request archived ones instead."""
    writes = call.portal.of(call.ids["type"])
    history = call.names("propertiesWithHistory")
    limit = call.number("limit", 10, HISTORY_CEILING if history else PAGE_CEILING)
    records, after = writes.table.page(call.cursor(), limit, archived=call.flag("archived"))
    rows = [_full_row(call, writes, record) for record in records]
    return Answer(200, {"results": rows} | paging(after, call.base_url))


def create(call: Call) -> Answer:
    """POST one record, with its associations."""
    writes = call.portal.of(call.ids["type"])
    record = create_record(call, writes, call.row)
    return Answer(201, written_row(record, writes.kind, call.properties))


def create_record(call: Call, writes: Writes, row: Mapping[str, Any]) -> Record:
    """Make one record from a create input. Raises before anything is stored."""
    values = writes.checked(object_of(row, "properties"), enforced=call.enforces_rules)
    links = wanted_links(call, writes, row.get("associations") or ())
    return made(call, writes, values, links)


Link = tuple[str, str, list[tuple[str, int]]]


def wanted_links(call: Call, writes: Writes, rows: Sequence[Mapping[str, Any]]) -> list[Link]:
    """Return the associations of a create input: (type id, record id, types). Raises 400 or 404 for
    impossible ones.
    """
    links: list[Link] = []
    for row in rows:
        specs = [
            (str(spec["associationCategory"]), int(spec["associationTypeId"]))
            for spec in row.get("types") or ()
        ]
        to_type = call.portal.associations.meaning(writes.kind.type_id, specs)
        to_id = text_of(object_of(row, "to"), "id")
        links.append((to_type, call.portal.writes[to_type].living(to_id).id, specs))
    return links


def made(call: Call, writes: Writes, values: Mapping[str, str], links: Sequence[Link]) -> Record:
    """Store a checked record and its associations."""
    record = writes.create(values, call.actor)
    for to_type, to_id, specs in links:
        call.portal.link((writes.kind.type_id, to_type), record.id, to_id, specs, call.actor)
    return record


def read(call: Call) -> Answer:
    """GET one record by id or a unique property; a missing one is answered with an HTML page
    (docs/vendors.md#hubspot-errors).
    """
    writes = call.portal.of(call.ids["type"])
    record = writes.found(call.ids["id"], call.query.get("idProperty"))
    if record is None or (record.archived_ms is not None) != call.flag("archived"):
        raise MissingPageError
    return Answer(200, _full_row(call, writes, record))


def update(call: Call) -> Answer:
    """PATCH one record by id or a unique property."""
    writes = call.portal.of(call.ids["type"])
    record = writes.living(call.ids["id"], call.query.get("idProperty"))
    writes.update(
        record, writes.checked(call.properties, record, enforced=call.enforces_rules), call.actor
    )
    return Answer(200, written_row(record, writes.kind, call.properties))


def archive(call: Call) -> Answer:
    """DELETE one record to the recycle bin; 204 also if it is already archived."""
    record = call.portal.of(call.ids["type"]).table.by_id(call.ids["id"])
    if record is not None:
        call.portal.remove(call.ids["type"], record, call.actor)
    return NO_CONTENT


def merge(call: Call) -> Answer:
    """POST a merge of two records; the answer is the survivor, which has a new id."""
    primary, other = text_of(call.row, "primaryObjectId"), text_of(call.row, "objectIdToMerge")
    survivor = call.portal.merge(call.ids["type"], primary, other, call.actor)
    return Answer(200, record_row(survivor, call.portal.of(call.ids["type"]).kind))


def forget(call: Call) -> Answer:
    """POST a privacy deletion; an unknown e-mail address is put on the block list [D]."""
    writes = call.portal.of(call.ids["type"])
    if not writes.kind.can_be_forgotten:
        raise invalid(f"Privacy deletion is not supported for {writes.kind.plural}.")
    key, id_property = text_of(call.row, "objectId"), call.row.get("idProperty")
    record = writes.found(key, id_property)
    if record is not None:
        call.portal.associations.forget(writes.kind.type_id, record.id)
        writes.forget(record, call.actor)
    elif id_property == writes.kind.natural_key:
        writes.blocked.add(key.strip().lower())
    else:
        raise not_found()
    return NO_CONTENT


def existing_names(writes: Writes, names: Sequence[str]) -> list[str]:
    """Return the requested property names that exist; HubSpot ignores the others silently."""
    return [name for name in names if name in writes.table.schema.properties]


def _full_row(call: Call, writes: Writes, record: Record) -> dict[str, Any]:
    names = existing_names(writes, call.names("properties"))
    history = existing_names(writes, call.names("propertiesWithHistory"))
    row = record_row(record, writes.kind, names, history)
    return row | associations_part(call.portal, writes.kind, record, call.names("associations"))
