"""The HTTP side: from WSGI to a `Call` and back, sessions, the call allowance, and the faults of
HTTP.

Law: one lock guards the org. Only this module knows about sockets.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any, Final
from urllib.parse import parse_qsl

from simulators.faults import Faults
from simulators.salesforce.http.oauth import OAuth, no_login
from simulators.salesforce.http.routes import Api, Match, error_reply
from simulators.salesforce.http.stats import CallStats
from simulators.salesforce.org.limits import ApiLimit, limit_exceeded
from simulators.salesforce.org.org import Org
from simulators.salesforce.refusals import RefusalError, no_such_resource
from simulators.salesforce.resources.call import Call, Reply, split_base

MAX_URI: Final = 16_384
"""Above this many bytes of path and query the answer is 414 [D]."""
OLDEST: Final = 31
_SEASONS: Final = ("Summer", "Winter", "Spring")
VERSIONS: Final = {
    f"{OLDEST + at}.0": f"{_SEASONS[at % 3]} '{14 + (at + 2) // 3}" for at in range(69 - OLDEST)
}
"""Three per year since Summer '14, the oldest that an org still lists [S]. All of them answer alike
here.
"""
RETIRED: Final = (
    (OLDEST - 1, date.min),
    (40, date(2028, 6, 1)),
)
"""The last retired version, and from when: 31 to 40 are retired with Summer '28 [D], on a day that
is still open [M].
"""
NO_API: Final = frozenset(
    {
        "Team Edition",
        "Group Edition",
        "Personal Edition",
        "Contact Manager Edition",
        "Essentials Edition",
        "Base Edition",
    }
)
"""Editions without API access [D/M]: OrganizationType strings."""
_REASONS: Final = {
    200: "OK",
    201: "Created",
    204: "No Content",
    300: "Multiple Choices",
    304: "Not Modified",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    410: "Gone",
    412: "Precondition Failed",
    414: "URI Too Long",
    500: "Internal Server Error",
    503: "Service Unavailable",
}
_APPLIED: Final = range(200, 300)
StartResponse = Callable[..., Any]


class ConnectionLostError(ConnectionAbortedError):
    """The connection must be closed without an answer."""


class Server:
    """A WSGI application for one org.

    `on_product_write` is called after a write of the product was applied, before it is answered.
    """

    def __init__(
        self,
        org: Org,
        api: Api,
        oauth: OAuth,
        limit: ApiLimit,
        faults: Faults,
        users: Mapping[str, str],
    ) -> None:
        """Serve `org`; `users` maps access tokens to user ids."""
        self.on_product_write: Callable[[], None] = lambda: None
        self.stats = CallStats()
        self.lock = threading.RLock()
        self._org = org
        self._api = api
        self._oauth = oauth
        self._limit = limit
        self._faults = faults
        self._users = users

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer one HTTP request."""
        body = _body(environ)
        try:
            reply = self._answer(environ, body)
        except ConnectionLostError:
            _hang_up(environ)
            raise
        except RefusalError as refusal:
            reply = error_reply(refusal)
        content = b"" if reply.body is None else json.dumps(reply.body, ensure_ascii=False).encode()
        headers = [
            ("Content-Type", "application/json;charset=UTF-8"),
            ("Content-Length", str(len(content))),
            *reply.headers.items(),
        ]
        start_response(f"{reply.status} {_REASONS.get(reply.status, 'Error')}", headers)
        return [content]

    def _answer(self, environ: dict[str, Any], body: bytes) -> Reply:
        path = str(
            environ.get("REQUEST_URI") or environ.get("RAW_URI") or environ.get("PATH_INFO", "")
        )
        if len(path.encode()) > MAX_URI:
            raise RefusalError("URI_TOO_LONG", "URI Too Long")
        path = path.partition("?")[0]
        if path.rstrip("/") == "/services/oauth2/token":
            if self._faults.take("salesforce", "token_revoked"):
                return no_login()
            return self._oauth.token(
                _form(environ, body), str(environ.get("HTTP_AUTHORIZATION", ""))
            )
        if path.rstrip("/") == "/services/data":
            return Reply(
                200,
                [
                    {"version": v, "label": label, "url": f"/services/data/v{v}"}
                    for v, label in VERSIONS.items()
                ],
            )
        place = split_base(path)
        if place is not None and self._is_retired(place[0]):
            # HTTP 410 is documented [D], code and text are [M].
            raise RefusalError(
                "UNSUPPORTED_API_VERSION", f"API version {place[0]} is no longer supported."
            )
        if place is None or place[0] not in VERSIONS:
            raise no_such_resource()
        return self._api_call(environ, place, body)

    def _is_retired(self, version: str) -> bool:
        today = datetime.fromtimestamp(self._org.now_ms() / 1000, UTC).date()
        number = float(version)
        return any(number <= last and today >= day for last, day in RETIRED)

    def _api_call(self, environ: dict[str, Any], place: tuple[str, str], body: bytes) -> Reply:
        token = str(environ.get("HTTP_AUTHORIZATION", "")).partition(" ")[2]
        user_id = self._users.get(token)
        if user_id is None:
            raise _no_session()
        product = token == self._oauth.access_token
        headers = {
            name[5:].replace("_", "-").lower(): str(value)
            for name, value in environ.items()
            if name.startswith("HTTP_")
        }
        query = dict(parse_qsl(str(environ.get("QUERY_STRING", "")), keep_blank_values=True))
        call = Call(
            str(environ["REQUEST_METHOD"]),
            place[1],
            query,
            headers,
            body,
            place[0],
            user_id,
            product,
        )
        if not product:
            with self.lock:
                self._org.catch_up()
                return self._limited(call, self._api.match)
        return self._product_call(call)

    def _product_call(self, call: Call) -> Reply:
        with self.lock:
            self._org.catch_up()
            match = self._api.match(call)
            reads = self._api.only_reads(call, match)
            self.stats.count(match.route.name(match.names), reads=reads)
            accident = self._raise_fault()
            if accident is not None:
                return accident
            if not reads and self._faults.take("salesforce", "timeout_before_write"):
                raise ConnectionLostError
            reply = self._limited(call, lambda _call: match)
        if not reads and reply.status in _APPLIED:
            self.on_product_write()
            if self._faults.take("salesforce", "timeout_after_write"):
                raise ConnectionLostError
        return reply

    def _limited(self, call: Call, find: Callable[[Call], Match]) -> Reply:
        """Answer within the org's allowance; every answer shows how much of it is used."""
        if self._org.edition in NO_API:
            raise RefusalError(
                "API_DISABLED_FOR_ORG", "The REST API is not enabled for this Organization."
            )
        self._limit.count()
        try:
            reply = self._api.answer(call, find(call))
        except RefusalError as refusal:
            reply = error_reply(refusal)
        return Reply(
            reply.status, reply.body, {"Sforce-Limit-Info": self._limit.header(), **reply.headers}
        )

    def _raise_fault(self) -> Reply | None:
        """Raise a fault of the whole call, for the product's token only."""
        if self._faults.take("salesforce", "daily_limit"):
            return error_reply(limit_exceeded())
        if self._faults.take("salesforce", "token_revoked") or self._faults.take(
            "salesforce", "unauthorized"
        ):
            return error_reply(_no_session())
        if self._faults.take("salesforce", "server_error"):
            return error_reply(
                RefusalError(
                    "SERVER_UNAVAILABLE", "The server is temporarily unavailable. Try again later."
                )
            )
        fault = self._faults.take("salesforce", "rate_limit")
        if fault is None:
            return None
        message = "ConcurrentRequests (Concurrent API Requests) Limit exceeded."
        wait = fault.details.get("retry_after")
        reply = error_reply(RefusalError("REQUEST_LIMIT_EXCEEDED", message))
        return Reply(reply.status, reply.body, {} if wait is None else {"Retry-After": str(wait)})


def _no_session() -> RefusalError:
    return RefusalError("INVALID_SESSION_ID", "Session expired or invalid")


def _body(environ: dict[str, Any]) -> bytes:
    length = int(environ.get("CONTENT_LENGTH") or 0)
    stream = environ["wsgi.input"]
    if length:
        return bytes(stream.read(length))
    return (
        bytes(stream.read())
        if environ.get("HTTP_TRANSFER_ENCODING", "").lower() == "chunked"
        else b""
    )


def _form(environ: dict[str, Any], body: bytes) -> dict[str, str]:
    return dict(parse_qsl(body.decode("utf-8", "replace"))) | dict(
        parse_qsl(str(environ.get("QUERY_STRING", "")))
    )


def _hang_up(environ: dict[str, Any]) -> None:
    """Close the connection of werkzeug's server at once, so that the caller sees no answer."""
    connection = environ.get("werkzeug.socket")
    if isinstance(connection, socket.socket):
        connection.shutdown(socket.SHUT_RDWR)
