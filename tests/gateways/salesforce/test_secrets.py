"""Unusable Salesforce secrets: a `SyncError` affects one connection only; any other exception would
stop the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from crmsync.errors import Down, Refused
from crmsync.gateways.retry import RetryPolicy
from crmsync.gateways.salesforce.hosts import SALESFORCE_HOSTS, LoginUrl
from crmsync.gateways.salesforce.session import Login, SalesforceSession
from crmsync.rules.timing.outages import is_refusal
from tests.gateways.scripted import Response, script
from tests.simulated import FixedSecret

NO_WAIT = RetryPolicy(pause=lambda _seconds: None)
RSA = rsa.generate_private_key(65537, 2048)


def pem(key: Any, encryption: Any = serialization.NoEncryption()) -> str:  # noqa: B008 - a constant
    """A private key as text."""
    return str(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption
        ).decode()
    )


PUBLIC = RSA.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)
KEYS = {
    "no key": "not a key",
    "nothing": "",
    "half a key": pem(RSA)[:400],
    "line breaks written out": pem(RSA).replace("\n", "\\n"),
    "a key with a password": pem(RSA, serialization.BestAvailableEncryption(b"made-up")),
    "a public key": PUBLIC.decode(),
    "a key of another kind": pem(ec.generate_private_key(ec.SECP256R1())),
    "a key of a third kind": pem(ed25519.Ed25519PrivateKey.generate()),
    "a certificate": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    "half a letter": "\ud800",
}


def session(secret: Mapping[str, str]) -> SalesforceSession:
    """A session that logs in with this secret."""
    url = LoginUrl("https://acme.my.salesforce.com", SALESFORCE_HOSTS)
    return SalesforceSession(Login(url, FixedSecret(secret), now=lambda: 0.0), retry_policy=NO_WAIT)


@pytest.mark.parametrize("which", KEYS)
def test_an_invalid_private_key_is_refused(which: str) -> None:
    """No call is made, and nothing of the key is shown."""
    secret = {
        "client_id": "made-up",
        "username": "integration@acme.example.com",
        "private_key": KEYS[which],
    }

    with pytest.raises(Refused) as caught:
        session(secret).identity()

    assert (caught.value.code, caught.value.text) == (
        "SECRET",
        "The Salesforce secret's private_key is no RSA key.",
    )


@pytest.mark.parametrize(
    "secret",
    [
        {},
        {"client_id": "made-up"},
        {"client_secret": "made-up"},
        {"client_id": "made-up", "private_key": pem(RSA)},
        {"client_id": "made-up", "client_secret": "made-up", "login_url": "no address"},
        {"client_id": "made-up", "client_secret": "made-up", "login_url": "https://[::1"},
        {
            "client_id": "made-up",
            "client_secret": "made-up",
            "login_url": "http://login.example.com",
        },
    ],
)
def test_an_incomplete_secret_is_refused(secret: Mapping[str, str]) -> None:
    """No call is made."""
    with pytest.raises(Refused) as caught:
        session(secret).identity()

    assert caught.value.hint


@pytest.mark.parametrize(
    "body",
    [
        "<html>",
        "[]",
        "null",
        {},
        {"access_token": "given"},
        {"instance_url": "https://x.my.salesforce.com"},
    ],
)
def test_a_server_that_is_not_salesforce_is_a_refused_login(body: Any) -> None:
    """A server that responses 200 without a token is not Salesforce."""
    with script(Response(body)) as server:
        secret = {"client_id": "made-up", "client_secret": "made-up", "login_url": server.url}
        with pytest.raises(Down) as caught:
            session(secret).identity()

    assert (caught.value.text, caught.value.hint.partition(" ")[0]) == (
        "Salesforce answered 200.",
        "Check",
    )


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (500, "<html>", "500"),
        (503, {}, "503"),
        (502, "", "502"),
        (503, {"error": "temporarily_unavailable"}, "temporarily_unavailable"),
        (429, {}, "429"),
    ],
)
def test_a_server_error_at_the_login_is_an_outage(status: int, body: Any, code: str) -> None:
    """It passes by itself, and nobody is asked to store the secret again."""
    with script(Response(body, status)) as server:
        secret = {"client_id": "made-up", "client_secret": "made-up", "login_url": server.url}
        with pytest.raises(Down) as caught:
            session(secret).identity()

    assert (caught.value.code, caught.value.hint) == (code, "")
    assert not is_refusal(caught.value)
