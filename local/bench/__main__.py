"""``python -m local.bench [PART ...]``: measures, and prints the figures as one JSON object.
Details go to stderr.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from local.bench import engine, planner, webhook
from local.bench.figures import Figure, as_json

PARTS: Mapping[str, Callable[[], Sequence[Figure]]] = MappingProxyType(
    {"planner": planner.measure, "engine": engine.measure, "webhook": webhook.measure}
)


def main() -> int:
    """Measure the parts that the arguments name, or all of them."""
    parser = argparse.ArgumentParser(
        "python -m local.bench", description="Measures the product on the laptop stack."
    )
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; all unless named"
    )
    chosen = parser.parse_args().parts or list(PARTS)
    if unknown := set(chosen) - set(PARTS):
        parser.error(f"nothing is called {', '.join(sorted(unknown))}")
    print(as_json(figure for part in chosen for figure in PARTS[part]()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
