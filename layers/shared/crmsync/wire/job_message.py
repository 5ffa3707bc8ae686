"""The message that makes a job continue."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crmsync.model.jobs import JobMessage
from crmsync.wire import envelope


def dump(job_message: JobMessage) -> str:
    """The text of a job message."""
    return envelope.dump(
        {
            "connection": job_message.connection,
            "job": job_message.job,
            "turn": job_message.turn,
            "ticket": job_message.turn_token,
        }
    )


def load(text: str) -> JobMessage:
    """The job message in a text. Raises `UnreadableError`."""
    return envelope.load(text, _read)


def _read(body: Mapping[str, Any]) -> JobMessage:
    return JobMessage(
        str(body["connection"]), str(body["job"]), int(body["turn"]), str(body["ticket"])
    )
