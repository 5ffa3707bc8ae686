"""Exponents are slopes in the double logarithm, and tables say what was measured."""

from __future__ import annotations

import json

import pytest

from local.bench.scale.growth import (
    Axis,
    Exponent,
    NoMarksError,
    Series,
    as_json,
    as_text,
    axis_of,
    exponent_of,
    page_with_axis,
)

AXIS = Axis(
    "fields",
    (10, 100, 1_000),
    (Series("Calls", "calls", (16, 16, 16)), Series("Time", "ms", (0.5, 5, 500))),
)


@pytest.mark.parametrize("power", [0, 0.5, 1, 2])
def test_the_exponent_of_a_power_is_the_power(power: float) -> None:
    """A figure that is exactly a power of the size has no spread."""
    sizes = (1_000, 10_000, 100_000)
    found = exponent_of(sizes, [7 * size**power for size in sizes])
    assert found is not None
    assert [found.value, found.least, found.most] == pytest.approx([power] * 3)


def test_the_spread_is_that_of_neighbours() -> None:
    """Flat first and quadratic later: the line between is 1, the spread from 0 to 2."""
    assert exponent_of((10, 100, 1_000), (1, 1, 100)) == Exponent(
        pytest.approx(1), pytest.approx(0), pytest.approx(2)
    )


@pytest.mark.parametrize("values", [(0, 1), (1, 0), (-1, 1)])
def test_what_is_not_above_zero_has_no_exponent(values: tuple[float, float]) -> None:
    """A logarithm of nothing says nothing."""
    assert exponent_of((1, 10), values) is None


def test_one_size_has_no_exponent() -> None:
    """A slope needs two points."""
    assert exponent_of((10,), (3,)) is None


def test_an_axis_has_the_figures_that_have_a_unit() -> None:
    """Figures are collected size by size, in the order of their units."""
    points = {10: {"Time": 0.5, "Calls": 16.0}, 100: {"Time": 5.0, "Calls": 16.0}}
    assert axis_of("fields", points, {"Calls": "calls", "Time": "ms"}) == Axis(
        "fields", (10, 100), (Series("Calls", "calls", (16, 16)), Series("Time", "ms", (0.5, 5)))
    )


def test_the_table_of_a_terminal() -> None:
    """Each row has its exponent and the spread."""
    assert as_text(AXIS) == (
        "Fields         10   100  1,000  Exponent  Spread\n"
        "Calls (calls)  16   16   16     0.00      0.00 to 0.00\n"
        "Time (ms)      0.5  5    500    1.50      1.00 to 2.00"
    )


def test_only_the_axis_of_a_page_is_written() -> None:
    """The note and the table stand between the marks of the axis; all else stays."""
    page = (
        "# Scale\n\n<!-- fields: begin -->\nold\n<!-- fields: end -->\n\n<!-- contacts: begin -->\n"
    )
    assert page_with_axis(page, AXIS, "Measured today.") == (
        "# Scale\n\n<!-- fields: begin -->\n\nMeasured today.\n\n"
        "| Fields | 10 | 100 | 1,000 | Exponent | Spread |\n"
        "|---|---|---|---|---|---|\n"
        "| Calls (calls) | 16 | 16 | 16 | 0.00 | 0.00 to 0.00 |\n"
        "| Time (ms) | 0.5 | 5 | 500 | 1.50 | 1.00 to 2.00 |\n"
        "\n<!-- fields: end -->\n\n<!-- contacts: begin -->\n"
    )


def test_a_page_without_the_marks_of_an_axis_is_left_alone() -> None:
    """Nothing says where the table belongs, so nothing is written."""
    with pytest.raises(NoMarksError, match="fields: begin"):
        page_with_axis("# Scale\n", AXIS, "")


def test_json_has_the_exponents() -> None:
    """Every figure has its values and its exponent."""
    (axis,) = json.loads(as_json([AXIS]))["axes"]
    assert axis["series"][0] == {
        "name": "Calls",
        "unit": "calls",
        "values": [16, 16, 16],
        "exponent": {"value": 0.0, "least": 0.0, "most": 0.0},
    }
