"""A Lambda's Function URL: an HTTP request becomes an event, and the handler's answer becomes the
response.

Law: the shapes of "Invoking Lambda function URLs" [D] (payload format 2.0), whatever they contain.
The same function answers on every path, without authentication (``AuthType: NONE``).
"""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from werkzeug.wrappers import Request, Response

from local.stack.lambdas.lambdas import Ending, Outcome
from simulators.clock import Clock

TEXT = (
    "text/",
    "application/json",
    "application/javascript",
    "application/xml",
    "application/x-www-form-urlencoded",
)
"""Content types whose body is passed on as text; any other body is passed on in base64."""

MOST_BYTES = 6_291_556
"""The longest answer of a function, as JSON (docs/vendors.md#lambda-answers)."""


class FunctionUrl:
    """The WSGI application of one Function URL."""

    def __init__(self, invoke: Callable[[Any], Outcome], clock: Clock) -> None:
        """Answer each request with the outcome of `invoke`."""
        self._invoke = invoke
        self._clock = clock

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Answer one request."""
        outcome = self._invoke(http_event(Request(environ), self._clock.now_ms()))
        return response_of(outcome)(environ, start_response)


def http_event(request: Request, now_ms: int) -> dict[str, Any]:
    """Return the event of one request received at `now_ms`."""
    headers: dict[str, str] = {}
    for name, value in request.headers:
        key = name.lower()
        headers[key] = f"{headers[key]},{value}" if key in headers else value
    cookies = headers.pop("cookie", "")
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": request.path,
        "rawQueryString": request.query_string.decode("latin-1"),
        "headers": headers,
        "requestContext": _context(request, now_ms),
        **_body(request),
    }
    if cookies:
        event["cookies"] = cookies.split("; ")
    if request.args:
        event["queryStringParameters"] = {
            name: ",".join(values) for name, values in request.args.lists()
        }
    return event


def response_of(outcome: Outcome) -> Response:
    """Return the response to the caller: the handler's answer, 429 when the call was throttled, 502
    when it failed or answered with more than Lambda takes.
    """
    if outcome.ending is Ending.THROTTLED:
        return Response(
            json.dumps({"Message": "Rate Exceeded."}), 429, content_type="application/json"
        )
    if not outcome.ok:
        return Response("Internal Server Error", 502, content_type="text/plain")
    answer = outcome.answer
    if not isinstance(answer, Mapping) or "statusCode" not in answer:
        return Response(
            answer if isinstance(answer, str) else json.dumps(answer),
            200,
            content_type="application/json",
        )
    if len(json.dumps(answer, ensure_ascii=False).encode()) > MOST_BYTES:
        return Response("Internal Server Error", 502, content_type="text/plain")
    body = answer.get("body") or ""
    content = base64.b64decode(body) if answer.get("isBase64Encoded") else body
    headers = [(name, str(value)) for name, value in (answer.get("headers") or {}).items()]
    headers += [("Set-Cookie", cookie) for cookie in answer.get("cookies") or []]
    response = Response(content, int(answer["statusCode"]), headers)
    if not any(name.lower() == "content-type" for name, _ in headers):
        response.headers["Content-Type"] = "application/json"
    return response


def _context(request: Request, now_ms: int) -> dict[str, Any]:
    host = request.host
    return {
        "accountId": "anonymous",
        "apiId": host.partition(".")[0],
        "domainName": host,
        "domainPrefix": host.partition(".")[0],
        "http": {
            "method": request.method,
            "path": request.path,
            "protocol": "HTTP/1.1",
            "sourceIp": request.remote_addr,
            "userAgent": request.headers.get("User-Agent", ""),
        },
        "requestId": str(uuid.uuid4()),
        "routeKey": "$default",
        "stage": "$default",
        "time": datetime.fromtimestamp(now_ms / 1000, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "timeEpoch": now_ms,
    }


def _body(request: Request) -> dict[str, Any]:
    content = request.get_data()
    if not content:
        return {"isBase64Encoded": False}
    if (request.content_type or TEXT[0]).startswith(TEXT):
        try:
            return {"body": content.decode(), "isBase64Encoded": False}
        except UnicodeDecodeError:
            pass
    return {"body": base64.b64encode(content).decode(), "isBase64Encoded": True}
