"""The message that makes a job go on: versioned JSON, no personal data."""

from __future__ import annotations

import json

from crmsync.model.jobs import JobMessage
from crmsync.wire.queue import MALFORMED, UnreadableError

VERSION = 1


def dump(job_message: JobMessage) -> str:
    """The message that carries an errand."""
    row = {
        "version": VERSION,
        "connection": job_message.connection,
        "job": job_message.job,
        "turn": job_message.turn,
    }
    return json.dumps(row | {"ticket": job_message.ticket}, separators=(",", ":"))


def load(text: str) -> JobMessage:
    """The errand of a message. Raises `UnreadableError`."""
    try:
        row = json.loads(text)
        if row["version"] != VERSION:
            raise UnreadableError(f"message version {row['version']!r} is not {VERSION}")
        return JobMessage(
            str(row["connection"]), str(row["job"]), int(row["turn"]), str(row["ticket"])
        )
    except MALFORMED as error:
        raise (
            error if isinstance(error, UnreadableError) else UnreadableError(type(error).__name__)
        ) from None
