"""Tables for people: a heading, columns, and no line wider than a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill

from crmsync.cli.printable import flat

WIDTH = 100
"""The most characters of a line."""

_GAP = 2
_LEAST = 8
_DOTS = "..."


def table(heading: Sequence[str], rows: Sequence[Sequence[str]], *, width: int = WIDTH) -> str:
    """Rows under a heading; "" for no rows.

    When they are too wide, the widest columns are cut, which dots show.
    """
    if not rows:
        return ""
    cells = [[flat(cell) for cell in row] for row in (heading, *rows)]
    widths = _fitting([max(map(len, column)) for column in zip(*cells, strict=True)], width)
    lines = (
        (" " * _GAP).join(
            _cut(cell, wide).ljust(wide) for cell, wide in zip(row, widths, strict=True)
        )
        for row in cells
    )
    return "\n".join(line.rstrip() for line in lines)


def wrapped(text: str, indent: str = "", *, width: int = WIDTH) -> str:
    """A text in lines that fit, all indented, and those after the first by two more spaces."""
    return fill(
        flat(text),
        width,
        initial_indent=indent,
        subsequent_indent=f"{indent}  ",
        break_on_hyphens=False,
    )


def _fitting(widths: list[int], width: int) -> list[int]:
    """The widths, with the widest ones reduced until a line fits or none can be reduced further."""
    room = width - _GAP * (len(widths) - 1)
    while sum(widths) > room and max(widths) > _LEAST:
        widths[widths.index(max(widths))] -= 1
    return widths


def _cut(text: str, wide: int) -> str:
    return text if len(text) <= wide else text[: wide - len(_DOTS)] + _DOTS
