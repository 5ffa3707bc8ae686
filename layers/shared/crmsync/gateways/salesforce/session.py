"""A session with one Salesforce org: the token, the connection, the headers, and a new login when
the token has expired.

simple-salesforce is used in direct mode with a token of our own, because its own login only knows
hosts under salesforce.com, retries a 401 for ever, and loses the headers. Tokens are kept in memory
only and never logged. Facts: docs/vendors.md#salesforce-sign-in.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import jwt
import requests

from crmsync.errors import Refused, SyncError
from crmsync.gateways.aws.secrets import Content, Secret, part
from crmsync.gateways.retry import RetryPolicy
from crmsync.gateways.salesforce.errors import (
    RENEW,
    SIDE,
    call_error,
    first_error,
    is_daily_limit,
    login_error,
    refusal_of,
)
from crmsync.gateways.salesforce.hosts import LoginUrl
from crmsync.gateways.salesforce.sdk import Salesforce, SalesforceError
from crmsync.gateways.verdict import unreachable
from crmsync.model.names import SALESFORCE_CLIENT
from crmsync.model.operations.calls import DailyCalls

API_VERSION = "66.0"
"""Spring '26. Salesforce supports a version for at least three years."""

TIMEOUT = (3.05, 60.0)
"""Seconds to connect and to wait for a response; a call for 2,000 records may take long."""

JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_SERVER_FAULT = 500

PRODUCTION, SANDBOX = "https://login.salesforce.com", "https://test.salesforce.com"
"""The audience of a signed login request: one of Salesforce's own URLs, even if the request is sent
to an org's own domain or to Government Cloud.
"""

_SANDBOX_HOSTS = (".sandbox.my.salesforce.", "test.salesforce.com")
_GIVEN = frozenset({"access_token", "instance_url"})
"""What the response to a login must have."""
_WRONG_AUDIENCE = "audience is invalid"

_USAGE = re.compile(r"(?<![\w-])api-usage=(\d+)/(\d+)")

JWT_LIFE = 180
"""Seconds for which a signed login request is valid: Salesforce allows three minutes."""

_CLIENT = {"Sforce-Call-Options": f"client={SALESFORCE_CLIENT}"}
HEADERS: Mapping[str, str] = {**_CLIENT, "X-PrettyPrint": "0"}
"""Sent with every call: our client name, which change events contain as their origin, and a request
for compact JSON.
"""


@dataclass(frozen=True, slots=True)
class Token:
    """The result of a login.

    Attributes:
        value: The bearer token.
        instance_url: The URL of the org.
        org_id: The org's id of 18 characters, or "" if it is unknown.
        user_id: The id of the user that we act as, or "".
    """

    value: str = field(repr=False)
    instance_url: str
    org_id: str = ""
    user_id: str = ""


@dataclass(frozen=True, slots=True)
class RefusedCall:
    """The response to a refused call: the HTTP status and the parsed body."""

    status: int
    content: Any


class _Connection(requests.Session):
    """A session that always has a timeout and that keeps the instance's scheme, while
    simple-salesforce always uses https.
    """

    def __init__(self, scheme: str) -> None:
        """Use `scheme`."""
        super().__init__()
        self.trust_env = False  # a .netrc would replace our token
        self._scheme = scheme
        self._latest = threading.local()

    @property
    def seconds(self) -> float:
        """How long this thread waits for a response."""
        return float(getattr(self._latest, "seconds", TIMEOUT[1]))

    @seconds.setter
    def seconds(self, seconds: float) -> None:
        self._latest.seconds = seconds

    @property
    def asked(self) -> float | None:
        """Retry-After of this thread's latest response, in seconds, or None; simple-salesforce's
        errors do not have it.
        """
        value = self._headers.get("Retry-After", "")
        return float(value) if value.isdecimal() else None

    @property
    def usage(self) -> DailyCalls | None:
        """The org's calls of 24 hours, by all apps, as the latest response reports them, or
        None. The share that an org may reserve for one app (``per-app-api-usage``) is ignored.
        """
        found = _USAGE.search(self._headers.get("Sforce-Limit-Info", ""))
        return DailyCalls(int(found[1]), int(found[2])) if found else None

    @property
    def _headers(self) -> Mapping[str, str]:
        return getattr(self._latest, "headers", {})

    def request(
        self, method: str | bytes, url: str | bytes, *args: Any, **options: Any
    ) -> requests.Response:
        """Send a request."""
        options.setdefault("timeout", (TIMEOUT[0], self.seconds))
        options["allow_redirects"] = False  # a redirect would be followed with the token
        self._latest.headers = {}
        answer = super().request(
            method, urlunsplit(urlsplit(str(url))._replace(scheme=self._scheme)), *args, **options
        )
        self._latest.headers = answer.headers
        return answer


