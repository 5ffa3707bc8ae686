"""The envelope of every message in our queues: compact JSON with a version.

Law: no message carries personal data, and what is not a message of ours is `UnreadableError`,
whatever it contains.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

T = TypeVar("T")

VERSION = 1

_MALFORMED = (
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    RecursionError,
    OverflowError,
    OSError,
)
"""What reading a message may raise: for wrong shapes, values that are no numbers or times, and
lists nested too deeply.
"""


class UnreadableError(ValueError):
    """The message is not ours, or has a version that this release does not know."""


def dump(body: Mapping[str, Any]) -> str:
    """The message with this body; its keys stay in order."""
    return json.dumps({"version": VERSION, **body}, separators=(",", ":"))


def load(text: str, read: Callable[[Mapping[str, Any]], T]) -> T:
    """What `read` makes of a message's body. Raises `UnreadableError`, also if `read` fails.

    A queue behind a rule of the event bus receives the message as the `detail` of an event; both
    forms are read.
    """
    try:
        body = json.loads(text)
        body = body.get("detail", body)
        version = body["version"]
        if version == VERSION:
            return read(body)
    except UnreadableError:
        raise
    except _MALFORMED as error:
        raise UnreadableError(type(error).__name__) from None
    raise UnreadableError(f"message version {version!r} is not {VERSION}")
