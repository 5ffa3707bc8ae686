"""Getting the connections ready to sync, through the product's own operator.

Law: runs in a worker process of its own with the operator's environment; calls nothing of the
product but what the operator's command calls. What is prepared is the product's business, not the
laptop's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from crmsync import wiring
from crmsync.config import ConfigError
from crmsync.errors import Distrusted, SyncError

Request = Mapping[str, Any]


def answer(event: Request, _context: object) -> Any:
    """Do what ``event["do"]`` says: ``prepare`` the connections, or ``look`` at what stands."""
    return _DEEDS[event["do"]](event)


def _prepare(event: Request) -> dict[str, str]:
    """Push the settings, set both sides up and call the accounts imported; what the operator would
    have read is answered.

    On the laptop nobody has older accounts that opportunities would have to wait for (OPP-2),
    unless the world's records are such. Settings that are refused stop the stack. An org that
    cannot be set up does not: its connection must show what is wrong by itself.
    """
    operator = wiring.operator()
    try:
        operator.push_settings(event["settings"], apply=True)
    except ConfigError as error:
        return {"refused": str(error)}
    except SyncError as error:
        return {"trouble": str(error)}
    try:
        operator.jobs.finish_account_import()
        operator.setup(apply=True)
    except SyncError as error:
        return {"trouble": str(error)}
    return {}


def _look(event: Request) -> dict[str, Any]:
    """How many errors are open, and which webhooks each portal's app must subscribe to by the
    settings in force.

    Settings that cannot be trusted are one error, and leave the subscriptions as they are.
    """
    operator = wiring.operator()
    try:
        operator.settings()
    except Distrusted:
        return {"open_errors": 1, "subscriptions": []}
    rows = {
        portal: [list(row) for row in operator.webhook_subscriptions(portal)]
        for portal in event["portals"]
    }
    return {"open_errors": operator.open_errors(), "subscriptions": list(rows.items())}


_DEEDS: Mapping[str, Callable[[Request], Any]] = MappingProxyType(
    {"prepare": _prepare, "look": _look}
)
