"""``crmsync pause`` and ``crmsync resume``: the operator's pause of a connection."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from crmsync.cli.answer import Answer, Subparsers, add_apply, add_command

if TYPE_CHECKING:
    from crmsync.flows.operator.operator import Operator


def add_commands(commands: Subparsers) -> None:
    """Add ``pause`` and ``resume``."""
    for name, run, text in (
        ("pause", _pause, "stop a connection; what changes meanwhile waits in the queues"),
        ("resume", _resume, "let a paused connection go on from where it stopped"),
    ):
        parser = add_command(commands, name, run, text, f"crmsync {name} acme --apply")
        parser.add_argument("connection", metavar="CONNECTION", help="its name in the settings")
        add_apply(parser)


def _pause(operator: Operator, arguments: argparse.Namespace) -> Answer:
    name = arguments.connection
    paused = operator.pauses.state(name)
    if paused:
        text = f"{name} is paused already, since {paused.since:%Y-%m-%d %H:%M} UTC."
    elif arguments.apply:
        operator.pauses.pause(name)
        text = (
            f"{name} is paused: what has begun is finished, nothing new begins. crmsync "
            f"resume {name} --apply ends it."
        )
    else:
        text = (
            f"{name} would be paused: nothing more is read or written for it, and nothing is "
            "lost. --apply does it."
        )
    document = {
        "applied": arguments.apply and not paused,
        "connection": name,
        "paused": bool(paused or arguments.apply),
    }
    return Answer(document, text)


def _resume(operator: Operator, arguments: argparse.Namespace) -> Answer:
    name = arguments.connection
    paused = operator.pauses.state(name)
    if not paused:
        text = f"{name} is not paused."
    elif arguments.apply:
        operator.pauses.resume(name)
        text = f"{name} goes on; the first changes that wait are synced within five minutes."
    else:
        text = (
            f"{name} is paused since {paused.since:%Y-%m-%d %H:%M} UTC, by "
            f"{paused.by or 'somebody unknown'}; --apply resumes it."
        )
    document = {
        "applied": arguments.apply and bool(paused),
        "connection": name,
        "paused": bool(paused) and not arguments.apply,
    }
    return Answer(document, text)
