"""An issuer of OpenID Connect: its description, its keys, and what it says of a person
(decision 64).

Law: what it says counts only if a key of its own has signed it, for this client, by an algorithm of
`ALGORITHMS`. No error contains a token, a code or a secret. A redirect is not followed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Generic, TypeVar
from urllib.parse import quote_plus

import jwt
import requests

from crmsync.errors import Refused, SyncError, TryAgain
from crmsync.gateways.aws.secrets import Secret, part
from crmsync.gateways.hosts import is_safe, parts_of
from crmsync.wire.oidc import (
    DISCOVERY,
    POST,
    IssuerDocument,
    OidcClient,
    read_issuer_document,
)

TIMEOUT = (3.05, 5.0)
"""Seconds to connect and to wait for a response; a sign-in takes up to three of them."""

KEPT = 3_600.0
"""Seconds for which the description and the keys are kept; a key that is not among them has them
read again.
"""

FAILED = 5.0
"""Seconds within which an issuer that did not answer is not asked again."""

ALGORITHMS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), "RSA"),
        **dict.fromkeys(("ES256", "ES384", "ES512"), "EC"),
        "EdDSA": "OKP",
    }
)
"""The algorithms of a signature that count, and the type of their keys: none by which the client's
secret, or nothing, would sign.
"""

_FAULTS: Sequence[tuple[type[Exception], str]] = (
    (jwt.InvalidSignatureError, "is not signed by the issuer"),
    (jwt.InvalidIssuerError, "comes from another issuer"),
    (jwt.InvalidAudienceError, "is for another application"),
    (jwt.MissingRequiredClaimError, "lacks a claim that it must have"),
    (jwt.PyJWTError, "cannot be read"),
)
Content = TypeVar("Content")

_REQUIRED = ["iss", "sub", "aud", "exp", "iat"]
_WORD = re.compile(r"[a-z_]{3,60}")
"""Error codes, such as ``invalid_grant``."""

_OF_THE_CLIENT = frozenset({"invalid_client", "unauthorized_client"})
_CLIENT_HINT = (
    "Compare ConsoleClientId and the client_secret in the secret that ConsoleClientSecret names "
    "with what the issuer has."
)


class Issuer:
    """One issuer, and the console as its client."""

    def __init__(
        self, client: OidcClient, secret: Secret | None, *, ticks: Callable[[], float]
    ) -> None:
        """The `secret` has a `client_secret`; without one PKCE alone shows who asks. `ticks` gives
        seconds on a clock that does not go back.
        """
        self._client = client
        self._secret = secret
        self._description: _Kept[IssuerDocument] = _Kept(self._describe, ticks)
        self._keys: _Kept[list[dict[str, Any]]] = _Kept(self._fetch_keys, ticks)

    def document(self) -> IssuerDocument:
        """Its description. Raises `SyncError`."""
        return self._description.value(KEPT)

    def claims(self, code: str, verifier: str, redirect_uri: str) -> Mapping[str, Any]:
        """What the issuer says of the person who came back with `code`. Signature, issuer and
        audience are checked; times and nonce are not. Raises `SyncError`.
        """
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
            "client_id": self._client.id,
        }
        document, auth = self.document(), None
        if self._secret is not None:
            secret = part(self._secret.current(), "client_secret", "console's client")
            if document.method == POST:
                form["client_secret"] = secret
            else:
                auth = (quote_plus(self._client.id), quote_plus(secret))
        answer = self._ask("POST", document.token, data=form, auth=auth)
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise Refused(
                "The issuer gave no ID token.",
                code="ID_TOKEN",
                hint="The scopes in ConsoleScopes must contain openid.",
            )
        return self._checked(token)

    def _checked(self, token: str) -> Mapping[str, Any]:
        try:
            return jwt.decode(
                token,
                self._key(jwt.get_unverified_header(token)),
                list(ALGORITHMS),
                # The console's own clock says what is over, and tells clocks that differ.
                {
                    "require": _REQUIRED,
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                    "enforce_minimum_key_length": True,
                },
                audience=self._client.id,
                issuer=self._client.issuer,
            )
        except jwt.PyJWTError as problem:
            fault = next(text for kind, text in _FAULTS if isinstance(problem, kind))
            raise Refused(f"The issuer's token {fault}.", code=type(problem).__name__) from None

    def _key(self, header: Mapping[str, Any]) -> jwt.PyJWK:
        """The key that a token says it is signed with. Raises `SyncError`."""
        algorithm = str(header.get("alg"))
        if algorithm not in ALGORITHMS:
            raise Refused(
                "The issuer's token is signed in a way that shows nothing.",
                code="InvalidAlgorithmError",
                hint=f"Have the issuer sign with one of {', '.join(ALGORITHMS)}.",
            )
        for age in (KEPT, FAILED):
            fitting = [
                one for one in self._keys.value(age) if _fits(one, algorithm, header.get("kid"))
            ]
            if len(fitting) == 1:
                return jwt.PyJWK(fitting[0], algorithm)
        raise Refused("The issuer's token names no key of the issuer.", code="UnknownKey")

    def _describe(self) -> IssuerDocument:
        issuer = self._client.issuer
        content = self._ask("GET", f"{issuer.rstrip('/')}{DISCOVERY}")
        return read_issuer_document(content, issuer, _may_be_asked)

    def _fetch_keys(self) -> list[dict[str, Any]]:
        keys = self._ask("GET", self.document().keys).get("keys")
        return [one for one in keys if isinstance(one, dict)] if isinstance(keys, list) else []

    def _ask(self, method: str, address: str, **given: Any) -> dict[str, Any]:
        """The JSON object that an address answers. Raises `SyncError`."""
        if not _may_be_asked(address):
            raise Refused("The issuer's address does not begin with https.", code="ISSUER")
        try:
            answer = requests.request(
                method, address, timeout=TIMEOUT, allow_redirects=False, **given
            )
        except requests.RequestException as problem:
            code = type(problem).__name__
            raise TryAgain(
                f"The issuer {self._client.issuer} did not answer ({code}).", code=code
            ) from None
        try:
            content = answer.json()
        except ValueError:
            content = None
        if answer.status_code != HTTPStatus.OK or not isinstance(content, dict):
            raise self._error(answer.status_code, content)
        return content

    def _error(self, status: int, content: Any) -> SyncError:
        told = content.get("error") if isinstance(content, dict) else ""
        word = _WORD.fullmatch(str(told))
        code = word[0] if word else str(status)
        text = f"The issuer {self._client.issuer} refused ({code})."
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS:
            return TryAgain(text, code=code)
        return Refused(text, code=code, hint=_CLIENT_HINT if code in _OF_THE_CLIENT else "")


class _Kept(Generic[Content]):
    """What was read, until it is too old, or why it could not be read."""

    def __init__(self, read: Callable[[], Content], ticks: Callable[[], float]) -> None:
        self._read = read
        self._ticks = ticks
        self._at = 0.0
        self._found: Content | None = None
        self._error: SyncError | None = None

    def value(self, max_age: float) -> Content:
        """What was read, at most `max_age` seconds old. Raises `SyncError`."""
        age = self._ticks() - self._at
        if self._error is not None and age < FAILED:
            raise self._error
        if self._found is None or age >= max_age:
            self._at = self._ticks()
            try:
                self._found, self._error = self._read(), None
            except SyncError as error:
                self._found, self._error = None, error
                raise
        return self._found


def _may_be_asked(address: str) -> bool:
    return is_safe(parts_of(address))


def _fits(key: Mapping[str, Any], algorithm: str, name: object) -> bool:
    """Whether a key may have signed a token of this algorithm and with this name of a key."""
    return (
        key.get("kty") == ALGORITHMS[algorithm]
        and key.get("use") in {None, "sig"}
        and key.get("alg") in {None, algorithm}
        and (name is None or key.get("kid") == name)
    )
