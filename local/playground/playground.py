"""The playground's pages and what their buttons do.

Law: translates requests into calls of the stack, of the CRMs and of the operator's command, and
decides nothing about a sync.
"""

from __future__ import annotations

import json
import re
import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode, urlsplit

import requests
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from local.live_log import Line, LiveLog
from local.playground.browsers import HEADERS, refusal
from local.playground.crms import CrmError, Crms, Row
from local.playground.explanations import Explanation, explain
from local.playground.objects import HUBSPOT, KINDS, PLACES, SALESFORCE, Kind, Object
from local.playground.rendering import file, rendered
from local.stack import OperatorError, Stack
from local.stack.serving import Server

KEPT_LINES = 500
SHOWN_LINES = 25
DOWN_SECONDS = 600
FAULTS: Mapping[str, tuple[str, list[dict[str, Any]]]] = {
    "lose-webhooks": (
        "Lose HubSpot's webhooks",
        [{"at": "webhook", "kind": "drop", "times": 1000}],
    ),
    "hubspot-down": (
        "Take HubSpot down for 10 minutes",
        [{"at": "hubspot", "kind": "server_error", "seconds": DOWN_SECONDS}],
    ),
    "salesforce-down": (
        "Take Salesforce down for 10 minutes",
        [{"at": "salesforce", "kind": "server_error", "seconds": DOWN_SECONDS}],
    ),
    "no-faults": ("Clear all faults", []),
}
"""What the buttons for faults say, and what they put in force (docs/local.md#faults)."""
STEPS: Mapping[str, tuple[str, int]] = {
    "settle": ("Settle", 0),
    "minute": ("Advance 1 minute", 60),
    "quarter": ("Advance 15 minutes", 900),
}
"""What the buttons for time say, and how many seconds each lets pass."""
TOLD: Mapping[str, str] = {
    "saved": "Saved. What is due has run.",
    "unchanged": "Nothing was changed, so nothing was saved.",
    **{name: f"Done: {label}." for name, (label, _) in STEPS.items()},
    **{name: f"Done: {label}." for name, (label, _) in FAULTS.items()},
}
"""What a page says after a button was used."""
_ID = re.compile(r"[0-9A-Za-z]{1,40}")
_WAS = "was:"


class _NoPageError(Exception):
    """There is no such page; the message says what is missing."""


