"""The WSGI side: who calls, whether they may, what goes wrong, which endpoint answers, and what is
counted.

Law: the order is HubSpot's: authentication, limits, route, endpoint. Faults affect only calls with
the product's token. No endpoint logic here.
"""

from __future__ import annotations

import json
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError
from werkzeug.wrappers import Request, Response

from simulators.faults import Faults
from simulators.hubspot import scopes
from simulators.hubspot.api.call import Answer, Call
from simulators.hubspot.errors import ApiError, MissingPageError, invalid
from simulators.hubspot.http.calendar import has_ended
from simulators.hubspot.http.routes import Match, match
from simulators.hubspot.limits import too_many
from simulators.hubspot.portal import Portal
from simulators.hubspot.records.write_rules import are_enforced
from simulators.hubspot.stamps import derived_uuid

MISSING_PAGE = (
    "<!DOCTYPE html>\n<html><head><title>Not Found</title></head><body><h1>404</h1></body></html>\n"
)
OUTAGE = 502


class ConnectionLostError(ConnectionAbortedError):
    """The connection must be closed without an answer."""


@dataclass(slots=True)
class Calls:
    """Counts of the calls with the product's token since the start."""

    reads: int = 0
    writes: int = 0
    by_endpoint: Counter[str] = field(default_factory=Counter)

    def count(self, name: str, *, reads: bool) -> None:
        """Count one call of an endpoint."""
        self.reads += reads
        self.writes += not reads
        self.by_endpoint[name] += 1

    def shown(self) -> dict[str, Any]:
        """Return the figures as the control URL's ``/stats`` shows them."""
        return {
            "calls": self.reads + self.writes,
            "reads": self.reads,
            "writes": self.writes,
            "by_endpoint": dict(self.by_endpoint),
        }


