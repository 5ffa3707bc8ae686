"""Values on their way in and out: what JSON may contain for each type of field, and how a stored
value is shown.

Law: one field and one value at a time; a check that needs a second field or another record belongs
in `rules`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from simulators.salesforce import times
from simulators.salesforce.objects.fields import NUMERIC, TEXTUAL, Field, Row
from simulators.salesforce.objects.sobject import SObject
from simulators.salesforce.org.ids import MalformedIdError, long_id
from simulators.salesforce.refusals import RefusalError, bad_json

_EMAIL: Final = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9](?:[A-Za-z0-9-]*\.)+[A-Za-z]{2,}", re.ASCII
)
_SHOWN: Final = 40


def read_value(field: Field, value: Any) -> Any:
    """Return the stored form of a JSON value. Raises `RefusalError` with the org's code for this
    type of field [D/M].
    """
    if value is None or value == "":
        return _nothing(field)
    if field.type in TEXTUAL or field.type == "textarea":
        return _read_text(field, value)
    reader = _READERS.get(field.type)
    return value if reader is None else reader(field, value)


def show_value(field: Field, value: Any) -> Any:
    """Return the JSON form of a stored value in a REST answer."""
    if value is not None and field.type == "datetime":
        return times.rest_text(value)
    return value


def field_value(field: Field, row: Row, sobject: SObject) -> Any:
    """Return the stored value of a field; a compound address consists of its parts (None if all are
    empty).
    """
    if field.type == "address":
        return _address(field, row, sobject)
    return row.get(field.name)


def _address(field: Field, row: Row, sobject: SObject) -> dict[str, Any] | None:
    parts = {
        part.part: row.get(part.name) for part in sobject.fields if part.compound == field.name
    }
    if all(value is None for value in parts.values()):
        return None
    lower = {(name or "")[0].lower() + (name or "")[1:]: value for name, value in parts.items()}
    return {
        "city": lower["city"],
        "country": lower["country"],
        "geocodeAccuracy": None,
        "latitude": None,
        "longitude": None,
        "postalCode": lower["postalCode"],
        "state": lower["state"],
        "street": lower["street"],
    }


def _nothing(field: Field) -> None:
    if field.type == "boolean":
        code, message = (
            "INVALID_TYPE_ON_FIELD_IN_RECORD",
            f"{field.label}: value not of required type: ",
        )
        raise RefusalError(code, message, [field.name])


def _wrong_shape(field: Field, value: Any) -> RefusalError:
    kind = (
        "VALUE_STRING"
        if isinstance(value, str)
        else "START_OBJECT"
        if isinstance(value, dict)
        else "VALUE_NUMBER"
    )
    if isinstance(value, bool):
        kind = "VALUE_TRUE" if value else "VALUE_FALSE"
    shown = str(value)[:_SHOWN]
    return bad_json(
        f"Cannot deserialize instance of {field.type} from {kind} value {shown} or request may be "
        "missing a required field"
    )


def _read_text(field: Field, value: Any) -> str | None:
    if isinstance(value, bool | dict | list):
        raise _wrong_shape(field, value)
    # The org trims texts and stores the empty one as null [M].
    text = str(value).strip() or None
    if text is None:
        return None
    if field.type == "email" and not _EMAIL.fullmatch(text):
        raise RefusalError(
            "INVALID_EMAIL_ADDRESS", f"{field.label}: invalid email address: {text}", [field.name]
        )
    if field.length and len(text) > field.length:
        shown = text if len(text) <= field.length * 4 else text[: field.length * 4]
        message = f"{field.label}: data value too large: {shown} (max length={field.length})"
        raise RefusalError("STRING_TOO_LONG", message, [field.name])
    if field.restricted:
        return _restricted(field, text)
    return text


def _restricted(field: Field, text: str) -> str:
    """Return the value as the picklist spells it: comparison ignores case [M]."""
    spelled = {choice.value.lower(): choice.value for choice in field.choices if choice.active}
    wanted = text.split(";") if field.type == "multipicklist" else [text]
    if any(value.lower() not in spelled for value in wanted):
        code = "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
        raise RefusalError(
            code, f"{field.label}: bad value for restricted picklist field: {text}", [field.name]
        )
    return ";".join(spelled[value.lower()] for value in wanted)


def _read_flag(field: Field, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise _wrong_shape(field, value)


def _read_number(field: Field, value: Any) -> int | float:
    if isinstance(value, bool | dict | list):
        raise _wrong_shape(field, value)
    try:
        amount = Decimal(str(value).strip())
    except ArithmeticError:
        raise _wrong_shape(field, value) from None
    if not amount.is_finite() or (
        field.precision and abs(amount) >= Decimal(10) ** (field.precision - field.scale)
    ):
        message = f"{field.label}: value outside of valid range on numeric field: {value}"
        raise RefusalError("NUMBER_OUTSIDE_VALID_RANGE", message, [field.name])
    if field.type == "int":
        return int(amount)
    return float(round(amount, field.scale))


def _read_day(field: Field, value: Any) -> str:
    try:
        return times.read_date(value)
    except (ValueError, AttributeError, TypeError):
        raise _wrong_shape(field, value) from None


def _read_instant(field: Field, value: Any) -> int:
    try:
        return times.read_datetime(value)
    except (ValueError, AttributeError, TypeError):
        raise _wrong_shape(field, value) from None


def _read_id(field: Field, value: Any) -> str:
    try:
        return long_id(value if isinstance(value, str) else "")
    except MalformedIdError:
        message = f"{field.label}: id value of incorrect type: {value}"
        raise RefusalError("MALFORMED_ID", message, [field.name]) from None


_READERS: Final[Mapping[str, Callable[[Field, Any], Any]]] = MappingProxyType(
    {
        "boolean": _read_flag,
        "date": _read_day,
        "datetime": _read_instant,
        "reference": _read_id,
        "id": _read_id,
    }
    | dict.fromkeys(NUMERIC, _read_number)
)
