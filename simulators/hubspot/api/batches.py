"""CRM objects v3 in batches: read, create, update, upsert, archive.

Partial failure: with a unique ``objectWriteTraceId`` on every input, each row succeeds or fails by
itself and refusals are rows of a 207. Without, the first refusal refuses the whole batch and
nothing is stored (docs/vendors.md#hubspot-records [D]). Missing ids are always rows [S]. An unknown
property refuses the whole batch, with trace ids or without [S].
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from simulators.hubspot.api.call import NO_CONTENT, Answer, Call, object_of, text_of
from simulators.hubspot.api.objects import HISTORY_CEILING, existing_names, made, wanted_links
from simulators.hubspot.api.rows import batch_answer, missing_rows, record_row, written_row
from simulators.hubspot.errors import ApiError, conflict, invalid, invalid_values, non_unique
from simulators.hubspot.records.table import Record
from simulators.hubspot.records.writes import Writes

BATCH_CEILING = 100
Apply = Callable[[], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class _Planned:
    """A checked row: the values to store, the record to change if any, and how."""

    values: Mapping[str, str]
    record: Record | None
    apply: Apply


@dataclass(slots=True)
class _Outcome:
    results: list[dict[str, Any]] = field(default_factory=list)
    errors: list[dict[str, Any]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


Plan = Callable[[Mapping[str, Any]], _Planned]


def read(call: Call) -> Answer:
    """POST batch/read by id or a unique property, with histories on request."""
    writes = call.portal.of(call.ids["type"])
    history = existing_names(writes, call.row.get("propertiesWithHistory") or [])
    inputs = call.inputs(HISTORY_CEILING if history else BATCH_CEILING)
    names = existing_names(writes, call.row.get("properties") or [])
    archived = call.flag("archived")
    found: dict[str, Record] = {}
    missing: list[str] = []
    for row in inputs:
        key = text_of(row, "id")
        record = writes.found(key, call.row.get("idProperty"))
        if record is None or (record.archived_ms is not None) != archived:
            missing.append(key)
        else:
            found[record.id] = record
    rows = [record_row(record, writes.kind, names, history) for record in found.values()]
    return _answer(call, rows, missing_rows(writes.kind, missing), 200)


def create(call: Call) -> Answer:
    """POST batch/create; without trace ids only the first clash is named [S]."""
    writes = call.portal.of(call.ids["type"])
    inputs = call.inputs(BATCH_CEILING)

    def plan(row: Mapping[str, Any]) -> _Planned:
        raw = object_of(row, "properties")
        values = writes.checked(raw, enforced=call.enforces_rules)
        links = wanted_links(call, writes, row.get("associations") or ())
        return _Planned(
            values, None, lambda: written_row(made(call, writes, values, links), writes.kind, raw)
        )

    outcome = _run(writes, inputs, plan, isolated=_is_traced(inputs))
    return _answer(call, outcome.results, outcome.errors, 201)


def update(call: Call) -> Answer:
    """POST batch/update by id, or by a unique property named in each input."""
    writes = call.portal.of(call.ids["type"])
    inputs = call.inputs(BATCH_CEILING)
    _refuse_twins(writes, inputs)

    def plan(row: Mapping[str, Any]) -> _Planned:
        raw = object_of(row, "properties")
        record = writes.living(text_of(row, "id"), row.get("idProperty"))
        values = writes.checked(raw, record, enforced=call.enforces_rules)
        return _Planned(values, record, lambda: _changed(call, writes, record, values, raw))

    outcome = _run(writes, inputs, plan, isolated=_is_traced(inputs))
    return _answer(
        call, outcome.results, [*outcome.errors, *missing_rows(writes.kind, outcome.missing)], 200
    )


def upsert(call: Call) -> Answer:
    """POST batch/upsert by a unique property; by e-mail address no partial success is possible,
    with trace ids or without [M].
    """
    writes = call.portal.of(call.ids["type"])
    inputs = call.inputs(BATCH_CEILING)
    id_property = _id_property(writes, inputs)
    _refuse_twins(writes, inputs)

    def plan(row: Mapping[str, Any]) -> _Planned:
        key, raw = text_of(row, "id"), object_of(row, "properties")
        record = writes.found(key, id_property)
        if record is None:
            raw = {id_property: key, **raw}
            values = writes.checked(raw, enforced=call.enforces_rules)
            return _Planned(values, None, lambda: _new(made(call, writes, values, ()), writes, raw))
        values = writes.checked(raw, record, enforced=call.enforces_rules)
        return _Planned(
            values, record, lambda: _changed(call, writes, record, values, raw) | {"new": False}
        )

    isolated = _is_traced(inputs) and id_property != writes.kind.natural_key
    outcome = _run(writes, inputs, plan, isolated=isolated)
    return _answer(call, outcome.results, outcome.errors, 200)


def archive(call: Call) -> Answer:
    """POST batch/archive; ids that are already archived are ignored."""
    writes = call.portal.of(call.ids["type"])
    for row in call.inputs(BATCH_CEILING):
        record = writes.table.by_id(text_of(row, "id"))
        if record is not None:
            call.portal.remove(call.ids["type"], record, call.actor)
    return NO_CONTENT


def _new(record: Record, writes: Writes, raw: Mapping[str, Any]) -> dict[str, Any]:
    return written_row(record, writes.kind, raw) | {"new": True}


def _changed(
    call: Call, writes: Writes, record: Record, values: Mapping[str, str], raw: Mapping[str, Any]
) -> dict[str, Any]:
    writes.update(record, values, call.actor)
    return written_row(record, writes.kind, raw)


def _run(
    writes: Writes, inputs: Sequence[Mapping[str, Any]], plan: Plan, *, isolated: bool
) -> _Outcome:
    _refuse_unknown(writes, inputs)
    outcome = _Outcome()
    claimed: set[tuple[str, str]] = set()
    waiting: list[tuple[Mapping[str, Any], _Planned]] = []
    for row in inputs:
        try:
            planned = plan(row)
            _claim(writes, planned, claimed)
        except ApiError as error:
            if error.category == "OBJECT_NOT_FOUND" and "id" in row:
                outcome.missing.append(str(row["id"]))
            elif isolated:
                outcome.errors.append(
                    error.row(objectWriteTraceId=[str(row["objectWriteTraceId"])])
                )
            else:
                raise
            continue
        if isolated:
            outcome.results.append(_traced(row, planned.apply()))
        else:
            waiting.append((row, planned))
    outcome.results += [_traced(row, planned.apply()) for row, planned in waiting]
    return outcome


def _refuse_unknown(writes: Writes, inputs: Sequence[Mapping[str, Any]]) -> None:
    names = dict.fromkeys(name for row in inputs for name in object_of(row, "properties"))
    problems = [
        (name, "PROPERTY_DOESNT_EXIST", f'Property "{name}" does not exist')
        for name in names
        if name not in writes.table.schema.properties
    ]
    if problems:
        raise invalid_values(problems)


def _traced(row: Mapping[str, Any], result: dict[str, Any]) -> dict[str, Any]:
    trace_id = row.get("objectWriteTraceId")
    return result if trace_id is None else result | {"objectWriteTraceId": str(trace_id)}


def _claim(writes: Writes, planned: _Planned, claimed: set[tuple[str, str]]) -> None:
    """Refuse a second row of the batch that stores the same unique value [S: 409 for one e-mail
    address twice].
    """
    keys = {
        (name, value)
        for name, value in planned.values.items()
        if value and writes.table.is_key(name)
    }
    if keys & claimed:
        raise conflict(f"{writes.kind.name.capitalize()} already exists.")
    claimed |= keys


def _is_traced(inputs: Sequence[Mapping[str, Any]]) -> bool:
    traces = [row.get("objectWriteTraceId") for row in inputs]
    return all(traces) and len(set(map(str, traces))) == len(traces)


def _refuse_twins(writes: Writes, inputs: Sequence[Mapping[str, Any]]) -> None:
    seen: set[str] = set()
    for row in inputs:
        key, id_property = text_of(row, "id"), row.get("idProperty")
        record = writes.found(key, id_property)
        identity = record.id if record is not None else f"{id_property}={key}"
        if identity in seen:
            raise invalid(f"Duplicate IDs found in batch input: [{key}]. IDs must be unique.")
        seen.add(identity)


def _id_property(writes: Writes, inputs: Sequence[Mapping[str, Any]]) -> str:
    names = {row.get("idProperty") for row in inputs}
    name = next(iter(names))
    if len(names) != 1 or not isinstance(name, str):
        raise invalid("Every input of an upsert must name the same idProperty.")
    if not writes.table.is_key(name) or name == "hs_object_id":
        raise non_unique(writes.kind.type_id)
    return name


def _answer(
    call: Call, rows: Sequence[Any], errors: Sequence[Mapping[str, Any]], status: int
) -> Answer:
    return Answer(207 if errors else status, batch_answer(rows, errors, call.portal.clock.now_ms()))
