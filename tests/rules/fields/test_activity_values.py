"""How the values of activities are compared and converted: bodies and durations."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmsync.model.fields import FieldRule, FieldType
from crmsync.model.records import Side, Value
from crmsync.rules.fields.values import (
    HUBSPOT_LENGTH,
    ConvertedValue,
    IncompatibleValueError,
    canonical,
    certain_length,
    compared_format,
    convert_mapped,
    is_too_long,
)
from crmsync.rules.merge.ruleset import ObjectMapping

H, S = Side.HUBSPOT, Side.SALESFORCE
BODY = FieldRule("hs_call_body", "Description", form=FieldType.HTML, length=40)
LENGTH = FieldRule("hs_call_duration", "CallDurationInSeconds", form=FieldType.DURATION)


def compared(rule: FieldRule, side: Side, value: Value) -> Value:
    """Return the form in which a value of that side is compared."""
    return canonical(compared_format(rule, side), value)


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>Hello</p>", "Hello"),
        ("<p>One</p><p>Two</p>", "One\r\nTwo"),
        ("a &lt; b", "a < b"),
        ("<b>same</b>  words", "same words "),
        ("<p></p>", None),
        (None, "  "),
    ],
)
def test_a_body_compares_by_its_words_and_lines(html: str | None, text: str | None) -> None:
    """Markup in HubSpot and line ends in Salesforce are no difference."""
    assert compared(BODY, H, html) == compared(BODY, S, text)


def test_the_markup_of_a_salesforce_text_is_text() -> None:
    """A text with angle brackets is what it says, and shows as that in HubSpot."""
    value = "use <br> here"
    assert compared(BODY, S, value) == value
    assert convert_mapped(BODY, H, value).value == "use &lt;br&gt; here"


@given(st.text(max_size=60))
def test_a_body_that_crosses_compares_equal(text: str) -> None:
    """Whatever is written to the other side is there what it was here, or its beginning."""
    there = convert_mapped(BODY, H, text)
    assert compared(BODY, H, there.value) == compared(BODY, S, text)


@pytest.mark.parametrize(
    ("to", "value", "expected"),
    [
        (S, "<p>One<br>Two</p>", ConvertedValue("One\nTwo")),
        (S, "<p> </p>", ConvertedValue(None)),
        (S, None, ConvertedValue(None)),
        (S, "<i>" + "x" * 41 + "</i>", ConvertedValue("x" * 40, is_truncated=True)),
        (H, "One\nTwo & Co", ConvertedValue("One<br>Two &amp; Co")),
        (H, "", ConvertedValue(None)),
    ],
)
def test_a_body_crosses_as_the_other_side_keeps_it(
    to: Side, value: str | None, expected: ConvertedValue
) -> None:
    """HubSpot takes HTML, Salesforce text of the field's length, and a cut is told."""
    assert convert_mapped(BODY, to, value) == expected
    assert is_too_long(BODY, to, value) is expected.is_truncated


def test_a_text_is_cut_to_what_hubspot_keeps_with_its_markup() -> None:
    """Characters that HTML spells longer count as long as they become."""
    rule = FieldRule("hs_note_body", "Description", form=FieldType.HTML, length=32_000)
    whole, cut = convert_mapped(rule, H, "x" * 32_000), convert_mapped(rule, H, "&" * 32_000)
    assert (whole.is_truncated, cut.is_truncated) == (False, True)
    assert HUBSPOT_LENGTH - 5 < len(str(cut.value)) <= HUBSPOT_LENGTH
    assert not is_too_long(rule, H, "&" * certain_length(rule))


def test_a_body_is_one_of_the_texts_whose_cut_is_told() -> None:
    """The mapping of an object lists it with the length that certainly fits."""
    assert ObjectMapping((BODY, LENGTH), {}, {}).texts == ((BODY, certain_length(BODY)),)


@pytest.mark.parametrize(
    ("milliseconds", "seconds"), [("61000", 61), ("61499", 61), ("61500", 62), ("0", 0), ("", None)]
)
def test_a_duration_crosses_in_the_other_sides_unit(milliseconds: str, seconds: int | None) -> None:
    """HubSpot counts milliseconds and Salesforce seconds; less than a second is no difference."""
    assert convert_mapped(LENGTH, S, milliseconds).value == seconds
    assert compared(LENGTH, H, milliseconds) == compared(LENGTH, S, seconds)
    back = convert_mapped(LENGTH, H, seconds).value
    assert back == (None if seconds is None else str(seconds * 1000))


def test_a_duration_that_is_none_is_refused() -> None:
    """A text that is no number cannot cross."""
    with pytest.raises(IncompatibleValueError):
        convert_mapped(LENGTH, S, "a minute")
