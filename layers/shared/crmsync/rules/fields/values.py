"""How values look on each side, when two of them mean the same, and how one crosses.

A value crosses in its own spelling wherever the other side allows it; only for comparing is it
brought to a canonical form. So a phone number keeps its formatting, and a side that reformats it
has not changed it (HubSpot, for one, gives all values as text). Nor has a side that keeps only the
beginning of a text, rounds a number, or has another name for a choice (MAP-7, MAP-16).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, tzinfo
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache, partial
from types import MappingProxyType
from typing import TypeAlias

from crmsync.model.fields import ComparedFormat, FieldRule, FieldType, ValueFormat
from crmsync.model.moments import from_epoch_ms
from crmsync.model.records import Side, Value
from crmsync.rules.fields.choice_values import choice_across, same_choice, same_choices, several
from crmsync.rules.fields.domains import host_of, is_domain
from crmsync.rules.fields.rich_text import MOST_MARKUP, html_of, text_of, tidied

_BOOLEANS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
_NOT_DIALLED = re.compile(r"[^\d+]")
_MILLISECONDS = re.compile(r"-?\d{10,}")
_NOON = time(12)
_SECOND = 1_000
_ZONED = frozenset({FieldType.DAY, FieldType.DATED})

Canonical: TypeAlias = Callable[[Value], Value]
"""Brings the values of one field to the form in which they are compared."""

_IN_SALESFORCE = {FieldType.HTML: FieldType.LINES, FieldType.DURATION: FieldType.NUMBER}
"""Formats of HubSpot's values that Salesforce has in another one."""

_WRITTEN = frozenset({FieldType.TEXT, FieldType.EMAIL, FieldType.PHONE, FieldType.DOMAIN})

_REMEMBERED = 1_024
"""How many results of a costly conversion are kept: both sides usually show the same value."""

HUBSPOT_LENGTH = 65_536
"""How many characters a HubSpot property holds at most [M]."""


class IncompatibleValueError(ValueError):
    """A value cannot be read as its field's type, so the other side cannot take it.

    The message names the type, never the value.
    """


def is_blank(value: Value) -> bool:
    """Whether a field is blank: null, or text of nothing but whitespace."""
    return value is None or (isinstance(value, str) and not value.strip())


@dataclass(frozen=True, slots=True)
class ConvertedValue:
    """A value for the other side.

    Attributes:
        value: The value as the other side takes it.
        is_truncated: Whether it was truncated to the length that the other side keeps.
    """

    value: Value
    is_truncated: bool = False


def compared_format(rule: FieldRule, side: Side) -> ComparedFormat:
    """How `side` spells the values of a mapped field, which `canonical` needs to compare them with
    the other side's.
    """
    first = {mine: theirs.lower() for mine, theirs in reversed(rule.choices)}
    same = {
        (pair[0] if side is Side.HUBSPOT else pair[1]).lower(): first[pair[0]]
        for pair in reversed(rule.choices)
    }
    form = rule.form if side is Side.HUBSPOT else _IN_SALESFORCE.get(rule.form, rule.form)
    return ComparedFormat(
        form, rule.length, rule.scale, MappingProxyType(same), rule.since, rule.zone
    )


def canonical(value_format: ValueFormat, value: Value) -> Value:
    """The comparable form of a value of either side; blank is None (False for a checkbox).

    A value that cannot be read as its type stands for itself, so that it still compares.
    """
    return canonical_of(value_format)(value)


def canonical_of(value_format: ValueFormat) -> Canonical:
    """`canonical` for many values of one field: what depends on the format alone is done once."""
    shape = (
        value_format if isinstance(value_format, ComparedFormat) else ComparedFormat(value_format)
    )
    read = _CANONICAL[shape.form](shape)
    blank = False if shape.form is FieldType.BOOLEAN else None
    as_it_is = certain_length(shape) if shape.form is FieldType.TEXT else 0

    def canonical_value(value: Value) -> Value:
        if value is None:
            return blank
        text = str(value).strip()
        if not text:
            return blank
        if len(text) <= as_it_is:
            return text
        try:
            return read(text)
        except IncompatibleValueError:
            return str(value)

    return canonical_value


def convert(form: FieldType, to: Side, value: Value) -> Value:
    """The value as `to` takes it where only its type is known; blank becomes None. Raises
    `IncompatibleValueError`.
    """
    return convert_mapped(FieldRule("", "", form=form), to, value).value


