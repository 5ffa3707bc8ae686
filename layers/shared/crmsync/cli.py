"""The operator's command. Reads arguments, asks the `Operator`, prints; decides nothing.

Shows what it would do and acts with ``--apply``. Results go to stdout, ``--json`` makes them one document; remarks go to stderr. Exit 0:
done. Exit 1: refused, or there are findings. Exit 2: wrong usage.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from crmsync import wiring
from crmsync.config import Complaint, ConfigError, decode
from crmsync.errors import SyncError

if TYPE_CHECKING:
    from crmsync.flows.operator import ErrorRow, Operator, Pushed
    from crmsync.flows.set_up import SetupStep
    from crmsync.wire.settings_rows import Revision

DONE, FINDINGS, USAGE = 0, 1, 2

_NO_DEPLOYMENT = (
    "Is crmsync deployed to this account and region? CRMSYNC_STACK names a stack that is not called crmsync."
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a word of the command has to say: to programs, to people, beside the matter, and as exit status."""

    document: object
    text: str
    remarks: tuple[str, ...] = ()
    status: int = DONE


def main(argv: Sequence[str] | None = None, *, operator: Operator | None = None) -> int:
    """Run the command; `operator` is the deployment's unless given. Answers the exit status."""
    arguments = _parser().parse_args(argv)
    try:
        answer: Answer = arguments.run(operator or wiring.operator(), arguments)
    except ConfigError as error:
        answer = _refused(error.complaints)
    except SyncError as error:
        answer = Answer({"error": error.text, "hint": error.hint, "code": error.code}, "", _remarks(error), FINDINGS)
    except OSError as error:
        print(f"crmsync: {error.filename}: {error.strerror}", file=sys.stderr)
        return USAGE
    for remark in answer.remarks:
        print(remark, file=sys.stderr)
    if arguments.json:
        print(json.dumps(answer.document, indent=2, ensure_ascii=False))
    elif answer.text:
        print(answer.text)
    return answer.status


def _push(operator: Operator, arguments: argparse.Namespace) -> Answer:
    return _pushed(operator.push_settings(_read(arguments.file), apply=arguments.apply))


def _rollback(operator: Operator, arguments: argparse.Namespace) -> Answer:
    return _pushed(operator.rollback(arguments.version, apply=arguments.apply))


def _pushed(pushed: Pushed) -> Answer:
    document = {
        "version": pushed.version,
        "applied": pushed.applied,
        "changes": list(pushed.changes),
        "warnings": [asdict(warning) for warning in pushed.warnings],
    }
    if not pushed.changes:
        last = f"Version {pushed.version} is in force already."
    elif pushed.applied:
        last = f"Version {pushed.version} is in force."
    else:
        last = f"This would be version {pushed.version}; --apply puts it in force."
    return Answer(document, "\n".join((*pushed.changes, last)), _warnings(pushed.warnings))


def _show(operator: Operator, _arguments: argparse.Namespace) -> Answer:
    revision = operator.revision()
    return Answer(
        _row(revision) | {"text": revision.text}, revision.text.rstrip("\n"), (f"# {_pushed_when(revision)}",)
    )


def _history(operator: Operator, _arguments: argparse.Namespace) -> Answer:
    revisions = operator.history()
    text = "\n".join(map(_pushed_when, revisions)) or "No settings have been pushed yet."
    return Answer([_row(revision) for revision in revisions], text)


def _setup(operator: Operator, arguments: argparse.Namespace) -> Answer:
    steps = operator.setup(apply=arguments.apply)
    missing = sum(step.state == "missing" for step in steps)
    bad = [step for step in steps if not step.is_good and step.state != "missing"]
    document = {"applied": arguments.apply, "steps": [asdict(step) for step in steps]}
    last = f"{missing} to make; --apply makes them." if missing else _count(bad)
    return Answer(document, f"{_steps(steps)}\n{last}", status=FINDINGS if bad else DONE)


