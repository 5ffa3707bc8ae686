"""A measured figure, with its goal, and how a list of them is printed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure; the goal is the most, or the least, that it should be."""

    name: str
    value: float
    goal: str
    unit: str


def told(figures: Iterable[Figure]) -> str:
    """One JSON object with all figures."""
    return json.dumps({"figures": [asdict(figure) for figure in figures]}, indent=2)


def percentile(values: Sequence[float], percent: int) -> float:
    """The value below or at which so many percent of the values lie (nearest rank). Raises
    `ValueError` where there is none.
    """
    if not values:
        raise ValueError("no values")
    return sorted(values)[max(0, -(-percent * len(values) // 100) - 1)]
