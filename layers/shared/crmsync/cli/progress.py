"""A progress bar on stderr, for a person at a terminal; nothing is printed otherwise."""

from __future__ import annotations

import shutil
import sys

from crmsync.wire.printable import flat

BAR = 30
"""The width of the bar in characters."""


def bar(done: int, total: int) -> str:
    """``[###...]``, full when there is nothing to do."""
    full = BAR * done // total if total else BAR
    return f"[{'#' * full}{'.' * (BAR - full)}]"


def report(label: str, done: int, total: int) -> None:
    """Show how far a command is."""
    show(f"{bar(done, total)} {label} {done:,} of {total:,}")


def show(line: str) -> None:
    """Replace the line that is shown; a longer one than the terminal is wide is cut."""
    if sys.stderr.isatty():
        # A line as wide as the terminal would already move the cursor to the next one.
        room = shutil.get_terminal_size().columns - 1
        print(f"\r{flat(line)[:room]}\x1b[K", end="", file=sys.stderr, flush=True)


def finish() -> None:
    """End the line that is shown."""
    if sys.stderr.isatty():
        print(file=sys.stderr)
