"""Describe: the schema as clients read it. Everything is derived from the tables; nothing is a
second copy of them.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from simulators.salesforce import times
from simulators.salesforce.objects.fields import NUMERIC, Choice, Field
from simulators.salesforce.objects.schema import View
from simulators.salesforce.objects.sobject import MASTER_RECORD_TYPE, SObject
from simulators.salesforce.org.org import Org
from simulators.salesforce.refusals import no_such_resource
from simulators.salesforce.resources.call import Call, Reply
from simulators.salesforce.resources.rows import find_object, read_id

_SOAP: Final = {
    "id": "tns:ID",
    "reference": "tns:ID",
    "boolean": "xsd:boolean",
    "int": "xsd:int",
    "double": "xsd:double",
    "currency": "xsd:double",
    "percent": "xsd:double",
    "date": "xsd:date",
    "datetime": "xsd:dateTime",
    "address": "urn:address",
}
_NULL_KEYS: Final = (
    "defaultImplementation",
    "extendedBy",
    "extendsInterfaces",
    "implementedBy",
    "implementsInterfaces",
    "listviewable",
    "lookupLayoutable",
    "networkScopeFieldName",
)
"""Keys of an object's description that are null for the objects here [S]."""
_SAME_FOR_ALL: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "aiPredictionField": False,
        "autoNumber": False,
        "calculatedFormula": None,
        "controllerName": None,
        "defaultValueFormula": None,
        "dependentPicklist": False,
        "deprecatedAndHidden": False,
        "displayLocationInDecimal": False,
        "filteredLookupInfo": None,
        "formulaTreatNullNumberAsZero": False,
        "highScaleNumber": False,
        "htmlFormatted": False,
        "mask": None,
        "maskType": None,
        "queryByDistance": False,
        "referenceTargetField": None,
        "relationshipOrder": None,
        "restrictedDelete": False,
        "writeRequiresMasterRead": False,
    }
)
"""What describe shows equally for every field here [S: names]."""
_LONG_AREA: Final = 255
_BYTES: Final = 3


