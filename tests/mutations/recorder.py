"""A pytest plugin that writes down how each test ended: passed, failed by an assertion, or ended by
any other error, which may have nothing to do with what the test shows.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

FILE = "CRMSYNC_MUTATIONS_RECORD"
"""The environment variable with the path of the file, which gets a line of JSON per report."""

PASSED = "passed"
ASSERTION = "assertion"


def ending(error: BaseException | None) -> str:
    """How a test ended that raised `error`: the name of its class, unless it is an assertion's."""
    if error is None:
        return PASSED
    leaves = list(_leaves(error))
    if all(isinstance(one, AssertionError | pytest.fail.Exception) for one in leaves):
        return ASSERTION
    return ", ".join(sorted({type(one).__name__ for one in leaves}))


def _leaves(error: BaseException) -> Iterator[BaseException]:
    """The errors of a group, which Hypothesis raises where it has found several."""
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield from _leaves(one)
    else:
        yield error


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Write down the end of a test, or of a phase around it that failed."""
    report = yield
    error = call.excinfo.value if call.excinfo else None
    if call.when == "call" or error is not None:
        end = ending(error) if call.when == "call" else f"{call.when}: {ending(error)}"
        row = {"test": item.nodeid.partition("[")[0], "end": end}
        with Path(os.environ[FILE]).open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
    return report