class Login:
    """Gets tokens and keeps the newest one. Threads that find the same token expired log in
    once.
    """

    def __init__(
        self,
        login_url: str | LoginUrl,
        secret: Secret,
        *,
        now: Callable[[], float],
        takes_tokens: bool = False,
    ) -> None:
        """Log in at `login_url`, which ``login_url`` in the secret overrides; `now` gives seconds
        since the epoch.

        With `takes_tokens` the secret may have a person's ``access_token`` and ``instance_url``
        instead; then org and user are unknown.
        """
        self._takes_tokens = takes_tokens
        self._login_url = login_url if isinstance(login_url, LoginUrl) else LoginUrl(login_url)
        self._secret = secret
        self.now = now
        self._lock = threading.Lock()
        self._token: Token | None = None
        self._audience = audience_of(self._login_url.text)

    def token(self, *, stale: Token | None = None) -> Token:
        """The current token; a new one if it is `stale`. Raises `SyncError`."""
        with self._lock:
            if self._token is None or self._token is stale:
                self._token = self._log_in()
            return self._token

    def _log_in(self) -> Token:
        secret = self._secret.current()
        if self._takes_tokens and "access_token" in secret:
            return Token(
                secret["access_token"], self._login_url.sign_in_at(secret.get("instance_url", ""))
            )
        status, answer = self._try(secret)
        if status in {400, 401}:
            # The secret may just have been rotated.
            status, answer = self._try(self._secret.renewed())
        if status != 200 or not answer.keys() >= _GIVEN:  # noqa: PLR2004 - OK
            # A server that is not Salesforce may answer anything with 200.
            raise login_error(status, answer)
        identity = str(answer.get("id", "")).rstrip("/").split("/")
        org_id, user_id = identity[-2:] if len(identity) > 1 else ("", "")
        if org_id:
            self._login_url.check_org(org_id)
        of_secret = self._secret.current().get("login_url", "")
        instance_url = self._login_url.instance_at(str(answer["instance_url"]), of_secret)
        return Token(str(answer["access_token"]), instance_url, org_id, user_id)

    def _try(self, secret: Content) -> tuple[int, Mapping[str, Any]]:
        """Request a token. A URL does not always show whether it is a sandbox: unless the secret
        names the audience, the other one is tried, too.
        """
        status, answer = self._ask(secret, self._audience)
        if _WRONG_AUDIENCE in str(answer.get("error_description", "")) and "audience" not in secret:
            other = PRODUCTION if self._audience == SANDBOX else SANDBOX
            status, answer = self._ask(secret, other)
            if status == 200:  # noqa: PLR2004 - OK
                self._audience = other
        return status, answer

    def _ask(self, secret: Content, audience: str) -> tuple[int, Mapping[str, Any]]:
        base = self._login_url.sign_in_at(secret.get("login_url", ""))
        grant = _grant(secret, secret.get("audience") or audience, self.now())
        with _Connection(_scheme(base)) as connection:
            try:
                answer = connection.post(f"{base}/services/oauth2/token", **grant)
            except requests.RequestException as problem:
                raise _unreachable(problem) from None
        try:
            body = answer.json()
        except ValueError:
            body = {}
        return answer.status_code, body if isinstance(body, dict) else {}


def audience_of(login_url: str) -> str:
    """The audience that a signed login request at that URL most likely needs: sandboxes have their
    own.
    """
    host = urlsplit(login_url).hostname or ""
    return SANDBOX if any(part in host for part in _SANDBOX_HOSTS) else PRODUCTION


def _scheme(base: str) -> str:
    try:
        return urlsplit(base).scheme
    except ValueError:
        raise Refused(
            "The Salesforce login_url is no address.", code="SECRET", hint="Store it again."
        ) from None


def _grant(secret: Content, audience: str, now: float) -> dict[str, Any]:
    """The login request: JWT bearer if the secret has a private key, else client credentials."""
    own = part(secret, "client_id", "Salesforce")
    if "private_key" not in secret:
        return {
            "data": {"grant_type": "client_credentials"},
            "auth": (own, part(secret, "client_secret", "Salesforce")),
        }
    claims = {
        "iss": own,
        "sub": part(secret, "username", "Salesforce"),
        "aud": audience,
        "exp": int(now) + JWT_LIFE,
    }
    try:
        assertion = jwt.encode(claims, secret["private_key"], algorithm="RS256")
    except (ValueError, TypeError, AttributeError, jwt.PyJWTError):
        # A public key cannot sign.
        raise Refused(
            "The Salesforce secret's private_key is no RSA key.",
            code="SECRET",
            hint="Store it again.",
        ) from None
    return {"data": {"grant_type": JWT_GRANT, "assertion": assertion}}


