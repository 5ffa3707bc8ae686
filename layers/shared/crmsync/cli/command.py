"""The whole command: it parses the arguments, prints the answer, and reports errors."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from crmsync.cli import (
    brakes,
    dead_letters,
    errors,
    explain,
    history,
    jobs,
    links,
    pause,
    preview,
    settings,
    setup,
    status,
    undo,
)
from crmsync.cli.answer import FINDINGS, USAGE, Answer
from crmsync.cli.printable import lines
from crmsync.config import Complaint, ConfigError
from crmsync.errors import SyncError
from crmsync.wiring.command import operator as deployed_operator

if TYPE_CHECKING:
    from crmsync.flows.operator.operator import Operator

MODULES = (
    settings,
    setup,
    preview,
    jobs,
    explain,
    history,
    errors,
    dead_letters,
    brakes,
    pause,
    links,
    undo,
    status,
)
"""In the order of ``crmsync --help``."""

_NO_DEPLOYMENT = (
    "Is crmsync deployed to this account and region? CRMSYNC_STACK names a stack that is not "
    "called crmsync."
)


def main(argv: Sequence[str] | None = None, *, operator: Operator | None = None) -> int:
    """Run the command and answer its exit status; by default for the deployment."""
    arguments = parser().parse_args(argv)
    try:
        answer: Answer = arguments.run(operator or deployed_operator(), arguments)
    except ConfigError as error:
        answer = _refused(error.complaints)
    except SyncError as error:
        answer = Answer(
            {"error": error.text, "hint": error.hint, "code": error.code},
            "",
            _remarks(error),
            FINDINGS,
        )
    except OSError as error:
        print(lines(f"crmsync: {error.filename}: {error.strerror}"), file=sys.stderr)
        return USAGE
    for remark in answer.remarks:
        print(lines(remark), file=sys.stderr)
    if arguments.json:
        print(json.dumps(answer.document, indent=2))
    elif answer.text:
        print(lines(answer.text))
    return answer.status


def parser() -> argparse.ArgumentParser:
    """The parser with every command."""
    top = argparse.ArgumentParser(
        "crmsync", description="Keeps HubSpot and Salesforce in sync: the operator's command."
    )
    top.add_argument("--json", action="store_true", help="print one JSON document")
    commands = top.add_subparsers(required=True, metavar="WORD")
    for module in MODULES:
        module.add_commands(commands)
    return top


def _remarks(error: SyncError) -> tuple[str, ...]:
    hint = _NO_DEPLOYMENT if error.code == "ResourceNotFoundException" else error.hint
    return (f"crmsync: {error.text} {hint}".rstrip(),)


def _refused(complaints: Sequence[Complaint]) -> Answer:
    document = {"complaints": [asdict(complaint) for complaint in complaints]}
    return Answer(document, "", tuple(map(str, complaints)), FINDINGS)
