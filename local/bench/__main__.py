"""``python -m local.bench [PART ...]``: measures, and prints the figures as a table, or with
``--json`` as one JSON object.

Law: stdout has the figures only; progress and details go to stderr. A missed goal is no failure. A
part that could not be measured is one (exit 1), and the figures of the others are printed all the
same.
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

from local.bench import (
    backfill,
    cold_start,
    counts,
    engine,
    idle,
    lag,
    memory,
    peer,
    planner,
)
from local.bench.figures import Figure, as_json, as_table
from local.bench.page import machine, page_with
from local.bench.webhook import webhook

PARTS: Mapping[str, Callable[[], Sequence[Figure]]] = MappingProxyType(
    {
        "planner": planner.measure,
        "counts": counts.measure,
        "peer": peer.measure,
        "engine": engine.measure,
        "webhook": webhook.measure,
        "lag": lag.measure,
        "backfill": backfill.measure,
        "cold-start": cold_start.measure,
        "memory": memory.measure,
        "idle": idle.measure,
    }
)
"""The parts in the order in which they run."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure the parts that the arguments name, or all of them; return the exit code."""
    parser = argparse.ArgumentParser(
        "python -m local.bench", description="Measures the product on the laptop stack."
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument(
        "--page", type=Path, help="measure twice and write both runs into this page (Markdown)"
    )
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; all unless named"
    )
    given = parser.parse_args(arguments)
    if unknown := set(given.parts) - set(PARTS):
        parser.error(f"nothing is called {', '.join(sorted(unknown))}")
    where, parts = machine(), given.parts or list(PARTS)
    figures, failed = _run(parts)
    if given.page and not failed:
        again, failed = _run(parts)
        if not failed:
            page = page_with(
                given.page.read_text(), [figures, again], where, datetime.now(UTC).date()
            )
            given.page.write_text(page)
    print(as_json(figures) if given.json else as_table(figures))
    return int(failed)


def _run(parts: Sequence[str]) -> tuple[list[Figure], bool]:
    """Measure these parts; returns the figures, and whether a part could not be measured."""
    figures: list[Figure] = []
    failed = False
    for number, part in enumerate(parts, 1):
        print(f"[{number}/{len(parts)}] {part}", file=sys.stderr, flush=True)
        began = time.perf_counter()
        try:
            figures += PARTS[part]()
        except Exception:  # noqa: BLE001 - whatever it was, the other parts can be measured
            failed = True
            traceback.print_exc(file=sys.stderr)
            print(f"{part} could not be measured", file=sys.stderr)
        print(f"{part} took {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
    return figures, failed


if __name__ == "__main__":
    sys.exit(main())
