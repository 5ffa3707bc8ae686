"""Whether HubSpot accepts a connection's token, and whether the token has all the scopes that the
connection needs (CH-18).

HubSpot answers one call with the app of a token and its scopes. No other single call shows as much:
each object has its own scopes, and a missing write scope goes unnoticed until something is written.
"""

from __future__ import annotations

from typing import Protocol

from crmsync.errors import Refused
from crmsync.model.settings import Connection
from crmsync.rules.settings.scopes import App, lacking_scopes


class Account(Protocol):
    """A HubSpot account, as far as its app is concerned."""

    def app(self) -> App:
        """The app that the token belongs to, and its scopes. Raises `SyncError`."""


def check_app_rights(connection: Connection, account: Account) -> None:
    """Check a connection's token with one call.

    Raises HubSpot's `SyncError`, or `Refused` with the scopes that the token lacks (CH-18).
    """
    lacking = lacking_scopes(connection, account.app())
    if lacking:
        raise Refused(
            f"The HubSpot app lacks {', '.join(lacking)}.",
            code="MISSING_SCOPES",
            hint="Give it the missing scopes and install it again.",
        )
