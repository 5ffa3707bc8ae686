"""Property definitions and groups: their shape, without any changes.

`Property` is one definition as the properties API shows it (crm-properties-v3 [V]). `schema` holds
a portal's definitions, `standard` those that every portal has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from simulators.hubspot.stamps import iso

TYPES = frozenset({"string", "number", "date", "datetime", "enumeration", "bool", "phone_number"})
FIELD_TYPES = frozenset(
    {"text", "textarea", "number", "date", "file", "select", "radio", "checkbox", "booleancheckbox"}
    | {"calculation_equation", "html", "phonenumber"}
)
BOOLEAN_VALUES = ("true", "false")


@dataclass(frozen=True, slots=True)
class Option:
    """One allowed value of an enumeration."""

    value: str
    label: str
    display_order: int = -1
    is_hidden: bool = False
    description: str | None = None

    @classmethod
    def read(cls, row: Mapping[str, Any], position: int) -> Option:
        """Read an option from a request or a world file; `position` is its order if it names
        none.
        """
        label = str(row.get("label", row["value"]))
        order = int(row.get("displayOrder", position))
        return cls(
            str(row["value"]), label, order, bool(row.get("hidden", False)), row.get("description")
        )

    def shown(self) -> dict[str, Any]:
        """Return the option as the API shows it."""
        row: dict[str, Any] = {
            "label": self.label,
            "value": self.value,
            "displayOrder": self.display_order,
            "hidden": self.is_hidden,
        }
        return row | ({"description": self.description} if self.description is not None else {})


@dataclass(frozen=True, slots=True)
class Property:
    """One property definition."""

    name: str
    label: str
    type: str = "string"
    field_type: str = "text"
    group: str = "contactinformation"
    description: str = ""
    options: tuple[Option, ...] = ()
    is_unique: bool = False
    is_read_only: bool = False
    is_calculated: bool = False
    is_hidden: bool = False
    is_form_field: bool = False
    is_hubspot_defined: bool = False
    referenced_type: str | None = None
    formula: str | None = None
    display_order: int = -1
    created_ms: int = 0
    updated_ms: int = 0
    archived_ms: int | None = None
    _values: frozenset[str] = field(default=frozenset(), repr=False, compare=False)

    def __post_init__(self) -> None:
        """Cache the allowed values for the check of every write."""
        object.__setattr__(self, "_values", frozenset(option.value for option in self.options))

    @property
    def values(self) -> frozenset[str]:
        """Return the allowed values of an enumeration, including hidden ones."""
        return self._values

    @property
    def is_multiple(self) -> bool:
        """Whether a value may be several options joined by semicolons."""
        return self.type == "enumeration" and self.field_type == "checkbox"

    def shown(self) -> dict[str, Any]:
        """Return the definition as the API shows it."""
        row: dict[str, Any] = {
            "name": self.name,
            "label": self.label,
            "type": self.type,
            "fieldType": self.field_type,
            "description": self.description,
            "groupName": self.group,
            "options": [option.shown() for option in self.options],
            "displayOrder": self.display_order,
            "calculated": self.is_calculated,
            "externalOptions": self.referenced_type is not None,
            "hasUniqueValue": self.is_unique,
            "hidden": self.is_hidden,
            "hubspotDefined": self.is_hubspot_defined,
            "modificationMetadata": {
                "archivable": not self.is_hubspot_defined,
                "readOnlyDefinition": self.is_hubspot_defined,
                "readOnlyValue": self.is_read_only or self.is_calculated,
                "readOnlyOptions": self.is_hubspot_defined and self.is_read_only,
            },
            "formField": self.is_form_field,
            "createdAt": iso(self.created_ms),
            "updatedAt": iso(self.updated_ms),
            "archived": self.archived_ms is not None,
        }
        optional = {
            "referencedObjectType": self.referenced_type,
            "calculationFormula": self.formula,
            "archivedAt": None if self.archived_ms is None else iso(self.archived_ms),
        }
        return row | {name: value for name, value in optional.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Group:
    """A heading under which the portal shows properties."""

    name: str
    label: str
    display_order: int = -1
    is_archived: bool = False

    def shown(self) -> dict[str, Any]:
        """Return the group as the API shows it."""
        return {
            "name": self.name,
            "label": self.label,
            "displayOrder": self.display_order,
            "archived": self.is_archived,
        }


def options_of(rows: Sequence[Mapping[str, Any]]) -> tuple[Option, ...]:
    """Read options from a request or a world file, in their order."""
    return tuple(Option.read(row, position) for position, row in enumerate(rows))


def boolean_options() -> tuple[Option, ...]:
    """Return the two options that every bool property shows."""
    return (Option("true", "Yes", 0), Option("false", "No", 1))
