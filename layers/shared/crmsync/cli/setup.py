"""The words about what both CRMs must have: setup, check."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from crmsync.cli.answer import DONE, FINDINGS, Answer, Words, acts, columns, word
from crmsync.cli.settings import read, warned

if TYPE_CHECKING:
    from crmsync.flows.operator import Operator
    from crmsync.flows.set_up import SetupStep


def add_words(words: Words) -> None:
    """Add ``setup`` and ``check``."""
    acts(word(words, "setup", _setup, "make the properties and fields that crmsync needs in both CRMs"))
    check = word(words, "check", _check, "is a settings file good, and is everything there that it needs")
    check.add_argument("file", metavar="FILE", nargs="?")


def _setup(operator: Operator, arguments: argparse.Namespace) -> Answer:
    steps = operator.setup(apply=arguments.apply)
    missing = sum(step.state == "missing" for step in steps)
    bad = [step for step in steps if not step.is_good and step.state != "missing"]
    document = {"applied": arguments.apply, "steps": [asdict(step) for step in steps]}
    last = f"{missing} to make; --apply makes them." if missing else _count(bad)
    return Answer(document, f"{_steps(steps)}\n{last}", status=FINDINGS if bad else DONE)


def _check(operator: Operator, arguments: argparse.Namespace) -> Answer:
    checked = operator.check(read(arguments.file) if arguments.file else None)
    bad = [step for step in checked.steps if not step.is_good]
    document = {
        "ok": checked.is_good,
        "steps": [asdict(step) for step in checked.steps],
        "warnings": [asdict(warning) for warning in checked.warnings],
    }
    text = f"{_steps(checked.steps)}\n{_count(bad)}"
    return Answer(document, text, warned(checked.warnings), FINDINGS if bad else DONE)


def _steps(steps: Iterable[SetupStep]) -> str:
    cells = [(step.connection, str(step.side), step.what, str(step.state), step.text) for step in steps]
    return columns(cells) or "There are no connections."


def _count(bad: Sequence[SetupStep]) -> str:
    return f"{len(bad)} to mend." if bad else "All is as it should be."
