"""``python -m local``: the development commands.

Law: reads arguments and calls the command; each command's module is imported only when it is
needed.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from local.worker_pool import worker_pool

DEMO = Path(__file__).parent / "demo"
"""The demo's settings and world, which are also the defaults of ``serve``."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code."""
    given = _parser().parse_args(arguments)
    worker_pool()  # it imports on another core while this process imports the stack
    if given.command == "serve":
        from local.serve import serve  # noqa: PLC0415 - the stack takes seconds to import

        return serve(given)
    from local.demo import demo  # noqa: PLC0415 - as above

    return demo(keep=given.keep or bool(os.environ.get("KEEP")))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local", description="The laptop stack.")
    commands = parser.add_subparsers(dest="command", required=True)
    serving = commands.add_parser("serve", help="run the stack, to be driven over its control URL")
    serving.add_argument(
        "--settings",
        type=Path,
        default=DEMO / "settings.toml",
        metavar="FILE",
        help="the settings file (TOML; default: the demo's)",
    )
    serving.add_argument(
        "--world",
        type=Path,
        default=DEMO / "world.json",
        metavar="FILE",
        help="what an administrator has set up (JSON; default: the demo's)",
    )
    serving.add_argument(
        "--ready",
        type=Path,
        default=Path("build/ready.json"),
        metavar="FILE",
        help="written (JSON) once everything answers (default: build/ready.json)",
    )
    serving.add_argument(
        "--port-base", type=int, metavar="N", help="use the ports from N on (default: free ones)"
    )
    serving.add_argument(
        "--seed", type=int, default=0, metavar="N", help="seed of everything that is left to chance"
    )
    serving.add_argument(
        "--workers",
        type=int,
        default=1,
        metavar="N",
        help="run up to N workers of a function side by side (default: 1)",
    )
    serving.add_argument(
        "--live", action="store_true", help="run everything as it falls due, without control calls"
    )
    serving.add_argument(
        "-q", "--quiet", action="store_true", help="no colours, and nothing about what happens"
    )
    playing = commands.add_parser("demo", help="play a short story and show what happened")
    playing.add_argument(
        "--keep",
        action="store_true",
        help="leave the stack open at the end, until Ctrl-C (as the variable KEEP does)",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
