"""How figures grow along an axis: the exponent of each, and its tables.

Law: pure. An exponent of 0 says that a figure stays the same along the axis, and 1 that it grows in
proportion; more than 1 is a reason to look for the cause.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from math import log

DIGITS = 3
"""Significant digits of a value in the tables."""


class NoMarksError(Exception):
    """The page does not have both marks of an axis, one after the other."""


@dataclass(frozen=True, slots=True)
class Exponent:
    """The power of the size to which a figure grows.

    Attributes:
        value: The slope of the least-squares line through the logarithms.
        least: The least slope between two neighbouring sizes.
        most: The largest one. `least` and `most` are the spread.
    """

    value: float
    least: float
    most: float


@dataclass(frozen=True, slots=True)
class Series:
    """One figure along an axis.

    Attributes:
        name: Its name in the tables.
        unit: The unit of the values.
        values: Its value at each size.
    """

    name: str
    unit: str
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Axis:
    """All figures along one axis.

    Attributes:
        name: What is varied, such as ``contacts``.
        sizes: How much of it there was.
        series: The figures.
    """

    name: str
    sizes: tuple[int, ...]
    series: tuple[Series, ...]


def exponent_of(sizes: Sequence[float], values: Sequence[float]) -> Exponent | None:
    """Return how a figure grows; None if a value is not above zero, or if there is one size only.

    Raises `ValueError` if there are not as many values as sizes.
    """
    points = [
        (log(size), log(value)) if value > 0 else None
        for size, value in zip(sizes, values, strict=True)
    ]
    known = [point for point in points if point]
    if len(known) < len(points) or len({x for x, _ in known}) < 2:
        return None
    mean_x, mean_y = (sum(column) / len(known) for column in zip(*known, strict=True))
    slope = sum((x - mean_x) * (y - mean_y) for x, y in known) / sum(
        (x - mean_x) ** 2 for x, _ in known
    )
    slopes = [(y2 - y1) / (x2 - x1) for (x1, y1), (x2, y2) in pairwise(known)]
    return Exponent(slope, min(slopes), max(slopes))


def axis_of(name: str, points: Mapping[int, Mapping[str, float]], units: Mapping[str, str]) -> Axis:
    """Return the axis with the figures of `units`, each at every size of `points`."""
    return Axis(
        name,
        tuple(points),
        tuple(
            Series(figure, unit, tuple(point[figure] for point in points.values()))
            for figure, unit in units.items()
        ),
    )


def as_json(axes: Iterable[Axis]) -> str:
    """Return all axes with their exponents as one JSON object."""
    rows = [
        {
            **asdict(axis),
            "series": [
                {**asdict(one), "exponent": asdict(found) if found else None}
                for one in axis.series
                for found in [exponent_of(axis.sizes, one.values)]
            ],
        }
        for axis in axes
    ]
    return json.dumps({"axes": rows}, indent=2)


def as_markdown(axis: Axis) -> str:
    """Return the table of an axis for a page."""
    header, *rows = _cells(axis)
    shown = [f"| {' | '.join(cells)} |" for cells in (header, *rows)]
    return "\n".join([shown[0], "|" + "---|" * len(header), *shown[1:]])


def as_text(axis: Axis) -> str:
    """Return the table of an axis for a terminal."""
    rows = _cells(axis)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def page_with_axis(page: str, axis: Axis, note: str) -> str:
    """Return the page with the note and the table of an axis between its two marks.

    Raises `NoMarksError`.
    """
    begin, end = (f"<!-- {axis.name}: {what} -->" for what in ("begin", "end"))
    before, found, rest = page.partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise NoMarksError(f"the page needs {begin} and {end}")
    return f"{before}{begin}\n\n{note}\n\n{as_markdown(axis)}\n\n{end}{after}"


def _cells(axis: Axis) -> list[list[str]]:
    header = [axis.name.capitalize(), *(f"{size:,}" for size in axis.sizes), "Exponent", "Spread"]
    rows = [
        [f"{one.name} ({one.unit})", *map(_shown, one.values), *_growth(axis.sizes, one.values)]
        for one in axis.series
    ]
    return [header, *rows]


def _shown(value: float) -> str:
    """The value with `DIGITS` significant digits, or more if they are digits of a whole number."""
    if value == round(value) or abs(value) >= 10 ** (DIGITS - 1):
        return f"{value:,.0f}"
    return f"{value:.{DIGITS}g}"


def _growth(sizes: Sequence[int], values: Sequence[float]) -> tuple[str, str]:
    found = exponent_of(sizes, values)
    if found is None:
        return "none", ""
    return _slope(found.value), f"{_slope(found.least)} to {_slope(found.most)}"


def _slope(value: float) -> str:
    return f"{value + 0.0:.2f}".replace("-0.00", "0.00")
