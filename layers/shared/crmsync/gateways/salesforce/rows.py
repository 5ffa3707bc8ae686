"""Salesforce's rows: effects to rows, and results back to outcomes and records. No calls."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from crmsync.gateways.salesforce.errors import RULE, row_error
from crmsync.gateways.salesforce.ids import full
from crmsync.model.crm_names import CONTACT_ROLE, LEAD, PARENT_ACCOUNT, SALESFORCE_CONTACT
from crmsync.model.effects import CreateRecord, UpdateRecord
from crmsync.model.kinds.activities import CONTACT_LISTS
from crmsync.model.names import SALESFORCE_KEY
from crmsync.model.records import Record, Ref, Side
from crmsync.ports.crm import Outcome, Written

CONVERSION = {LEAD: ("IsConverted", "ConvertedContactId")}
"""Fields that are read with a lead, to see whether it was converted."""

_LISTS = frozenset(CONTACT_LISTS.values())
"""Fields that are written as lists of ids, which a record has in one text."""

FIXED = {CONTACT_ROLE: frozenset({"OpportunityId"})}
"""Fields that can only be set at creation. An update of an existing record leaves them out."""


@dataclass(frozen=True, slots=True)
class Write:
    """One row of a collection call.

    Attributes:
        at: The place of its effect in the caller's list.
        object: The object.
        key: The record's id, or our external id for a new record.
        group: The id of the parent that is locked with it, or "".
        row: The row as it is sent.
        fields: The fields that are written.
    """

    at: int
    object: str
    key: str
    group: str
    row: Mapping[str, Any]
    fields: Mapping[str, Any]


def outcome(write: Write, row: Mapping[str, Any], rules: Collection[str] = ()) -> Outcome:
    """The outcome of a row, from its result; `rules` are the messages of the org's validation
    rules.
    """
    if not row.get("success"):
        return row_error(
            row.get("errors") or (), write.fields, updates="id" in write.row, rules=rules
        )
    return Written(Ref(Side.SALESFORCE, write.object, str(row.get("id") or write.key)), {})


def is_refused_by_a_rule(row: Mapping[str, Any]) -> bool:
    """Whether the result says that a validation rule refused the row."""
    return any(error.get("statusCode") == RULE for error in row.get("errors") or ())


def creation(at: int, effect: CreateRecord) -> Write:
    """The row that creates a record under its key."""
    row = {
        "attributes": {"type": effect.object},
        **_sent(effect.fields),
        SALESFORCE_KEY: effect.key,
    }
    return Write(at, effect.object, effect.key, _group(effect), row, effect.fields)


def change(at: int, effect: UpdateRecord) -> Write:
    """The row that updates a record. Raises `TypeError` for a record that was not created yet."""
    ref = effect.place
    if not isinstance(ref, Ref):
        msg = f"an update of {ref} before its record was created"
        raise TypeError(msg)
    row = {"attributes": {"type": ref.object}, "id": ref.id, **_sent(effect.fields)}
    return Write(at, ref.object, ref.id, _group(effect), row, effect.fields)


def update_of(write: Write, identifier: str) -> Write:
    """The update of a record that was to be created but exists, without its `FIXED` fields."""
    left_out = {SALESFORCE_KEY, *FIXED.get(write.object, ())}
    kept = {name: value for name, value in write.row.items() if name not in left_out}
    return replace(write, row={**kept, "id": identifier})


def _sent(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: str(value).split(";") if name in _LISTS and value else value
        for name, value in fields.items()
    }


def _group(effect: CreateRecord | UpdateRecord) -> str:
    """The parent that is locked with the record. A contact's account or a role's opportunity is
    among the record's own fields if it is being set.
    """
    parents = (str(effect.fields.get(name) or "") for name in (PARENT_ACCOUNT, "OpportunityId"))
    return full(effect.group or next(filter(None, parents), ""))


def record(name: str, row: Mapping[str, Any], fields: Sequence[str]) -> Record:
    """The record of a row, with exactly these fields."""
    return Record(
        ref=Ref(Side.SALESFORCE, name, row["Id"]),
        fields={field: row.get(field) for field in fields},
        created_at=moment(row["CreatedDate"]),
        modified_at=moment(row["LastModifiedDate"]),
        modified_by=row.get("LastModifiedById") or "",
        successor=_successor(row),
    )


def moment(text: str) -> datetime:
    """The time in Salesforce's text, such as ``2026-11-02T10:00:00.000+0000``."""
    return datetime.fromisoformat(text)


def _successor(row: Mapping[str, Any]) -> Ref | None:
    contact = row.get("ConvertedContactId") if row.get("IsConverted") else None
    return Ref(Side.SALESFORCE, SALESFORCE_CONTACT, full(str(contact))) if contact else None
