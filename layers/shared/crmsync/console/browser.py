"""What a browser is told to keep to, and how a request of another site is recognised.

Law: pure. The headers are sent with every answer, refusals included.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from datetime import timedelta

from crmsync.wire.console_tokens import ATTEMPT_LASTS, SESSION_LASTS
from crmsync.wire.pages import PageRequest

_YEAR = 365 * 24 * 3600


def security_headers(style: str, *, is_encrypted: bool) -> dict[str, str]:
    """The headers of every answer: `style` is the text of the only style sheet that is allowed."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = (
        "default-src 'none'",
        f"style-src 'sha256-{digest}'",
        "img-src data:",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
    headers = {
        "cache-control": "no-store",
        "content-security-policy": "; ".join(policy),
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "permissions-policy": "camera=(), geolocation=(), microphone=()",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
    }
    if is_encrypted:
        headers["strict-transport-security"] = f"max-age={_YEAR}"
    return headers


def cookie_name(request: PageRequest) -> str:
    """The name of the session's cookie. Without HTTPS, so on the laptop alone, a browser takes no
    cookie with the prefix.
    """
    return "__Host-crmsync" if request.is_encrypted else "crmsync"


def session_cookie(request: PageRequest, text: str) -> str:
    """The ``Set-Cookie`` value of a session; an empty `text` ends it.

    Lax, because a link that is opened from a chat or a mail leads to the first page by a redirect,
    and browsers leave out a strict cookie there.
    """
    return _cookie(request, cookie_name(request), text, SESSION_LASTS)


def attempt_cookie_name(request: PageRequest) -> str:
    """The name of the cookie of a sign-in that has begun."""
    return f"{cookie_name(request)}-sign-in"


def attempt_cookie(request: PageRequest, text: str) -> str:
    """The ``Set-Cookie`` value of a sign-in that has begun; an empty `text` ends it.

    Lax, because an issuer's answer leads back from another site.
    """
    return _cookie(request, attempt_cookie_name(request), text, ATTEMPT_LASTS)


def _cookie(request: PageRequest, name: str, text: str, lasts: timedelta) -> str:
    age = int(lasts.total_seconds()) if text else 0
    parts = [f"{name}={text}", "Path=/", f"Max-Age={age}", "HttpOnly"]
    parts += ["SameSite=Lax", *(["Secure"] if request.is_encrypted else [])]
    return "; ".join(parts)


def is_from_here(request: PageRequest) -> bool:
    """Whether a form was sent by a page of the console.

    Browsers say so in ``Sec-Fetch-Site``. With our referrer policy they send ``Origin: null``,
    which alone shows nothing; one that does not send the first header has to name our origin.
    """
    headers: Mapping[str, str] = request.headers
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is None:
        return origin == request.origin
    return site == "same-origin" and origin in {None, "null", request.origin}
