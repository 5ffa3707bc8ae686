"""From what a caller sends to what HubSpot stores: one check per property type.

Law: pure. A definition and a raw value go in; a stored text comes out, or a `BadValueError`. All
stored values are texts; empty means "no value" (docs/vendors.md#hubspot-records [D]). Codes and
wording are [M] except PROPERTY_DOESNT_EXIST, INVALID_OPTION, INVALID_EMAIL and READ_ONLY_VALUE [S].
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Any

from simulators.hubspot.schema.definitions import BOOLEAN_VALUES, Property
from simulators.hubspot.stamps import iso, millis

TEXT_LIMIT = 65_536
_EMAIL = re.compile(r"[^@\s,;:<>()\[\]\"]+@[^@\s,;:<>()\[\]\"]+\.[^@\s.,;:<>()\[\]\"]{2,}")
_DAY_MS = 86_400_000


class BadValueError(ValueError):
    """A value that HubSpot refuses, with its error code and text."""

    def __init__(self, code: str, text: str) -> None:
        """Keep both parts."""
        super().__init__(text)
        self.code = code
        self.text = text


def stored(definition: Property, raw: Any, *, is_open: bool = False) -> str:
    """Return the text that HubSpot stores for `raw`. `is_open` accepts any option of an
    enumeration. Raises `BadValueError`.
    """
    text = _text(raw)
    if not text.strip():
        return ""
    if definition.type == "enumeration" and is_open:
        return text.strip()
    return _CHECKS[definition.type](definition, text)


def email_address(text: str) -> str:
    """Return an e-mail address as a contact stores it: trimmed and in lowercase. Raises
    `BadValueError` INVALID_EMAIL.
    """
    address = text.strip().lower()
    if not _EMAIL.fullmatch(address):
        code = "INVALID_EMAIL"
        raise BadValueError(code, f"Email address {text} is invalid")
    return address


def joined(old: str, new: str) -> str:
    """Return the value of a multi-checkbox: ``;a;b`` appends to the old options, anything else
    replaces them [D].
    """
    if not new.startswith(";"):
        return new
    both = [part for part in (*old.split(";"), *new.split(";")) if part]
    return ";".join(dict.fromkeys(both))


def event_value(definition: Property | None, value: str) -> str:
    """Return a stored value as a webhook event carries it: dates and moments in milliseconds since
    the epoch [M].
    """
    if value and definition is not None and definition.type in {"date", "datetime"}:
        return str(comparable(definition, value))
    return value


def comparable(definition: Property, value: str) -> int | Decimal | str:
    """Return a stored value in a form that sorts and compares by its type: milliseconds, a number,
    or lowercase text.
    """
    if definition.type in {"date", "datetime"}:
        return millis(value)
    if definition.type == "number":
        return Decimal(value)
    return value.lower()


def _text(raw: Any) -> str:
    if raw is None:
        return ""
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, str | int | float):
        return str(raw)
    code = "INVALID_VALUE"
    raise BadValueError(code, "Property values must be texts, numbers or booleans")


def _string(_definition: Property, text: str) -> str:
    if len(text) > TEXT_LIMIT:
        code = "INVALID_LENGTH"
        raise BadValueError(
            code, f"Property value is {len(text)} characters long, the most is {TEXT_LIMIT}"
        )
    return text


def _number(_definition: Property, text: str) -> str:
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        code = "INVALID_NUMBER"
        raise BadValueError(code, f"{text} was not a valid number.")
    return text.strip()


def _bool(_definition: Property, text: str) -> str:
    value = text.strip().lower()
    if value not in BOOLEAN_VALUES:
        code = "INVALID_OPTION"
        raise BadValueError(code, f"{text} was not one of the allowed options: [true, false]")
    return value


def _enumeration(definition: Property, text: str) -> str:
    wanted = (
        [part for part in text.split(";") if part] if definition.is_multiple else [text.strip()]
    )
    for value in wanted:
        if value not in definition.values:
            code = "INVALID_OPTION"
            allowed = ", ".join(option.value for option in definition.options)
            raise BadValueError(code, f"{value} was not one of the allowed options: [{allowed}]")
    if not definition.is_multiple:
        return wanted[0]
    return (";" if text.startswith(";") else "") + ";".join(dict.fromkeys(wanted))


def _date(_definition: Property, text: str) -> str:
    value = text.strip()
    try:
        if re.fullmatch(r"-?\d+", value):
            return _midnight(int(value)).isoformat()
        return (
            date.fromisoformat(value).isoformat()
            if len(value) == len("2026-01-31")
            else _midnight(millis(value)).isoformat()
        )
    except (ValueError, OverflowError, OSError) as error:
        code = "INVALID_DATE"
        raise BadValueError(code, f"{text} was not a valid date: {error}") from error


def _midnight(moment_ms: int) -> date:
    if moment_ms % _DAY_MS:
        text = f"{iso(moment_ms)} is not midnight UTC"
        raise ValueError(text)
    return datetime.fromtimestamp(moment_ms // 1000, UTC).date()


def _moment(_definition: Property, text: str) -> str:
    value = text.strip()
    try:
        return iso(int(value) if re.fullmatch(r"-?\d+", value) else millis(value))
    except (ValueError, OverflowError, OSError) as error:
        code = "INVALID_DATE"
        raise BadValueError(code, f"{text} was not a valid date and time") from error


_CHECKS: Mapping[str, Callable[[Property, str], str]] = MappingProxyType(
    {
        "string": _string,
        "phone_number": _string,
        "number": _number,
        "bool": _bool,
        "enumeration": _enumeration,
        "date": _date,
        "datetime": _moment,
    }
)
