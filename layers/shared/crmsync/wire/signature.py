"""HubSpot's v3 webhook signature, checked on the raw bytes before anything is parsed.

Pure: the time is a parameter. HubSpot's own SDK checks v2 by default and accepts any time in the
future; this does neither.
https://developers.hubspot.com/docs/apps/legacy-apps/authentication/validating-requests
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from crmsync.model.moments import from_epoch_ms
from crmsync.wire.http import Request

OLDEST = timedelta(minutes=5)
"""HubSpot's own limit for the age of a request."""

SKEW = timedelta(minutes=5)
"""How far in the future the time of a request may be, for clocks that differ."""

_DECODED = {
    code.lower(): char
    for code, char in {
        "%3A": ":", "%2F": "/", "%3F": "?", "%40": "@", "%21": "!", "%24": "$", "%27": "'",
        "%28": "(", "%29": ")", "%2A": "*", "%2C": ",", "%3B": ";",
    }.items()
}  # fmt: skip
"""The escapes that HubSpot decodes in the URI before it signs, from its documentation [D/M]."""

_MILLISECONDS = re.compile("[0-9]{13}")
"""A time between 2001 and 2286."""

_ESCAPE = re.compile("|".join(_DECODED), re.IGNORECASE)


def sign(secret: str, method: str, url: str, body: bytes, timestamp: str) -> str:
    """The signature in ``X-HubSpot-Signature-v3``."""
    path, mark, query = url.partition("?")
    uri = f"{_decoded(path)}{mark}{_decoded(query)}"
    message = f"{method}{uri}".encode(errors="replace") + body + timestamp.encode()
    return base64.b64encode(hmac.new(secret.encode(), message, hashlib.sha256).digest()).decode()


def matching_secrets(request: Request, secrets: Iterable[str], now: datetime) -> frozenset[str]:
    """The client secrets that signed the request; none for a forged, altered, old or future-dated
    request.

    Every secret is compared in constant time.
    """
    timestamp = request.headers.get("x-hubspot-request-timestamp", "")
    signature = request.headers.get("x-hubspot-signature-v3", "").encode(errors="replace")
    if not _MILLISECONDS.fullmatch(timestamp) or not signature:
        return frozenset()
    age = now - from_epoch_ms(int(timestamp))
    if not -SKEW <= age <= OLDEST:
        return frozenset()
    return frozenset(
        secret
        for secret in secrets
        if hmac.compare_digest(
            sign(secret, request.method, request.url, request.body, timestamp).encode(), signature
        )
    )


def _decoded(text: str) -> str:
    return _ESCAPE.sub(lambda found: _DECODED[found.group().lower()], text)
