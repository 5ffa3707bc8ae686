"""Charts of hours: from figures to shapes of an SVG picture, and to the words beside it.

Law: pure. A chart has a column per hour, and a picture is as many units wide as `WIDTH` and as high
as `HEIGHT`, whatever it is stretched to. An hour without figures is None and gets no shape, so that
it does not look like zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

COLUMN = 10
"""The width of an hour."""

HEIGHT = 100

_BAR = 8
_STEPS = (1, 2, 5)
_DURATIONS = (
    *(1, 2, 5, 10, 20, 30),
    *(60, 120, 300, 600, 1_200, 1_800),
    *(3_600, 7_200, 14_400, 28_800, 43_200, 86_400),
)
"""Seconds at which a scale may end."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle.

    Attributes:
        series: The place of its series among all, from 0.
        x: Its left edge.
        y: Its upper edge, from the top of the picture.
        width: How wide it is.
        height: How high it is.
    """

    series: int
    x: int
    y: float
    width: int
    height: float


@dataclass(frozen=True, slots=True)
class Line:
    """A line of steps.

    Attributes:
        series: The place of its series among all, from 0.
        path: The path of the SVG; it begins anew after a gap.
    """

    series: int
    path: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture and the words beside it.

    Attributes:
        title: What it shows.
        summary: The same with the most important figures, for those who do not see it.
        series: The names of what it shows, in the order of their shapes.
        top: What its upper edge stands for.
        since: The time of its left edge.
        until: The time of its right edge.
        width: How many units wide it is.
        bars: The rectangles.
        lines: The lines.
        gaps: The left edges of the hours without figures.
        table: The figures: a row per hour, the newest first, after one with the headings.
    """

    title: str
    summary: str
    series: tuple[str, ...]
    top: str
    since: str
    until: str
    width: int
    bars: tuple[Bar, ...] = ()
    lines: tuple[Line, ...] = ()
    gaps: tuple[int, ...] = ()
    table: tuple[tuple[str, ...], ...] = ()


def top_of(most: float) -> int:
    """Where the scale of a count ends: 1, 2 or 5 with noughts, and not below `most`."""
    power = 1
    while True:
        for step in _STEPS:
            if step * power >= most:
                return step * power
        power *= 10


def top_of_durations(most: float) -> int:
    """Where the scale of seconds ends: a round number of seconds, minutes or hours, or whole
    days.
    """
    found = next((one for one in _DURATIONS if one >= most), None)
    return found or -(-int(most) // _DURATIONS[-1]) * _DURATIONS[-1]


def stacked(series: Sequence[Sequence[int | None]], top: int) -> tuple[Bar, ...]:
    """A bar per hour and series, those of an hour on top of each other, the first one lowest.
    What is zero has no bar.
    """
    bars: list[Bar] = []
    floors = [0] * max(map(len, series), default=0)
    for number, values in enumerate(series):
        for hour, value in enumerate(values):
            if value:
                floors[hour] += value
                y = _y(floors[hour], top)
                bars.append(Bar(number, _left(hour), y, _BAR, _part(value, top)))
    return tuple(bars)


def stepped(number: int, values: Sequence[float | None], top: int) -> Line:
    """A line that is level during each hour; it ends at a gap and begins again after it."""
    path: list[str] = []
    is_drawn = False
    for hour, value in enumerate(values):
        if value is None:
            is_drawn = False
            continue
        level = f"{_y(value, top):g}"
        path.append(f"V{level}" if is_drawn else f"M{hour * COLUMN} {level}")
        path.append(f"H{(hour + 1) * COLUMN}")
        is_drawn = True
    return Line(number, "".join(path))


def gaps(values: Sequence[float | None]) -> tuple[int, ...]:
    """The left edges of the hours without figures."""
    return tuple(hour * COLUMN for hour, value in enumerate(values) if value is None)


def _left(hour: int) -> int:
    return hour * COLUMN + (COLUMN - _BAR) // 2


def _y(value: float, top: int) -> float:
    return round(HEIGHT - HEIGHT * min(value, top) / top, 1)


def _part(value: float, top: int) -> float:
    return round(HEIGHT * value / top, 1)
