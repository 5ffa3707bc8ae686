"""Tables for people: a heading, columns, and nothing wider than a terminal. Layout only: cells are
the words' business.
"""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill

from crmsync.cli.printable import flat

WIDTH = 100
"""Characters of a line at most."""

_GAP = 2
_LEAST = 8
_DOTS = "..."


def table(heading: Sequence[str], rows: Sequence[Sequence[str]], *, width: int = WIDTH) -> str:
    """Rows under a heading; where they are too wide the widest columns are cut, which is shown by
    dots. Nothing where there are no rows.
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


def wrapped(text: str, indent: str = "") -> str:
    """A text in lines that fit, all behind the indent and those after the first one two further."""
    return fill(
        flat(text),
        WIDTH,
        initial_indent=indent,
        subsequent_indent=f"{indent}  ",
        break_on_hyphens=False,
    )


def _fitting(widths: list[int], width: int) -> list[int]:
    """The widths, the widest ones made smaller until a line fits, as far as that goes."""
    room = width - _GAP * (len(widths) - 1)
    while sum(widths) > room and max(widths) > _LEAST:
        widths[widths.index(max(widths))] -= 1
    return widths


def _cut(text: str, wide: int) -> str:
    return text if len(text) <= wide else text[: wide - len(_DOTS)] + _DOTS
