"""``crmsync setup``, ``crmsync check`` and ``crmsync hubspot-app``: what both CRMs must have."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from crmsync.cli.answer import DONE, FINDINGS, Answer, Subparsers, add_apply, add_command
from crmsync.cli.settings import read, warning_lines
from crmsync.cli.tables import listed
from crmsync.flows.setup.steps import StepState

if TYPE_CHECKING:
    from crmsync.flows.operator.operator import Operator
    from crmsync.flows.setup.steps import SetupStep


def add_commands(commands: Subparsers) -> None:
    """Add ``setup``, ``check`` and ``hubspot-app``."""
    setup = add_command(
        commands,
        "setup",
        _setup,
        "make the properties, fields and pipelines that crmsync needs in both CRMs",
        "crmsync setup --apply",
    )
    setup.add_argument(
        "--as-admin", action="store_true", help="in Salesforce, with the administrator's secret"
    )
    add_apply(setup)
    check = add_command(
        commands,
        "check",
        _check,
        "check a settings file, and whether both CRMs have what it needs",
        "crmsync check settings.toml",
    )
    check.add_argument(
        "file", metavar="FILE", nargs="?", help="a settings file that is not in force yet"
    )
    for parser in (setup, check):
        parser.add_argument("--verbose", action="store_true", help="also list what is in place")
    app = add_command(
        commands,
        "hubspot-app",
        _hubspot_app,
        "write the project of each connection's HubSpot app, with its webhooks and scopes",
        "crmsync hubspot-app apps --webhook-url https://abc.lambda-url.eu-west-1.on.aws",
    )
    app.add_argument(
        "folder", metavar="FOLDER", help="where the projects go, one folder per connection"
    )
    app.add_argument(
        "--webhook-url",
        metavar="URL",
        type=_webhook_url,
        required=True,
        help="the stack's output WebhookUrl",
    )
    app.add_argument("--settings", metavar="FILE", help="a settings file that is not in force yet")


def _setup(operator: Operator, arguments: argparse.Namespace) -> Answer:
    steps = operator.setup.set_up(apply=arguments.apply, as_admin=arguments.as_admin)
    missing = sum(step.state == "missing" for step in steps)
    bad = [step for step in steps if not step.is_good and step.state != "missing"]
    document = {"applied": arguments.apply, "steps": [asdict(step) for step in steps]}
    last = f"{missing} to make; --apply makes them." if missing else _last(steps, bad)
    text = f"{_steps(steps, verbose=arguments.verbose)}\n{last}"
    return Answer(document, text, status=FINDINGS if bad else DONE)


def _check(operator: Operator, arguments: argparse.Namespace) -> Answer:
    checked = operator.setup.check(read(arguments.file) if arguments.file else None)
    bad = [step for step in checked.steps if not step.is_good]
    document = {
        "ok": checked.is_good,
        "steps": [asdict(step) for step in checked.steps],
        "warnings": [asdict(warning) for warning in checked.warnings],
    }
    text = f"{_steps(checked.steps, verbose=arguments.verbose)}\n{_last(checked.steps, bad)}"
    return Answer(document, text, warning_lines(checked.warnings), FINDINGS if bad else DONE)


def _webhook_url(text: str) -> str:
    if not text.startswith("https://"):
        msg = f"{text} does not begin with https://, as HubSpot demands of a webhook's address"
        raise argparse.ArgumentTypeError(msg)
    return text


def _hubspot_app(operator: Operator, arguments: argparse.Namespace) -> Answer:
    """Write the files completely, so that a second run leaves the same ones."""
    text = read(arguments.settings) if arguments.settings else None
    written: list[str] = []
    for name, project in operator.setup.app_projects(text, arguments.webhook_url).items():
        for path, document in project.items():
            place = Path(arguments.folder, name, path)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
            written.append(str(place))
    last = "There are no connections."
    if written:
        last = "hs project upload, run in each folder, takes them to HubSpot."
    return Answer({"written": written}, "\n".join((*written, last)))


_STATES = {StepState.THERE: "in place"}
"""What people read for a state, where it differs."""


def _steps(steps: Sequence[SetupStep], *, verbose: bool) -> str:
    """What is to be fixed first, then what was made, then remarks; the rest as a number."""
    if not steps:
        return "There are no connections."
    order = sorted(steps, key=lambda step: (step.is_good, step.state is StepState.THERE))
    listed_steps = [
        step for step in order if verbose or step.text or step.state is not StepState.THERE
    ]
    cells = [
        (
            step.connection,
            str(step.side),
            step.what,
            _STATES.get(step.state, str(step.state)),
            step.text,
        )
        for step in listed_steps
    ]
    rest = len(steps) - len(listed_steps)
    lines = [listed(cells)] if cells else []
    if rest:
        lines.append(f"{rest:,} parts are in place; --verbose lists them.")
    return "\n".join(lines)


def _last(steps: Sequence[SetupStep], bad: Sequence[SetupStep]) -> str:
    if not steps:
        return "crmsync settings push FILE --apply puts some in force."
    return f"{len(bad)} to fix." if bad else "All is as it should be."
