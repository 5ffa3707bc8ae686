"""AWS on the laptop: moto behind one loopback address, in an account of its own and in simulated
time.

Law: what AWS does, as far as moto can do it. Every `Aws` has its own account number, so that
several can live in one process. moto's clock is replaced by the clock of the `Aws` whose request is
being answered.
"""

from __future__ import annotations

import io
import itertools
import json
import sys
from collections import Counter
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
import moto.kms.models
import moto.secretsmanager.models
import moto.sqs.models
from botocore.config import Config
from moto.core.base_backend import BackendDict
from moto.core.request import Request
from moto.core.utils import camelcase_to_underscores, method_names_from_class
from moto.dynamodb.responses import DynamoHandler
from moto.events.models import EventPattern
from moto.events.responses import EventsHandler
from moto.events.utils import EventTemplateParser
from moto.kms.responses import KmsResponse
from moto.kms.utils import KeySpec, generate_private_key
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.secretsmanager.responses import SecretsManagerResponse
from moto.sqs.responses import SQSResponse

from local.stack.dynamodb import ordering, statements, transactions
from local.stack.dynamodb.tables import READS, Callers, Reply, Tables
from local.stack.metrics import SERVICE, Metrics
from local.stack.own_calls import answer_here
from local.stack.rights import Rights, calls_of
from local.stack.serving import Server
from local.stack.template.template import REGION
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
    """Replaces the module ``time`` where moto stamps secrets."""

    @staticmethod
    def time() -> float:
        return _utcnow().replace(tzinfo=UTC).timestamp()


def _utcnow() -> datetime:
    clock = _CLOCK.get()
    now = datetime.now(UTC) if clock is None else datetime.fromtimestamp(clock.now_ms() / 1000, UTC)
    return now.replace(tzinfo=None)


def _now_ms() -> float:
    """Return the present in milliseconds, for moto's queues.

    They ask once per message and call, so this takes no detour through dates.
    """
    clock = _CLOCK.get()
    return datetime.now(UTC).timestamp() * 1000 if clock is None else float(clock.now_ms())


def _visible(queue: Any) -> list[Any]:
    """Return the messages that a queue can hand out now.

    Like the two functions below it replaces moto's own property, which reads the clock for each
    message.
    """
    now = _now_ms()
    return [one for one in queue._messages if one.visible_at < now >= one.delayed_until]  # noqa: SLF001


def _count_hidden(queue: Any) -> int:
    now = _now_ms()
    return sum(one.visible_at >= now for one in queue._messages)  # noqa: SLF001


def _count_delayed(queue: Any) -> int:
    now = _now_ms()
    return sum(one.delayed_until > now for one in queue._messages)  # noqa: SLF001


_FASTER_PROPERTIES = {
    "messages": _visible,
    "approximate_number_of_messages_not_visible": _count_hidden,
    "approximate_number_of_messages_delayed": _count_delayed,
}
"""Properties of moto's queues that are read for each message sent or received."""


_EVENT = ("id", "time", "version", "detail-type", "source", "region", "resources", "detail")
"""The fields of an event that a target receives when no rule transforms it."""

_TRANSFORMED = EventTemplateParser.parse


def _event_as_sent(
    input_template: str, input_paths_map: dict[str, Any], event: Any
) -> dict[str, Any]:
    """Return what a target receives.

    moto builds a grammar for each of the eight parts of each event, even where nothing is
    transformed.
    """
    if input_template or input_paths_map:
        return _TRANSFORMED(input_template, input_paths_map, event)
    return {name: event[name] for name in _EVENT}


def _matches(pattern: Any, event: Any) -> bool:
    """Return whether a rule matches an event.

    moto writes the event as JSON and reads it again for each rule, though it has just been parsed.
    """
    wanted = pattern.get_pattern()
    return not wanted or pattern._does_event_match(pattern._flatten_dict(event), wanted)  # noqa: SLF001


@cache
def _unused_private_key() -> Any:
    return generate_private_key(KeySpec.SYMMETRIC_DEFAULT)


def _private_key(spec: str) -> Any:
    """Return the private key of a new key.

    moto searches large primes for symmetric keys as well, though such a key neither signs nor
    verifies; they share one.
    """
    symmetric = spec == KeySpec.SYMMETRIC_DEFAULT
    return _unused_private_key() if symmetric else generate_private_key(spec)


_OWN_CLIENT = Config(user_agent="laptop")

CHANGE_NOTHING = READS | {"GenerateMac", "GetSecretValue", "VerifyMac"}
"""Operations after which AWS holds what it held before."""
"""Without a name boto3 builds one twice per call, a tenth of the call's time."""

_DIRECT_ANSWERS: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {
        "dynamodb": DynamoHandler.dispatch,
        "events": EventsHandler.dispatch,
        "kms": KmsResponse.dispatch,
        "secretsmanager": SecretsManagerResponse.dispatch,
        "sqs": SQSResponse.dispatch,
    }
)
"""Services whose protocol names the operation in a header, with moto's functions that answer them.
moto's own way there leads through Flask, of which each service needs an application of its own.
"""


