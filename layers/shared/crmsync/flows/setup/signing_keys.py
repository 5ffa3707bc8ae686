"""Where a connection's webhook finds what HubSpot signs with: looked at for the operator."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from crmsync.errors import Refused, SyncError
from crmsync.flows.setup.connection import SetupStep, StepState
from crmsync.model.records import Side
from crmsync.model.settings import Connection
from crmsync.rules.settings.secret_names import (
    KeyPlace,
    objection_to_keys,
    remark_on_keys,
    signing_secret,
)

ReadSecret = Callable[[str], Mapping[str, str]]
"""A secret's content by its name. Raises `Refused` for one that is not there or cannot be used,
`TryAgain` for AWS's own troubles.
"""


def check_signing_keys(connection: Connection, read: ReadSecret) -> SetupStep:
    """Whether there is a client secret for the connection's webhook, and whether it stands where it
    should.
    """
    what = "client secret of the webhook"
    name = connection.hubspot.secret
    try:
        places = _place(signing_secret(name), read), _place(name, read)
    except SyncError as error:
        return SetupStep(
            connection.name,
            Side.HUBSPOT,
            what,
            StepState.FAILED,
            f"{error.text} {error.hint}".strip(),
        )
    objection = objection_to_keys(*places)
    state = StepState.WRONG if objection else StepState.THERE
    return SetupStep(
        connection.name, Side.HUBSPOT, what, state, objection or remark_on_keys(*places)
    )


def _place(name: str, read: ReadSecret) -> KeyPlace:
    try:
        content = read(name)
    except Refused:
        return KeyPlace(name)
    return KeyPlace(name, bool(content.get("client_secret")), content.get("app_id", ""))
