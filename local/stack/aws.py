"""AWS on the laptop: moto behind one loopback address, in an account of its own, living in the
simulated time.

Law: what is AWS's and what moto can do. Every `Aws` has its own account number, so that several may
live in one process; moto's only clock is replaced by one that asks the `Aws` whose request is being
answered.
"""

from __future__ import annotations

import io
import itertools
import json
import sys
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from email.utils import formatdate
from functools import cache
from types import MappingProxyType
from typing import Any, cast

import boto3
import moto.backends
import moto.core.responses
import moto.core.utils
import moto.secretsmanager.models
import moto.sqs.models
from moto.core.base_backend import BackendDict
from moto.core.request import Request
from moto.core.utils import camelcase_to_underscores, method_names_from_class
from moto.events.models import EventPattern
from moto.events.responses import EventsHandler
from moto.events.utils import EventTemplateParser
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.sqs.responses import SQSResponse

from local.stack import transactions
from local.stack.rights import Rights, calls_of
from local.stack.serving import Server
from local.stack.tables import Callers, Reply, Tables
from local.stack.template import REGION
from local.stack.turns import Turns
from simulators.clock import Clock
from simulators.faults import Faults

OWN_KEY = "LAPTOPSTACK"
"""The access key id of the stack's own calls."""

_ACCOUNTS = itertools.count(100_000_000_001)
_CLOCK: ContextVar[Clock | None] = ContextVar(
    "clock of the request that is being answered", default=None
)


class _Time:
    """Stands for the module ``time`` where moto stamps secrets."""

    @staticmethod
    def time() -> float:
        return _utcnow().replace(tzinfo=UTC).timestamp()


def _utcnow() -> datetime:
    clock = _CLOCK.get()
    now = datetime.now(UTC) if clock is None else datetime.fromtimestamp(clock.now_ms() / 1000, UTC)
    return now.replace(tzinfo=None)


def _now_ms() -> float:
    """The present for moto's queues, which ask once per message and call: without a detour by
    dates.
    """
    clock = _CLOCK.get()
    return datetime.now(UTC).timestamp() * 1000 if clock is None else float(clock.now_ms())


def _visible(queue: Any) -> list[Any]:
    """What a queue has to hand out now. As the two below it stands in for moto's own, which asks
    for the time at each of its messages.
    """
    now = _now_ms()
    return [one for one in queue._messages if one.visible_at < now >= one.delayed_until]  # noqa: SLF001


def _count_hidden(queue: Any) -> int:
    now = _now_ms()
    return sum(one.visible_at >= now for one in queue._messages)  # noqa: SLF001


def _count_delayed(queue: Any) -> int:
    now = _now_ms()
    return sum(one.delayed_until > now for one in queue._messages)  # noqa: SLF001


_QUICKER = {
    "messages": _visible,
    "approximate_number_of_messages_not_visible": _count_hidden,
    "approximate_number_of_messages_delayed": _count_delayed,
}
"""Properties of moto's queues that each message sent or received asks for."""


_EVENT = ("id", "time", "version", "detail-type", "source", "region", "resources", "detail")
"""What a target is sent of an event that no rule transforms."""

_TRANSFORMED = EventTemplateParser.parse


def _event_as_sent(
    input_template: str, input_paths_map: dict[str, Any], event: Any
) -> dict[str, Any]:
    """What moto sends to a target; it makes a grammar for each of the eight parts of each event,
    even where nothing is transformed.
    """
    if input_template or input_paths_map:
        return _TRANSFORMED(input_template, input_paths_map, event)
    return {name: event[name] for name in _EVENT}


def _matches(pattern: Any, event: Any) -> bool:
    """Whether a rule wants an event; moto writes and reads the event as JSON for each rule, though
    it has just been read from JSON.
    """
    wanted = pattern.get_pattern()
    return not wanted or pattern._does_event_match(pattern._flatten_dict(event), wanted)  # noqa: SLF001


_DIRECT: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {"events": EventsHandler.dispatch, "sqs": SQSResponse.dispatch}
)
"""What answers the calls that come by the thousand. moto's own way there leads through Flask, which
takes as long again.
"""


def _install() -> None:
    """Change moto once for the process; without an `Aws` of ours it behaves as before, save for
    speed.
    """
    moto.core.utils.utcnow = _utcnow  # what visibility, delays and retention are reckoned with
    setattr(moto.secretsmanager.models, "time", _Time)  # noqa: B010 - it is a module's import there
    setattr(moto.sqs.models, "unix_time_millis", _now_ms)  # noqa: B010 - it is a module's import there
    for name, read in _QUICKER.items():
        setattr(moto.sqs.models.Queue, name, property(read))
    setattr(moto.sqs.models, "camelcase_to_underscores", cache(camelcase_to_underscores))  # noqa: B010 - some fifty a message
    setattr(moto.core.responses, "method_names_from_class", cache(method_names_from_class))  # noqa: B010 - a ms a call
    setattr(EventTemplateParser, "parse", staticmethod(_event_as_sent))  # noqa: B010 - it is a method there
    setattr(EventPattern, "matches_event", _matches)  # noqa: B010 - it is a method there
    transactions.install()


