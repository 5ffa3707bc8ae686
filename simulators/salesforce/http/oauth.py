"""The OAuth token endpoint: client credentials and JWT bearer, the two flows of an External Client
App.

Law: nothing here counts as an API call. The answer has no ``expires_in`` [D].
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import jwt

from simulators.clock import Clock
from simulators.salesforce.resources.call import Reply

_AUDIENCES: Final = {False: "https://login.salesforce.com", True: "https://test.salesforce.com"}
"""The audiences that an assertion may name [D: also if it is sent to the org's own address].
Experience Cloud sites have their own, which are not simulated. Sources disagree on whether an org
also accepts its own address [M]: here it does not.
"""
_JWT_BEARER: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@dataclass(slots=True)
class OAuth:
    """The app, its user and its registered keys; `keys` are PEM public keys."""

    clock: Clock
    org_id: str
    client_id: str
    client_secret: str
    user_id: str
    username: str
    access_token: str
    instance_url: str = ""
    keys: list[str] = field(default_factory=list)
    is_sandbox: bool = False

    def token(self, form: Mapping[str, str], authorization: str) -> Reply:
        """``POST /services/oauth2/token``."""
        grant = form.get("grant_type")
        if grant == "client_credentials":
            return self._client_credentials(form, authorization)
        if grant == _JWT_BEARER:
            return self._bearer(form.get("assertion", ""))
        return _refused("unsupported_grant_type", "grant type not supported")

    def _client_credentials(self, form: Mapping[str, str], authorization: str) -> Reply:
        client_id, secret = _basic(authorization) or (
            form.get("client_id", ""),
            form.get("client_secret", ""),
        )
        if client_id != self.client_id:
            return _refused("invalid_client_id", "client identifier invalid")
        if not hmac.compare_digest(secret.encode(), self.client_secret.encode()):
            return _refused("invalid_client", "invalid client credentials")
        return self._granted()

    def _bearer(self, assertion: str) -> Reply:
        try:
            header = jwt.get_unverified_header(assertion)
            claims = jwt.decode(assertion, options={"verify_signature": False})
        except jwt.PyJWTError:
            return _refused("invalid_grant", "invalid assertion")
        if claims.get("iss") != self.client_id:
            return _refused("invalid_client_id", "client identifier invalid")
        wrong = self._wrong_claim(claims)
        if wrong is None and (
            header.get("alg") != "RS256" or not any(_signed_by(assertion, key) for key in self.keys)
        ):
            wrong = "invalid assertion"
        return self._granted() if wrong is None else _refused("invalid_grant", wrong)

    def _wrong_claim(self, claims: Mapping[str, Any]) -> str | None:
        """Return what the org says about the first claim that it does not accept; its words for a
        late assertion are odd [S].
        """
        if not _number(claims.get("exp")) * 1000 > self.clock.now_ms():
            return "expired authorization code"
        if claims.get("sub") != self.username:
            return "user hasn't approved this consumer"
        return (
            None
            if str(claims.get("aud", "")).rstrip("/") == _AUDIENCES[self.is_sandbox]
            else "audience is invalid"
        )

    def _granted(self) -> Reply:
        issued = str(self.clock.now_ms())
        identity = f"https://login.salesforce.com/id/{self.org_id}/{self.user_id}"
        digest = hmac.new(
            self.client_secret.encode(), f"{identity}{issued}".encode(), hashlib.sha256
        ).digest()
        body = {
            "access_token": self.access_token,
            "signature": base64.b64encode(digest).decode(),
            "scope": "api",
            "instance_url": self.instance_url,
            "id": identity,
            "token_type": "Bearer",
            "issued_at": issued,
        }
        return Reply(200, body)


def no_login() -> Reply:
    """Return the refusal of a login whose user is frozen or whose app was blocked [M: which of the
    texts].
    """
    return _refused("invalid_grant", "inactive user")


def _refused(error: str, description: str) -> Reply:
    return Reply(400, {"error": error, "error_description": description})


def _basic(authorization: str) -> tuple[str, str] | None:
    kind, _, encoded = authorization.partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        name, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return name, secret


def _number(value: Any) -> float:
    """`exp` may be a number or, as simple-salesforce sends it, digits in a string [V]."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return 0.0


def _signed_by(assertion: str, key: str) -> bool:
    try:
        jwt.decode(
            assertion,
            key,
            algorithms=["RS256"],
            options={"verify_aud": False, "verify_exp": False, "verify_iat": False},
        )
    except jwt.PyJWTError:
        return False
    return True
