"""An HTTP server that gives the responses of a test in order, and keeps the requests."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config
from werkzeug import wrappers

from tests.simulated import served


@dataclass(frozen=True, slots=True)
class Response:
    """One response; a body that is not text is sent as JSON."""

    body: Any = field(default_factory=dict)
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Request:
    """One request, with its JSON body."""

    method: str
    path: str
    body: Any
    headers: Mapping[str, str]


class Script:
    """Responses in order; the last one is repeated."""

    def __init__(self, responses: Sequence[Response]) -> None:
        """Serve these `responses`."""
        self.requests: list[Request] = []
        self.url = ""
        self._responses = list(responses)

    def __call__(self, environ: Mapping[str, Any], start: Any) -> Any:
        """Respond to a request (WSGI)."""
        received = wrappers.Request(dict(environ))
        raw = received.get_data()
        body = json.loads(raw) if raw[:1] in {b"{", b"["} else raw.decode()
        path = received.full_path.rstrip("?")
        self.requests.append(Request(received.method, path, body, dict(received.headers)))
        response = self.respond(self.requests[-1])
        text = response.body if isinstance(response.body, str) else json.dumps(response.body)
        sent = wrappers.Response(
            text, response.status, dict(response.headers), content_type="application/json"
        )
        return sent(dict(environ), start)

    def respond(self, _request: Request) -> Response:
        """Return the next response."""
        return self._responses.pop(0) if len(self._responses) > 1 else self._responses[0]


@contextmanager
def script(*responses: Response) -> Iterator[Script]:
    """A running server with these responses."""
    app = Script(responses)
    with served(app) as url:
        app.url = url
        yield app


def aws_client(url: str, service: str) -> Any:
    """A client for a scripted AWS, which never retries by itself."""
    return boto3.client(service, endpoint_url=url, config=Config(retries={"total_max_attempts": 1}))
