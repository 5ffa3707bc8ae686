"""Calls to HubSpot through its official client: one connection pool, timeouts, a few short retries,
one renewal of the token.

Law: request and response bodies are plain JSON values; this module does not know what a row means.
All our calls are safe to repeat (reads, creations under a unique key, updates by id,
unsubscribing), so a call whose response is lost is simply repeated.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from types import MappingProxyType
from typing import Any

from hubspot import HubSpot
from urllib3.exceptions import HTTPError, ReadTimeoutError, SSLError

from crmsync.errors import Refused, SyncError
from crmsync.gateways.aws.secrets import Secret, part
from crmsync.gateways.hosts import is_safe, parts_of
from crmsync.gateways.hubspot.errors import RENEW, SIDE, call_error, refusal_of
from crmsync.gateways.hubspot.versions import PLURALS, TIMEOUT, api_factory, version_of
from crmsync.gateways.retry import RetryPolicy
from crmsync.gateways.verdict import unreachable
from crmsync.model.operations.calls import DailyCalls

DETAILS = "/account-info/v3/details"
"""The path of the account's own details, its id among them."""

DAILY, LEFT = "X-HubSpot-RateLimit-Daily", "X-HubSpot-RateLimit-Daily-Remaining"
INTERVAL, PER_INTERVAL = "X-HubSpot-RateLimit-Interval-Milliseconds", "X-HubSpot-RateLimit-Max"
"""Headers: the account's calls of a day and how many are left; an interval and its calls."""

TEN_SECONDS = "10000"
WINDOWS: Mapping[str, float] = MappingProxyType({"SECONDLY": 1.0, "TEN_SECONDLY_ROLLING": 10.0})
"""Policies of a refusal that lasts until a window is over, with its seconds."""

DAILY_POLICY = "DAILY"
"""The policy of a refusal that lasts until the account's midnight."""

