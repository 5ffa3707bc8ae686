"""What an application gets of a request, and what a request that is no request is answered."""

from __future__ import annotations

import json
import socket
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import pytest

from local.stack.serving import LONGEST_LINE, MOST_HEADERS, Server

SHOWN = ("REQUEST_METHOD", "REQUEST_URI", "SERVER_PROTOCOL")


def shows(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """Answer with what came."""
    start_response("200 OK", [("Content-Type", "application/json")])
    headers = {name: value for name, value in environ.items() if name.startswith("HTTP_")}
    body = environ["wsgi.input"].read().decode()
    return [json.dumps([*(environ[name] for name in SHOWN), headers, body]).encode()]


def exchange(request: bytes) -> tuple[bytes, Any]:
    """Send bytes; return the first line of the answer, and its body (None if it is no JSON)."""
    with closing(Server(shows)) as server:
        address = urlsplit(server.url)
        with socket.create_connection((address.hostname, address.port), timeout=60) as connection:
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            with connection.makefile("rb") as answer:
                whole = answer.read()
    head, _, body = whole.rpartition(b"\r\n\r\n")
    return head.partition(b"\r\n")[0], json.loads(body) if body.startswith(b"[") else None


OK = b"HTTP/1.1 200 OK"
TOO_LARGE = b"HTTP/1.1 431 Line too long"
TOO_MANY = b"HTTP/1.1 431 Too many headers"


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        (
            b"POST /a?b%20 HTTP/1.1\r\nTwo:a\r\ntwo: b \r\nX: \xe9\r\ncontent-length: 2\r\n\r\nhi",
            [
                "POST",
                "/a?b%20",
                "HTTP/1.1",
                {"HTTP_TWO": "a,b ", "HTTP_X": "\xe9"},
                "hi",
            ],
        ),
        (b"GET / HTTP/1.1\r\n\r\n", ["GET", "/", "HTTP/1.1", {}, ""]),
        (b"GET / HTTP/1.1\n\n", ["GET", "/", "HTTP/1.1", {}, ""]),
        (b"GET //two HTTP/1.1\r\nA: b\r\n\r\n", ["GET", "/two", "HTTP/1.1", {"HTTP_A": "b"}, ""]),
        (b"GET / HTTP/1.0\r\nA: b\r\n\r\n", ["GET", "/", "HTTP/1.0", {"HTTP_A": "b"}, ""]),
    ],
)  # fmt: skip
def test_an_application_gets_the_request(request_: bytes, answer: object) -> None:
    """Method, address, headers with their values in order, and body are as they were sent."""
    assert exchange(request_) == (OK, answer)


def test_a_client_that_waits_before_it_sends_is_told_to_go_on() -> None:
    """A body that was announced with Expect follows after 100 Continue."""
    request = b"PUT / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi"
    line, answer = exchange(request)
    assert (line, answer[-1]) == (b"HTTP/1.1 100 Continue", "hi")


@pytest.mark.parametrize(
    ("request_", "line"),
    [
        (b"GET / HTTP/1.1\r\n" + b"x" * (LONGEST_LINE + 1), TOO_LARGE),
        (b"GET / HTTP/1.1\r\n" + b"Many: x\r\n" * (MOST_HEADERS + 1) + b"\r\n", TOO_MANY),
        (b"GET / HTTP/1.1\r\n" + b"Many: x\r\n" * (MOST_HEADERS - 1) + b"\r\n", OK),
        (b"GET / a HTTP/1.1\r\n\r\n", b"HTTP/1.1 400 Bad request syntax ('GET / a HTTP/1.1')"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", b"HTTP/1.1 411 Length Required"),
    ],
)  # fmt: skip
def test_a_request_that_cannot_be_answered_is_refused(request_: bytes, line: bytes) -> None:
    """The answer says why; a request with just as much as is accepted gets an answer."""
    assert exchange(request_)[0] == line
