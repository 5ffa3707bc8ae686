"""The control URL: JSON POSTs that move time, return figures, act as a person and set faults
(docs/local.md#control-it).

Law: translates HTTP into calls of the stack and decides nothing. Every answer is a JSON object with
``now_ms``; a request that cannot be carried out is answered 400 (or 403, 404, 405) with a sentence
under ``error``.
"""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from werkzeug.wrappers import Request, Response

from simulators.clock import Clock


class ControlledStack(Protocol):
    """What the control URL drives; each method answers the path of its name."""

    clock: Clock

    def settle(self) -> Mapping[str, Any]:
        """Run everything that is due, until nothing is."""

    def advance(self, seconds: float, *, settle: bool = True) -> Mapping[str, Any]:
        """Move the clock forward."""

    def stats(self) -> Mapping[str, Any]:
        """Count calls and capacity units."""

    def person(self, action: Mapping[str, Any]) -> Mapping[str, Any]:
        """Act as a person who works in a CRM."""

    def faults(self, entries: Iterable[Mapping[str, Any]]) -> Mapping[str, Any]:
        """Replace the faults in force."""


class _RefusedError(Exception):
    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class Control:
    """The WSGI application of the control URL."""

    def __init__(self, stack: ControlledStack) -> None:
        """Drive `stack`."""
        self._stack = stack
        self._paths: Mapping[str, Callable[[Any], Mapping[str, Any]]] = {
            "/settle": self._settle,
            "/advance": self._advance,
            "/stats": self._stats,
            "/person": self._person,
            "/faults": self._faults,
        }

    def wsgi(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Answer one request."""
        try:
            status, content = 200, dict(self._answer(Request(environ)))
        except _RefusedError as error:
            status, content = error.status, {"error": str(error)}
        except Exception as error:  # noqa: BLE001 - the client reads what broke, and so does stderr
            traceback.print_exc(file=sys.stderr)
            status, content = 500, {"error": f"{type(error).__name__}: {error}"}
        content |= {"now_ms": self._stack.clock.now_ms()}
        return Response(json.dumps(content), status, content_type="application/json")(
            environ, start_response
        )

    def _answer(self, request: Request) -> Mapping[str, Any]:
        if "Origin" in request.headers:
            # A browser sends it: a web site that a person has open must not drive the stack.
            raise _RefusedError(403, "The control URL takes nothing from a web page.")
        if request.path not in self._paths:
            raise _RefusedError(
                404, f"There is no {request.path}; there are {', '.join(self._paths)}."
            )
        if request.method != "POST":
            raise _RefusedError(405, f"{request.path} takes a POST with a JSON body.")
        try:
            given = json.loads(request.get_data() or b"{}")
        except ValueError as error:
            raise _RefusedError(400, f"The body is not JSON: {error}.") from error
        if request.path == "/faults":
            if not isinstance(given, list):
                raise _RefusedError(400, "/faults takes a JSON array.")
        elif not isinstance(given, dict):
            raise _RefusedError(400, f"{request.path} takes a JSON object.")
        return self._paths[request.path](given)

    def _settle(self, _given: Any) -> Mapping[str, Any]:
        return self._stack.settle()

    def _advance(self, given: Any) -> Mapping[str, Any]:
        seconds, settle = given.get("seconds"), given.get("settle", True)
        if (
            isinstance(seconds, bool)
            or not isinstance(seconds, int | float)
            or not 0 <= seconds < float("inf")
        ):
            raise _RefusedError(400, '/advance needs "seconds", a number that is not negative.')
        if not isinstance(settle, bool):
            raise _RefusedError(400, '"settle" is true or false.')
        return self._stack.advance(seconds, settle=settle)

    def _stats(self, _given: Any) -> Mapping[str, Any]:
        return self._stack.stats()

    def _person(self, given: Any) -> Mapping[str, Any]:
        try:
            return self._stack.person(given)
        except Exception as error:
            raise _RefusedError(400, f"{type(error).__name__}: {error}") from error

    def _faults(self, given: Any) -> Mapping[str, Any]:
        try:
            return self._stack.faults(given)
        except (AttributeError, TypeError, ValueError) as error:
            raise _RefusedError(400, str(error)) from error
