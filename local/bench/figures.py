"""A measured figure with its goal, and the output of a list of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass


class BenchError(Exception):
    """The measured code did not do its work, so its time means nothing."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure.

    Attributes:
        name: Its fixed name, such as ``webhook_service_ms``.
        value: The measured value.
        goal: The most or the least that it should be, such as ``<= 8``.
        unit: The unit of value and goal.
    """

    name: str
    value: float
    goal: str
    unit: str


def as_json(figures: Iterable[Figure]) -> str:
    """Return all figures as one JSON object."""
    return json.dumps({"figures": [asdict(figure) for figure in figures]}, indent=2)


def percentile(values: Sequence[float], percent: int) -> float:
    """Return the smallest value that at least `percent` per cent of the values do not exceed
    (nearest rank).

    Raises `ValueError` for no values.
    """
    if not values:
        raise ValueError("no values")
    return sorted(values)[max(0, -(-percent * len(values) // 100) - 1)]