class Playground:
    """The playground of a running stack, on a port of its own.

    Attributes:
        url: Its address.
    """

    def __init__(self, stack: Stack, port: int = 0) -> None:
        """Serve on `port`, on a free one if that is taken or 0."""
        self._stack = stack
        self._ready = stack.ready()
        self._portals = [int(one["portal_id"]) for one in self._ready["portals"]]
        self._log = LiveLog(stack)
        self._lines: deque[Line] = deque(maxlen=KEPT_LINES)
        self._happened = 0
        self._lock = threading.Lock()
        self._paths: Mapping[tuple[str, str], Callable[[Request], Response]] = {
            **{("GET", f"/{name}"): self._kind_page for name in KINDS},
            ("GET", "/"): self._kind_page,
            ("GET", "/record"): self._record_page,
            ("POST", "/record"): self._save,
            ("POST", "/do"): self._do,
            ("GET", "/console"): self._console,
            ("GET", "/news"): self._news,
            ("GET", "/playground.css"): lambda _: Response(
                file("playground.css"), 200, mimetype="text/css"
            ),
            ("GET", "/playground.js"): lambda _: Response(
                file("playground.js"), 200, mimetype="text/javascript"
            ),
        }
        try:
            self._server = Server(self.wsgi, port)
        except OSError:
            self._server = Server(self.wsgi)
        self.url = self._server.url

    def close(self) -> None:
        """Stop serving."""
        self._server.close()

    def wsgi(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Answer one request."""
        request = Request(environ)
        response = self._answer(request)
        for name, value in HEADERS.items():
            response.headers[name] = value
        return response(environ, start_response)

    def _answer(self, request: Request) -> Response:
        if why := refusal(request, urlsplit(self.url).port or 0):
            return Response(why, 403, mimetype="text/plain")
        method = "GET" if request.method == "HEAD" else request.method
        page = self._paths.get((method, request.path))
        try:
            if page is None:
                known = any(path == request.path for _, path in self._paths)
                return self._notice(request, "There is no such page.", 405 if known else 404)
            return page(request)
        except _NoPageError as error:
            return self._notice(request, str(error), 404)
        except (CrmError, OperatorError, requests.RequestException) as error:
            return self._notice(request, str(error), 502)
        except Exception as error:  # noqa: BLE001 - a person reads what broke, and so does stderr
            traceback.print_exc(file=sys.stderr)
            return self._notice(request, f"{type(error).__name__}: {error}", 500)

    # Pages.

    def _kind_page(self, request: Request) -> Response:
        kind = KINDS[request.path.strip("/") or next(iter(KINDS))]
        crms = self._crms(request)
        sides = [
            (
                title,
                [(one, crms.rows(one)) for one in kind.of(side)],
            )
            for side, title in ((HUBSPOT, "HubSpot"), (SALESFORCE, "Salesforce"))
        ]
        lines = [*self._happenings()][:SHOWN_LINES]
        return self._page(request, "kind", kind.label, kind, sides=sides, lines=lines)

    def _record_page(
        self,
        request: Request,
        *,
        status: int = 200,
        error: str = "",
        given: Mapping[str, str] | None = None,
    ) -> Response:
        kind, object_, record_id = _asked(request)
        crms = self._crms(request)
        row = crms.row(object_, record_id) if record_id else Row(object_, "", {})
        if row is None:
            raise _NoPageError(f"{object_.side} has no {object_.name} {record_id}.")
        found = self._explained(request, object_, record_id) if record_id else []
        rows = self._pair(crms, row, found)
        names = {f"{one.object.side}:{one.object.name}:{one.id}" for one in rows.values() if one}
        lines = [line for line in self._happenings() if line.records & names][:SHOWN_LINES]
        title = row.title if record_id else f"New {object_.name} in {_NAMES[object_.side]}"
        return self._page(
            request,
            "record",
            title,
            kind,
            status=status,
            error=error,
            given=given or {},
            object=object_,
            rows=[(side, _NAMES[side], rows[side]) for side in _NAMES],
            choices={one.object.name: crms.choices(one.object) for one in rows.values() if one},
            explained=found,
            lines=lines,
        )

    def _pair(self, crms: Crms, row: Row, found: Sequence[Explanation]) -> dict[str, Row | None]:
        """The record and the one that it is linked with, by side."""
        rows: dict[str, Row | None] = {HUBSPOT: None, SALESFORCE: None}
        for side, name, record_id in (place for one in found for place in one.pair):
            if rows[side] is None and (place := _place(side, name)):
                rows[side] = crms.row(place[1], record_id)
        rows[row.object.side] = row
        return rows

    def _explained(self, request: Request, object_: Object, record_id: str) -> list[Explanation]:
        """What the connection of the HubSpot account that is shown knows of a record."""
        connection = self._stack.connections.get(self._portal(request), "")
        return explain(self._stack.command, object_.side, object_.name, record_id, connection)

    def _page(
        self,
        request: Request,
        template: str,
        title: str,
        kind: Kind | None,
        *,
        status: int = 200,
        **values: object,
    ) -> Response:
        portal = self._portal(request)
        values = {
            "error": "",
            **values,
            "title": title,
            "kind": kind,
            "kinds": KINDS.values(),
            "told": TOLD.get(request.args.get("told", ""), ""),
            "faults": FAULTS,
            "steps": STEPS,
            "in_force": self._stack.faults_in_force(),
            "here": request.full_path if request.method == "GET" else self._to(request, "/"),
            "news": self._count(),
            "portal": portal,
            "portals": self._portals,
            "link": lambda record: self._link(request, record),
            "to": lambda path, **query: self._to(request, path, **query),
        }
        return Response(rendered(template, values), status, mimetype="text/html")

    def _notice(self, request: Request, text: str, status: int) -> Response:
        return self._page(request, "notice", "Not possible", None, status=status, error=text)

    # Buttons.

    def _save(self, request: Request) -> Response:
        _, object_, record_id = _asked(request)
        given = {field.name: request.form.get(field.name, "").strip() for field in object_.fields}
        changed = {
            name: value
            for name, value in given.items()
            if value != request.form.get(_WAS + name, "")
        }
        told = "unchanged"
        if changed:
            try:
                record_id = self._crms(request).write(object_, record_id, changed)
            except CrmError as error:
                return self._record_page(request, status=400, error=str(error), given=given)
            self._stack.settle()
            told = "saved"
        if not record_id:
            return self._record_page(request, status=400, error="Fill in a field first.")
        return redirect(
            self._to(
                request,
                "/record",
                side=object_.side,
                object=object_.name,
                id=record_id,
                told=told,
            ),
            303,
        )

    def _do(self, request: Request) -> Response:
        action = request.form.get("do", "")
        if action in FAULTS:
            self._stack.faults(FAULTS[action][1])
        elif action in STEPS:
            self._stack.advance(STEPS[action][1])
        else:
            raise _NoPageError("There is no such button.")
        kind = request.form.get("kind", "")
        return redirect(self._to(request, f"/{kind if kind in KINDS else ''}", told=action), 303)

    def _console(self, _request: Request) -> Response:
        """Lead to the console with a link made for this request."""
        told = self._stack.command(("console",))
        if told["status"] or not told["document"]:
            raise CrmError(str(told["text"] or told["document"]))
        return redirect(str(told["document"]["url"]), 303)

    def _news(self, _request: Request) -> Response:
        """A number that grows with what happens, so that a page knows when to look again."""
        return Response(json.dumps({"news": self._count()}), 200, mimetype="application/json")

    # What they need.

    def _happenings(self) -> list[Line]:
        """All that has happened, newest first."""
        with self._lock:
            fresh = self._log.fresh()
            self._happened += len(fresh)
            self._lines.extend(fresh)
            return [*reversed(self._lines)]

    def _count(self) -> int:
        self._happenings()
        return self._happened

    def _portal(self, request: Request) -> int:
        asked = request.values.get("portal", "")
        return next((one for one in self._portals if str(one) == asked), self._portals[0])

    def _crms(self, request: Request) -> Crms:
        return Crms(self._ready, self._portal(request))

    def _link(self, request: Request, record: str) -> str:
        """The page of a record such as ``hubspot:contact:81000001``; "" if it has none."""
        side, _, rest = record.partition(":")
        name, _, record_id = rest.partition(":")
        if (side, name) not in PLACES:
            return ""
        return self._to(request, "/record", side=side, object=name, id=record_id)

    def _to(self, request: Request, path: str, **query: str) -> str:
        """An address of a page, in the same HubSpot account."""
        portal = self._portal(request)
        if portal != self._portals[0] and "portal" not in query:
            query["portal"] = str(portal)
        return path + (f"?{urlencode(query)}" if query else "")


_NAMES: Mapping[str, str] = {HUBSPOT: "HubSpot", SALESFORCE: "Salesforce"}


def _place(side: str, name: str) -> tuple[Kind, Object] | None:
    return PLACES.get((side, name))


def _asked(request: Request) -> tuple[Kind, Object, str]:
    """The record that a request is about; the id is "" for a new one."""
    side, name = request.values.get("side", ""), request.values.get("object", "")
    record_id = request.values.get("id", "")
    place = _place(side, name)
    if place is None or (record_id and not _ID.fullmatch(record_id)):
        raise _NoPageError(f"There is no {side} {name} {record_id} to show.")
    return *place, record_id
