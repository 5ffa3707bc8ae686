"""The operator's command as a worker process runs it for a story: what it prints and how it ends is
the answer.
"""

from __future__ import annotations

import io
import logging
import sys
import traceback
from contextlib import redirect_stderr, redirect_stdout
from typing import Any

from crmsync.cli import main


def answer(words: list[str], _context: object) -> dict[str, Any]:
    """Run the command with these arguments; return the fields of a `CompletedProcess`."""
    # A Lambda logs to its stdout; a command has no such handler.
    logging.getLogger().handlers.clear()
    sys.argv = ["crmsync", *words]
    stdout, stderr = _text(), _text()
    with redirect_stdout(stdout), redirect_stderr(stderr):
        status = _status()
    return {"returncode": status, "stdout": _content(stdout), "stderr": _content(stderr)}


def _status() -> int:
    """Run the command and return the status with which Python would end."""
    try:
        ended: object = main()
    except SystemExit as end:
        ended = end.code
    except BaseException:  # noqa: BLE001 - Python prints whatever ends a program
        traceback.print_exc()
        return 1
    if isinstance(ended, str):
        print(ended, file=sys.stderr)  # noqa: T201 - as Python does
        return 1
    return int(ended) if isinstance(ended, int) else 0


def _text() -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)


def _content(written: io.TextIOWrapper) -> str:
    buffer = written.buffer
    assert isinstance(buffer, io.BytesIO)
    return io.TextIOWrapper(io.BytesIO(buffer.getvalue()), encoding="utf-8").read()
