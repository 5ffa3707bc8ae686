"""What the arguments of the operator's commands stand for: connections by name, objects in any
spelling. Also how a long command reports its progress.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from crmsync.errors import Refused
from crmsync.model.settings import Connection, Settings

ReportProgress: TypeAlias = Callable[[str, int, int], None]
"""Called with a label, how many records are done, and how many there are."""


def no_progress(_label: str, _done: int, _total: int) -> None:
    """Report nothing."""


def chosen_connections(settings: Settings, name: str) -> list[Connection]:
    """All connections for "", else the one of that name.

    Raises `Refused` for an unknown name, and when the settings have no connections.
    """
    found = [one for one in settings.connections if name in {"", one.name}]
    if found:
        return found
    if name:
        raise unknown_connection(settings, name)
    raise Refused("There are no connections: push settings first.", code="CONNECTION")


def unknown_connection(settings: Settings, name: str) -> Refused:
    """The error for a name that no connection has."""
    known = ", ".join(one.name for one in settings.connections) or "none"
    return Refused(
        f"There is no connection {name}.", code="CONNECTION", hint=f"There are these: {known}."
    )


def singular_forms(word: str) -> tuple[str, ...]:
    """A word in lowercase, and what it may be the plural of: ``companies``, ``companie``,
    ``company``.
    """
    lower = word.lower()
    return lower, lower.removesuffix("s"), f"{lower.removesuffix('ies')}y"
