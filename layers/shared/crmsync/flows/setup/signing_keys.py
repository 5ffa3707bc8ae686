"""Where a connection's webhook finds the client secret that HubSpot signs with, for
``crmsync check``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from crmsync.errors import Refused, SyncError
from crmsync.flows.setup.steps import SetupStep, StepState, text_of
from crmsync.model.records import Side
from crmsync.model.settings import Connection
from crmsync.rules.settings.secret_names import (
    KeyPlace,
    objection_to_keys,
    remark_on_keys,
    signing_secret,
)

ReadSecret = Callable[[str], Mapping[str, str]]
"""Reads the content of a secret by its name.

Raises `Refused` when the secret is missing or cannot be used, `TryAgain` when AWS fails.
"""

CLIENT_SECRET = "client secret of the webhook"  # noqa: S105 - a label


def check_signing_keys(connection: Connection, read: ReadSecret) -> SetupStep:
    """Whether the connection's webhook has a client secret, and has it in the right place."""
    name = connection.hubspot.secret
    try:
        places = _place(signing_secret(name), read), _place(name, read)
    except SyncError as error:
        return SetupStep(
            connection.name, Side.HUBSPOT, CLIENT_SECRET, StepState.FAILED, text_of(error)
        )
    objection = objection_to_keys(*places)
    state = StepState.WRONG if objection else StepState.THERE
    text = objection or remark_on_keys(*places)
    return SetupStep(connection.name, Side.HUBSPOT, CLIENT_SECRET, state, text)


def _place(name: str, read: ReadSecret) -> KeyPlace:
    try:
        content = read(name)
    except Refused:
        return KeyPlace(name)
    return KeyPlace(name, bool(content.get("client_secret")), content.get("app_id", ""))
