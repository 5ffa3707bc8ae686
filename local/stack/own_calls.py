"""The stack's own calls of AWS, answered in its process: no socket and no thread in between, which
take longer than most answers.

Law: botocore writes and signs each request and reads each answer as ever; only the way between is
shorter. Callers of other processes, and other clients of this one, come by HTTP.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextvars import copy_context
from typing import Any
from urllib.parse import urlsplit

from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from local.stack.serving import wsgi_environ


def answer_here(client: Any, application: Any) -> None:
    """Let `application` answer all requests of a boto3 client, each in a context of its own."""
    client.meta.events.register("before-send", _answers(application))


def _answers(application: Any) -> Callable[..., AWSResponse]:
    def answer(request: AWSPreparedRequest, **_: object) -> AWSResponse:
        begun: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]]) -> None:
            begun.append((status, headers))

        chunks = copy_context().run(application, _environ(request), start_response)
        status, headers = begun[0]
        return AWSResponse(
            request.url, int(status.split()[0]), dict(headers), _Body(b"".join(chunks))
        )

    return answer


def _environ(request: AWSPreparedRequest) -> dict[str, Any]:
    address = urlsplit(request.url)
    headers = [("Host", address.netloc), *((name, _text(v)) for name, v in request.headers.items())]
    target = f"{address.path}?{address.query}" if address.query else address.path
    body = request.body or b""
    return wsgi_environ(
        request.method,
        target,
        headers,
        body.encode() if isinstance(body, str) else body,
        address.port or 80,
    )


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


class _Body(io.BytesIO):
    """What botocore reads an answer from."""

    def stream(self) -> Iterator[bytes]:
        """Yield the whole content."""
        yield self.read()