def all_objects(org: Org, call: Call) -> Reply:
    """``GET /sobjects``; 304 for an ``If-Modified-Since`` since when no object has changed."""
    view = org.view(call.user_id)
    changed = max(view.changed_ms(sobject) for sobject in view.sobjects())
    if changed <= _moment(call.headers.get("if-modified-since", "")):
        return Reply(304)
    sobjects = [
        _object(sobject, call.base)
        for sobject in sorted(view.sobjects(), key=lambda item: item.name)
    ]
    body = {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": sobjects}
    return Reply(200, body, {"Last-Modified": times.http_text(changed)})


def basic(org: Org, call: Call, name: str) -> Reply:
    """``GET /sobjects/{object}``."""
    sobject = find_object(org.view(call.user_id), name)
    return Reply(200, {"objectDescribe": _object(sobject, call.base), "recentItems": []})


def describe(org: Org, call: Call, name: str) -> Reply:
    """``GET /sobjects/{object}/describe``; 304 for an ``If-Modified-Since`` since when nothing has
    changed.
    """
    view = org.view(call.user_id)
    sobject = find_object(view, name)
    changed = view.changed_ms(sobject)
    if changed <= _moment(call.headers.get("if-modified-since", "")) and not view.loses_fields(
        sobject
    ):
        return Reply(304)
    body = _object(sobject, call.base) | {
        **dict.fromkeys(_NULL_KEYS),
        "actionOverrides": [],
        "compactLayoutable": sobject.field("IsDeleted") is not None,
        "searchLayoutable": sobject.field("IsDeleted") is not None,
        "childRelationships": _children(view, sobject),
        "fields": [describe_field(field) for field in view.fields(sobject).values()],
        "namedLayoutInfos": [],
        "recordTypeInfos": _record_types(org, sobject, call),
        "sobjectDescribeOption": "FULL",
        "supportedScopes": [{"label": f"All {sobject.plural.lower()}", "name": "everything"}],
    }
    site = f"https://{call.headers.get('host', '')}"
    pages = {
        "uiDetailTemplate": f"{site}/{{ID}}",
        "uiEditTemplate": f"{site}/{{ID}}/e",
        "uiNewRecord": f"{site}/{sobject.prefix}/e",
    }
    body["urls"] |= pages
    etag = f'"{zlib.crc32(repr(body["fields"]).encode()):x}"'
    return Reply(200, body, {"Last-Modified": times.http_text(changed), "ETag": etag})


def picklist_values(org: Org, call: Call, name: str, record_type: str, field_name: str) -> Reply:
    """``GET /ui-api/object-info/{object}/picklist-values/{record type}/{field}``."""
    view = org.view(call.user_id)
    sobject = find_object(view, name)
    field = view.field(sobject, field_name)
    if field is None or not field.choices:
        raise no_such_resource()
    return Reply(200, _picklist(org, call, sobject, _type_id(org, sobject, record_type), field))


def all_picklists(org: Org, call: Call, name: str, record_type: str) -> Reply:
    """``GET /ui-api/object-info/{object}/picklist-values/{record type}``."""
    view = org.view(call.user_id)
    sobject = find_object(view, name)
    type_id = _type_id(org, sobject, record_type)
    found = {
        f.name: _picklist(org, call, sobject, type_id, f)
        for f in view.fields(sobject).values()
        if f.choices
    }
    return Reply(
        200, {"eTag": f"{zlib.crc32(repr(found).encode()):032x}", "picklistFieldValues": found}
    )


def describe_field(field: Field) -> dict[str, Any]:
    """One entry of ``fields[]`` [S: names]."""
    sortable = field.type not in {"address", "complexvalue"} and not (
        field.type == "textarea" and field.length > _LONG_AREA
    )
    return dict(_SAME_FOR_ALL) | {
        "aggregatable": sortable and field.type != "boolean",
        "byteLength": field.length if field.type in {"id", "reference"} else field.length * _BYTES,
        "calculated": field.calculated,
        "cascadeDelete": field.cascade,
        "caseSensitive": field.case_sensitive,
        "compoundFieldName": field.compound,
        "createable": field.createable,
        "custom": field.custom,
        "defaultValue": field.default if field.type == "boolean" else None,
        "defaultedOnCreate": field.defaulted,
        "digits": field.precision if field.type == "int" else 0,
        "encrypted": field.type == "encryptedstring",
        "externalId": field.external_id,
        "extraTypeInfo": "personname" if field.name == "Name" and field.length == 121 else None,
        "filterable": sortable,
        "groupable": sortable and field.type not in {"datetime", *NUMERIC},
        "idLookup": field.id_lookup or field.external_id,
        "inlineHelpText": field.help_text,
        "label": field.label,
        "length": field.length,
        "name": field.name,
        "nameField": field.name_field,
        "namePointing": len(field.reference_to) > 1,
        "nillable": field.nillable,
        "permissionable": field.custom and field.nillable,
        "picklistValues": [_choice(choice) for choice in field.choices],
        "polymorphicForeignKey": len(field.reference_to) > 1,
        "precision": field.precision,
        "referenceTo": list(field.reference_to),
        "relationshipName": field.relationship,
        "restrictedPicklist": field.restricted,
        "scale": field.scale,
        "searchPrefilterable": field.type == "reference",
        "soapType": _SOAP.get(field.type, "xsd:string"),
        "sortable": sortable,
        "type": field.type,
        "unique": field.unique,
        "updateable": field.updateable,
    }


def _choice(choice: Choice) -> dict[str, Any]:
    return {
        "active": choice.active,
        "defaultValue": choice.default,
        "label": choice.label,
        "validFor": choice.valid_for,
        "value": choice.value,
    }


def _object(sobject: SObject, base: str) -> dict[str, Any]:
    path = f"{base}/sobjects/{sobject.name}"
    bin_too = sobject.field("IsDeleted") is not None
    return {
        "activateable": False,
        "associateEntityType": None,
        "associateParentEntity": None,
        "createable": sobject.createable,
        "custom": False,
        "customSetting": False,
        "deepCloneable": False,
        "deletable": sobject.deletable,
        "deprecatedAndHidden": False,
        "feedEnabled": sobject.events,
        "hasSubtypes": False,
        "isInterface": False,
        "isSubtype": False,
        "keyPrefix": sobject.prefix,
        "label": sobject.label,
        "labelPlural": sobject.plural,
        "layoutable": bin_too,
        "mergeable": sobject.merges,
        "mruEnabled": bin_too,
        "name": sobject.name,
        "queryable": True,
        "replicateable": bin_too,
        "retrieveable": True,
        "searchable": bin_too,
        "triggerable": bin_too,
        "undeletable": bin_too,
        "updateable": sobject.updateable,
        "urls": {"describe": f"{path}/describe", "rowTemplate": f"{path}/{{ID}}", "sobject": path},
    }


def _children(view: View, parent: SObject) -> list[dict[str, Any]]:
    return [
        {
            "cascadeDelete": field.cascade,
            "childSObject": child.name,
            "deprecatedAndHidden": False,
            "field": field.name,
            "junctionIdListNames": [],
            "junctionReferenceTo": [],
            "relationshipName": field.children,
            "restrictedDelete": False,
        }
        for child, field in view.child_references(parent)
    ]


def _record_types(org: Org, sobject: SObject, call: Call) -> list[dict[str, Any]]:
    """Return the record types, with their meaning for the user who asks [D]."""
    own = [row for row in org.store.tables["RecordType"] if row["SobjectType"] == sobject.name]
    default = org.default_record_type.get(sobject.name, MASTER_RECORD_TYPE)
    rows = [(row["Id"], row["Name"], row["DeveloperName"], row["IsActive"]) for row in own]
    rows.append((MASTER_RECORD_TYPE, "Master", "Master", True))
    return [
        {
            "active": active,
            "available": active and type_id not in org.unassigned_types.get(call.user_id, ()),
            "defaultRecordTypeMapping": type_id == default,
            "developerName": developer_name,
            "master": type_id == MASTER_RECORD_TYPE,
            "name": name,
            "recordTypeId": type_id,
            "urls": {"layout": f"{call.base}/sobjects/{sobject.name}/describe/layouts/{type_id}"},
        }
        for type_id, name, developer_name, active in rows
    ]


def _type_id(org: Org, sobject: SObject, text: str) -> str:
    type_id = read_id(text)
    row = org.store.get("RecordType", type_id)
    if type_id != MASTER_RECORD_TYPE and (row is None or row["SobjectType"] != sobject.name):
        raise no_such_resource()
    return type_id


def _picklist(org: Org, call: Call, sobject: SObject, type_id: str, field: Field) -> dict[str, Any]:
    allowed = org.stages_of_type.get(type_id) if field.name == "StageName" else None
    choices = [
        choice
        for choice in field.choices
        if choice.active and (allowed is None or choice.value in allowed)
    ]
    values: list[dict[str, Any]] = [
        {"attributes": None, "label": choice.label, "validFor": [], "value": choice.value}
        for choice in choices
    ]
    default = next(
        (value for value, choice in zip(values, choices, strict=True) if choice.default), None
    )
    url = f"{call.base}/ui-api/object-info/{sobject.name}/picklist-values/{type_id}/{field.name}"
    etag = f"{zlib.crc32(repr(values).encode()):032x}"
    return {
        "controllerValues": {},
        "defaultValue": default,
        "eTag": etag,
        "url": url,
        "values": values,
    }


def _moment(text: str) -> int:
    try:
        return times.read_http(text)
    except ValueError:
        return 0
