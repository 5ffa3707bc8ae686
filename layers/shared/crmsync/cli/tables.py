"""Tables for people: a heading, columns, and no line wider than the terminal.

Where there is no terminal, as in a pipe, nothing is cut.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from textwrap import fill

from crmsync.wire.printable import flat

WIDTH = 100
"""The most characters of a line of text where there is no terminal."""

UNLIMITED = 1_000
"""The same for a table."""

_LEAST_WIDTH = 80
_GAP = 2
_LEAST = 8
_DOTS = "..."
_READABLE = 40


def room(without: int = WIDTH) -> int:
    """The width of the terminal in characters, at least 80; `without` a terminal that many."""
    return max(_LEAST_WIDTH, shutil.get_terminal_size((without, 0)).columns)


def table(heading: Sequence[str], rows: Sequence[Sequence[str]], *, width: int = 0) -> str:
    """Rows under a heading; "" for no rows. 0 stands for the width of the terminal.

    When they are too wide, the widest columns are cut, which dots show.
    """
    if not rows:
        return ""
    cells = [[flat(cell) for cell in row] for row in (heading, *rows)]
    widths = _fitting(
        [max(map(len, column)) for column in zip(*cells, strict=True)], width or room(UNLIMITED)
    )
    lines = (
        (" " * _GAP).join(
            _cut(cell, wide).ljust(wide) for cell, wide in zip(row, widths, strict=True)
        )
        for row in cells
    )
    return "\n".join(line.rstrip() for line in lines)


def wrapped(text: str, indent: str = "", *, width: int = 0) -> str:
    """A text in lines that fit, all indented, and those after the first by two more spaces.

    0 stands for the width of the terminal.
    """
    return fill(
        flat(text),
        width or room(),
        initial_indent=indent,
        subsequent_indent=f"{indent}  ",
        break_on_hyphens=False,
    )


def listed(rows: Sequence[Sequence[str]], *, width: int = 0) -> str:
    """Rows without a heading, nothing cut; "" for no rows. 0 stands for the width of the terminal.

    A last cell that is too long goes on below itself, or indented on a line of its own where the
    cells before it leave little room.
    """
    cells = [[flat(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    most = width or room(UNLIMITED)
    before = sum(widths[:-1]) + _GAP * (len(widths) - 1)
    lines: list[str] = []
    for *first, last in cells:
        start = (" " * _GAP).join(
            cell.ljust(wide) for cell, wide in zip(first, widths, strict=False)
        )
        if before + len(last) <= most:
            lines.append(f"{start}{' ' * _GAP}{last}".rstrip())
        elif most - before >= _READABLE:
            indent = " " * before
            lines.append(
                fill(
                    last,
                    most,
                    initial_indent=f"{start}{' ' * _GAP}",
                    subsequent_indent=indent,
                    break_on_hyphens=False,
                )
            )
        else:
            lines += [start.rstrip(), wrapped(last, "    ", width=most)]
    return "\n".join(lines)


def _fitting(widths: list[int], width: int) -> list[int]:
    """The widths, with the widest ones reduced until a line fits or none can be reduced further."""
    room = width - _GAP * (len(widths) - 1)
    while sum(widths) > room and max(widths) > _LEAST:
        widths[widths.index(max(widths))] -= 1
    return widths


def _cut(text: str, wide: int) -> str:
    return text if len(text) <= wide else text[: wide - len(_DOTS)] + _DOTS
