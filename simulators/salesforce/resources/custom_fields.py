"""The part of the Tooling API that creates and removes custom fields.

A field created here is hidden from everybody, including administrators, until field permissions
grant it: a deployment through the Metadata or Tooling API does not set field-level security by
itself [M: well known, not re-verified]. Required fields need no grant [D].
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from simulators.salesforce.objects.fields import Choice, Field, FieldType, Row
from simulators.salesforce.org import rules
from simulators.salesforce.org.org import Org
from simulators.salesforce.refusals import RefusalError, bad_json, no_such_resource
from simulators.salesforce.resources.call import Call, Reply, segment
from simulators.salesforce.resources.rows import read_id

_TYPES: Final[Mapping[str, FieldType]] = {
    "Text": "string",
    "TextArea": "textarea",
    "LongTextArea": "textarea",
    "Html": "textarea",
    "Checkbox": "boolean",
    "Number": "double",
    "Currency": "currency",
    "Percent": "percent",
    "Date": "date",
    "DateTime": "datetime",
    "Email": "email",
    "Phone": "phone",
    "Url": "url",
    "Picklist": "picklist",
    "MultiselectPicklist": "multipicklist",
    "Lookup": "reference",
}
_LENGTHS: Final = {
    "TextArea": 255,
    "Email": 80,
    "Phone": 40,
    "Url": 255,
    "Picklist": 255,
    "MultiselectPicklist": 4099,
    "Lookup": 18,
}
_INDEXABLE: Final = frozenset({"Text", "Number", "Email"})
_MAX_TEXT: Final = 255


def create(org: Org, call: Call) -> Reply:
    """``POST /tooling/sobjects/CustomField`` with ``FullName`` and ``Metadata``."""
    rules.check_right_to_set_up(org, call.user_id, "CustomField")
    body = call.record()
    owner, name = _full_name(org, body.get("FullName"))
    metadata = body.get("Metadata")
    if not isinstance(metadata, dict):
        raise RefusalError(
            "REQUIRED_FIELD_MISSING", "Required fields are missing: [Metadata]", ["Metadata"]
        )
    field = field_of(name, metadata)
    _check_owner(org, owner, metadata)
    homes = org.schema.homes(owner)
    if any(sobject.field(name) for home in homes if (sobject := org.schema.get(home)) is not None):
        message = f"There is already a field named {name.removesuffix('__c')} on {owner}."
        raise RefusalError("DUPLICATE_DEVELOPER_NAME", message, ["DeveloperName"])
    row: Row = {
        "Id": org.ids.make("00N"),
        "TableEnumOrId": owner,
        "DeveloperName": name.removesuffix("__c"),
        "FullName": f"{owner}.{name}",
        "Metadata": complete(metadata),
        "NamespacePrefix": None,
    }
    _save(org, call, row)
    for home, shown in org.schema.places(owner, field):
        org.schema.add_field(home, shown, guarded=not metadata.get("required"), now_ms=org.now_ms())
        org.store.index(home, shown)
    return Reply(201, {"id": row["Id"], "success": True, "errors": [], "warnings": [], "infos": []})


def read(org: Org, _call: Call, field_id: str) -> Reply:
    """``GET /tooling/sobjects/CustomField/{id}``."""
    row = _find(org, field_id)
    shown = {
        name: row[name]
        for name in (
            "Id",
            "TableEnumOrId",
            "DeveloperName",
            "FullName",
            "Metadata",
            "NamespacePrefix",
        )
    }
    return Reply(200, shown)


def update(org: Org, call: Call, field_id: str) -> Reply:
    """``PATCH /tooling/sobjects/CustomField/{id}``: label, length, help text, picklist values; the
    type cannot change.
    """
    row = _find(org, field_id)
    metadata = call.record().get("Metadata")
    if not isinstance(metadata, dict):
        raise RefusalError(
            "REQUIRED_FIELD_MISSING", "Required fields are missing: [Metadata]", ["Metadata"]
        )
    new = field_of(f"{row['DeveloperName']}__c", metadata)
    _check_owner(org, row["TableEnumOrId"], metadata)
    changes = {
        name: getattr(new, name)
        for name in (
            "label",
            "length",
            "help_text",
            "choices",
            "restricted",
            "unique",
            "external_id",
        )
    }
    for home, shown in org.schema.places(row["TableEnumOrId"], new):
        org.schema.replace_field(home, shown.name, **changes)
        org.schema.changed_ms[home] = org.now_ms()
        org.store.index(home, shown)
    _save(org, call, row | {"Metadata": complete(metadata)})
    return Reply(204)


def delete(org: Org, _call: Call, field_id: str) -> Reply:
    """``DELETE /tooling/sobjects/CustomField/{id}``: removes the column and its values."""
    row = _find(org, field_id)
    gone = field_of(f"{row['DeveloperName']}__c", row["Metadata"])
    for home, shown in org.schema.places(row["TableEnumOrId"], gone):
        org.schema.remove_field(home, shown.name, now_ms=org.now_ms())
        table = org.store.tables[home]
        for record_id, record in list(table.rows.items()):
            if shown.name in record:
                table.put(
                    record_id, {key: value for key, value in record.items() if key != shown.name}
                )
    org.store.tables["CustomField"].put(row["Id"], None)
    permissions = org.store.tables["FieldPermissions"]
    for given in [known for known in permissions if known["Field"] == row["FullName"]]:
        permissions.put(given["Id"], None)
    return Reply(204)


def field_of(name: str, metadata: Mapping[str, Any]) -> Field:
    """Return the field that a ``CustomField`` metadata object describes. Raises `RefusalError` for
    an invalid one.
    """
    kind = str(metadata.get("type"))
    length = int(metadata.get("length") or _LENGTHS.get(kind, 0))
    _check_possible(kind, length, metadata)
    choices, restricted = _value_set(metadata)
    target = (
        (str(metadata["referenceTo"]),) if kind == "Lookup" and metadata.get("referenceTo") else ()
    )
    return Field(
        name,
        _TYPES[kind],
        str(metadata["label"]),
        length,
        int(metadata.get("precision") or 0),
        int(metadata.get("scale") or 0),
        nillable=not metadata.get("required") and kind != "Checkbox",
        custom=True,
        external_id=bool(metadata.get("externalId")),
        unique=bool(metadata.get("unique")),
        case_sensitive=bool(metadata.get("caseSensitive")),
        restricted=restricted,
        choices=choices,
        defaulted=kind == "Checkbox",
        default=str(metadata.get("defaultValue")).lower() == "true" if kind == "Checkbox" else None,
        reference_to=target,
        relationship=name.replace("__c", "__r") if target else None,
        help_text=metadata.get("inlineHelpText"),
    )


def _check_owner(org: Org, owner: str, metadata: Mapping[str, Any]) -> None:
    """Fields of Activity can be external ids [S]; whether every org allows it is [M]: a world
    chooses, and the text is a guess.
    """
    if owner == "Activity" and metadata.get("externalId") and not org.activity_external_ids:
        message = "External ID: fields of Activity can't be external IDs"
        raise RefusalError("FIELD_INTEGRITY_EXCEPTION", message, ["externalId"])


def _check_possible(kind: str, length: int, metadata: Mapping[str, Any]) -> None:
    if kind not in _TYPES:
        raise RefusalError(
            "FIELD_INTEGRITY_EXCEPTION", f"Field type not supported here: {kind}", ["Type"]
        )
    if not metadata.get("label"):
        raise RefusalError(
            "FIELD_INTEGRITY_EXCEPTION",
            "Must specify a label for the custom field",
            ["MasterLabel"],
        )
    if kind == "Text" and not 1 <= length <= _MAX_TEXT:
        raise RefusalError(
            "FIELD_INTEGRITY_EXCEPTION",
            f"Text field length must be between 1 and {_MAX_TEXT}",
            ["Length"],
        )
    if (metadata.get("externalId") or metadata.get("unique")) and kind not in _INDEXABLE:
        raise RefusalError(
            "FIELD_INTEGRITY_EXCEPTION",
            f"Can not specify 'externalId' or 'unique' for a field of type {kind}",
            ["Type"],
        )


def metadata_of(field: Field) -> dict[str, Any]:
    """Return the ``CustomField`` metadata of a field, the inverse of `field_of`."""
    kinds = {ours: theirs for theirs, ours in reversed(tuple(_TYPES.items()))}
    kind = (
        "TextArea"
        if field.type == "textarea" and field.length <= _MAX_TEXT
        else kinds.get(field.type, "Text")
    )
    kind = "LongTextArea" if field.type == "textarea" and field.length > _MAX_TEXT else kind
    found: dict[str, Any] = {
        "label": field.label,
        "type": kind,
        "unique": field.unique,
        "externalId": field.external_id,
    }
    if field.length:
        found["length"] = field.length
    if field.precision:
        found |= {"precision": field.precision, "scale": field.scale}
    if field.choices:
        values = [
            {"valueName": c.value, "label": c.label, "default": c.default, "isActive": c.active}
            for c in field.choices
        ]
        found["valueSet"] = {
            "restricted": field.restricted,
            "valueSetDefinition": {"value": values, "sorted": False},
        }
    return found | {"caseSensitive": field.case_sensitive, "inlineHelpText": field.help_text}


def _value_set(metadata: Mapping[str, Any]) -> tuple[tuple[Choice, ...], bool]:
    value_set = metadata.get("valueSet") or {}
    definition = value_set.get("valueSetDefinition") or {}
    values = definition.get("value") or []
    if not isinstance(values, list):
        raise bad_json("valueSetDefinition.value must be an array")
    choices = (
        Choice(
            str(v.get("valueName") or v.get("fullName")),
            str(v.get("label") or v.get("valueName") or v.get("fullName")),
            active=v.get("isActive") is not False,
            default=bool(v.get("default")),
        )
        for v in values
    )
    return tuple(choices), bool(value_set.get("restricted"))


def _full_name(org: Org, full_name: Any) -> tuple[str, str]:
    owner, _, name = str(full_name or "").partition(".")
    if not name.endswith("__c") or not org.schema.homes(owner):
        raise RefusalError(
            "FIELD_INTEGRITY_EXCEPTION",
            f"Entity or field name is not valid: {full_name}",
            ["FullName"],
        )
    return owner, name


def _save(org: Org, call: Call, row: Row) -> None:
    known = org.store.get("CustomField", row["Id"])
    born = {} if known else {"CreatedDate": org.now_ms(), "CreatedById": call.user_id}
    stamps = {
        "LastModifiedDate": org.now_ms(),
        "LastModifiedById": call.user_id,
        "SystemModstamp": org.now_ms(),
    }
    org.store.tables["CustomField"].put(row["Id"], row | born | stamps)


def _find(org: Org, field_id: str) -> Row:
    row = org.store.get("CustomField", read_id(segment(field_id)))
    if row is None:
        raise no_such_resource()
    return row


def complete(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return the metadata as the org answers it, with defaults for what was left out."""
    return {"description": None, "externalId": False, "unique": None, "required": False} | dict(
        metadata
    )