class Aws:
    """One account with one endpoint."""

    def __init__(
        self, clock: Clock, faults: Faults, *, port: int = 0, turns: Turns | None = None
    ) -> None:
        """Answer on loopback at once, workers in their `turns`, with nothing in the account. Raises
        `OSError` when the port is taken.
        """
        _install()
        self.account = str(next(_ACCOUNTS))
        self.callers = Callers(quiet={OWN_KEY})
        self.rights = Rights({})
        """What the template of this account grants to whom; whoever it does not name may do
        everything.
        """
        self.tables = Tables(self.account, clock, faults, self.callers)
        self._clock = clock
        self._dispatcher = DomainDispatcherApplication(create_backend_app)
        self._applications: dict[str, Any] = {}
        self._clients: dict[str, Any] = {}
        self._server = Server((turns or Turns()).wsgi("aws", self._wsgi), port)
        self.url = self._server.url

    def client(self, service: str) -> Any:
        """The stack's own boto3 client for a service."""
        if service not in self._clients:
            self._clients[service] = boto3.client(
                service,
                endpoint_url=self.url,
                region_name=REGION,
                aws_access_key_id=OWN_KEY,
                aws_secret_access_key="laptop",
            )
        return self._clients[service]

    def backend(self, service: str) -> Any:
        """What moto itself keeps of one service of this account and region."""
        return moto.backends.get_backend(cast("Any", service))[self.account][REGION]

    @property
    def queues(self) -> Any:
        """A client for SQS."""
        return self.client("sqs")

    def close(self) -> None:
        """Stop answering and forget the account."""
        for client in self._clients.values():
            client.close()
        self._server.close()
        every: Any = BackendDict
        for backends in list(every._instances):  # noqa: SLF001 - moto offers to reset all accounts or none
            backends.pop(self.account, None)

    def _wsgi(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        _CLOCK.set(self._clock)
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        key, service = _signed_by(environ.get("HTTP_AUTHORIZATION", ""))

        def forward(given: bytes) -> Reply:
            return self._moto(environ, service, given)

        target = environ.get("HTTP_X_AMZ_TARGET", "")
        who = self.callers.functions.get(key, key)
        refusal = (
            self._refusal(who, service, target.rpartition(".")[2], body)
            if self.rights.knows(who)
            else None
        )
        if refusal:
            reply = refusal
        elif service == "dynamodb" and target.startswith("DynamoDB_2012"):
            reply = self.tables.answer(target.partition(".")[2], key, body, forward)
        else:
            reply = forward(body)
        ours = {
            "Date": formatdate(self._clock.now_ms() / 1000, usegmt=True),
            "Content-Length": str(len(reply.body)),
        }
        headers = [
            (name, value) for name, value in reply.headers.items() if name.title() not in ours
        ]
        start_response(f"{reply.status} Answer", [*headers, *ours.items()])
        return [reply.body]

    def _refusal(self, who: str, service: str, operation: str, body: bytes) -> Reply | None:
        refusal = self.rights.refusal(who, calls_of(service, operation, body, self.account))
        if refusal:
            print(json.loads(refusal.body)["message"], file=sys.stderr, flush=True)
        return refusal

    def _moto(self, environ: Mapping[str, Any], service: str, body: bytes) -> Reply:
        inner = {
            **environ,
            "wsgi.input": io.BytesIO(body),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_X_MOTO_ACCOUNT_ID": self.account,
        }
        if service in _DIRECT and "HTTP_X_AMZ_TARGET" in environ:
            request = Request(inner)
            code, given, said = _DIRECT[service](request, request.raw_url, dict(request.headers))
            return Reply(int(code), dict(given), said.encode() if isinstance(said, str) else said)
        application: Any = self._applications.get(service) or self._dispatcher.get_application(
            inner
        )
        if service:
            self._applications[service] = application
        inner["wsgi.input"] = io.BytesIO(body)
        caught: list[tuple[str, list[tuple[str, str]]]] = []
        answer = application(
            inner, lambda status, headers, _error=None: caught.append((status, headers))
        )
        content = b"".join(answer)
        if hasattr(answer, "close"):
            answer.close()
        status, headers = caught[0]
        return Reply(int(status.split()[0]), dict(headers), content)


def _signed_by(authorization: str) -> tuple[str, str]:
    """Access key id and service of a signed request (Signature Version 4); two empty strings for
    any other.
    """
    _, _, credential = authorization.partition("Credential=")
    scope = credential.partition(",")[0].split("/")
    return (
        (scope[0], scope[3])
        if len(scope) == len(("key", "date", "region", "service", "aws4_request"))
        else ("", "")
    )
