"""Create, update, delete and undelete one record: the only way in which records change.

The order is the org's: form of the values, derived values, required fields, references, unique
fields, duplicate rules, validation rules, then the row and what follows from it. The API modules
know how a call is requested and answered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from simulators.salesforce.objects import places
from simulators.salesforce.objects.fields import Field, Row
from simulators.salesforce.objects.schema import View
from simulators.salesforce.objects.sobject import SObject
from simulators.salesforce.org import campaigns, rules
from simulators.salesforce.org.effects import DERIVE, FOLLOW, GONE
from simulators.salesforce.org.org import Org
from simulators.salesforce.org.stamps import stamped, touch
from simulators.salesforce.org.transaction import Transaction
from simulators.salesforce.org.values import read_value
from simulators.salesforce.refusals import RefusalError, no_such_column
from simulators.salesforce.times import DAY

_BIN_DAYS: Final = 15
_NOT_FIELDS: Final = frozenset({"attributes"})
_REWRITES: Final[Mapping[str, Callable[[str], str]]] = {
    "upper": str.upper,
    "digits": lambda text: "".join(one for one in text if one.isdigit()),
}
"""What the triggers of the fault `trigger_rewrites` can do to a text."""


def create(
    org: Org, transaction: Transaction, view: View, sobject: SObject, values: Mapping[str, Any]
) -> str:
    """Create a record and return its id. Raises `RefusalError`."""
    if not (sobject.createable or transaction.actor.trusted):
        raise RefusalError(
            "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
            f"entity type cannot be inserted: {sobject.label}",
            [],
        )
    if sobject.name in rules.SETUP and not transaction.actor.trusted:
        rules.check_right_to_set_up(org, transaction.actor.user_id, sobject.name)
    _lock(org, transaction, sobject, [values])
    given = _read(org, transaction, view, sobject, values, creating=True)
    row: Row = {field.name: field.default for field in sobject.fields if field.default is not None}
    row |= {"Id": org.ids.make(sobject.prefix)} | _initial_values(org, transaction, sobject) | given
    _derive(org, transaction, sobject, None, row)
    if org.state_country_picklists:
        places.complete_codes(sobject.name, None, row, given)
    rules.check_required(sobject, row)
    rules.check_person_fields(sobject, row, given)
    _check(org, transaction, sobject, row, given)
    if not transaction.actor.trusted:
        rules.check_duplicates(org, transaction.actor, sobject, row)
        rules.check_validation(org, sobject, row)
    _store(org, transaction, sobject, None, row)
    return str(row["Id"])


def update(
    org: Org,
    transaction: Transaction,
    view: View,
    sobject: SObject,
    record_id: str,
    values: Mapping[str, Any],
) -> None:
    """Change a record. Raises `RefusalError`, for example ENTITY_IS_DELETED, or
    INVALID_CROSS_REFERENCE_KEY for an unknown id.
    """
    before = _existing(org, sobject, record_id)
    if not (sobject.updateable or transaction.actor.trusted):
        raise RefusalError(
            "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
            f"entity type cannot be updated: {sobject.label}",
            [],
        )
    _lock(org, transaction, sobject, [before, values])
    given = _read(org, transaction, view, sobject, values, creating=False)
    if sobject.name == "Contact" and before.get("IsPersonAccount"):
        raise _not_writable(sorted(given))  # A person account is written through its account [M].
    row = before | given
    _derive(org, transaction, sobject, before, row)
    if org.state_country_picklists:
        places.complete_codes(sobject.name, before, row, given)
    rules.check_required(sobject, row)
    rules.check_person_fields(sobject, row, given)
    _check(
        org,
        transaction,
        sobject,
        row,
        {name: value for name, value in row.items() if before.get(name) != value},
    )
    if not transaction.actor.trusted:
        rules.check_duplicates(org, transaction.actor, sobject, row, before)
    rules.check_validation(org, sobject, row)
    _store(org, transaction, sobject, before, row)


def delete(
    org: Org, transaction: Transaction, sobject: SObject, record_id: str, **marks: Any
) -> None:
    """Move a record and its dependants to the recycle bin (or remove it, if the object has none).
    Raises `RefusalError`.
    """
    before = _existing(org, sobject, record_id)
    if not sobject.deletable:
        raise RefusalError(
            "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
            f"entity type cannot be deleted: {sobject.label}",
            [],
        )
    _lock(org, transaction, sobject, [before])
    if sobject.field("IsDeleted") is None or not sobject.binned:
        transaction.remove(sobject.name, record_id)
        _leave(org, transaction, sobject, before)
        return
    _bin(org, transaction, sobject, before, marks)


def _bin(org: Org, transaction: Transaction, sobject: SObject, before: Row, marks: Row) -> None:
    """Move a record and its dependants to the recycle bin."""
    record_id = before["Id"]
    stamps = {"LastModifiedDate": transaction.now_ms, "SystemModstamp": transaction.now_ms}
    user = {"LastModifiedById": transaction.actor.user_id}
    transaction.put(sobject.name, record_id, before | {"IsDeleted": True} | stamps | user | marks)
    for child, field in org.schema.children(sobject.name):
        if field.cascade:
            for row in org.store.tables[child.name].matching(field.name, [record_id]):
                if not row.get("IsDeleted"):
                    _lock(org, transaction, child, [row])
                    _bin(org, transaction, child, row, {})
    _leave(org, transaction, sobject, before)


def _leave(org: Org, transaction: Transaction, sobject: SObject, before: Row) -> None:
    for follow in GONE.get(sobject.name, ()):
        follow(org, transaction, before)


def undelete(org: Org, transaction: Transaction, sobject: SObject, record_id: str) -> None:
    """Restore a record, and what was deleted together with it, from the recycle bin. Raises
    `RefusalError`.
    """
    row = org.store.get(sobject.name, record_id)
    if row is None or not row.get("IsDeleted"):
        raise RefusalError("UNDELETE_FAILED", "Entity is not in the recycle bin", [])
    deleted_ms = row["SystemModstamp"]
    if deleted_ms <= transaction.now_ms - _BIN_DAYS * DAY:
        raise RefusalError("UNDELETE_FAILED", "Entity is not in the recycle bin", [])
    changes: dict[str, Any] = {"IsDeleted": False}
    if sobject.merges:
        changes["MasterRecordId"] = None
    back = touch(transaction, sobject.name, row, **changes)
    for follow in FOLLOW.get(sobject.name, ()) if not sobject.binned else ():
        follow(org, transaction, row, back)
    for child, field in org.schema.children(sobject.name):
        if field.cascade:
            for other in org.store.tables[child.name].matching(field.name, [record_id]):
                together = other.get("IsDeleted") and other["SystemModstamp"] == deleted_ms
                if together and _parents_live(org, child, other):
                    undelete(org, transaction, child, other["Id"])


def purge(org: Org, transaction: Transaction, sobject: SObject, record_id: str) -> None:
    """Delete a record past the recycle bin, or remove it from there, with what was deleted together
    with it. Raises `RefusalError`.
    """
    if org.store.live(sobject.name, record_id) is not None:
        delete(org, transaction, sobject, record_id)
    row = org.store.get(sobject.name, record_id)
    if row is None:
        return
    transaction.remove(sobject.name, record_id)
    for child, field in org.schema.children(sobject.name):
        if field.cascade:
            for other in org.store.tables[child.name].matching(field.name, [record_id]):
                if other.get("IsDeleted"):
                    purge(org, transaction, child, other["Id"])


def _parents_live(org: Org, sobject: SObject, row: Row) -> bool:
    """Return whether no parent of this record is in the recycle bin: a contact role needs its
    opportunity and its contact, a task whom and what it is about [M].
    """
    return all(
        row.get(field.name) is None
        or any(org.store.live(name, row[field.name]) is not None for name in field.reference_to)
        for field in sobject.fields
        if field.cascade
    )


def _existing(org: Org, sobject: SObject, record_id: str) -> Row:
    row = org.store.get(sobject.name, record_id)
    if row is None:
        raise RefusalError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", [])
    if row.get("IsDeleted"):
        raise RefusalError("ENTITY_IS_DELETED", "entity is deleted", [])
    return row


def _lock(
    org: Org, transaction: Transaction, sobject: SObject, rows: Sequence[Mapping[str, Any]]
) -> None:
    """Refuse a record that an open transaction has written, or that somebody else holds by the
    fault `lock_row`.

    With `parent` it is the account that is locked, too. A write to a contact or an opportunity
    locks its account, whatever the field, and the former account when it moves. The message names
    what could not be locked [D: text; S: that it is the parent's id].
    """
    own = str(rows[0].get("Id") or "unknown")
    if org.holds(own):
        raise _locked(own)
    if not transaction.actor.product:
        return
    held = [own, *(str(row["AccountId"]) for row in rows if row.get("AccountId"))]
    for one in dict.fromkeys(held):
        fault = org.faults.take("salesforce", "lock_row", object=sobject.name, parent=one)
        if fault is not None:
            raise _locked(str(fault.details.get("parent", own)))


def _locked(record_id: str) -> RefusalError:
    message = f"unable to obtain exclusive access to this record or 1 records: {record_id}"
    return RefusalError("UNABLE_TO_LOCK_ROW", message, [])


def _initial_values(org: Org, transaction: Transaction, sobject: SObject) -> Row:
    """Return the values with which every new record of this object starts."""
    row: Row = {} if sobject.field("IsDeleted") is None else {"IsDeleted": False}
    if sobject.field("OwnerId") is not None:
        row["OwnerId"] = transaction.actor.user_id
    if sobject.record_types and sobject.name in org.default_record_type:
        row["RecordTypeId"] = org.default_record_type[sobject.name]
    return row


def _read(
    org: Org,
    transaction: Transaction,
    view: View,
    sobject: SObject,
    values: Mapping[str, Any],
    *,
    creating: bool,
) -> Row:
    """Return the stored form of the given values, under the field's own spelling of its name."""
    given: Row = {}
    refused: list[str] = []
    for name, value in values.items():
        if name in _NOT_FIELDS:
            continue
        field = view.field(sobject, name)
        if field is None:
            field, value = _by_relationship(org, view, sobject, name, value)  # noqa: PLW2901 - the parent's id takes its place
        writable = field.createable if creating else field.updateable
        if transaction.actor.trusted:
            given[field.name] = read_value(field, value)
        elif not writable:
            refused.append(field.name)
        else:
            given[field.name] = read_value(field, value)
    if refused:
        raise _not_writable(refused)
    return given


def _not_writable(names: list[str]) -> RefusalError:
    message = (
        f"Unable to create/update fields: {', '.join(names)}. Please check the security settings "
        "of this field and verify that it is "
        "read/write for your profile or permission set."
    )
    return RefusalError("INVALID_FIELD_FOR_INSERT_UPDATE", message, names)


def _by_relationship(
    org: Org, view: View, sobject: SObject, name: str, value: Any
) -> tuple[Field, Any]:
    """A parent named by its external id: ``"Account": {"Number__c": "7"}`` [D]."""
    field = next(
        (
            f
            for f in view.fields(sobject).values()
            if (f.relationship or "").lower() == name.lower()
        ),
        None,
    )
    if field is None or not isinstance(value, dict):
        raise no_such_column(name, sobject.name)
    key, wanted = next(((k, v) for k, v in value.items() if k not in _NOT_FIELDS), ("", None))
    parent = org.schema.get(field.reference_to[0])
    external = view.field(parent, key) if parent is not None else None
    if parent is None or external is None or not (external.external_id or external.id_lookup):
        raise no_such_column(key, field.reference_to[0])
    rows = [
        r
        for r in org.store.tables[parent.name].matching(external.name, [wanted])
        if not r.get("IsDeleted")
    ]
    if len(rows) != 1:
        message = (
            f"Foreign key external ID: {wanted} not found for field {external.name} in entity "
            f"{parent.name}"
        )
        raise RefusalError("INVALID_FIELD", message, [])
    return field, rows[0]["Id"]


def _derive(
    org: Org, transaction: Transaction, sobject: SObject, before: Row | None, row: Row
) -> None:
    if not transaction.actor.trusted:
        _rewrite(org, sobject, before, row)
    for derive in DERIVE.get(sobject.name, ()):
        derive(org, transaction, before, row)


def _rewrite(org: Org, sobject: SObject, before: Row | None, row: Row) -> None:
    """Let a trigger store its own form of the texts that are written, by the fault
    `trigger_rewrites`.
    """
    for name, value in row.items():
        if isinstance(value, str) and (before is None or before.get(name) != value):
            fault = org.faults.take(
                "salesforce", "trigger_rewrites", object=sobject.name, field=name
            )
            if fault is not None:
                row[name] = _REWRITES[str(fault.details.get("how", "upper"))](value)


def _check(
    org: Org, transaction: Transaction, sobject: SObject, row: Row, changed: Mapping[str, Any]
) -> None:
    if not transaction.actor.trusted:
        rules.check_references(org, sobject, changed, transaction.actor.user_id)
    rules.check_unique(org, sobject, row, changed)
    rules.check_grant(org, sobject, row)
    if sobject.name == campaigns.MEMBER:
        campaigns.check_member(org, row)


def _store(
    org: Org, transaction: Transaction, sobject: SObject, before: Row | None, row: Row
) -> None:
    stored = stamped(transaction, before, row)
    transaction.put(sobject.name, row["Id"], stored)
    for follow in FOLLOW.get(sobject.name, ()):
        follow(org, transaction, before, stored)
