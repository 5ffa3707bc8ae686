"""``python -m local serve``: the laptop stack as a server that is driven over its control URL.

Law: files, signals and the terminal; the stack itself is `local.stack`.
"""

from __future__ import annotations

import json
import signal
import sys
import threading
from argparse import Namespace
from pathlib import Path
from typing import Any

from local.stack import OperatorError, Stack, StackError

LIVE_PAUSE = 0.25
"""Real seconds between two runs with ``--live``."""


def serve(arguments: Namespace) -> int:
    """Serve until SIGTERM or SIGINT; return the exit code.

    The ready file is written once everything answers.
    """
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    stack = started(arguments)
    if stack is None:
        return 1
    with stack:
        write_whole(arguments.ready, stack.ready())
        print(f"The stack is ready; {arguments.ready} says where. Stop it with Ctrl-C.", flush=True)
        if arguments.live:
            while not stop.wait(LIVE_PAUSE):
                stack.settle()
        stop.wait()
    return 0


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
