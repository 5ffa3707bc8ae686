"""A measured figure with its goal, and the two outputs of a list of them: JSON and a table."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from local.bench.goals import goal_of


class BenchError(Exception):
    """The measured code did not do its work, so its time means nothing."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure.

    Attributes:
        name: Its fixed name, such as ``webhook_service_ms``.
        value: The measured value.
        goal: The most or the least that it should be, such as ``<= 8``; None where it is only
            published.
        unit: The unit of value and goal.
    """

    name: str
    value: float
    goal: str | None
    unit: str

    @property
    def is_met(self) -> bool:
        """Whether the value meets the goal, or has none."""
        if self.goal is None:
            return True
        sign, limit = self.goal.split()
        return self.value <= float(limit) if sign == "<=" else self.value >= float(limit)


def figure(name: str, value: float, digits: int = 0, limit: str | None = None) -> Figure:
    """Return a figure, its value rounded to `digits`, with the goal of the table or with `limit`.

    Raises `KeyError` for a name without an entry in the table.
    """
    goal = goal_of(name)
    rounded = round(value, digits) if digits else round(value)
    return Figure(name, rounded, limit or goal.limit, goal.unit)


def as_json(figures: Iterable[Figure]) -> str:
    """Return all figures as one JSON object."""
    return json.dumps({"figures": [asdict(figure) for figure in figures]}, indent=2)


def as_table(figures: Iterable[Figure]) -> str:
    """Return all figures as a table of text, those that miss their goal first."""
    ordered = sorted(figures, key=lambda figure: figure.is_met)
    rows = [("figure", "value", "goal", "unit", "")]
    rows += [
        (
            figure.name,
            f"{figure.value:,}",
            figure.goal or "",
            figure.unit,
            "" if figure.is_met else "missed",
        )
        for figure in ordered
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if number == 1 else cell.ljust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def percentile(values: Sequence[float], percent: int) -> float:
    """Return the smallest value that at least `percent` per cent of the values do not exceed
    (nearest rank).

    Raises `ValueError` for no values.
    """
    if not values:
        raise ValueError("no values")
    return sorted(values)[max(0, -(-percent * len(values) // 100) - 1)]