class SalesforceSession:
    """Calls to one org. Safe to share between threads."""

    def __init__(
        self,
        login: Login,
        *,
        version: str = API_VERSION,
        retry_policy: RetryPolicy | None = None,
        allow_duplicates: bool = False,
    ) -> None:
        """Log in through `login` at the first call. With `allow_duplicates`, writes are saved
        although a duplicate rule alerts.
        """
        self._login = login
        self._on_writes = {
            "Sforce-Duplicate-Rule-Header": f"allowSave={str(allow_duplicates).lower()}"
        }
        self._version = version
        self._retry_policy = retry_policy or RetryPolicy()
        self._made: tuple[Token, Salesforce, _Connection] | None = None
        self.calls = 0
        """Calls made so far, with retries but without logins; with several threads it may be a
        little low.
        """

    @property
    def data_path(self) -> str:
        """The path of the REST API, as the sub-requests of a composite call need it."""
        return f"/services/data/v{self._version}"

    def identity(self) -> Token:
        """The token with our org and user. Raises `SyncError`."""
        return self._login.token()

    def write_headers(self, *, assign: bool) -> dict[str, str]:
        """The headers of a write, of which each part of a composite call needs its own."""
        return {**_CLIENT, "Sforce-Auto-Assign": str(assign).upper(), **self._on_writes}

    def call(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        writes: bool = False,
        assign: bool = False,
        repeat: bool = True,
        see: frozenset[int] = frozenset(),
    ) -> Any:
        """Call `path` below `data_path`. Returns the parsed response, or a `RefusedCall` if the
        status is in `see`. Raises `SyncError` for other refusals.

        Args:
            method: The HTTP method.
            path: The resource below `data_path`.
            body: The JSON body.
            writes: Whether the call creates or updates records; duplicate rules then apply as set.
            assign: Whether assignment rules run on a write (PLT-1): without
                ``Sforce-Auto-Assign: FALSE`` Salesforce gives every written lead a new owner.
            repeat: Whether a call may be retried if it may have been applied.
            see: Statuses of refusals to return.
        """
        headers = {**HEADERS, **(self.write_headers(assign=assign) if writes else {})}
        attempt, stale = 1, None
        while True:
            token = self._login.token(stale=stale)
            client, connection = self._client(token)
            self._retry_policy.leases.spend()
            connection.seconds = self._retry_policy.remaining.for_a_call(TIMEOUT[1])
            self.calls += 1
            try:
                answer = client.restful(path, method=method, json=body, headers=headers)
            except SalesforceError as problem:
                self._hear(connection, refused=is_daily_limit(problem.content))
                if problem.status in see:
                    return RefusedCall(problem.status, problem.content)
                if problem.status == RENEW and stale is None:
                    stale = token
                    continue
                error, soon = _refused(problem, connection.asked)
                soon = soon and (repeat or problem.status < _SERVER_FAULT)
            except requests.RequestException as problem:
                error, soon = (
                    _unreachable(problem),
                    repeat and not isinstance(problem, requests.ReadTimeout),
                )
            else:
                self._hear(connection, succeeded=True)
                return answer
            if not soon or not self._retry_policy.sleep_after(attempt, connection.asked):
                raise error from None
            attempt += 1

    def _hear(
        self, connection: _Connection, *, succeeded: bool = False, refused: bool = False
    ) -> None:
        self._retry_policy.leases.hear(day=connection.usage, succeeded=succeeded, refused=refused)

    def _client(self, token: Token) -> tuple[Salesforce, _Connection]:
        made = self._made
        if made is None or made[0] is not token:
            connection = _Connection(urlsplit(token.instance_url).scheme)
            client = Salesforce(
                instance_url=token.instance_url,
                session_id=token.value,
                version=self._version,
                session=connection,
                object_pairs_hook=None,
            )
            made = self._made = (token, client, connection)
        return made[1], made[2]


def _unreachable(problem: requests.RequestException) -> SyncError:
    timed_out = isinstance(problem, requests.ReadTimeout)
    return unreachable("Salesforce", SIDE, problem, timed_out=timed_out)


def _refused(problem: SalesforceError, asked: float | None) -> tuple[SyncError, bool]:
    found = first_error(problem.content)
    code, message = str(found.get("errorCode", "")), str(found.get("message", ""))
    refusal = refusal_of(code, problem.status, message)
    return call_error(problem.status, problem.content, asked=asked), refusal.soon
