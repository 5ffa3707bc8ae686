"""``crmsync setup``, ``crmsync check`` and ``crmsync hubspot-app``: what both CRMs must have."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from crmsync.cli.answer import DONE, FINDINGS, Answer, Subparsers, add_apply, add_command, columns
from crmsync.cli.settings import read, warning_lines

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
    )
    setup.add_argument(
        "--as-admin", action="store_true", help="in Salesforce, with the administrator's secret"
    )
    add_apply(setup)
    check = add_command(
        commands, "check", _check, "check a settings file, and whether both CRMs have what it needs"
    )
    check.add_argument("file", metavar="FILE", nargs="?")
    app = add_command(
        commands,
        "hubspot-app",
        _hubspot_app,
        "write the project of each connection's HubSpot app, with its webhooks and scopes",
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
    last = f"{missing} to make; --apply makes them." if missing else _count(bad)
    return Answer(document, f"{_steps(steps)}\n{last}", status=FINDINGS if bad else DONE)


def _check(operator: Operator, arguments: argparse.Namespace) -> Answer:
    checked = operator.setup.check(read(arguments.file) if arguments.file else None)
    bad = [step for step in checked.steps if not step.is_good]
    document = {
        "ok": checked.is_good,
        "steps": [asdict(step) for step in checked.steps],
        "warnings": [asdict(warning) for warning in checked.warnings],
    }
    text = f"{_steps(checked.steps)}\n{_count(bad)}"
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


def _steps(steps: Iterable[SetupStep]) -> str:
    cells = [
        (step.connection, str(step.side), step.what, str(step.state), step.text) for step in steps
    ]
    return columns(cells) or "There are no connections."


def _count(bad: Sequence[SetupStep]) -> str:
    return f"{len(bad)} to fix." if bad else "All is as it should be."
