"""The table of figures in docs/performance.md.

Law: pure, but for `machine`. Only what stands between the two marks is written; the rest of the
page is a person's.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

from local.bench.figures import Figure
from local.bench.goals import GOALS

BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"


class NoMarksError(Exception):
    """The page does not have both marks, one after the other."""


def page_with(page: str, runs: Sequence[Iterable[Figure]], where: str, day: date) -> str:
    """Return the page with the figures of these runs, a column each.

    Rows of figures that were not measured stay, so parts can be measured one after the other.
    `where` describes the machine. Raises `NoMarksError`.
    """
    before, begin, rest = page.partition(BEGIN)
    old, end, after = rest.partition(END)
    if not begin or not end:
        raise NoMarksError(f"the page needs {BEGIN} and {END}")
    rows = {line.split("`")[1]: line for line in old.splitlines() if line.startswith("| `")}
    rows |= {figures[0].name: _row(figures) for figures in zip(*runs, strict=True)}
    known = list(GOALS)
    order = sorted(rows, key=lambda name: known.index(name) if name in known else len(known))
    count = len(runs)
    lines = [
        f"Measured on {day:%-d %B %Y}: {where}.",
        "",
        f"| Figure | {'Value | ' * count}Goal | Unit |",
        f"|---|{'---|' * count}---|---|",
        *(rows[name] for name in order),
    ]
    written = "\n".join(lines)
    return f"{before}{BEGIN}\n\n{written}\n\n{END}{after}"


def _row(figures: Sequence[Figure]) -> str:
    first = figures[0]
    values = " | ".join(
        f"{figure.value:,}" if figure.is_met else f"**{figure.value:,}**" for figure in figures
    )
    return f"| `{first.name}` | {values} | {first.goal or ''} | {first.unit} |"


def machine() -> str:
    """Describe this machine: processor, cores, system, Python, and how busy it is."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    model = next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")),
        platform.machine(),
    )
    busy = os.getloadavg()[0]
    return (
        f"{os.cpu_count()} cores of {model}, {platform.system()}, Python "
        f"{platform.python_version()}, load average {busy:.1f} at the start"
    )
