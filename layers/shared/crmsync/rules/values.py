"""How values look on each side, when two of them say the same, and how one crosses.

A value crosses in its own spelling wherever the other side allows it; only for comparing is it brought to a canonical form. So a phone number
keeps its formatting on the way over, and a target that reformats it has not changed it (platforms: HubSpot gives every value as text).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from types import MappingProxyType

from crmsync.model.fields import Form
from crmsync.model.records import Side, Value

_TRUE = frozenset({"true", "1", "yes"})
_FALSE = frozenset({"false", "0", "no"})
_NOT_DIALLED = re.compile(r"[^\d+]")
_MILLISECONDS = re.compile(r"-?\d{10,}")


class UnfitValueError(ValueError):
    """A value cannot be read in its field's form, so it cannot cross. The message names the form, never the value."""


def is_blank(value: Value) -> bool:
    """Whether a field shows nothing: null, or text of nothing but space."""
    return value is None or (isinstance(value, str) and not value.strip())


def canonical(form: Form, value: Value) -> Value:
    """The comparable form of a value of either side; blank is None (False for a checkbox, which has no blank).

    A value that cannot be read in its form stands for itself, so that it still compares.
    """
    if is_blank(value):
        return False if form is Form.BOOLEAN else None
    try:
        return _CANONICAL[form](value)
    except UnfitValueError:
        return str(value)


def cross(form: Form, to: Side, value: Value) -> Value:
    """The value as `to` takes it; blank crosses as None. Raises `UnfitValueError`."""
    if is_blank(value):
        return False if form is Form.BOOLEAN and to is Side.SALESFORCE else None
    return _CROSS[form, to](value)


def _text(value: Value) -> str:
    return str(value).strip()


def _email(value: Value) -> str:
    return _text(value).lower()


def _phone(value: Value) -> str:
    return _NOT_DIALLED.sub("", _text(value)) or _text(value)


def _decimal(value: Value) -> Decimal:
    try:
        number = Decimal(_text(value))
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise UnfitValueError(Form.NUMBER)
    return number


def _number_text(value: Value) -> str:
    plain = f"{_decimal(value):f}"
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def _number(value: Value) -> Value:
    number = _decimal(value)
    return int(number) if number == number.to_integral_value() else float(number)


def _boolean(value: Value) -> bool:
    word = _text(value).lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise UnfitValueError(Form.BOOLEAN)


def _moment(value: Value) -> datetime:
    text = _text(value)
    try:
        if _MILLISECONDS.fullmatch(text):
            return datetime.fromtimestamp(int(text) / 1000, UTC)
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError):
        raise UnfitValueError(Form.DATETIME) from None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _moment_text(value: Value) -> str:
    return _moment(value).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _day_text(value: Value) -> str:
    try:
        return date.fromisoformat(_text(value)).isoformat()
    except ValueError:
        return _moment(value).date().isoformat()


def _choices(value: Value) -> str:
    return ";".join(sorted({choice.strip() for choice in _text(value).split(";")} - {""}))


_CANONICAL: Mapping[Form, Callable[[Value], Value]] = MappingProxyType(
    {
        Form.TEXT: _text,
        Form.EMAIL: _email,
        Form.PHONE: _phone,
        Form.NUMBER: _number_text,
        Form.BOOLEAN: _boolean,
        Form.DATE: _day_text,
        Form.DATETIME: _moment_text,
        Form.MULTI: _choices,
    }
)

_CROSS: Mapping[tuple[Form, Side], Callable[[Value], Value]] = MappingProxyType(
    {
        (Form.TEXT, Side.HUBSPOT): _text,
        (Form.TEXT, Side.SALESFORCE): _text,
        (Form.EMAIL, Side.HUBSPOT): _text,
        (Form.EMAIL, Side.SALESFORCE): _text,
        (Form.PHONE, Side.HUBSPOT): _text,
        (Form.PHONE, Side.SALESFORCE): _text,
        (Form.NUMBER, Side.HUBSPOT): _number_text,
        (Form.NUMBER, Side.SALESFORCE): _number,
        (Form.BOOLEAN, Side.HUBSPOT): lambda value: "true" if _boolean(value) else "false",
        (Form.BOOLEAN, Side.SALESFORCE): _boolean,
        (Form.DATE, Side.HUBSPOT): _day_text,
        (Form.DATE, Side.SALESFORCE): _day_text,
        (Form.DATETIME, Side.HUBSPOT): _moment_text,
        (Form.DATETIME, Side.SALESFORCE): _moment_text,
        (Form.MULTI, Side.HUBSPOT): _choices,
        (Form.MULTI, Side.SALESFORCE): _choices,
    }
)
