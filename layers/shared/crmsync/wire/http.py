"""Requests and responses of a Function URL (payload format 2.0).

https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-payloads
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request.

    Attributes:
        method: The HTTP method.
        url: The full URL as the caller used it.
        headers: Values by lowercase name.
        body: The exact bytes of the body.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes


def read_request(event: Mapping[str, Any], public_url: str = "") -> Request:
    """Read a Function URL event. `public_url` is the URL that callers use, if it is not the event's
    own host and path.

    The host is ``requestContext.domainName``, which AWS sets, never a header that the caller may
    choose.
    """
    http = event["requestContext"]["http"]
    query = event.get("rawQueryString") or ""
    url = (
        public_url
        or f"https://{event['requestContext']['domainName']}{event.get('rawPath') or '/'}"
    )
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    return Request(http["method"], f"{url}?{query}" if query else url, headers, _body(event))


def answer(status: int, text: str = "") -> dict[str, Any]:
    """The response to a Function URL event."""
    return {
        "statusCode": status,
        "headers": {"content-type": "text/plain; charset=utf-8"},
        "body": text,
    }


def _body(event: Mapping[str, Any]) -> bytes:
    body = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return str(body).encode()
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        return b""
