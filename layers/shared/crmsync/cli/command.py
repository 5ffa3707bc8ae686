"""The whole command: it parses the arguments, prints the answer, and reports errors."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from traceback import extract_tb
from typing import TYPE_CHECKING

from crmsync.cli import progress, settings, setup
from crmsync.cli.answer import FINDINGS, INTERRUPTED, USAGE, Answer
from crmsync.cli.operate import brakes, dead_letters, errors, jobs, links, pause, undo, verify
from crmsync.cli.show import console, explain, fields, history, preview, rule, status
from crmsync.config import Complaint, ConfigError
from crmsync.errors import SyncError, TryAgain
from crmsync.flows.setup.steps import text_of
from crmsync.rules.refusals.table import hint_of
from crmsync.wire.printable import lines
from crmsync.wiring.command import operator as deployed_operator

if TYPE_CHECKING:
    from crmsync.flows.operator.operator import Operator

MODULES = (
    settings,
    setup,
    preview,
    jobs,
    verify,
    explain,
    history,
    fields,
    errors,
    dead_letters,
    brakes,
    pause,
    links,
    undo,
    status,
    console,
    rule,
)
"""In the order of ``crmsync --help``."""

_NO_DEPLOYMENT = (
    "Is crmsync deployed to this account and region? CRMSYNC_STACK names a stack that is not "
    "called crmsync."
)


_PASSES = "This passes by itself; give the command again in a minute."

_INTERRUPTED = (
    "crmsync: interrupted. What has begun in the account goes on: crmsync jobs list shows imports "
    "and resyncs, and any other command can be given again."
)


def main(argv: Sequence[str] | None = None, *, operator: Operator | None = None) -> int:
    """Run the command and answer its exit status; by default for the deployment.

    Whatever goes wrong is told in a sentence, never as a traceback.
    """
    arguments = parser().parse_args(argv)
    try:
        answer = _answer(arguments, operator)
        _print(answer, as_json=arguments.json)
    except KeyboardInterrupt:
        print(f"\n{_INTERRUPTED}", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read the output, as head does, has enough of it. Python would flush it once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return answer.status


def _answer(arguments: argparse.Namespace, operator: Operator | None) -> Answer:
    """The answer of the command, or why there is none."""
    try:
        used = operator or (None if arguments.is_offline else deployed_operator(_tell))
        answer: Answer = arguments.run(used, arguments)
    except ConfigError as error:
        return _refused(error.complaints)
    except SyncError as error:
        error.hint = _hint(error)
        document = {"error": error.text, "hint": error.hint, "code": error.code}
        return Answer(document, "", (f"crmsync: {text_of(error)}",), FINDINGS)
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        return _failed(f"{place}{error.strerror or type(error).__name__}", USAGE)
    except Exception as error:  # noqa: BLE001 - a fault of our own; an operator gets no traceback
        return _failed(_fault(error), FINDINGS)
    return answer


def _tell(text: str) -> None:
    """Tell a person at a terminal why nothing happens."""
    progress.show(text)
    progress.finish()


def _print(answer: Answer, *, as_json: bool) -> None:
    for remark in answer.remarks:
        print(lines(remark), file=sys.stderr)
    if as_json:
        print(json.dumps(answer.document, indent=2))
    elif answer.text:
        print(lines(answer.text))
    sys.stdout.flush()


def parser() -> argparse.ArgumentParser:
    """The parser with every command."""
    top = argparse.ArgumentParser(
        "crmsync",
        description="Keeps HubSpot and Salesforce in sync: the operator's command.",
        epilog=(
            "crmsync WORD --help says more about each, with an example. A command shows what it "
            "would do, and does it with --apply."
        ),
    )
    top.add_argument("--version", action="version", version=f"crmsync {version('crmsync')}")
    top.add_argument("--json", action="store_true", help="print one JSON document")
    top.set_defaults(is_offline=False)
    commands = top.add_subparsers(required=True, metavar="WORD")
    for module in MODULES:
        module.add_commands(commands)
    return top


def _hint(error: SyncError) -> str:
    """What the operator can do about an error."""
    if error.code == "ResourceNotFoundException":
        return _NO_DEPLOYMENT
    return error.hint or (_PASSES if isinstance(error, TryAgain) else hint_of(error.code))


def _refused(complaints: Sequence[Complaint]) -> Answer:
    document = {"complaints": [asdict(complaint) for complaint in complaints]}
    return Answer(document, "", tuple(map(str, complaints)), FINDINGS)


def _failed(text: str, status: int) -> Answer:
    return Answer({"error": text, "hint": "", "code": ""}, "", (f"crmsync: {text}",), status)


def _fault(error: Exception) -> str:
    """A fault of crmsync itself, with the place in the code, for a report to its makers."""
    frame = extract_tb(error.__traceback__)[-1]
    place = f"{Path(frame.filename).name}, line {frame.lineno}, in {frame.name}"
    return (
        f"this is a fault of crmsync: {type(error).__name__}: {error} ({place}). Report it with "
        "the command that you gave."
    )
