"""Which HubSpot property goes with which Salesforce field by their types, as data (MAP-7), and the
type of field by which values then cross.

The rule's table groups Salesforce's types by their values, so ``double`` stands for currency and
percent as well, ``string`` for e-mail addresses, phone numbers and web addresses: describe gives
them one ``soapType`` [D]. What is not in the table does not go together.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from crmsync.model.fields import FieldType

_STRINGS = ("string", "email", "phone", "url")
_DOUBLES = ("double", "currency", "percent")

_TEXT = dict.fromkeys((*_STRINGS, "textarea"), FieldType.TEXT) | {
    "email": FieldType.EMAIL,
    "phone": FieldType.PHONE,
}
_LONG_TEXT = {"textarea": FieldType.TEXT}
_NUMBER = dict.fromkeys((*_DOUBLES, "int"), FieldType.NUMBER)
_ONE_OF = {"picklist": FieldType.CHOICE, "reference": FieldType.CHOICE}

KINDS: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("string", "text"): "single-line text",
        ("string", "phonenumber"): "a phone number",
        ("phone_number", "phonenumber"): "a phone number",
        ("string", "textarea"): "multi-line text",
        ("string", "html"): "rich text",
        ("number", "number"): "a number",
        ("date", "date"): "a date",
        ("datetime", "date"): "a date with time",
        ("bool", "booleancheckbox"): "a single checkbox",
        ("enumeration", "booleancheckbox"): "a single checkbox",
        ("enumeration", "select"): "a dropdown",
        ("enumeration", "radio"): "a radio select",
        ("enumeration", "checkbox"): "multiple checkboxes",
    }
)
"""HubSpot's type and field type -> what HubSpot's users call it."""

CALCULATED: Mapping[str, str] = MappingProxyType(
    {
        "string": "single-line text",
        "number": "a number",
        "date": "a date",
        "datetime": "a date with time",
        "bool": "a single checkbox",
        "enumeration": "a dropdown",
    }
)
"""The same for ``calculation_equation``, a field type that does not depend on the value: by type
alone.
"""

GOES_WITH: Mapping[str, Mapping[str, FieldType]] = MappingProxyType(
    {
        "single-line text": _TEXT,
        "a phone number": _TEXT,
        "multi-line text": _LONG_TEXT,
        "rich text": _LONG_TEXT,
        "a number": _NUMBER,
        "a date": {"date": FieldType.DATE, "datetime": FieldType.DAY},
        "a date with time": {"datetime": FieldType.DATETIME},
        "a single checkbox": {"boolean": FieldType.BOOLEAN},
        "a dropdown": _ONE_OF,
        "a radio select": _ONE_OF,
        "multiple checkboxes": {"multipicklist": FieldType.MULTI},
    }
)
"""MAP-7: a kind of HubSpot property -> the types of Salesforce fields that it goes with."""


def kind_of(type_: str, field_type: str) -> str:
    """What HubSpot's users call a property of this type and field type; the vendor's words for an
    unknown one.
    """
    known = (
        CALCULATED.get(type_)
        if field_type == "calculation_equation"
        else KINDS.get((type_, field_type))
    )
    return known or f"{type_} ({field_type})"


def form_of(kind: str, salesforce_type: str) -> FieldType | None:
    """The type of field by which values cross; None where the two do not go together (MAP-7)."""
    return GOES_WITH.get(kind, {}).get(salesforce_type)


def types_for(kind: str) -> str:
    """The Salesforce types that a kind of property goes with, for a sentence; "nothing" if there
    are none.
    """
    return ", ".join(GOES_WITH.get(kind, {})) or "nothing"
