"""How far a command is, on one line of the terminal."""

from __future__ import annotations

import io
import sys

import pytest

from crmsync.cli import progress


class Terminal(io.StringIO):
    """A terminal that keeps what is written to it."""

    def isatty(self) -> bool:
        """It is one."""
        return True


@pytest.mark.parametrize("columns", [40, 100])
def test_a_long_line_never_wraps(monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    """Each refresh replaces the line before, however long the trouble in it; a line as wide as the
    terminal would go on in the next one.
    """
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("COLUMNS", str(columns))

    for _ in range(2):
        progress.show(f"[###...] 800 of 6,858, 217 a second\nTotalRequests {'Limit ' * 30}")
    progress.finish()

    shown = terminal.getvalue()
    lines = [line.removesuffix("\x1b[K") for line in shown.removesuffix("\n").split("\r")[1:]]
    assert [len(line) for line in lines] == [columns - 1] * 2
    assert shown.count("\n") == 1


def test_nothing_is_shown_where_nobody_watches(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a file or a pipe every refresh would stay."""
    file = io.StringIO()
    monkeypatch.setattr(sys, "stderr", file)

    progress.report("acme: leads", 1, 2)
    progress.finish()

    assert file.getvalue() == ""
