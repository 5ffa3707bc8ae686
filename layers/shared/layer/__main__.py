"""``python -m layer build ARCHITECTURE FOLDER`` builds the layer; ``python -m layer notice`` prints
NOTICE for the packages installed here.

Run it in the folder with the layer's list; it needs only Python and pip.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from layer.assembly import PLATFORMS, AssemblyError, assemble
from layer.notice import notice
from layer.packages import installed, pinned

LIST = Path("requirements.txt")


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns 1 with the reason on stderr if it fails."""
    parser = argparse.ArgumentParser(
        prog="python -m layer", description="Makes the shared layer from its list of packages."
    )
    todo = parser.add_subparsers(dest="todo", required=True)
    build = todo.add_parser("build", help="fills FOLDER with what the layer holds")
    build.add_argument("architecture", choices=sorted(PLATFORMS))
    build.add_argument("folder", type=Path)
    todo.add_parser("notice", help="prints NOTICE")
    chosen = parser.parse_args(arguments)
    if chosen.todo == "notice":
        sys.stdout.write(notice(installed(pinned(LIST.read_text(encoding="utf-8")))))
        return 0
    try:
        assemble(LIST, Path("crmsync"), chosen.architecture, chosen.folder)
    except AssemblyError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
