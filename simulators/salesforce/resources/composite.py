"""Composite and composite batch: several calls in one."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from simulators.salesforce.org.org import Org
from simulators.salesforce.refusals import RefusalError, bad_json
from simulators.salesforce.resources.call import INHERITED, Call, Reply

MAX_SUBREQUESTS: Final = 25
MAX_QUERIES: Final = 5
Dispatch = Callable[[Call], Reply]
_REFERENCE: Final = re.compile(r"@\{([A-Za-z]\w*)((?:\.\w+|\[\d+\])*)\}")
_STEP: Final = re.compile(r"\.(\w+)|\[(\d+)\]")
_COUNTED: Final = re.compile(r".*/(?:query|queryAll|composite/sobjects)(?:[/?].*)?$")
_GOOD: Final = range(200, 300)
_TAKEN: Final = re.compile(r"(?:/tooling)?/(?:sobjects|query|queryAll|composite/sobjects)(?:/.*)?")
"""The resources that a composite call supports: sObject resources of every kind, queries and
collections [D].
"""


class _HaltedError(Exception):
    """A subrequest failed, and all of them belong together."""


def composite(org: Org, call: Call, dispatch: Dispatch) -> Reply:
    """``POST /composite``: always 200; each part has its own status."""
    body = call.record()
    parts = _parts(body.get("compositeRequest"))
    _without_inherited_headers(parts)
    call = replace(call, rows_beside=sum(map(_rows_of, parts)))
    if sum(bool(_COUNTED.match(str(part.get("url", "")))) for part in parts) > MAX_QUERIES:
        raise RefusalError(
            "LIMIT_EXCEEDED",
            f"Cannot have more than {MAX_QUERIES} query or collection operations in a composite "
            "request",
        )
    _unique_references(parts)
    if not body.get("allOrNone"):
        return Reply(200, {"compositeResponse": _run(call, parts, dispatch, strict=False)})
    responses: list[dict[str, Any]] = []
    try:
        with org.all_together(call.actor()):
            responses += _run(call, parts, dispatch, strict=True)
            _insist(responses)
    except _HaltedError:
        responses = [
            response
            if response["httpStatusCode"] not in _GOOD
            else _halted(response["referenceId"])
            for response in responses
        ]
    return Reply(200, {"compositeResponse": responses})


def batch(call: Call, dispatch: Dispatch) -> Reply:
    """``POST /composite/batch``: up to 25 independent calls; ``haltOnError`` stops at the first
    that fails.
    """
    body = call.record()
    halt, failed, results = bool(body.get("haltOnError")), False, []
    for part in _parts(body.get("batchRequests")):
        if halt and failed:
            refusal = RefusalError(
                "BATCH_PROCESSING_HALTED", "Batch processing halted per request because of an error"
            )
            results.append({"statusCode": 412, "result": refusal.answer()})
            continue
        reply = _reply(
            lambda part=part: dispatch(  # type: ignore[misc]
                call.subcall(
                    str(part.get("method")), str(part.get("url")), {}, part.get("richInput")
                )
            )
        )
        failed = failed or reply.status not in _GOOD
        results.append({"statusCode": reply.status, "result": reply.body})
    return Reply(200, {"hasErrors": failed, "results": results})


def _run(
    call: Call, parts: list[dict[str, Any]], dispatch: Dispatch, *, strict: bool
) -> list[dict[str, Any]]:
    results: dict[str, Any] = {}
    responses = []
    stopped = False
    for part in parts:
        reference = str(part.get("referenceId"))
        if stopped:
            responses.append(_halted(reference))
            continue
        reply = _reply(lambda part=part: _one(call, part, results, dispatch))  # type: ignore[misc]
        if reply.status in _GOOD:
            results[reference] = reply.body
        stopped = strict and reply.status not in _GOOD
        responses.append(
            {
                "body": reply.body,
                "httpHeaders": dict(reply.headers),
                "httpStatusCode": reply.status,
                "referenceId": reference,
            }
        )
    return responses


def _without_inherited_headers(parts: list[dict[str, Any]]) -> None:
    given = {name.lower() for part in parts for name in part.get("httpHeaders") or {}}
    if found := sorted(given & INHERITED):
        raise RefusalError("INVALID_REQUEST", f"Invalid headers in a subrequest: {found}")  # [M]


def _rows_of(part: dict[str, Any]) -> int:
    """Return how many rows a collection has; 0 for any other part."""
    body = part.get("body")
    records = body.get("records") if isinstance(body, dict) else None
    return len(records) if isinstance(records, list) else 0


def _insist(responses: list[dict[str, Any]]) -> None:
    if any(response["httpStatusCode"] not in _GOOD for response in responses):
        raise _HaltedError


def _one(call: Call, part: dict[str, Any], results: dict[str, Any], dispatch: Dispatch) -> Reply:
    headers = part.get("httpHeaders") or {}
    url = str(_filled(part.get("url"), results))
    subcall = call.subcall(
        str(part.get("method")), url, headers, _filled(part.get("body"), results)
    )
    if not _TAKEN.fullmatch(subcall.path):
        raise RefusalError(
            "NOT_FOUND", "The requested resource does not exist"
        )  # [M] code and text
    return dispatch(subcall)


def _reply(run: Callable[[], Reply]) -> Reply:
    try:
        return run()
    except RefusalError as refusal:
        return Reply(refusal.status, refusal.answer())


def _filled(value: Any, results: dict[str, Any]) -> Any:
    """Return the value with every ``@{reference.path}`` replaced. Raises `RefusalError` if the
    reference has no such value.
    """
    if isinstance(value, dict):
        return {key: _filled(item, results) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, results) for item in value]
    if not isinstance(value, str):
        return value
    return _REFERENCE.sub(lambda found: str(_look_up(found, results)), value)


def _look_up(found: re.Match[str], results: dict[str, Any]) -> Any:
    place = results.get(found[1])
    for name, index in _STEP.findall(found[2]):
        try:
            place = place[name] if name else place[int(index)]  # type: ignore[index]
        except (KeyError, IndexError, TypeError):
            place = None
    if place is None:
        raise RefusalError(
            "PROCESSING_HALTED",
            f"Invalid reference specified. No value for {found[1]}{found[2]} found",
        )
    return place


def _halted(reference: str) -> dict[str, Any]:
    message = (
        "The transaction was rolled back since another operation in the same transaction failed."
    )
    body = RefusalError("PROCESSING_HALTED", message).answer()
    return {"body": body, "httpHeaders": {}, "httpStatusCode": 400, "referenceId": reference}


def _parts(parts: Any) -> list[dict[str, Any]]:
    if (
        not isinstance(parts, list)
        or not parts
        or not all(isinstance(part, dict) for part in parts)
    ):
        raise bad_json("The request needs an array of subrequests")
    if len(parts) > MAX_SUBREQUESTS:
        raise RefusalError(
            "LIMIT_EXCEEDED",
            f"The number of subrequests in the request exceeded the limit of {MAX_SUBREQUESTS}",
        )  # [M] code
    return parts


def _unique_references(parts: list[dict[str, Any]]) -> None:
    names = [part.get("referenceId") for part in parts]
    for name in names:
        if (
            not isinstance(name, str)
            or not re.fullmatch(r"[A-Za-z]\w*", name)
            or names.count(name) > 1
        ):
            raise RefusalError(
                "INVALID_REQUEST",
                f"referenceId must be unique, alphanumeric and start with a letter: {name}",
            )  # [M]