def _check(operator: Operator, arguments: argparse.Namespace) -> Answer:
    checked = operator.check(_read(arguments.file) if arguments.file else None)
    bad = [step for step in checked.steps if not step.is_good]
    document = {
        "ok": checked.is_good,
        "steps": [asdict(step) for step in checked.steps],
        "warnings": [asdict(warning) for warning in checked.warnings],
    }
    text = f"{_steps(checked.steps)}\n{_count(bad)}"
    return Answer(document, text, _warnings(checked.warnings), FINDINGS if bad else DONE)


def _errors(operator: Operator, _arguments: argparse.Namespace) -> Answer:
    rows = operator.errors()
    cells = [_error_cells(row) for row in rows]
    return Answer([_error_row(row) for row in rows], _columns(cells) or "Nothing is waiting and nothing has failed.")


# What people read.


def _steps(steps: Iterable[SetupStep]) -> str:
    cells = [(step.connection, str(step.side), step.what, str(step.state), step.text) for step in steps]
    return _columns(cells) or "There are no connections."


def _count(bad: Sequence[SetupStep]) -> str:
    return f"{len(bad)} to mend." if bad else "All is as it should be."


def _error_cells(row: ErrorRow) -> tuple[str, ...]:
    report = row.report
    return row.connection, str(report.category), str(report.ref), f"{report.text} {report.hint}".strip()


def _columns(rows: Sequence[Sequence[str]]) -> str:
    """Rows as columns, each as wide as its longest cell."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)


def _pushed_when(revision: Revision) -> str:
    by = f" by {revision.by}" if revision.by else ""
    return f"version {revision.version}, pushed {revision.pushed_at:%Y-%m-%d %H:%M} UTC{by}"


def _warnings(warnings: Iterable[Complaint]) -> tuple[str, ...]:
    return tuple(f"warning: {warning}" for warning in warnings)


def _remarks(error: SyncError) -> tuple[str, ...]:
    hint = _NO_DEPLOYMENT if error.code == "ResourceNotFoundException" else error.hint
    return (f"crmsync: {error.text} {hint}".rstrip(),)


def _refused(complaints: Sequence[Complaint]) -> Answer:
    document = {"complaints": [asdict(complaint) for complaint in complaints]}
    return Answer(document, "", tuple(map(str, complaints)), FINDINGS)


# What programs read.


def _row(revision: Revision) -> dict[str, object]:
    return {"version": revision.version, "pushed_at": revision.pushed_at.isoformat(), "by": revision.by}


def _error_row(row: ErrorRow) -> dict[str, object]:
    return {"connection": row.connection, **asdict(row.report)}


def _read(path: str) -> str:
    return decode(Path(path).read_bytes())


# The words.


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "crmsync", description="Keeps HubSpot and Salesforce in step: the operator's command."
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    words = parser.add_subparsers(required=True, metavar="WORD")
    settings = words.add_parser("settings", help="the settings in force, and all that were").add_subparsers(
        required=True, metavar="WORD"
    )
    push = _word(settings, "push", _push, "check a settings file and put it in force")
    push.add_argument("file", metavar="FILE")
    _word(settings, "show", _show, "the settings in force")
    _word(settings, "history", _history, "every push, newest first")
    rollback = _word(settings, "rollback", _rollback, "put an older version in force again")
    rollback.add_argument("version", metavar="VERSION", type=int)
    setup = _word(words, "setup", _setup, "make the properties and fields that crmsync needs in both CRMs")
    check = _word(words, "check", _check, "is a settings file good, and is everything there that it needs")
    check.add_argument("file", metavar="FILE", nargs="?")
    errors = words.add_parser("errors", help="what does not sync").add_subparsers(required=True, metavar="WORD")
    _word(errors, "list", _errors, "every record that waits or failed, and why")
    for acting in (push, rollback, setup):
        acting.add_argument("--apply", action="store_true", help="do it; without, only say what would be done")
    return parser


def _word(
    words: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    run: Callable[[Operator, argparse.Namespace], Answer],
    text: str,
) -> argparse.ArgumentParser:
    word = words.add_parser(name, help=text, description=text[:1].upper() + text[1:] + ".")
    word.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print one JSON document")
    word.set_defaults(run=run)
    return word


if __name__ == "__main__":
    sys.exit(main())
