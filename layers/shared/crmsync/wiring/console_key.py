"""The console's key, with which its links and sessions are signed."""

from __future__ import annotations

import os

from crmsync.wiring.stores import secrets, stack_name


def console_secret() -> str:
    """The name of the console's secret: from the Lambda's variable, for the operator by the
    template's naming.
    """
    return os.environ.get("CONSOLE_SECRET") or f"{stack_name()}-console"


def console_key(again: bool) -> bytes:  # noqa: FBT001 - the sign-in calls it with one argument
    """The console's key; `again` reads it once more, at most every five seconds."""
    from crmsync.flows.operator.console_links import console_key as key_of
    from crmsync.gateways.aws.secrets import MAX_AGE, MIN_AGE

    age = MIN_AGE if again else MAX_AGE
    return key_of(secrets().read(console_secret(), max_age=age))
