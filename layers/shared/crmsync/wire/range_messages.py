"""The messages in the queue of e-mail tasks: ranges of HubSpot's e-mail event log to read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crmsync.model.mail import LogRange
from crmsync.wire.queue_messages import UnreadableError, dump_message, load_message

LATEST = 10_000_000_000_000
"""The latest moment that a range may name, in milliseconds since 1970: in the year 2286."""


def dump_range(log_range: LogRange) -> str:
    """The message that has a range of HubSpot's e-mail event log read.

    It names neither events nor recipients, because its receiver reads the log again. So there is no
    personal data in the queue, a message stays small however many e-mails were opened, and a dead
    letter can be processed while HubSpot keeps the log.
    """
    body: dict[str, Any] = {
        "connection": log_range.connection,
        "kind": log_range.kind,
        "from": log_range.start,
        "to": log_range.end,
        "at": log_range.at,
    }
    if log_range.tries:
        body["tries"] = log_range.tries
    return dump_message(body)


def load_range(text: str) -> LogRange:
    """The range that a message names. Raises `UnreadableError`."""
    return load_message(text, _range)


def _range(body: Mapping[str, Any]) -> LogRange:
    start, end, at = (int(body[name]) for name in ("from", "to", "at"))
    if not 0 <= start <= end <= LATEST or not 0 <= at <= LATEST:
        raise UnreadableError("not a range of time")
    return LogRange(
        str(body["connection"]), str(body["kind"]), start, end, at, int(body.get("tries", 0))
    )
