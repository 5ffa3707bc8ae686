"""What OpenID Connect asks and answers: an issuer's description of itself, and the address where a
person signs in.

Law: pure. Every address that an issuer names is encrypted, or on this machine.
https://openid.net/specs/openid-connect-core-1_0.html,
https://openid.net/specs/openid-connect-discovery-1_0.html
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from crmsync.errors import Refused

DISCOVERY = "/.well-known/openid-configuration"
BASIC, POST = "client_secret_basic", "client_secret_post"
"""How a client shows its secret: in a header or in the form."""

_ADDRESSES = ("authorization_endpoint", "token_endpoint", "jwks_uri")


@dataclass(frozen=True, slots=True)
class OidcClient:
    """The console as an issuer knows it.

    Attributes:
        issuer: The issuer, letter for letter as it names itself.
        id: The client's id.
        scopes: What is asked for, separated by spaces.
    """

    issuer: str
    id: str
    scopes: str


@dataclass(frozen=True, slots=True)
class IssuerDocument:
    """How an issuer describes itself.

    Attributes:
        authorization: Where people sign in.
        token: Where a code is exchanged for a token.
        keys: Where its public keys are.
        method: How it wants to be shown the client's secret, `BASIC` or `POST`.
        names_itself: Whether its answers to the browser say who it is (RFC 9207).
    """

    authorization: str
    token: str
    keys: str
    method: str
    names_itself: bool


def read_issuer_document(
    content: Mapping[str, Any], issuer: str, is_safe: Callable[[str], bool]
) -> IssuerDocument:
    """An issuer's description. `is_safe` says whether an address may be asked. Raises `Refused`."""
    named = content.get("issuer")
    if named != issuer:
        raise Refused(
            f"The issuer {issuer} calls itself {str(named)[:200]}.",
            code="ISSUER",
            hint="ConsoleIssuer must be what it calls itself, letter for letter.",
        )
    addresses = {name: str(content.get(name, "")) for name in _ADDRESSES}
    for name, address in addresses.items():
        if not is_safe(address):
            raise Refused(f"The issuer {issuer} names no {name} with https.", code="ISSUER")
    methods = content.get("token_endpoint_auth_methods_supported") or [BASIC]
    return IssuerDocument(
        addresses["authorization_endpoint"],
        addresses["token_endpoint"],
        addresses["jwks_uri"],
        method=POST if BASIC not in methods and POST in methods else BASIC,
        names_itself=content.get("authorization_response_iss_parameter_supported") is True,
    )


def authorization_url(
    document: IssuerDocument,
    client: OidcClient,
    *,
    redirect_uri: str,
    state: str,
    nonce: str,
    verifier: str,
) -> str:
    """Where a person signs in: the authorization code flow with PKCE (RFC 7636)."""
    asked = {
        "response_type": "code",
        "client_id": client.id,
        "redirect_uri": redirect_uri,
        "scope": client.scopes,
        "state": state,
        "nonce": nonce,
        "code_challenge": challenge(verifier),
        "code_challenge_method": "S256",
    }
    joint = "&" if "?" in document.authorization else "?"
    return f"{document.authorization}{joint}{urlencode(asked)}"


def challenge(verifier: str) -> str:
    """What the issuer compares the verifier with."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