API_URL = "https://api.hubapi.com"
"""HubSpot's URL for accounts of every region; ``api_url`` in the secret overrides it."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A response: 2xx, or one of the statuses that the caller asked for in `see`.

    Attributes:
        status: The HTTP status.
        body: The parsed body.
        headers: The headers.
    """

    status: int
    body: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The result rows."""
        return list(self.body.get("results") or ())

    @property
    def errors(self) -> list[dict[str, Any]]:
        """The error entries of a 207."""
        return list(self.body.get("errors") or ())


class HubspotClient:
    """One HubSpot account. Safe to share between threads."""

    def __init__(
        self,
        secret: Secret,
        *,
        version: str | None = None,
        retry_policy: RetryPolicy | None = None,
        check_account: Callable[[str], None] | None = None,
    ) -> None:
        """Take the token (and ``api_url``, ``api_version``) from `secret` at the first call.

        `version` overrides the secret's API version; "" means the client's own v3 and v4 paths.
        `check_account` is called with the account's id before a token is used for anything else,
        and raises `SyncError` for an account whose records must not be touched.
        """
        self._secret = secret
        self._check_account = check_account
        self._checking = threading.RLock()
        self._is_checked = check_account is None
        self._version = version
        self._retry_policy = retry_policy or RetryPolicy()
        self._lock = threading.Lock()
        self._apis: dict[str, Any] = {}
        self.calls = 0
        """Calls made so far, retries included; with several threads it may be a little low."""

    def batch(
        self,
        verb: str,
        kind: str,
        body: Mapping[str, Any],
        *,
        see: frozenset[int] = frozenset(),
        **options: Any,
    ) -> Reply:
        """Call a batch endpoint (`verb` read, create, update or archive) of object `kind`;
        `options` go to the official client.

        Refusals with a status in `see` are returned, others raised as `SyncError`.
        """
        name = PLURALS.get(kind, kind)
        return self._ask(lambda: getattr(self._api("batch_api"), verb)(name, body, **options), see)

    def search(self, kind: str, body: Mapping[str, Any]) -> Reply:
        """Search objects of `kind`. Raises `SyncError`."""
        return self._ask(
            lambda: self._api("search_api").do_search(PLURALS.get(kind, kind), body),
            frozenset(),
            search=True,
        )

    def ask(
        self,
        method: str,
        path: str,
        *,
        inside: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        see: frozenset[int] = frozenset(),
    ) -> Reply:
        """Call any endpoint over the official client's connections; `inside` fills the placeholders
        of the path.

        Refusals with a status in `see` are returned, others raised as `SyncError`.
        """
        return self._ask(self._request(method, path, inside, query, body), see)

    def _request(
        self,
        method: str,
        path: str,
        inside: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        body: Any = None,
    ) -> Callable[[], Any]:
        """A call that can be sent, as for `ask`."""

        def send() -> Any:
            client = self._api("batch_api").api_client
            headers = {"Accept": "application/json", "Content-Type": "application/json"}
            parts, pairs = dict(inside or {}), list((query or {}).items())
            return client.call_api(
                path, method, parts, pairs, headers, body=body, auth_settings=["oauth2"]
            )

        return send

    def _api(self, name: str) -> Any:
        with self._lock:
            if not self._apis:
                content = self._secret.current()
                url = content.get("api_url") or API_URL
                if not is_safe(parts_of(url)):
                    raise Refused(
                        "The HubSpot secret's api_url is no https address.",
                        code="SECRET",
                        hint="Store it again.",
                    )
                version = (
                    version_of(content.get("api_version"))
                    if self._version is None
                    else self._version
                )
                client = HubSpot(
                    access_token=part(content, "access_token", "HubSpot"),
                    host=url,
                    base_url=url,
                    api_factory=api_factory(version),
                )
                # Every access to a property of the client makes a new connection pool: access each
                # once, and share one pool.
                objects = client.crm.objects
                self._apis = {"batch_api": objects.batch_api, "search_api": objects.search_api}
                self._apis["search_api"].api_client.rest_client = self._apis[
                    "batch_api"
                ].api_client.rest_client
            return self._apis[name]

    def _renew(self) -> bool:
        """Read the token again; returns whether it is another one."""
        token = part(self._secret.renewed(), "access_token", "HubSpot")
        with self._lock:
            known = {api.api_client.configuration.access_token for api in self._apis.values()}
            for api in self._apis.values():
                api.api_client.configuration.access_token = token
        return known != {token}

    def _identify(self) -> None:
        """Check which account the token belongs to, with one call for each new token."""
        with self._checking:
            if self._is_checked or self._check_account is None:
                return
            try:
                reply = self._send(self._request("GET", DETAILS), frozenset(), is_check=True)
                self._check_account(str(reply.body.get("portalId", "")))
            except SyncError:
                with self._lock:
                    self._apis = {}  # the next call takes the secret as it is then
                raise
            self._is_checked = True

    def _ask(self, send: Callable[[], Any], see: frozenset[int], *, search: bool = False) -> Reply:
        if not self._is_checked:
            self._identify()
        return self._send(send, see, search=search)

    def _send(
        self,
        send: Callable[[], Any],
        see: frozenset[int],
        *,
        search: bool = False,
        is_check: bool = False,
    ) -> Reply:
        attempt, renewed = 1, False
        while True:
            self._retry_policy.leases.spend(search=search)
            self._retry_policy.remaining.for_a_call(TIMEOUT[1])
            self.calls += 1
            reply, asked, problem = _answer(send)
            if reply is not None:
                self._hear(reply)
            if reply is not None and (reply.status < 300 or reply.status in see):  # noqa: PLR2004 - 2xx
                return reply
            if reply is not None and reply.status == RENEW and not renewed:
                renewed = True
                if self._renew() and self._check_account is not None and not is_check:
                    self._is_checked = False
                    self._identify()
                continue
            error, soon = _refusal(reply, asked, problem)
            if not soon or not self._retry_policy.sleep_after(attempt, asked):
                raise error from None
            attempt += 1

    def _hear(self, reply: Reply) -> None:
        """Report what a response says about the limits. Searches say nothing, and apps with OAuth
        have no daily limit.
        """
        headers, policy = reply.headers, str(reply.body.get("policyName", ""))
        day = None
        if DAILY in headers and LEFT in headers:
            day = DailyCalls(int(headers[DAILY]) - int(headers[LEFT]), int(headers[DAILY]))
        per_window = 0
        if headers.get(INTERVAL) == TEN_SECONDS:
            per_window = int(headers.get(PER_INTERVAL, 0))
        self._retry_policy.leases.hear(
            day=day,
            per_window=per_window,
            succeeded=reply.status < 300,  # noqa: PLR2004 - 2xx
            refused=policy == DAILY_POLICY,
            full_for=WINDOWS.get(policy, 0.0),
        )


def _answer(send: Callable[[], Any]) -> tuple[Reply | None, float | None, Exception | None]:
    """Send once: the reply and its Retry-After in seconds, or why there is no reply."""
    try:
        response = send()
    except HTTPError as problem:
        return None, None, problem
    except AttributeError as problem:
        # When TLS fails, the client itself fails on its own error, which has no body.
        if getattr(problem.__context__, "status", None) != 0:
            raise
        return None, None, SSLError("TLS")
    except (
        Exception
    ) as problem:  # the client has one ApiException per package: known by their attributes
        if not getattr(problem, "status", None):
            raise
        headers = problem.headers or {}  # type: ignore[attr-defined]
        return Reply(problem.status, _parsed(problem.body), headers), _asked(headers), None  # type: ignore[attr-defined]
    try:
        return Reply(response.status, _parsed(response.data), response.headers), None, None
    except HTTPError as problem:  # the response ended too early
        return None, None, problem


def _refusal(
    reply: Reply | None, asked: float | None, problem: Exception | None
) -> tuple[SyncError, bool]:
    """The error, and whether the call is worth an immediate retry."""
    if reply is None:
        timed_out = isinstance(problem, ReadTimeoutError)
        error = unreachable("HubSpot", SIDE, problem or TimeoutError(), timed_out=timed_out)
        return error, not timed_out
    category = str(reply.body.get("category", ""))
    refusal = refusal_of(reply.status, category, str(reply.body.get("policyName", "")))
    return call_error(reply.status, reply.body, asked=asked), refusal.soon


def _parsed(raw: bytes | str | None) -> Mapping[str, Any]:
    try:
        body = json.loads(raw) if raw else {}
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _asked(headers: Any) -> float | None:
    """Retry-After in seconds. A date is compared with the response's Date header, so that no clock
    is needed.
    """
    value = (headers or {}).get("Retry-After")
    if value is None:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(
            0.0,
            (parsedate_to_datetime(value) - parsedate_to_datetime(headers["Date"])).total_seconds(),
        )
    except (KeyError, TypeError, ValueError):
        return None