class Server:
    """Answers requests for all portals; the bearer token identifies the portal."""

    def __init__(
        self,
        portals: Sequence[Portal],
        faults: Faults,
        lock: threading.RLock,
        product_wrote: Callable[[], None],
        seed: int,
    ) -> None:
        """Serve the portals; `product_wrote` is called outside the lock after each applied write of
        the product, before its answer.
        """
        self.calls = Calls()
        self._faults, self._lock, self._product_wrote, self._seed = (
            faults,
            lock,
            product_wrote,
            seed,
        )
        self._portals = tuple(portals)
        self._answers = 0

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer one request; a lost connection is closed at once, and the error is raised to the
        server.
        """
        try:
            response = self._respond(Request(environ))
        except ConnectionLostError:
            if (connection := environ.get("werkzeug.socket")) is not None:
                connection.shutdown(socket.SHUT_RDWR)
            raise
        return response(environ, start_response)

    def _respond(self, request: Request) -> Response:
        found = match(request.method, request.path)
        headers: dict[str, str] = {}
        try:
            portal, is_product = self._authenticated(request)
            if is_product:
                self._admit(portal, found, request, headers)
            elif found is not None and not found.route.is_search:
                headers.update(portal.people_limits.headers())
            answer = self._answer(portal, found, request, is_product=is_product)
        except ApiError as error:
            return self._json(
                Answer(error.status, error.envelope(self._correlation_id())),
                headers | error.headers,
            )
        except MissingPageError:
            return Response(MISSING_PAGE, 404, headers, content_type="text/html; charset=utf-8")
        return self._json(answer, headers)

    def _authenticated(self, request: Request) -> tuple[Portal, bool]:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        for portal in self._portals if scheme.lower() == "bearer" else ():
            if token.strip() in {portal.access_token, portal.user_token}:
                return portal, token.strip() == portal.access_token
        raise _unknown_token()

    def _admit(
        self, portal: Portal, found: Match | None, request: Request, headers: dict[str, str]
    ) -> None:
        """Count a call of the product, apply its limits, and the faults that come before the
        endpoint.
        """
        is_search = found is not None and found.route.is_search
        with self._lock:
            if found is not None:
                self.calls.count(found.endpoint_name, reads=found.route.reads)
            self._accident(found, request)
            try:
                portal.limits.count(is_search=is_search)
            finally:
                headers.update({} if is_search else portal.limits.headers())

    def _accident(self, found: Match | None, request: Request) -> None:
        name = found.endpoint_name if found else ""
        if self._faults.take("hubspot", "token_revoked"):
            raise _unknown_token()
        if self._strikes("unauthorized", name):
            raise ApiError(
                401, "EXPIRED_AUTHENTICATION", "The OAuth token used to make this call expired."
            )
        if fault := self._faults.take("hubspot", "rate_limit", endpoint=name):
            retry_after = fault.details.get("retry_after")
            policy = str(fault.details.get("policy", "TEN_SECONDLY_ROLLING"))
            raise too_many(policy, None if retry_after is None else int(retry_after))
        if fault := self._faults.take("hubspot", "server_error", endpoint=name):
            status = int(fault.details.get("status", OUTAGE))
            raise ApiError(status, "INTERNAL_ERROR", "There was an internal error")
        if (
            found is not None
            and not found.route.reads
            and self._strikes("timeout_before_write", name)
        ):
            raise ConnectionLostError(request.path)

    def _strikes(self, kind: str, name: str) -> bool:
        return self._faults.take("hubspot", kind, endpoint=name) is not None

    def _answer(
        self, portal: Portal, found: Match | None, request: Request, *, is_product: bool
    ) -> Answer:
        if found is None or (
            is_product and portal.keeps_calendar and has_ended(request.path, portal.clock.now_ms())
        ):
            raise MissingPageError
        lost: frozenset[str] = frozenset()
        if is_product:
            lost = frozenset(
                one
                for one in portal.scopes
                if self._faults.take("hubspot", "scope_lost", scope=one)
            )
            scopes.check(portal.scopes - lost, request.path, reads=found.route.reads)
        body = _body(request, found)
        actor = portal.product if is_product else portal.person
        enforced = are_enforced(request.path)
        call = Call(portal, actor, found.ids, request.args, body, request.base_url, enforced, lost)
        with self._lock:
            portal.preferences.catch_up()
            answer = found.route.endpoint(call)
        if (
            is_product
            and scopes.is_about_emails(found.ids.get("type", ""))
            and scopes.EMAIL_CONTENT not in portal.scopes - lost
        ):
            answer = Answer(answer.status, scopes.without_content(answer.body))
        if is_product and not found.route.reads:
            self._product_wrote()
            if self._strikes("timeout_after_write", found.endpoint_name):
                raise ConnectionLostError(request.path)
        return answer

    def _json(self, answer: Answer, headers: Mapping[str, str]) -> Response:
        sent = {"X-HubSpot-Correlation-Id": self._correlation_id(), **headers}
        if answer.body is None:
            return Response(b"", answer.status, sent)
        text = json.dumps(answer.body, separators=(",", ":"))
        return Response(text, answer.status, sent, content_type="application/json;charset=utf-8")

    def _correlation_id(self) -> str:
        self._answers += 1
        return derived_uuid(self._seed, "correlation", self._answers)


def _unknown_token() -> ApiError:
    """Return the refusal of a token that HubSpot does not know, or no longer knows [M: that a
    revoked token gets the same words].
    """
    text = (
        "Authentication credentials not found. This API supports OAuth 2.0 authentication and "
        "you can find more "
        "details at https://developers.hubspot.com/docs/methods/auth/oauth-overview"
    )
    return ApiError(401, "INVALID_AUTHENTICATION", text)


def _body(request: Request, found: Match) -> Any:
    data = request.get_data()
    if not data:
        return None
    try:
        body = json.loads(data)
        if found.route.shape is not None:
            found.route.shape.model_validate(body)
    except ValidationError as error:
        place = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise invalid(f"Invalid input JSON at {place}: {error.errors()[0]['msg']}") from error
    except ValueError as error:
        raise invalid(f"Invalid input JSON: {error}") from error
    return body