def convert_mapped(rule: FieldRule, to: Side, value: Value) -> ConvertedValue:
    """The value of a mapped field as `to` takes it; blank becomes None.

    A text that is longer than Salesforce keeps is truncated, which is reported. Raises
    `IncompatibleValueError` for a value that cannot be read as the field's type, for a choice that
    the other side does not have, for a number with too many digits, and for an address or a phone
    number that is too long, as half of one is useless.
    """
    if is_blank(value):
        return ConvertedValue(
            False if rule.form is FieldType.BOOLEAN and to is Side.SALESFORCE else None
        )
    if rule.form is FieldType.HTML:
        return _convert_html(rule, to, value)
    converted = _CONVERT[rule.form](rule, to, value)
    if rule.form not in _WRITTEN or _fits(str(converted), _limit(rule, to)):
        return ConvertedValue(converted)
    if rule.form is not FieldType.TEXT:
        raise IncompatibleValueError(rule.form)
    return ConvertedValue(_cut(str(converted), _limit(rule, to)) or None, is_truncated=True)


def is_too_long(rule: FieldRule, to: Side, value: Value) -> bool:
    """Whether a text is longer than `to` keeps, so that only its beginning crosses (CH-8)."""
    if rule.form is FieldType.HTML and not is_blank(value):
        return _convert_html(rule, to, value).is_truncated
    return (
        rule.form is FieldType.TEXT
        and value is not None
        and not _fits(_text(value), _limit(rule, to))
    )


def certain_length(rule: FieldRule | ComparedFormat) -> int:
    """How many characters of a text fit on both sides, whichever characters they are."""
    length = min(rule.length or HUBSPOT_LENGTH, HUBSPOT_LENGTH) // 2
    return min(length, HUBSPOT_LENGTH // MOST_MARKUP) if rule.form is FieldType.HTML else length


def _limit(rule: FieldRule, to: Side) -> int:
    return rule.length if to is Side.SALESFORCE else HUBSPOT_LENGTH


def _text(value: Value) -> str:
    return str(value).strip()


def _domain(value: Value) -> str:
    host = host_of(_text(value))
    if not is_domain(host):
        raise IncompatibleValueError(FieldType.DOMAIN)
    return host


def _convert_domain(_rule: FieldRule, to: Side, value: Value) -> str:
    return _domain(value) if to is Side.HUBSPOT else _text(value)


@lru_cache(maxsize=_REMEMBERED)
def _phone(text: str) -> str:
    return _NOT_DIALLED.sub("", text) or text


def _fits(text: str, length: int) -> bool:
    """Whether the text fits; 0 is no limit."""
    return (
        not length
        or len(text) * 2 <= length
        or len(text.encode("utf-16-le", "surrogatepass")) <= 2 * length
    )


def _cut(text: str, length: int) -> str:
    """The beginning of a text, as Salesforce counts: a rare character as two [M], none in half."""
    if _fits(text, length):
        return text
    return (
        text.encode("utf-16-le", "surrogatepass")[: 2 * length]
        .decode("utf-16-le", "ignore")
        .rstrip()
    )


def _cut_text(shape: ComparedFormat, text: str) -> str | None:
    return _cut(text, shape.length) or None


def _convert_html(rule: FieldRule, to: Side, value: Value) -> ConvertedValue:
    """HTML as text, or text as HTML; a text that is too long with its markup is cut more."""
    if to is Side.SALESFORCE:
        text = text_of(_text(value))
        return ConvertedValue(_cut(text, rule.length) or None, not _fits(text, rule.length))
    text, html = tidied(_text(value)), html_of(_text(value))
    is_cut = not _fits(html, HUBSPOT_LENGTH)
    most = HUBSPOT_LENGTH // MOST_MARKUP
    return ConvertedValue((html_of(_cut(text, most)) if is_cut else html) or None, is_cut)


def _seconds(value: Value) -> str:
    return _number_text(0, str(_decimal(value) / _SECOND))


def _convert_duration(_rule: FieldRule, to: Side, value: Value) -> Value:
    milliseconds = _number_text(0, str(_decimal(value) * _SECOND))
    return int(_seconds(value)) if to is Side.SALESFORCE else milliseconds


def _decimal(value: Value) -> Decimal:
    try:
        number = Decimal(_text(value))
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise IncompatibleValueError(FieldType.NUMBER)
    return number


def _rounded(scale: int, value: Value) -> Decimal:
    """A number with as many decimal places as the field keeps."""
    number = _decimal(value)
    if scale < 0:
        return number
    try:
        return number.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP)
    except InvalidOperation:
        raise IncompatibleValueError(FieldType.NUMBER) from None


@lru_cache(maxsize=_REMEMBERED)
def _number_text(scale: int, value: str) -> str:
    plain = f"{_rounded(scale, value):f}"
    text = plain.rstrip("0").rstrip(".") if "." in plain else plain
    return "0" if text in {"-0", ""} else text


def _convert_number(rule: FieldRule, to: Side, value: Value) -> Value:
    if to is Side.HUBSPOT:
        return _number_text(-1, _text(value))
    number = _rounded(rule.scale, value)
    if rule.length and abs(number) >= Decimal(10) ** rule.length:
        raise IncompatibleValueError(FieldType.NUMBER)
    return int(number) if number == number.to_integral_value() else float(number)


