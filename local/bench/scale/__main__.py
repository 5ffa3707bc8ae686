"""``python -m local.bench.scale [AXIS ...]``: how cost grows with contacts, mapped fields and
connections. Prints tables, or with ``--json`` one JSON object; ``--page`` writes them into a page.

Law: stdout has the tables only. It takes minutes, so it is no part of the other bench. An axis that
could not be measured is a failure (exit 1), and the others are shown all the same.
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

from local.bench.page import machine
from local.bench.scale import by_connections, by_contacts, by_fields
from local.bench.scale.growth import Axis, as_json, as_text, page_with_axis

AXES: Mapping[str, Callable[[], Axis]] = MappingProxyType(
    {
        "contacts": by_contacts.measure,
        "fields": by_fields.measure,
        "connections": by_connections.measure,
    }
)
"""The axes in the order in which they are measured."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure the axes that the arguments name, or all of them; return the exit code."""
    parser = argparse.ArgumentParser(
        "python -m local.bench.scale", description="Measures how cost grows."
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument("--page", type=Path, help="write the tables into this page (Markdown)")
    parser.add_argument(
        "axes", nargs="*", metavar="AXIS", help=f"of {', '.join(AXES)}; all unless named"
    )
    given = parser.parse_args(arguments)
    if unknown := set(given.axes) - set(AXES):
        parser.error(f"nothing is called {', '.join(sorted(unknown))}")
    note = f"Measured on {datetime.now(UTC):%-d %B %Y}: {machine()}."
    measured: list[Axis] = []
    failed = False
    for name in given.axes or AXES:
        began = time.perf_counter()
        try:
            axis = AXES[name]()
        except Exception:  # noqa: BLE001 - whatever it was, the other axes can be measured
            failed = True
            traceback.print_exc(file=sys.stderr)
            print(f"{name} could not be measured", file=sys.stderr)
        else:
            measured.append(axis)
            if given.page:
                given.page.write_text(page_with_axis(given.page.read_text(), axis, note))
        print(f"{name} took {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
    print(as_json(measured) if given.json else "\n\n".join(map(as_text, measured)))
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
