"""What holds for every test: no real AWS account is in reach, and slow machines fail no test."""

from __future__ import annotations

import gc
import json
import os
from collections.abc import Generator
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from tests.house.rules.collected import is_whole

if TYPE_CHECKING:
    from local.stack import Stack

# A slow machine is no failure; benchmarks measure speed. Every run tries the same examples, so that a
# failure comes from the change; HYPOTHESIS_PROFILE=explore tries new ones.
settings.register_profile("crmsync", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None, max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "crmsync"))

ACCOUNT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_SESSION_TOKEN": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}
REMOVED = (
    "AWS_PROFILE",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_ENDPOINT_URL",
    "AWS_LAMBDA_FUNCTION_NAME",
)
SKIPPED = {"long": "takes minutes: make long", "browser": "needs a browser: make browser"}
"""Marks of tests that run with the option of that name only, and why."""
COLLECTS = (10_000, 20, 50)
"""The garbage collector's thresholds: Python's own suit a process with few objects."""
LOG_LINES = 12
"""How many of a function's last lines are shown with a failed story."""
SAME_IN_ALL = ("function_", "service", "cold_start", "location")
"""How the fields begin that say nothing new in a line of a function's log."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--long`` and ``--browser``, which run the tests that take minutes or need a browser."""
    parser.addoption("--long", action="store_true", help="run the tests that take minutes as well")
    parser.addoption("--browser", action="store_true", help="run the tests in a browser as well")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip the tests that take minutes and those in a browser unless their option is given."""
    for name, reason in SKIPPED.items():
        if not config.getoption(f"--{name}"):
            for item in items:
                if item.get_closest_marker(name):
                    item.add_marker(pytest.mark.skip(reason=reason))


def pytest_collection_finish() -> None:
    """Have the garbage collector leave alone what lives as long as the run, and look at the rest
    less often: a tenth of the time of small tests.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTS)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show with a failed story what the functions of its laptop stack logged last: a call that the
    machine was too slow for looks like a change that did not cross.
    """
    report = yield
    stack: Stack | None = getattr(item, "funcargs", {}).get("stack")
    if report.failed and hasattr(stack, "functions"):
        report.sections += [
            (f"log of {name} on the laptop stack", "\n".join(lines[-LOG_LINES:]))
            for name in stack.functions
            if (lines := _logged(stack.output(name)))
        ]
    return report


def _logged(output: str) -> list[str]:
    """The lines of a function's log, without metrics, plain output and what is the same in all."""
    lines = [
        json.loads(line)
        for line in output.splitlines()
        if line.startswith('{"level"') and line.endswith("}")
    ]
    return [
        json.dumps({name: line[name] for name in line if not name.startswith(SAME_IN_ALL)})
        for line in lines
    ]


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """A process per core for all tests, and none for a selection, which is faster in this process;
    ``-n`` with a number overrides both.
    """
    return None if is_whole(config) else 0


@pytest.fixture(autouse=True)
def _good_time(request: pytest.FixtureRequest, _made_up_account: None) -> None:
    """Begin each test on a laptop stack at a time at which nothing else disturbs it."""
    if "stack" in request.fixturenames:
        stack = request.getfixturevalue("stack")
        if hasattr(stack, "functions"):
            from tests import stack_clock  # noqa: PLC0415 - not for other tests

            stack_clock.pass_used_calls(stack)
            stack_clock.pass_near_sweep(stack)


@pytest.fixture(autouse=True)
def _made_up_account(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set credentials that give access to nothing, in place of the machine's own."""
    for name in REMOVED:
        monkeypatch.delenv(name, raising=False)
    for name, value in ACCOUNT.items():
        monkeypatch.setenv(name, value)
