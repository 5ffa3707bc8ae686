"""``python -m tests.simulation [--seeds N] [--first N] [--jobs N]``, or stories on the laptop stack."""

from __future__ import annotations

import argparse
import os
import sys

from local.soak.__main__ import STORIES
from local.soak.__main__ import main as play_story
from tests.flows.convergence.soak import main as play_whole_stack
from tests.simulation.soak import Soak, tell, trace_of

SEEDS = 20_000
WHOLE_STACK = "whole-stack"


def main() -> int:
    """Play the seeds that the arguments name."""
    if sys.argv[1:2] == [WHOLE_STACK]:
        return play_whole_stack(sys.argv[2:])
    if sys.argv[1:2] and sys.argv[1] in STORIES:
        return play_story()
    parser = argparse.ArgumentParser(
        "make soak",
        description="Plays random histories of the whole system in memory.",
        epilog=f"On the laptop stack: {', '.join((WHOLE_STACK, *STORIES))} (each has --help).",
    )
    parser.add_argument("--seeds", type=int, default=SEEDS, help="how many (default %(default)s)")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--shrink", type=int, default=3, help="failures to shrink and print")
    parser.add_argument("--again", action="store_true", help="forget what earlier runs have done")
    parser.add_argument("--trace", type=int, metavar="SEED", help="print one history call by call")
    arguments = parser.parse_args()
    if arguments.trace is not None:
        trace_of(arguments.trace)
        return 0
    soak = Soak()
    if not arguments.again:
        soak.load()
    soak.run(arguments.first, arguments.seeds, arguments.jobs)
    return tell(soak, arguments.shrink)


if __name__ == "__main__":
    sys.exit(main())
