"""How values are compared and converted, format by format."""

from dataclasses import replace
from datetime import date, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmsync.model.fields import FieldRule, FieldType
from crmsync.model.records import Side
from crmsync.rules.fields.values import (
    HUBSPOT_LENGTH,
    ConvertedValue,
    IncompatibleValueError,
    canonical,
    compared_format,
    convert,
    convert_mapped,
    day_before_zones,
    is_too_long,
)

H, S = Side.HUBSPOT, Side.SALESFORCE


@pytest.mark.parametrize(
    ("form", "one", "two"),
    [
        (FieldType.TEXT, " Ada ", "Ada"),
        (FieldType.TEXT, "", None),
        (FieldType.EMAIL, "Ada@Example.COM", "ada@example.com"),
        (FieldType.PHONE, "+1 (555) 010-0000", "+15550100000"),
        (FieldType.NUMBER, "1200000", 1200000.0),
        (FieldType.NUMBER, "1.50", 1.5),
        (FieldType.BOOLEAN, "true", True),
        (FieldType.BOOLEAN, None, False),
        (FieldType.DATE, "2026-11-02", "2026-11-02"),
        (FieldType.DATE, "1793577600000", "2026-11-02"),
        (FieldType.DATETIME, "2026-11-02T10:00:00.000+0000", "2026-11-02T10:00:00Z"),
        (FieldType.DAY, "2026-11-02", "2026-11-02T15:30:00.000+0000"),
        (FieldType.DAY, "1793577600000", "2026-11-02T00:00:00Z"),
        (FieldType.MULTI, "b;a", "a;b"),
    ],
)
def test_values_in_different_spellings_compare_equal(form, one, two):
    """A value that a side trims, formats or types differently is not a new value."""
    assert canonical(form, one) == canonical(form, two)


@pytest.mark.parametrize(
    ("form", "to", "value", "expected"),
    [
        (FieldType.TEXT, S, " Ada ", "Ada"),
        (FieldType.PHONE, S, "+1 (555) 010-0000", "+1 (555) 010-0000"),
        (FieldType.NUMBER, S, "1200000", 1200000),
        (FieldType.NUMBER, S, "1.5", 1.5),
        (FieldType.NUMBER, H, 1200000.0, "1200000"),
        (FieldType.NUMBER, H, 1e21, "1000000000000000000000"),
        (FieldType.BOOLEAN, S, "true", True),
        (FieldType.BOOLEAN, S, None, False),
        (FieldType.BOOLEAN, H, False, "false"),
        (FieldType.BOOLEAN, H, None, None),
        (FieldType.DATE, H, "2026-11-02", "2026-11-02"),
        (FieldType.DATE, S, "1793577600000", "2026-11-02"),
        (FieldType.DATETIME, H, "2026-11-02T10:00:00.000+0000", "2026-11-02T10:00:00.000Z"),
        (FieldType.DAY, S, "2026-11-02", "2026-11-02T12:00:00.000Z"),
        (FieldType.DAY, H, "2026-11-02T23:30:00.000+0000", "2026-11-02"),
        (FieldType.CHOICE, S, " red ", "red"),
        (FieldType.MULTI, S, "b;a;", "a;b"),
        (FieldType.TEXT, S, "   ", None),
    ],
)
def test_values_are_converted_to_the_other_sides_format(form, to, value, expected):
    """Each side gets the value in the format of its API."""
    assert convert(form, to, value) == expected


@pytest.mark.parametrize(
    ("form", "value"),
    [
        (FieldType.NUMBER, "about 5"),
        (FieldType.NUMBER, "NaN"),
        (FieldType.BOOLEAN, "maybe"),
        (FieldType.DATE, "soon"),
        (FieldType.DATETIME, "9" * 30),
    ],
)
def test_a_value_that_is_not_in_its_format_is_incompatible(form, value):
    """A value that cannot be read in its field's format is not synced, but still equals itself."""
    with pytest.raises(IncompatibleValueError):
        convert(form, S, value)
    assert canonical(form, value) == value


@given(
    st.decimals(
        allow_nan=False, allow_infinity=False, min_value=-(10**10), max_value=10**10, places=4
    )
)
def test_a_number_is_the_same_after_both_conversions(number):
    """A number of up to fifteen digits, as many as a double holds, is unchanged in Salesforce and
    back.
    """
    text = f"{number:f}"
    assert canonical(
        FieldType.NUMBER, convert(FieldType.NUMBER, H, convert(FieldType.NUMBER, S, text))
    ) == canonical(FieldType.NUMBER, text)


# What is known of a mapped field beyond its form.


def a_rule(form: FieldType = FieldType.TEXT, **known: object) -> FieldRule:
    """A mapping with these properties."""
    return FieldRule("property", "Field__c", form=form, **known)


COLOURS = a_rule(FieldType.CHOICE, choices=(("red", "Red"), ("dark_blue", "DB")), restricted=True)
FREE = a_rule(FieldType.CHOICE, choices=(("red", "Red"), ("teal", "teal")))
HOBBIES = a_rule(FieldType.MULTI, choices=(("golf", "Golf"), ("chess", "CHS")), restricted=True)
TITLE = a_rule(length=5)
PRICE = a_rule(FieldType.NUMBER, length=3, scale=2)


