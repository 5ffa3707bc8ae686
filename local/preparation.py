"""Getting the connections ready to sync, through the product's own operator.

Law: runs in a worker process of its own with the operator's environment; calls nothing of the product but `crmsync.wiring.operator`, as the
operator's command does. What is prepared is the product's business, not the laptop's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from crmsync import wiring

Request = Mapping[str, Any]


def answer(event: Request, _context: object) -> Any:
    """Do what ``event["do"]`` says: ``prepare``, ``subscriptions`` or ``open_errors``."""
    return _DEEDS[event["do"]](event)


def _prepare(event: Request) -> None:
    operator = wiring.operator()
    operator.push_settings(event["settings"])
    operator.setup(apply=True)


def _subscriptions(_event: Request) -> list[list[str | None]]:
    return [list(row) for row in wiring.operator().webhook_subscriptions()]


def _open_errors(_event: Request) -> int:
    found = wiring.operator().open_errors()
    return found if isinstance(found, int) else len(found)


_DEEDS: Mapping[str, Callable[[Request], Any]] = MappingProxyType(
    {"prepare": _prepare, "subscriptions": _subscriptions, "open_errors": _open_errors}
)
