"""What the stack has the product's own operator do: prepare the connections for syncing, and run
the operator's command.

Law: runs in a worker process of its own with the operator's environment, and calls only those parts
of the product that the operator's command calls.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from io import StringIO
from types import MappingProxyType
from typing import Any

from crmsync.cli.command import main
from crmsync.config import ConfigError
from crmsync.errors import Distrusted, SyncError
from crmsync.wiring.command import operator as deployed_operator

Request = Mapping[str, Any]


def answer(event: Request, _context: object) -> Any:
    """Run the task that ``event["task"]`` names: ``prepare``, ``inspect`` or ``command``.

    Returns its answer.
    """
    return _TASKS[event["task"]](event)


def _prepare(event: Request) -> dict[str, str]:
    """Push the settings, set both sides up and mark the account import as finished.

    Opportunities wait for the import of older accounts (OPP-2), and a laptop usually has none.
    Returns an empty dict, or what went wrong: ``refused`` when the settings are refused, which
    stops the stack; ``trouble`` when a CRM cannot be set up. With trouble the stack starts all the
    same, so that the connection itself shows what is wrong. For the same reason nothing that the
    settings name is looked up in the CRMs: a person may make the list once the stack runs.
    """
    operator = deployed_operator()
    try:
        replace(operator.settings, look_up=False).push(event["settings"], apply=True)
    except ConfigError as error:
        return {"refused": str(error)}
    except SyncError as error:
        return {"trouble": str(error)}
    try:
        operator.jobs.finish_account_import()
        operator.setup.set_up(apply=True)
    except SyncError as error:
        return {"trouble": str(error)}
    return {}


def _inspect(event: Request) -> dict[str, Any]:
    """Return the number of open errors, and the webhook subscriptions each portal needs under the
    settings in force.

    Settings that cannot be trusted count as one error and leave the subscriptions as they are.
    """
    operator = deployed_operator()
    try:
        rows = [
            (portal, [list(row) for row in operator.setup.webhook_subscriptions(portal)])
            for portal in event["portals"]
        ]
        return {"open_errors": operator.errors.count_open(), "subscriptions": rows}
    except Distrusted:
        return {"open_errors": 1, "subscriptions": []}


def _command(event: Request) -> dict[str, Any]:
    """Run the operator's command with ``event["arguments"]``; return its exit ``status``, the
    ``document`` that it prints for programs (None if it prints none), and its ``text`` of remarks.
    """
    printed, remarks = StringIO(), StringIO()
    with redirect_stdout(printed), redirect_stderr(remarks):
        status = main(["--json", *event["arguments"]])
    text = printed.getvalue()
    document = json.loads(text) if text.strip() else None
    return {"status": status, "document": document, "text": remarks.getvalue()}


_TASKS: Mapping[str, Callable[[Request], Any]] = MappingProxyType(
    {"prepare": _prepare, "inspect": _inspect, "command": _command}
)
