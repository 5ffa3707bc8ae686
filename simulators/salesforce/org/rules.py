"""What the org checks before it saves a record: the checks that need other fields, other records or
an administrator's rules.

Law: each check raises `RefusalError` or does nothing; nothing is changed here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final

from simulators.salesforce.objects.fields import Field, Row
from simulators.salesforce.objects.people import PERSON_ACCOUNT_FIELDS
from simulators.salesforce.objects.sobject import SObject
from simulators.salesforce.org.org import SHORT, DuplicateRule, Org
from simulators.salesforce.org.transaction import Actor
from simulators.salesforce.refusals import RefusalError

_PERSONS: Final = frozenset(field.name for field in PERSON_ACCOUNT_FIELDS if field.createable)
_NOT_PERSONS: Final = frozenset({"Name", "ParentId"})
_ONCE: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "FieldPermissions": ("ParentId", "Field"),
        "ObjectPermissions": ("ParentId", "SobjectType"),
        "PermissionSetAssignment": ("AssigneeId", "PermissionSetId"),
    }
)
"""Records that exist once for the combination of these fields, the first of which is indexed."""


SETUP: Final = frozenset(
    {
        "PermissionSet",
        "ObjectPermissions",
        "FieldPermissions",
        "PermissionSetAssignment",
        "PermissionSetLicenseAssign",
    }
)
"""Records that only an administrator may create [D]."""


def check_right_to_set_up(org: Org, user_id: str, name: str) -> None:
    """Without the rights of Setup a user may not create its records, nor metadata by the Tooling
    API [D; M: code and text].
    """
    if not org.may_set_up(user_id):
        message = f"insufficient access rights on cross-reference id: {name}"
        raise RefusalError("INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", message, [])


def check_required(sobject: SObject, row: Row) -> None:
    """Every required field has a value [S: text of the refusal]."""
    missing = [
        field.name for field in sobject.fields if field.required and row.get(field.name) is None
    ]
    if missing:
        raise RefusalError(
            "REQUIRED_FIELD_MISSING",
            f"Required fields are missing: [{', '.join(missing)}]",
            missing,
        )


def check_references(org: Org, sobject: SObject, changed: Mapping[str, Any], user_id: str) -> None:
    """Every reference that is written points to a live record of an allowed type [D], a record type
    to one of the user's [S].
    """
    for field in sobject.fields:
        target = changed.get(field.name)
        if field.type == "reference" and target is not None:
            _check_reference(org, sobject.name, field, target, user_id)


def _check_reference(org: Org, sobject: str, field: Field, target: str, user_id: str) -> None:
    prefixes = {
        found.prefix: found
        for name in field.reference_to
        if (found := org.schema.get(name)) is not None
    }
    pointed = prefixes.get(target[:3])
    if pointed is None:
        raise RefusalError(
            "MALFORMED_ID", f"{field.label}: id value of incorrect type: {target}", [field.name]
        )
    row = org.store.get(pointed.name, target)
    if row is None:
        raise RefusalError(
            "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", [field.name]
        )
    if row.get("IsDeleted"):
        raise RefusalError("ENTITY_IS_DELETED", "entity is deleted", [])
    is_users = row.get("IsActive") and target not in org.unassigned_types.get(user_id, ())
    if field.name == "RecordTypeId" and not (is_users and row.get("SobjectType") == sobject):
        message = f"Record Type ID: this ID value isn't valid for the user: {target}"  # [M]
        raise RefusalError("INVALID_CROSS_REFERENCE_KEY", message, [field.name])
    if field.name == "OwnerId" and pointed.name == "User" and not row.get("IsActive"):
        raise RefusalError("INACTIVE_OWNER_OR_USER", "owner or user is inactive.", [])
    if field.name == "AccountId" and row.get("IsPersonAccount"):
        message = "Account ID: a person account cannot have contacts"  # [M] the text; PA-2 the fact
        raise RefusalError("FIELD_INTEGRITY_EXCEPTION", message, [field.name])


def check_unique(org: Org, sobject: SObject, row: Row, changed: Mapping[str, Any]) -> None:
    """No other live record has the same value in a unique field; the refusal names it by its
    15-character id [S].
    """
    for field in sobject.fields:
        value = changed.get(field.name)
        if not field.unique or value is None:
            continue
        _check_unique_in(org, field, value, sobject.name, row["Id"])
        if field.name.endswith("__pc"):
            contacts = replace(field, name=field.name.removesuffix("__pc") + "__c")
            _check_unique_in(org, contacts, value, "Contact", row.get("PersonContactId"))


def _check_unique_in(org: Org, field: Field, value: Any, sobject: str, own_id: str | None) -> None:
    for other in org.store.tables[sobject].matching(field.name, [value]):
        same = other.get(field.name) == value or not field.case_sensitive
        if other["Id"] != own_id and same and not other.get("IsDeleted"):
            message = (
                f"duplicate value found: {field.name} duplicates value on record with id: "
                f"{other['Id'][:SHORT]}"
            )
            raise RefusalError("DUPLICATE_VALUE", message, [])


def check_person_fields(sobject: SObject, row: Row, given: Mapping[str, Any]) -> None:
    """A person account has no name of its own, and a business account none of a person's fields [S:
    text].
    """
    if sobject.name != "Account" or "IsPersonAccount" not in row:
        return
    foreign = (
        _NOT_PERSONS
        if row["IsPersonAccount"]
        else _PERSONS | {name for name in given if name.endswith("__pc")}
    )
    bad = [
        name
        for name, value in given.items()
        if name in foreign and value is not None and value is not False
    ]
    if bad:
        message = f"Account: bad field names on insert/update call: {', '.join(bad)}"
        raise RefusalError("INVALID_FIELD_FOR_INSERT_UPDATE", message, bad)


_DEPENDS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "PermissionsCreate": ("PermissionsRead",),
        "PermissionsEdit": ("PermissionsRead",),
        "PermissionsDelete": ("PermissionsRead", "PermissionsEdit"),
        "PermissionsViewAllRecords": ("PermissionsRead",),
        "PermissionsModifyAllRecords": (
            *(
                "PermissionsRead",
                "PermissionsEdit",
                "PermissionsDelete",
                "PermissionsViewAllRecords",
            ),
        ),
    }
)
"""Object permission -> the object permissions that it requires [D: ObjectPermissions in the Object
Reference].
"""

_DEPENDS_ON_ACCOUNT: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "Contact": ("PermissionsRead", "PermissionsViewAllRecords"),
        "Opportunity": ("PermissionsRead", "PermissionsViewAllRecords"),
    }
)
"""Those that require the same permission of Account [S for Asset and Contract, which belong to an
account as these do; M that these do]. A form of Setup adds what is missing; the API refuses instead
[S].
"""

_VERBS: Final = MappingProxyType(
    {
        "PermissionsRead": "Read",
        "PermissionsCreate": "Create",
        "PermissionsEdit": "Edit",
        "PermissionsDelete": "Delete",
        "PermissionsViewAllRecords": "Read All",
        "PermissionsModifyAllRecords": "Edit All",
    }
)
"""The refusal's words for a permission [S; M: Edit All]."""


