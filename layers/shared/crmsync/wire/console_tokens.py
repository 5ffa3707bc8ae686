"""The console's signed tokens: the link that opens it, the session, the proof that a form came from
one of its own pages, and what a sign-in with an account is known by.

Law: whoever has the key can make a token, and nobody else can. A token is valid for one purpose,
until its end, with the key that signed it. Pure: time, key and id are parameters.

    eyJieSI6ICJ...   the content: id, who, end, page, as JSON in base64 without padding
    .
    Xq3v...          HMAC-SHA256 of purpose and content, in base64 without padding
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from crmsync.model.moments import epoch_ms, from_epoch_ms

LINK_LASTS = timedelta(minutes=5)
SESSION_LASTS = timedelta(hours=8)
ATTEMPT_LASTS = timedelta(minutes=10)


class Purpose(StrEnum):
    """What a token is for."""

    LINK = "link"
    SESSION = "session"
    FORM = "form"
    ATTEMPT = "attempt"
    STATE = "state"
    NONCE = "nonce"
    VERIFIER = "verifier"


@dataclass(frozen=True, slots=True)
class ConsoleToken:
    """The content of a token.

    Attributes:
        id: Tells it from every other token.
        by: The AWS identity that asked for the link, or the account that signed in; "" before it
            has.
        ends: When it is no longer valid (UTC, whole milliseconds).
        to: The page that a sign-in leads to, from its path on; "" for the first one.
    """

    id: str
    by: str
    ends: datetime
    to: str = ""


def sign_token(token: ConsoleToken, purpose: Purpose, key: bytes) -> str:
    """The token as text, safe in a URL and in a cookie."""
    content: dict[str, object] = {"id": token.id, "by": token.by, "ends": epoch_ms(token.ends)}
    if token.to:
        content["to"] = token.to
    text = _encode(json.dumps(content, separators=(",", ":")).encode())
    return f"{text}.{_signature(text, purpose, key)}"


def read_token(text: str, purpose: Purpose, key: bytes, now: datetime) -> ConsoleToken | None:
    """The content of a token; None if it is forged, altered, of another purpose or key, or over.

    The signature is compared in constant time, before anything is parsed.
    """
    content, _, signature = text.partition(".")
    expected = _signature(content, purpose, key)
    if not hmac.compare_digest(expected.encode(), signature.encode(errors="replace")):
        return None
    try:
        found = json.loads(base64.urlsafe_b64decode(content + "=" * (-len(content) % 4)))
    except (binascii.Error, ValueError):
        return None
    token = ConsoleToken(
        str(found["id"]),
        str(found["by"]),
        from_epoch_ms(found["ends"]),
        str(found.get("to", "")),
    )
    return token if now < token.ends else None


def form_proof(session: ConsoleToken, key: bytes) -> str:
    """What each form of a session's pages carries (against forms of other sites)."""
    return made_of(session, Purpose.FORM, key)


def is_form_proof(text: str, session: ConsoleToken, key: bytes) -> bool:
    """Whether a form came from a page of this session; compared in constant time."""
    return is_made_of(text, session, Purpose.FORM, key)


def made_of(token: ConsoleToken, purpose: Purpose, key: bytes) -> str:
    """What belongs to a token for this purpose: 43 characters that nobody without the key can
    guess.
    """
    return _signature(token.id, purpose, key)


def is_made_of(text: str, token: ConsoleToken, purpose: Purpose, key: bytes) -> bool:
    """Whether a text is what belongs to a token for this purpose; compared in constant time."""
    expected = made_of(token, purpose, key)
    return hmac.compare_digest(expected.encode(), text.encode(errors="replace"))


def _signature(text: str, purpose: Purpose, key: bytes) -> str:
    message = f"crmsync-console-{purpose}\n{text}".encode(errors="replace")
    return _encode(hmac.new(key, message, hashlib.sha256).digest())


def _encode(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")
