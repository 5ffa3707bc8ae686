"""The messages in the queue of backfills: jobs to continue."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crmsync.model.operations.jobs import JobMessage
from crmsync.wire.queue_messages import dump_message, load_message


def dump_job(job_message: JobMessage) -> str:
    """The message that makes a job continue."""
    return dump_message(
        {
            "connection": job_message.connection,
            "job": job_message.job,
            "turn": job_message.turn,
            "ticket": job_message.turn_token,
        }
    )


def load_job(text: str) -> JobMessage:
    """The job message in a text. Raises `UnreadableError`."""
    return load_message(text, _job)


def _job(body: Mapping[str, Any]) -> JobMessage:
    return JobMessage(
        str(body["connection"]), str(body["job"]), int(body["turn"]), str(body["ticket"])
    )
