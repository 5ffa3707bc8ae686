"""Requests of a person's browser to a Function URL, and the answers (payload format 2.0).

https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-payloads
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from crmsync.wire.http import read_request

MOST_FIELDS = 1_000
"""Fields of a form or a query that are read; with more, none is."""


MOST_BYTES = 6_000_000
"""The longest body, as JSON, that Lambda passes on (docs/vendors.md#lambda-answers); the rest of
its 6 MB is left to the headers.
"""


@dataclass(frozen=True, slots=True)
class PageRequest:
    """One request of a browser.

    Attributes:
        method: The HTTP method.
        path: The path, such as ``/errors``.
        query: The first value of each query parameter.
        form: The values of each field of the form that was sent.
        cookies: The cookies by name.
        headers: The headers by lowercase name.
        origin: The console's own origin, such as ``https://console.example.com``.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    cookies: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    origin: str = ""

    @property
    def is_encrypted(self) -> bool:
        """Whether the browser speaks HTTPS with the console."""
        return self.origin.startswith("https://")

    @property
    def unpacks(self) -> bool:
        """Whether the browser unpacks gzip."""
        told = self.headers.get("accept-encoding", "").lower().replace(" ", "").split(",")
        return any(
            name == "gzip" and weight not in {"q=0", "q=0.0"}
            for name, _, weight in (one.partition(";") for one in told)
        )

    def field(self, name: str) -> str:
        """The first value of a form's field; "" if it was not sent."""
        return next(iter(self.form.get(name, ())), "")


@dataclass(frozen=True, slots=True)
class PageAnswer:
    """One answer to a browser.

    Attributes:
        status: The HTTP status.
        body: The text.
        headers: The headers, ``content-type`` included.
        cookies: Whole ``Set-Cookie`` values.
        is_base64: The body is bytes in base64.
    """

    status: int
    body: str
    headers: Mapping[str, str]
    cookies: tuple[str, ...] = ()
    is_base64: bool = False

    @property
    def fits(self) -> bool:
        """Whether Lambda passes the body on."""
        return len(json.dumps(self.body, ensure_ascii=False).encode()) <= MOST_BYTES

    def packed(self) -> PageAnswer:
        """The same for a browser that unpacks gzip.

        Not for a body with a secret in it beside words of the request: its length would tell of
        both.
        """
        body = base64.b64encode(gzip.compress(self.body.encode(), mtime=0)).decode()
        headers = {**self.headers, "content-encoding": "gzip"}
        return replace(self, body=body, headers=headers, is_base64=True)

    def event(self) -> dict[str, Any]:
        """The answer as Lambda takes it."""
        return {
            "statusCode": self.status,
            "headers": dict(self.headers),
            "cookies": list(self.cookies),
            "body": self.body,
            "isBase64Encoded": self.is_base64,
        }


def read_page_request(event: Mapping[str, Any], public_url: str = "") -> PageRequest:
    """Read a Function URL event.

    `public_url` is where people find the console, if that is not the event's own host. The host is
    never taken from a header that the caller may choose.
    """
    request = read_request(event)
    return PageRequest(
        method=request.method,
        path=str(event.get("rawPath") or "/"),
        query=dict(reversed(_pairs(str(event.get("rawQueryString") or "")))),
        form=_form(request.headers, request.body),
        cookies=dict(_cookie(one) for one in event.get("cookies") or ()),
        headers=request.headers,
        origin=_origin(public_url or request.url),
    )


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _form(headers: Mapping[str, str], body: bytes) -> dict[str, tuple[str, ...]]:
    if not headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return {}
    found: dict[str, tuple[str, ...]] = {}
    for name, value in _pairs(body.decode(errors="replace")):
        found[name] = (*found.get(name, ()), value)
    return found


def _pairs(text: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        return []


def _cookie(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name.strip(), value.strip()
