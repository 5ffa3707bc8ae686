"""The signature of a stored push of settings: a keyed hash over all of it, which only the
operator's command can make.

A signature is valid in one place of the table only: as the settings in force, or as one version of
the history. An old version that is copied to the place of the settings in force is therefore as
invalid as an invented one. The table, the errors and the documentation call it the seal.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterable
from dataclasses import astuple, dataclass

_LABEL = "crmsync settings"
"""Part of every signed text, so that no other hash under the same key is a valid signature."""


@dataclass(frozen=True, slots=True)
class StoredPush:
    """A push as the table keeps it.

    Attributes:
        version: The number of the push, from 1.
        text: The settings file as it was written.
        settings: The settings that it means, as JSON.
        pushed_at: When it came into force, ISO 8601.
        by: Who pushed it (an ARN), or "".
    """

    version: int
    text: str
    settings: str
    pushed_at: str
    by: str


def sign(push: StoredPush, place: str, key: bytes) -> str:
    """The signature of a push for one place in the table: HMAC-SHA256, 64 hexadecimal digits."""
    message = json.dumps([_LABEL, place, *astuple(push)], separators=(",", ":"))
    return hmac.new(key, message.encode(), "sha256").hexdigest()


def is_valid(push: StoredPush, place: str, signature: str, keys: Iterable[bytes]) -> bool:
    """Whether the signature was made with one of the keys."""
    return any(
        hmac.compare_digest(sign(push, place, key).encode(), signature.encode()) for key in keys
    )
