"""An HTTP server that gives the responses of a test in order, and keeps the requests."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config
from werkzeug.wrappers import Request, Response

from tests.simulated import served


@dataclass(frozen=True, slots=True)
class Answer:
    """One response; a body that is not text is sent as JSON."""

    body: Any = field(default_factory=dict)
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, with its JSON body."""

    method: str
    path: str
    body: Any
    headers: Mapping[str, str]


class Script:
    """Responses in order; the last one is repeated."""

    def __init__(self, answers: Sequence[Answer]) -> None:
        """Give these `answers`."""
        self.asked: list[Asked] = []
        self.url = ""
        self._answers = list(answers)

    def __call__(self, environ: Mapping[str, Any], start: Any) -> Any:
        """Answer a request (WSGI)."""
        request = Request(dict(environ))
        raw = request.get_data()
        body = json.loads(raw) if raw[:1] in {b"{", b"["} else raw.decode()
        self.asked.append(
            Asked(request.method, request.full_path.rstrip("?"), body, dict(request.headers))
        )
        answer = self.answer(self.asked[-1])
        text = answer.body if isinstance(answer.body, str) else json.dumps(answer.body)
        content = Response(
            text, answer.status, dict(answer.headers), content_type="application/json"
        )
        return content(dict(environ), start)

    def answer(self, _asked: Asked) -> Answer:
        """The next answer."""
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


@contextmanager
def script(*answers: Answer) -> Iterator[Script]:
    """A running server with these responses."""
    app = Script(answers)
    with served(app) as url:
        app.url = url
        yield app


def aws_client(url: str, service: str) -> Any:
    """A client for a scripted AWS, which never retries by itself."""
    return boto3.client(service, endpoint_url=url, config=Config(retries={"total_max_attempts": 1}))
