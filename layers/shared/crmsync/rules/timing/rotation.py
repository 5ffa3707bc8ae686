"""Which connection a schedule visits first.

A schedule visits all connections in one invocation and stops when its time is up. If it always
began with the same one, very many connections would leave the last ones without a visit for ever.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

One = TypeVar("One")

STEP = 0.618
"""How far the beginning moves on each minute, as a part of all: about the golden ratio, with which
the beginnings of any few minutes are spread evenly.
"""


def rotated(connections: Sequence[One], now: datetime) -> list[One]:
    """All of them in their order, beginning with another one each minute."""
    minutes = now.timestamp() // 60
    first = int(minutes * STEP % 1 * len(connections))
    return [*connections[first:], *connections[:first]]
