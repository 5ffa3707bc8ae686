"""The seal of a stored push: a keyed hash over all of it, by which its reader knows that the
operator's command has made it.

A seal holds in one place alone, that of the settings in force or that of one version in the
history. A row of the history that is put where the settings in force belong is therefore as false
as one that was made up.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterable
from dataclasses import astuple, dataclass

_LABEL = "crmsync settings"
"""Goes into every seal, so that no other hash under the same key is ever one."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A push as the table keeps it: ``settings`` is JSON, ``pushed_at`` ISO 8601."""

    version: int
    text: str
    settings: str
    pushed_at: str
    by: str


def seal(stored: Stored, place: str, key: bytes) -> str:
    """The seal of a push for one place in the table: HMAC-SHA256, 64 hexadecimal digits."""
    message = json.dumps([_LABEL, place, *astuple(stored)], separators=(",", ":"))
    return hmac.new(key, message.encode(), "sha256").hexdigest()


def holds(stored: Stored, place: str, found: str, keys: Iterable[bytes]) -> bool:
    """Whether one of the keys has made the seal that was found."""
    return any(
        hmac.compare_digest(seal(stored, place, key).encode(), found.encode()) for key in keys
    )
