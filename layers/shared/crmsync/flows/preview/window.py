"""What looking at a connection takes, without touching it: a dry world, all its records page by
page, and what calls there are.

Put together by the wiring, for `explain` and `preview`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from crmsync.errors import Refused
from crmsync.flows.engine.context import SyncContext
from crmsync.model.records import Side
from crmsync.model.settings import Connection, Settings
from crmsync.ports.health import Quota
from crmsync.ports.listing import Lister


@dataclass(frozen=True, slots=True)
class ReadOnlyView:
    """One connection, to be looked at only. `context` must be dry; `spent` counts the API calls to a
    side that were made so far.

    `full` makes a Salesforce id as its records have it of one that was written short.
    """

    context: SyncContext
    lister: Callable[[Side], Lister]
    quota: Quota
    spent: Callable[[Side], int]
    full: Callable[[str], str]

    @property
    def connection(self) -> Connection:
        """Which connection it is, as it is looked at."""
        return self.context.connection


def chosen_connections(settings: Settings, only: str) -> list[Connection]:
    """All connections, or the one that is named. Raises `Refused` for an unknown name, and where
    there are none.
    """
    found = [one for one in settings.connections if only in {"", one.name}]
    if not found:
        text = (
            f"There is no connection {only}."
            if only
            else "There are no connections: push settings first."
        )
        raise Refused(text, code="CONNECTION")
    return found
