"""The messages of the e-mail tasks' queue: one stretch of the event log each, versioned JSON.

A message names neither events nor recipients: who works on it reads the stretch again. So there is
no personal data in a queue, a message stays small however much was opened, and a dead letter can be
worked on for as long as HubSpot keeps the log.
"""

from __future__ import annotations

import json

from crmsync.model.mail import LogRange
from crmsync.wire.queue import MALFORMED, UnreadableError

VERSION = 1
LATEST = 10_000_000_000_000
"""Milliseconds until the year 2286: nothing later is a moment."""


def dump(window: LogRange) -> str:
    """The message that names a stretch."""
    body = {
        "version": VERSION,
        "connection": window.connection,
        "kind": window.kind,
        "from": window.start,
        "to": window.end,
        "at": window.at,
    }
    return json.dumps(
        body | ({"tries": window.tries} if window.tries else {}), separators=(",", ":")
    )


def load(text: str) -> LogRange:
    """The stretch that a message names. Raises `UnreadableError`."""
    try:
        body = json.loads(text)
        if body["version"] != VERSION:
            msg = f"message version {body['version']!r} is not {VERSION}"
            raise UnreadableError(msg)
        start, end, at = (int(body[name]) for name in ("from", "to", "at"))
        if not 0 <= start <= end <= LATEST or not 0 <= at <= LATEST:
            raise UnreadableError("no stretch of time")
        return LogRange(
            str(body["connection"]), str(body["kind"]), start, end, at, int(body.get("tries", 0))
        )
    except MALFORMED as error:
        raise (
            error if isinstance(error, UnreadableError) else UnreadableError(type(error).__name__)
        ) from None
