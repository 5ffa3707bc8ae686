"""The message that makes a job go on: versioned JSON, no personal data."""

from __future__ import annotations

import json

from crmsync.model.jobs import Errand
from crmsync.wire.queue import MALFORMED, UnreadableError

VERSION = 1


def dump(errand: Errand) -> str:
    """The message that carries an errand."""
    row = {
        "version": VERSION,
        "connection": errand.connection,
        "job": errand.job,
        "turn": errand.turn,
    }
    return json.dumps(row | {"ticket": errand.ticket}, separators=(",", ":"))


def load(text: str) -> Errand:
    """The errand of a message. Raises `UnreadableError`."""
    try:
        row = json.loads(text)
        if row["version"] != VERSION:
            raise UnreadableError(f"message version {row['version']!r} is not {VERSION}")
        return Errand(str(row["connection"]), str(row["job"]), int(row["turn"]), str(row["ticket"]))
    except MALFORMED as error:
        raise (
            error if isinstance(error, UnreadableError) else UnreadableError(type(error).__name__)
        ) from None
