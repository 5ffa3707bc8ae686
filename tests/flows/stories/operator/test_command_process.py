"""The stories' command is the one that an operator starts."""

from __future__ import annotations

import subprocess
import sys

import pytest

from local.stack import Stack
from tests.flows.stories.story_command import run, variables


@pytest.mark.parametrize("words", [
    ("settings", "show"), ("errors", "list"), ("links", "show", "contact:1"), ("no-such-command",), ("--help",),
], ids=" ".join)  # fmt: skip
def test_it_prints_and_ends_as_a_program_does(stack: Stack, words: tuple[str, ...]) -> None:
    """An answer, a refusal, a mistake in the words and the help: status and both outputs are those
    of ``python -m crmsync.cli``.
    """
    program = subprocess.run(
        [sys.executable, "-m", "crmsync.cli", *words, "--json"],
        env=variables(stack),
        capture_output=True,
        text=True,
        check=False,
    )
    story = run(stack, *words)
    found = (story.returncode, story.stdout, story.stderr)
    assert found == (program.returncode, program.stdout, program.stderr)