def check_dependencies(org: Org, sobject: SObject, row: Row) -> None:
    """An object permission comes with those that it requires, of its own object and of the parent's
    [D; S: words].
    """
    if sobject.name != "ObjectPermissions":
        return
    home, rows = (
        row["SobjectType"],
        org.store.tables[sobject.name].matching("ParentId", [row["ParentId"]]),
    )
    parent: Row = next((one for one in rows if one["SobjectType"] == "Account"), {})
    wants = [(name, home, row, wanted) for name, wanted in _DEPENDS.items()]
    wants += [(name, "Account", parent, (name,)) for name in _DEPENDS_ON_ACCOUNT.get(home, ())]
    faults = [
        (
            (
                f"Permission {_VERBS[name]} {home} depends on permission(s): "
                f"{', '.join(f'{_VERBS[one]} {owner}' for one in lacking)}"
            ),
            lacking,
        )
        for name, owner, holder, wanted in wants
        if row.get(name) and (lacking := [one for one in wanted if not holder.get(one)])
    ]
    if faults:
        missing = list(dict.fromkeys(one for _, lacking in faults for one in lacking))
        raise RefusalError(
            "FIELD_INTEGRITY_EXCEPTION", "; ".join(text for text, _ in faults), missing
        )


def check_grant(org: Org, sobject: SObject, row: Row) -> None:
    """A field permission names an existing field, and no permission or assignment is given twice
    [M: texts].
    """
    check_dependencies(org, sobject, row)
    if sobject.name == "PermissionSetAssignment" and not org.can_have_rights(row["AssigneeId"]):
        objects = org.store.tables["ObjectPermissions"].matching(
            "ParentId", [row["PermissionSetId"]]
        )
        for one in objects:
            message = (
                "Can't assign permission set to user. The user license doesn't allow the "
                f"permission: Read {one['SobjectType']}"
            )
            raise RefusalError(
                "FIELD_INTEGRITY_EXCEPTION", message, []
            )  # [S] the fact and the second sentence, [M] the code
    together = _ONCE.get(sobject.name)
    if together is None:
        return
    for other in org.store.tables[sobject.name].matching(together[0], [row[together[0]]]):
        if other["Id"] != row["Id"] and all(other[name] == row[name] for name in together):
            message = (
                "duplicate value found: <unknown> duplicates value on record with id: <unknown>"
            )
            raise RefusalError("DUPLICATE_VALUE", message, [])
    owner, _, name = str(row.get("Field", "")).partition(".")
    homes = [
        home for known in org.schema.homes(owner) if (home := org.schema.get(known)) is not None
    ]
    if sobject.name == "FieldPermissions" and not any(home.field(name) for home in homes):
        message = f"Field Name: bad value for restricted picklist field: {row.get('Field')}"
        raise RefusalError("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, ["Field"])


def check_validation(org: Org, sobject: SObject, row: Row) -> None:
    """The administrator's validation rules [D: every save of the record, whatever changed]."""
    for rule in org.validation_rules:
        if (
            rule.sobject == sobject.name
            and rule.contains.lower() in str(row.get(rule.field) or "").lower()
        ):
            raise RefusalError("FIELD_CUSTOM_VALIDATION_EXCEPTION", rule.message, [rule.field])


def check_duplicates(
    org: Org, actor: Actor, sobject: SObject, row: Row, before: Row | None = None
) -> None:
    """The administrator's duplicate rules, for a new record and for one whose matched fields change
    [M: that no other edit runs them].

    ``allowSave`` passes those that only alert; nothing passes those that block [D].
    """
    for rule in org.duplicate_rules:
        if rule.sobject != sobject.name or (rule.action == "alert" and actor.allow_save):
            continue
        if before is not None and all(before.get(name) == row.get(name) for name in rule.fields):
            continue
        matches = _matches(org, rule, sobject, row)
        if matches:
            message = "Use one of these records?"
            raise RefusalError(
                "DUPLICATES_DETECTED",
                message,
                [],
                duplicateResult=_result(rule, sobject, matches, actor),
            )


def _matches(org: Org, rule: DuplicateRule, sobject: SObject, row: Row) -> list[Row]:
    if any(row.get(name) is None for name in rule.fields):
        return []
    table = org.store.tables[sobject.name]
    first = rule.fields[0]
    rows = table.matching(first, [row[first]]) if table.has_index(first) else list(table)
    return [
        other
        for other in rows
        if other["Id"] != row["Id"]
        and not other.get("IsDeleted")
        and all(
            str(other.get(name) or "").lower() == str(row[name]).lower() for name in rule.fields
        )
    ]


def _result(
    rule: DuplicateRule, sobject: SObject, matches: list[Row], actor: Actor
) -> dict[str, Any]:
    records = [
        {
            "additionalInformation": [],
            "fieldDiffs": [],
            "matchConfidence": 100.0,
            "record": {
                "attributes": {
                    "type": sobject.name,
                    "url": f"/services/data/v66.0/sobjects/{sobject.name}/{row['Id']}",
                },
                "Id": row["Id"],
            },
        }
        for row in matches
    ]
    match = {
        "entityType": sobject.name,
        "errors": [],
        "matchEngine": "ExactMatchEngine",
        "matchRecords": records,
        "rule": f"Standard_{sobject.name}_Match_Rule",
        "size": len(records),
        "success": True,
    }
    return {
        "allowSave": rule.action == "alert" and not actor.allow_save,
        "duplicateRule": f"{sobject.name}_Duplicates",
        "duplicateRuleEntityType": sobject.name,
        "errorMessage": "Use one of these records?",
        "matchResults": [match],
    }