def _install() -> None:
    """Patch moto once for the process. Without an `Aws` of ours it behaves as before, only
    faster.
    """
    moto.core.utils.utcnow = _utcnow  # the clock of visibility, delays and retention
    setattr(moto.secretsmanager.models, "time", _Time)  # noqa: B010 - it is a module's import there
    setattr(moto.sqs.models, "unix_time_millis", _now_ms)  # noqa: B010 - it is a module's import there
    for name, read in _FASTER_PROPERTIES.items():
        setattr(moto.sqs.models.Queue, name, property(read))
    setattr(moto.sqs.models, "camelcase_to_underscores", cache(camelcase_to_underscores))  # noqa: B010 - called some fifty times per message
    setattr(moto.core.responses, "method_names_from_class", cache(method_names_from_class))  # noqa: B010 - takes a millisecond per call
    setattr(moto.kms.models, "generate_private_key", _private_key)  # noqa: B010 - it is a module's import there
    setattr(EventTemplateParser, "parse", staticmethod(_event_as_sent))  # noqa: B010 - it is a method there
    setattr(EventPattern, "matches_event", _matches)  # noqa: B010 - it is a method there
    ordering.install()
    transactions.install()
    statements.install()


class Aws:
    """One account with one endpoint.

    Attributes:
        account: The account number.
        calls: How often who called which operation of which service; operations of services whose
            protocol has no header for them are an empty text.
        changes: How many calls there were, by anybody, that may have changed something.
        events: How many events were put on buses.
        callers: Which access key belongs to which function.
        rights: What the template grants to whom; a caller it does not know may do everything.
        tables: DynamoDB as this account has it.
        metrics: CloudWatch's metrics; None in an account without functions.
        url: The endpoint's address.
    """

    def __init__(
        self, clock: Clock, faults: Faults, *, port: int = 0, turns: Turns | None = None
    ) -> None:
        """Answer on loopback at once, with an empty account; workers take their `turns`.

        Raises `OSError` when the port is taken.
        """
        _install()
        self.account = str(next(_ACCOUNTS))
        self.calls: Counter[tuple[str, str, str]] = Counter()
        self.changes = 0
        self.events = 0
        self.callers = Callers(quiet={OWN_KEY})
        self.rights = Rights({})
        self.tables = Tables(self.account, clock, faults, self.callers)
        self.metrics: Metrics | None = None
        self._clock = clock
        self._dispatcher = DomainDispatcherApplication(create_backend_app)
        self._applications: dict[str, Any] = {}
        self._clients: dict[str, Any] = {}
        self._application = (turns or Turns()).wsgi("aws", self._wsgi)
        self._server = Server(self._application, port)
        self.url = self._server.url

    def client(self, service: str) -> Any:
        """Return the stack's own boto3 client for a service."""
        if service not in self._clients:
            client = boto3.client(
                service,
                endpoint_url=self.url,
                region_name=REGION,
                aws_access_key_id=OWN_KEY,
                aws_secret_access_key="laptop",
                config=_OWN_CLIENT,
            )
            answer_here(client, self._application)
            self._clients[service] = client
        return self._clients[service]

    def backend(self, service: str) -> Any:
        """Return moto's own object for one service of this account and region."""
        return moto.backends.get_backend(cast("Any", service))[self.account][REGION]

    @property
    def queues(self) -> Any:
        """A client for SQS."""
        return self.client("sqs")

    def close(self) -> None:
        """Stop answering and delete the account."""
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
        operation = target.rpartition(".")[2]
        who = self.callers.functions.get(key, key)
        self.calls[who, service, operation] += 1
        self.changes += operation not in CHANGE_NOTHING
        if operation == "PutEvents":
            self.events += len(json.loads(body)["Entries"])
        refusal = self._refusal(who, service, operation, body) if self.rights.knows(who) else None
        if refusal:
            reply = refusal
        elif service == "dynamodb" and target.startswith("DynamoDB_2012"):
            reply = self.tables.answer(target.partition(".")[2], key, body, forward)
        elif service == SERVICE and self.metrics is not None:
            reply = self.metrics.answer(operation, body)
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
        if service in _DIRECT_ANSWERS and "HTTP_X_AMZ_TARGET" in environ:
            request = Request(inner)
            code, given, text = _DIRECT_ANSWERS[service](
                request, request.raw_url, dict(request.headers)
            )
            return Reply(int(code), dict(given), text.encode() if isinstance(text, str) else text)
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
    """Return the access key id and the service of a request signed with Signature Version 4.

    Two empty strings for any other request.
    """
    _, _, credential = authorization.partition("Credential=")
    scope = credential.partition(",")[0].split("/")
    return (
        (scope[0], scope[3])
        if len(scope) == len(("key", "date", "region", "service", "aws4_request"))
        else ("", "")
    )
