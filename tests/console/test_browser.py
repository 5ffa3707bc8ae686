"""What a browser is told to keep to."""

from __future__ import annotations

import pytest

from crmsync.console.browser import cookie_name, security_headers, session_cookie
from crmsync.wire.pages import PageRequest

ENCRYPTED = PageRequest("GET", "/", origin="https://console.example.com")
LAPTOP = PageRequest("GET", "/", origin="http://127.0.0.1:9002")


@pytest.mark.parametrize(
    ("request_", "text", "cookie"),
    [
        (
            ENCRYPTED,
            "abc",
            "__Host-crmsync=abc; Path=/; Max-Age=28800; HttpOnly; SameSite=Lax; Secure",
        ),
        (LAPTOP, "abc", "crmsync=abc; Path=/; Max-Age=28800; HttpOnly; SameSite=Lax"),
        (ENCRYPTED, "", "__Host-crmsync=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax; Secure"),
    ],
)
def test_a_session_cookie_belongs_to_one_host(request_: PageRequest, text: str, cookie: str):
    """No script reads it, no other site sends it with a form, and it crosses nothing in clear."""
    assert session_cookie(request_, text) == cookie
    assert cookie.startswith(f"{cookie_name(request_)}=")


def test_only_an_encrypted_console_asks_to_stay_so():
    """The laptop's address speaks HTTP alone."""
    name = "strict-transport-security"

    assert security_headers("", is_encrypted=True)[name] == "max-age=31536000"
    assert name not in security_headers("", is_encrypted=False)