@pytest.mark.rule("MAP-7")
@pytest.mark.parametrize(
    ("rule", "to", "value", "crossed"),
    [
        (COLOURS, S, "dark_blue", ConvertedValue("DB")),
        (COLOURS, H, "DB", ConvertedValue("dark_blue")),
        (COLOURS, H, "db", ConvertedValue("dark_blue")),
        (COLOURS, S, "RED", ConvertedValue("Red")),
        (COLOURS, H, None, ConvertedValue(None)),
        (FREE, S, "lilac", ConvertedValue("lilac")),
        (FREE, H, "teal", ConvertedValue("teal")),
        (HOBBIES, S, "golf;chess;", ConvertedValue("CHS;Golf")),
        (HOBBIES, H, "Golf;CHS", ConvertedValue("chess;golf")),
        (TITLE, S, "Chief", ConvertedValue("Chief")),
        (TITLE, S, "Chief of all", ConvertedValue("Chief", is_truncated=True)),
        (TITLE, S, "Head of all", ConvertedValue("Head", is_truncated=True)),
        (TITLE, S, "1234\N{SLEEPING FACE}", ConvertedValue("1234", is_truncated=True)),
        (TITLE, S, "123\N{SLEEPING FACE}", ConvertedValue("123\N{SLEEPING FACE}")),
        (TITLE, S, "123\ud83d of all", ConvertedValue("123", is_truncated=True)),
        (TITLE, H, "Chief of all", ConvertedValue("Chief of all")),
        (
            a_rule(),
            H,
            "x" * (HUBSPOT_LENGTH + 1),
            ConvertedValue("x" * HUBSPOT_LENGTH, is_truncated=True),
        ),
        (PRICE, S, "1.005", ConvertedValue(1.01)),
        (PRICE, S, "-999.994", ConvertedValue(-999.99)),
        (PRICE, S, "12", ConvertedValue(12)),
        (PRICE, H, 1.5, ConvertedValue("1.5")),
        (a_rule(FieldType.NUMBER, scale=0), S, "2.5", ConvertedValue(3)),
        (a_rule(FieldType.BOOLEAN), S, None, ConvertedValue(False)),
    ],
)
def test_a_mapped_value_is_converted_to_what_the_other_side_stores(rule, to, value, crossed):
    """Choices become their counterparts, texts are truncated and reported, and numbers rounded to
    the field's digits.
    """
    assert convert_mapped(rule, to, value) == crossed


@pytest.mark.rule("CH-8")
@pytest.mark.parametrize(
    ("rule", "to", "value", "too_long"),
    [
        (TITLE, S, "Chief of all", True),
        (TITLE, S, " Chief ", False),
        (TITLE, S, None, False),
        (TITLE, H, "Chief of all", False),
        (a_rule(), S, "Chief of all", False),
        (a_rule(FieldType.PHONE, length=5), S, "+15550100000", False),
    ],
)
def test_a_text_that_stays_too_long_is_reported_at_every_sync(rule, to, value, too_long):
    """The report stays while only the beginning of the text can be shown."""
    assert is_too_long(rule, to, value) == too_long


@pytest.mark.rule("CH-8")
@pytest.mark.parametrize(
    ("rule", "to", "value"),
    [
        (COLOURS, S, "teal"),
        (COLOURS, H, "Teal"),
        (FREE, H, "lilac"),
        (HOBBIES, S, "golf;poker"),
        (HOBBIES, H, "Golf;Poker"),
        (PRICE, S, "1000"),
        (PRICE, S, "999.995"),
        (PRICE, S, "a lot"),
        (a_rule(FieldType.PHONE, length=5), S, "+15550100000"),
        (a_rule(FieldType.EMAIL, length=15), S, "ada.lang@example.com"),
    ],
)
def test_a_value_that_the_other_side_cannot_store_is_incompatible(rule, to, value):
    """These are unknown choices, numbers with too many digits, and phone numbers that would be
    cut.
    """
    with pytest.raises(IncompatibleValueError):
        convert_mapped(rule, to, value)


@pytest.mark.rule("MAP-7")
@pytest.mark.parametrize(
    ("rule", "hubspot", "salesforce"),
    [
        (COLOURS, "dark_blue", "DB"),
        (COLOURS, "dark_blue", "db"),
        (COLOURS, None, ""),
        (HOBBIES, "golf;chess", "CHS;Golf"),
        (TITLE, "Chief of all", "Chief"),
        (TITLE, "Head of all", "Head"),
        (PRICE, "1.005", 1.01),
        (a_rule(FieldType.NUMBER, scale=0), "2.5", 3.0),
    ],
)
def test_a_value_that_a_side_has_converted_is_unchanged(rule, hubspot, salesforce):
    """Two spellings of a choice are equal, and so are a text and its truncation, and a number and
    its rounding.
    """
    assert canonical(compared_format(rule, H), hubspot) == canonical(
        compared_format(rule, S), salesforce
    )


