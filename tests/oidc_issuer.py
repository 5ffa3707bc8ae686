"""An issuer of OpenID Connect on loopback: it signs people in at once, with real keys, and checks
what a client sends it as issuers do.

Law: it refuses what the standards have it refuse. What a test changes is in `changes`, `signer` and
`faults`.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from functools import cache
from secrets import token_urlsafe
from typing import Any
from urllib.parse import unquote_plus, urlencode

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from werkzeug.wrappers import Request, Response

from local.stack.serving import Server

CLIENT, SECRET = "crmsync-console", "a-secret-of-the-client"
ADA = {"sub": "00u1", "email": "ada@example.com", "email_verified": True, "groups": ["operators"]}
CODE_LASTS = 60
"""Seconds."""


@cache
def rsa_key(_name: str) -> rsa.RSAPrivateKey:
    """A key of this name."""
    return rsa.generate_private_key(65_537, 2_048)


def public(name: str, algorithm: str = "RS256") -> dict[str, Any]:
    """The public half of the key of this name, as an issuer publishes it."""
    key = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(rsa_key(name).public_key()))
    return {**key, "kid": name, "use": "sig", "alg": algorithm}


def signed(claims: dict[str, Any]) -> str:
    """A token as the issuer signs it."""
    return jwt.encode(claims, rsa_key("first"), "RS256", {"kid": "first"})


class OidcIssuer:
    """One issuer, with one client and one person.

    Attributes:
        url: Its address, which is also what it calls itself.
        redirects: The redirect URIs that the client has registered.
        person: What it says of who signs in.
        changes: Claims that the next tokens have instead; None leaves one out.
        signer: Signs tokens.
        keys: The keys that it publishes.
        document: What its description says instead.
        faults: Path -> the status and the JSON of the answer to it.
        asked: The paths that were asked, in their order.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        """`now` gives the seconds since 1970 by its clock."""
        self._now = now
        self._codes: dict[str, dict[str, Any]] = {}
        self._server = Server(self._answer)
        self.url = self._server.url
        self.asked: list[str] = []
        self.redirects: set[str] = set()
        self.reset()

    def reset(self) -> None:
        """Sign in Ada, as an issuer does."""
        self.person: dict[str, Any] = dict(ADA)
        self.changes: dict[str, Any] = {}
        self.signer: Callable[[dict[str, Any]], str] = signed
        self.keys: list[dict[str, Any]] = [public("first")]
        self.document: dict[str, Any] = {}
        self.faults: dict[str, tuple[int, Any]] = {}

    def close(self) -> None:
        """Answer no more."""
        self._server.close()

    def _answer(self, environ: dict[str, Any], start: Any) -> Any:
        request = Request(environ)
        self.asked.append(request.path)
        if request.path in self.faults:
            status, body = self.faults[request.path]
            return _json(body, status)(environ, start)
        pages = {
            "/.well-known/openid-configuration": self._describe,
            "/keys": lambda _request: _json({"keys": self.keys}),
            "/authorize": self._authorize,
            "/token": self._token,
        }
        answer = pages.get(request.path, lambda _request: _json({}, 404))(request)
        return answer(environ, start)

    def _describe(self, _request: Request) -> Response:
        return _json(
            {
                "issuer": self.url,
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                "jwks_uri": f"{self.url}/keys",
                "response_types_supported": ["code"],
                "code_challenge_methods_supported": ["S256"],
                **self.document,
            }
        )

    def _authorize(self, request: Request) -> Response:
        asked = request.args
        if asked.get("client_id") != CLIENT or asked.get("redirect_uri") not in self.redirects:
            return Response("Unknown client or redirect URI.", 400)
        fault = None
        if asked.get("response_type") != "code" or "openid" not in asked.get("scope", "").split():
            fault = "invalid_scope"
        if asked.get("code_challenge_method") != "S256" or len(asked["code_challenge"]) != 43:
            fault = "invalid_request"
        code = token_urlsafe()
        self._codes[code] = {**asked.to_dict(), "until": self._now() + CODE_LASTS}
        said = {"error": fault} if fault else {"code": code}
        query = urlencode({**said, "state": asked.get("state", "")})
        return Response("", 302, {"Location": f"{asked['redirect_uri']}?{query}"})

    def _token(self, request: Request) -> Response:
        if not self._knows(request):
            return _json({"error": "invalid_client"}, 401)
        asked = self._codes.pop(request.form.get("code", ""), None)
        verifier = request.form.get("code_verifier", "")
        digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest())
        if (
            asked is None
            or request.form.get("grant_type") != "authorization_code"
            or self._now() >= asked["until"]
            or request.form.get("redirect_uri") != asked["redirect_uri"]
            or digest.decode().rstrip("=") != asked["code_challenge"]
        ):
            return _json({"error": "invalid_grant"}, 400)
        now = int(self._now())
        claims = {
            "iss": self.url,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": asked.get("nonce"),
            **self.person,
            **self.changes,
        }
        token = self.signer({name: value for name, value in claims.items() if value is not None})
        return _json({"access_token": "x", "token_type": "Bearer", "id_token": token})

    def _knows(self, request: Request) -> bool:
        """Whether the client shows its secret, in the way that the description names."""
        methods = self.document.get("token_endpoint_auth_methods_supported")
        if methods == ["client_secret_post"]:
            return (request.form.get("client_id"), request.form.get("client_secret")) == (
                CLIENT,
                SECRET,
            )
        if methods == ["none"]:
            return request.form.get("client_id") == CLIENT
        shown = request.authorization
        return shown is not None and (
            unquote_plus(shown.username or ""),
            unquote_plus(shown.password or ""),
        ) == (CLIENT, SECRET)


def _json(content: Any, status: int = 200) -> Response:
    return Response(json.dumps(content), status, mimetype="application/json")
