"""``crmsync console``: the link that opens the sync-health pages."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from crmsync.cli.answer import Answer, Subparsers, add_command

if TYPE_CHECKING:
    from crmsync.flows.operator.operator import Operator

_SIGN_IN = "Links do not open this console: sign in there with your company's account."


def add_commands(commands: Subparsers) -> None:
    """Add ``console``."""
    text = "print a link that opens the sync-health pages once, within five minutes"
    add_command(commands, "console", _console, text, "crmsync console")


def _console(operator: Operator, _arguments: argparse.Namespace) -> Answer:
    link = operator.console.link()
    ends = link.ends.isoformat() if link.ends else None
    remarks = () if link.ends else (_SIGN_IN,)
    return Answer({"url": link.url, "ends": ends}, link.url, remarks)
