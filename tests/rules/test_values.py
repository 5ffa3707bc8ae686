"""How values compare and cross, form by form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmsync.model.fields import Form
from crmsync.model.records import Side
from crmsync.rules.values import UnfitValueError, canonical, cross

H, S = Side.HUBSPOT, Side.SALESFORCE


@pytest.mark.parametrize(
    ("form", "one", "two"),
    [
        (Form.TEXT, " Ada ", "Ada"),
        (Form.TEXT, "", None),
        (Form.EMAIL, "Ada@Example.COM", "ada@example.com"),
        (Form.PHONE, "+1 (555) 010-0000", "+15550100000"),
        (Form.NUMBER, "1200000", 1200000.0),
        (Form.NUMBER, "1.50", 1.5),
        (Form.BOOLEAN, "true", True),
        (Form.BOOLEAN, None, False),
        (Form.DATE, "2026-11-02", "2026-11-02"),
        (Form.DATE, "1793577600000", "2026-11-02"),
        (Form.DATETIME, "2026-11-02T10:00:00.000+0000", "2026-11-02T10:00:00Z"),
        (Form.MULTI, "b;a", "a;b"),
    ],
)
def test_values_that_say_the_same_compare_equal(form, one, two):
    """A value that a side trims, formats or types otherwise is not a new value."""
    assert canonical(form, one) == canonical(form, two)


@pytest.mark.parametrize(
    ("form", "to", "value", "expected"),
    [
        (Form.TEXT, S, " Ada ", "Ada"),
        (Form.PHONE, S, "+1 (555) 010-0000", "+1 (555) 010-0000"),
        (Form.NUMBER, S, "1200000", 1200000),
        (Form.NUMBER, S, "1.5", 1.5),
        (Form.NUMBER, H, 1200000.0, "1200000"),
        (Form.NUMBER, H, 1e21, "1000000000000000000000"),
        (Form.BOOLEAN, S, "true", True),
        (Form.BOOLEAN, S, None, False),
        (Form.BOOLEAN, H, False, "false"),
        (Form.BOOLEAN, H, None, None),
        (Form.DATE, H, "2026-11-02", "2026-11-02"),
        (Form.DATE, S, "1793577600000", "2026-11-02"),
        (Form.DATETIME, H, "2026-11-02T10:00:00.000+0000", "2026-11-02T10:00:00.000Z"),
        (Form.MULTI, S, "b;a;", "a;b"),
        (Form.TEXT, S, "   ", None),
    ],
)
def test_values_cross_in_the_other_sides_form(form, to, value, expected):
    """Each side gets the value in the form that its API takes."""
    assert cross(form, to, value) == expected


@pytest.mark.parametrize(
    ("form", "value"),
    [(Form.NUMBER, "about 5"), (Form.NUMBER, "NaN"), (Form.BOOLEAN, "maybe"), (Form.DATE, "soon"), (Form.DATETIME, "9" * 30)],
)
def test_a_value_that_is_not_of_its_form_is_named_as_unfit(form, value):
    """What cannot be read in its field's form cannot cross; it still compares, as itself."""
    with pytest.raises(UnfitValueError):
        cross(form, S, value)
    assert canonical(form, value) == value


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**10), max_value=10**10, places=4))
def test_a_number_survives_the_way_there_and_back(number):
    """A number of up to fifteen digits, all that a double holds, crosses to Salesforce and back unchanged."""
    text = f"{number:f}"
    assert canonical(Form.NUMBER, cross(Form.NUMBER, H, cross(Form.NUMBER, S, text))) == canonical(Form.NUMBER, text)
