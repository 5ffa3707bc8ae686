"""The Function URL's event and answer (payload format 2.0), and the request that they stand for.

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
    """One HTTP request: its method, the full URL as the caller has it, lower-cased header names,
    and the body's very bytes.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes


def read_request(event: Mapping[str, Any], public_url: str = "") -> Request:
    """Read a Function URL event. `public_url` is the address that callers use; without it the
    event's own host and path are.

    The host is the one that AWS saw (``requestContext.domainName``), never a header that the caller
    may choose.
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
    """The answer to a Function URL event."""
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