def test_choices_with_swapped_names_are_distinguished():
    """One side's name for a choice may be the other side's name for another."""
    rule = a_rule(FieldType.CHOICE, choices=(("a", "b"), ("b", "a")))
    hubspot, salesforce = compared_format(rule, H), compared_format(rule, S)

    assert canonical(hubspot, "a") == canonical(salesforce, "b") != canonical(salesforce, "a")


def test_an_unknown_choice_equals_itself():
    """A value that is no longer an option can still be compared."""
    assert canonical(compared_format(COLOURS, S), " Lilac ") == "Lilac"


NAMES = st.text(
    st.characters(exclude_characters=";", exclude_categories=("Z", "C")), min_size=1, max_size=8
)


@st.composite
def rules_with_choices(draw):
    """A mapping of two lists of choices that are distinct even without case."""
    size = draw(st.integers(1, 6))
    lists = [
        draw(st.lists(NAMES, min_size=size, max_size=size, unique_by=lambda name: name.lower()))
        for _ in range(2)
    ]
    form = draw(st.sampled_from([FieldType.CHOICE, FieldType.MULTI]))
    return a_rule(form, choices=tuple(zip(*lists, strict=True)), restricted=draw(st.booleans()))


@pytest.mark.rule("MAP-7")
@given(st.data())
def test_choices_are_the_same_after_both_conversions(data):
    """A choice is converted back to itself, and both sides compare as equal in between."""
    rule = data.draw(rules_with_choices())
    values = [hubspot for hubspot, _ in rule.choices]
    picked = data.draw(
        st.lists(
            st.sampled_from(values),
            min_size=1,
            max_size=1 if rule.form is FieldType.CHOICE else None,
        )
    )
    value = ";".join(sorted(set(picked)))

    there = convert_mapped(rule, S, value).value

    assert convert_mapped(rule, H, there).value == value
    assert canonical(compared_format(rule, H), value) == canonical(compared_format(rule, S), there)


@pytest.mark.rule("MAP-7")
@given(st.text(max_size=60), st.integers(1, 30))
def test_a_truncated_text_fits_and_equals_the_original(text, length):
    """Whatever is truncated, the rest fits, equals the original, and is converted back
    unchanged.
    """
    rule = a_rule(length=length)
    crossed = convert_mapped(rule, S, text)
    there = str(crossed.value or "")

    assert len(there.encode("utf-16-le", "surrogatepass")) <= 2 * length
    assert canonical(compared_format(rule, H), text) == canonical(
        compared_format(rule, S), crossed.value
    )
    assert crossed.is_truncated == (there != text.strip())
    assert convert_mapped(rule, H, crossed.value) == ConvertedValue(crossed.value)


@pytest.mark.rule("MAP-7")
@given(
    st.datetimes(timezones=st.timezones()),
    st.sampled_from([FieldType.DATE, FieldType.DATETIME, FieldType.DAY]),
)
def test_dates_and_times_are_the_same_after_both_conversions(moment, form):
    """A date is the same in every time zone and a time the same instant; midnight UTC in
    milliseconds is a HubSpot date.
    """
    text = (
        moment.isoformat(timespec="milliseconds")
        if form is FieldType.DATETIME
        else moment.date().isoformat()
    )
    rule = a_rule(form)
    there = convert_mapped(rule, S, text).value

    assert canonical(compared_format(rule, H), text) == canonical(compared_format(rule, S), there)
    assert convert_mapped(rule, S, convert_mapped(rule, H, there).value).value == there


@pytest.mark.rule("OPP-5")
@given(st.dates(date(1990, 1, 1), date(2100, 1, 1)), st.timezones())
def test_a_close_date_is_the_same_day_on_both_sides_in_every_zone(day, zone):
    """It is written as noon of the account's day and read back as that day, even when the clocks
    change.
    """
    rule = replace(a_rule(FieldType.DATED), zone=zone)
    moment = convert_mapped(rule, H, day.isoformat()).value

    assert (
        canonical(compared_format(rule, H), moment)
        == canonical(compared_format(rule, S), day.isoformat())
        == day.isoformat()
    )
    assert convert_mapped(rule, S, moment).value == day.isoformat()


@pytest.mark.parametrize("form", [FieldType.DATED, FieldType.DAY])
def test_a_date_at_midnight_utc_is_recognised_in_older_baselines(form):
    """Earlier versions wrote dates so, and only dates."""
    look = compared_format(replace(a_rule(form), zone=timezone(timedelta(hours=-5))), H)

    assert day_before_zones(look, "2027-01-01T00:00:00.000Z") == "2027-01-01"
    assert canonical(look, "2027-01-01T00:00:00.000Z") == "2026-12-31"
    assert day_before_zones(look, "2027-01-01T00:00:01.000Z") is None
    assert day_before_zones(look, None) is None
    assert day_before_zones(look, "soon") is None
    assert day_before_zones(form, "2027-01-01T00:00:00.000Z") is None
