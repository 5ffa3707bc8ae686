"""The properties and groups of one portal for one object type, and how they may change.

Law: definitions only; no record is touched here. Limits and refusals: crm-properties-v3 [V],
docs/vendors.md#hubspot-properties.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from simulators.hubspot.errors import conflict, invalid, not_found
from simulators.hubspot.schema import standard
from simulators.hubspot.schema.definitions import (
    FIELD_TYPES,
    TYPES,
    Group,
    Property,
    boolean_options,
    options_of,
)

UNIQUE_LIMIT = 10
"""The most unique properties that a caller may define per object type [M]."""
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_CHANGEABLE: Mapping[str, str] = {
    "label": "label",
    "description": "description",
    "groupName": "group",
    "type": "type",
    "fieldType": "field_type",
    "hidden": "is_hidden",
    "formField": "is_form_field",
    "displayOrder": "display_order",
    "calculationFormula": "formula",
}


class Schema:
    """Property definitions and groups of one object type in one portal."""

    def __init__(self, type_id: str, created_ms: int) -> None:
        """Begin with the standard properties and groups."""
        self.type_id = type_id
        self.properties = {row.name: row for row in standard.properties_of(type_id, created_ms)}
        self.groups = {row.name: row for row in standard.groups_of(type_id)}
        self._bin: dict[str, Property] = {}

    @property
    def unique_names(self) -> list[str]:
        """Names of the unique properties, by which records are indexed."""
        return [
            name
            for name, row in self.properties.items()
            if row.is_unique and name != "hs_object_id"
        ]

    def listed(self, *, archived: bool = False) -> list[Property]:
        """Return all definitions, or those in the recycle bin."""
        return list((self._bin if archived else self.properties).values())

    def one(self, name: str, *, archived: bool = False) -> Property:
        """Return one definition by name. Raises 404."""
        found = (self._bin if archived else self.properties).get(name)
        if found is None:
            raise not_found(f"Property {name} does not exist")
        return found

    def create(self, row: Mapping[str, Any], now_ms: int) -> Property:
        """Add a definition. Raises 409 if the name is taken (also by an archived one), 400 for a
        bad definition or one too many.
        """
        name = str(row.get("name", "")).lower()
        if name in self.properties or name in self._bin:
            raise conflict(
                f"A property named '{name}' already exists.",
                sub_category="Properties.PROPERTY_EXISTS",
            )
        self._check(row, name)
        definition = self._made(row, name, now_ms)
        self.properties[name] = definition
        return definition

    def update(self, name: str, row: Mapping[str, Any], now_ms: int) -> Property:
        """Change the parts of a definition that may change. Raises 404, or 400 for HubSpot's own
        properties and bad parts.
        """
        old = self.one(name)
        changes = {_CHANGEABLE[key]: value for key, value in row.items() if key in _CHANGEABLE}
        options = row.get("options")
        if old.is_hubspot_defined and set(changes) - {"label", "group", "description"}:
            raise invalid(f"Property {name} is defined by HubSpot and cannot be changed.")
        if options is not None:
            changes["options"] = options_of(options)
        if changes.get("group", old.group) not in self.groups:
            raise invalid(f"Property group {changes['group']} does not exist.")
        new = replace(old, **changes, updated_ms=now_ms)
        if new.type not in TYPES or new.field_type not in FIELD_TYPES:
            raise invalid(f"Invalid type {new.type} or fieldType {new.field_type}.")
        self.properties[name] = new
        return new

    def archive(self, name: str, now_ms: int) -> None:
        """Move a definition to the recycle bin. Unknown names are ignored; HubSpot's own are
        refused with 400.
        """
        found = self.properties.get(name)
        if found is None:
            return
        if found.is_hubspot_defined:
            raise invalid(f"Property {name} is defined by HubSpot and cannot be archived.")
        self._bin[name] = replace(self.properties.pop(name), archived_ms=now_ms)

    def create_group(self, row: Mapping[str, Any]) -> Group:
        """Add a group. Raises 409 if the name is taken, 400 without name or label."""
        name, label = row.get("name"), row.get("label")
        if not name or not label:
            raise invalid("Property groups need a name and a label.")
        if name in self.groups:
            raise conflict(f"A property group named '{name}' already exists.")
        group = Group(str(name), str(label), int(row.get("displayOrder", -1)))
        self.groups[group.name] = group
        return group

    def group(self, name: str) -> Group:
        """Return one group by name. Raises 404."""
        if name not in self.groups:
            raise not_found(f"Property group {name} does not exist")
        return self.groups[name]

    def update_group(self, name: str, row: Mapping[str, Any]) -> Group:
        """Change a group's label or order. Raises 404."""
        old = self.group(name)
        new = replace(
            old,
            label=row.get("label", old.label),
            display_order=row.get("displayOrder", old.display_order),
        )
        self.groups[name] = new
        return new

    def archive_group(self, name: str) -> None:
        """Remove a group; unknown names are ignored. Raises 400 while it has properties."""
        if any(row.group == name for row in self.properties.values()):
            raise invalid(f"Property group {name} is not empty.")
        self.groups.pop(name, None)

    def install(self, definitions: Sequence[Mapping[str, Any]], now_ms: int) -> None:
        """Add an administrator's definitions (world file); a missing group is created, an existing
        definition is replaced.
        """
        for row in definitions:
            complete = {
                "label": row["name"],
                "groupName": next(iter(self.groups)),
                "type": "string",
            } | dict(row)
            complete.setdefault("fieldType", _FIELD_TYPE_OF.get(complete["type"], "text"))
            if complete["groupName"] not in self.groups:
                self.create_group({"name": complete["groupName"], "label": complete["groupName"]})
            self.properties.pop(complete["name"], None)
            made = self.create(complete, now_ms)
            marks = row.get("modificationMetadata") or {}
            self.properties[made.name] = replace(
                made,
                is_read_only=bool(marks.get("readOnlyValue", False)),
                is_calculated=bool(row.get("calculated", False)),
            )

    def _check(self, row: Mapping[str, Any], name: str) -> None:
        required = ("name", "label", "type", "fieldType", "groupName")
        if missing := [key for key in required if not row.get(key)]:
            raise invalid(f"Invalid input: required fields were not set: {missing}")
        if not _NAME.fullmatch(name):
            raise invalid(f"Invalid property name: {name}")
        if row["type"] not in TYPES or row["fieldType"] not in FIELD_TYPES:
            raise invalid(f"Invalid type {row['type']} or fieldType {row['fieldType']}.")
        if row["groupName"] not in self.groups:
            raise invalid(f"Property group {row['groupName']} does not exist.")
        if (
            row["type"] == "enumeration"
            and not row.get("options")
            and not row.get("externalOptions")
        ):
            raise invalid(f"Property {name} is an enumeration and needs options.")
        if (
            row.get("hasUniqueValue")
            and len([p for p in self.properties.values() if _is_own_unique(p)]) >= UNIQUE_LIMIT
        ):
            raise invalid(f"At most {UNIQUE_LIMIT} properties of an object may have unique values.")

    @staticmethod
    def _made(row: Mapping[str, Any], name: str, now_ms: int) -> Property:
        options = options_of(row.get("options") or ())
        return Property(
            name=name,
            label=str(row["label"]),
            type=row["type"],
            field_type=row["fieldType"],
            group=row["groupName"],
            description=str(row.get("description") or ""),
            options=options or (boolean_options() if row["type"] == "bool" else ()),
            is_unique=bool(row.get("hasUniqueValue", False)),
            is_calculated=row["fieldType"] == "calculation_equation",
            is_hidden=bool(row.get("hidden", False)),
            is_form_field=bool(row.get("formField", False)),
            referenced_type=row.get("referencedObjectType"),
            formula=row.get("calculationFormula"),
            display_order=int(row.get("displayOrder", -1)),
            created_ms=now_ms,
            updated_ms=now_ms,
        )


_FIELD_TYPE_OF: Mapping[str, str] = {
    "string": "text",
    "number": "number",
    "date": "date",
    "datetime": "date",
    "enumeration": "select",
    "bool": "booleancheckbox",
    "phone_number": "phonenumber",
}


def _is_own_unique(definition: Property) -> bool:
    return definition.is_unique and not definition.is_hubspot_defined
