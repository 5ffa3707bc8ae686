"""``python -m local serve``: the laptop stack as a server that is driven over its control URL.

Law: files, signals and the terminal; the stack itself is `local.stack`.
"""

from __future__ import annotations

import json
import signal
import sys
import threading
from argparse import Namespace
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from local.announcement import commands, places, print_commands, print_lines, print_places
from local.live_log import LiveLog
from local.playground import Playground
from local.stack import OperatorError, Stack, StackError
from local.stack.stack import PORTS

LIVE_PAUSE = 0.25
"""Real seconds between two looks at what is due (with ``--live``) and at the logs."""


def serve(arguments: Namespace) -> int:
    """Serve until SIGTERM or SIGINT; return the exit code.

    The ready file is written once everything answers. What happens is shown to who plays: with
    ``--live``, or on a terminal.
    """
    stop = stop_on_signals()
    stack = started(arguments)
    if stack is None:
        return 1
    console = Console(highlight=False, no_color=True if arguments.quiet else None)
    base = arguments.port_base
    with stack, closing(Playground(stack, base + len(PORTS) if base else 0)) as playground:
        ready = ready_of(stack, playground)
        write_whole(arguments.ready, ready)
        print(f"The stack is ready; {arguments.ready} says where. Stop it with Ctrl-C.", flush=True)
        print_places(console, places(ready, arguments.ready))
        print_commands(console, commands(ready))
        is_shown = (arguments.live or console.is_terminal) and not arguments.quiet
        shown = Shown(console, LiveLog(stack)) if is_shown else None
        keep_moving(stack, stop, live=arguments.live, shown=shown)
        if is_shown:
            console.print("Stopping.")
    return 0


def ready_of(stack: Stack, playground: Playground) -> dict[str, Any]:
    """Return the content of the ready file of a stack and its playground."""
    return {**stack.ready(), "playground_url": playground.url}


def stop_on_signals() -> threading.Event:
    """Return what SIGTERM and SIGINT set, instead of ending the process at once."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


@dataclass(frozen=True, slots=True)
class Shown:
    """Where and from where on what happens is shown."""

    console: Console
    log: LiveLog


def keep_moving(stack: Stack, stop: threading.Event, *, live: bool, shown: Shown | None) -> None:
    """Wait for `stop`. If `live`, run what falls due meanwhile."""
    while (live or shown) and not stop.wait(LIVE_PAUSE):
        if live:
            stack.settle()
        if shown:
            print_lines(shown.console, shown.log.fresh())
    stop.wait()


def started(arguments: Namespace) -> Stack | None:
    """Start the stack of these arguments; None, and a sentence on stderr, if it cannot start."""
    try:
        return Stack(
            arguments.settings.read_text(),
            world_of(arguments.world),
            port_base=arguments.port_base,
            seed=arguments.seed,
            workers=arguments.workers,
        )
    except (OSError, OperatorError, StackError, ValueError) as error:
        print(f"The stack did not start: {error}", file=sys.stderr)
        return None


def world_of(path: Path) -> Any:
    """Return the content of a world file. Raises `OSError`, and `StackError` if it is not JSON."""
    try:
        return json.loads(path.read_text())
    except ValueError as error:
        msg = f"{path} is not JSON: {error}"
        raise StackError(msg) from error


def write_whole(path: Path, content: Any) -> None:
    """Write JSON to `path` atomically: a reader finds all of it or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(json.dumps(content, indent=2) + "\n")
    partial.replace(path)