def _boolean(value: Value) -> bool:
    known = _BOOLEANS.get(_text(value).lower())
    if known is None:
        raise IncompatibleValueError(FieldType.BOOLEAN)
    return known


def _moment(value: Value) -> datetime:
    text = _text(value)
    try:
        if _MILLISECONDS.fullmatch(text):
            return from_epoch_ms(int(text))
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError):
        raise IncompatibleValueError(FieldType.DATETIME) from None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _moment_text(value: Value) -> str:
    return _moment(value).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _day_text(value: Value) -> str:
    try:
        return date.fromisoformat(_text(value)).isoformat()
    except ValueError:
        return _moment(value).date().isoformat()


def day_in(zone: tzinfo, value: Value) -> str:
    """The day of a moment as people in `zone` see it; a plain day is that day everywhere. Raises
    `IncompatibleValueError`.
    """
    try:
        return date.fromisoformat(_text(value)).isoformat()
    except ValueError:
        return _moment(value).astimezone(zone).date().isoformat()


def day_before_zones(value_format: ValueFormat, value: Value) -> str | None:
    """The day as which earlier versions read and wrote a moment that is exactly midnight UTC; None
    for anything else.

    A pair that agreed on it then shows no news: people who see that moment as the evening before
    have edited nothing.
    """
    if (
        not isinstance(value_format, ComparedFormat)
        or value_format.form not in _ZONED
        or is_blank(value)
    ):
        return None
    try:
        moment = _moment(value)
    except IncompatibleValueError:
        return None
    return moment.date().isoformat() if moment.time() == time() else None


def _noon_text(zone: tzinfo, value: Value) -> str:
    """Noon of the day, so that people some hours east or west of the zone still see the same
    day.
    """
    day = date.fromisoformat(day_in(zone, value))
    return _moment_text(datetime.combine(day, _NOON, zone).isoformat())


def _convert_choice(rule: FieldRule, to: Side, value: Value) -> str:
    across = choice_across(rule, to, _text(value))
    if across is None:
        raise IncompatibleValueError(rule.form)
    return across


def _convert_choices(rule: FieldRule, to: Side, value: Value) -> str:
    return ";".join(sorted({_convert_choice(rule, to, one) for one in several(_text(value))}))


_CANONICAL: Mapping[FieldType, Callable[[ComparedFormat], Callable[[str], Value]]] = (
    MappingProxyType(
        {
            FieldType.TEXT: lambda shape: partial(_cut_text, shape),
            FieldType.EMAIL: lambda _: str.lower,
            FieldType.PHONE: lambda _: _phone,
            FieldType.NUMBER: lambda shape: partial(_number_text, shape.scale),
            FieldType.BOOLEAN: lambda _: _boolean,
            FieldType.DATE: lambda _: _day_text,
            FieldType.DATETIME: lambda _: _moment_text,
            FieldType.DAY: lambda shape: partial(day_in, shape.zone),
            FieldType.DATED: lambda shape: partial(day_in, shape.zone),
            FieldType.CHOICE: lambda shape: partial(same_choice, shape),
            FieldType.MULTI: lambda shape: partial(same_choices, shape),
            FieldType.DOMAIN: lambda _: _domain,
            FieldType.HTML: lambda shape: lambda text: _cut_text(shape, text_of(text)),
            FieldType.LINES: lambda shape: lambda text: _cut_text(shape, tidied(text)),
            FieldType.DURATION: lambda _: _seconds,
        }
    )
)
"""Format -> how a text that is neither blank nor padded is read."""


def _convert_boolean(_rule: FieldRule, to: Side, value: Value) -> Value:
    known = _boolean(value)
    return known if to is Side.SALESFORCE else str(known).lower()


_CONVERT: Mapping[FieldType, Callable[[FieldRule, Side, Value], Value]] = MappingProxyType(
    {
        FieldType.TEXT: lambda _rule, _to, value: _text(value),
        FieldType.EMAIL: lambda _rule, _to, value: _text(value),
        FieldType.PHONE: lambda _rule, _to, value: _text(value),
        FieldType.NUMBER: _convert_number,
        FieldType.BOOLEAN: _convert_boolean,
        FieldType.DATE: lambda _rule, _to, value: _day_text(value),
        FieldType.DATETIME: lambda _rule, _to, value: _moment_text(value),
        FieldType.DAY: lambda rule, to, value: (_noon_text if to is Side.SALESFORCE else day_in)(
            rule.zone, value
        ),
        FieldType.DATED: lambda rule, to, value: (_noon_text if to is Side.HUBSPOT else day_in)(
            rule.zone, value
        ),
        FieldType.CHOICE: _convert_choice,
        FieldType.MULTI: _convert_choices,
        FieldType.DOMAIN: _convert_domain,
        FieldType.DURATION: _convert_duration,
    }
)
