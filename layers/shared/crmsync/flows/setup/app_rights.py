"""Whether HubSpot takes the token of a connection, and whether that still may do all that the
connection needs.

HubSpot tells of a token whose it is and which scopes it has. So one call sees what no other single
one would: each object has scopes of its own, and what only writes need is missed by nobody while
nothing is written.
"""

from __future__ import annotations

from typing import Protocol

from crmsync.errors import Refused
from crmsync.model.settings import Connection
from crmsync.rules.settings.scopes import App, lacking_scopes


class Account(Protocol):
    """A HubSpot account, as far as it must answer."""

    def app(self) -> App:
        """Which app the token belongs to, and what it may do. Raises `SyncError`."""


def check_app_rights(connection: Connection, account: Account) -> None:
    """Look once at a connection's token. Raises `SyncError`: HubSpot's own, or `Refused` that names
    the scopes which it lacks (CH-18).
    """
    lacking = lacking_scopes(connection, account.app())
    if lacking:
        raise Refused(
            f"The HubSpot app lacks {', '.join(lacking)}.",
            code="MISSING_SCOPES",
            hint="Give it the missing scopes and install it again.",
        )
