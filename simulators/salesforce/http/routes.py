"""The table of resources, and the way from a call to its handler.

A new resource is a row of the table. The row also says whether it reads or writes, as the
statistics and the faults need to know.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from simulators.salesforce.org.limits import ApiLimit
from simulators.salesforce.org.org import Org
from simulators.salesforce.refusals import RefusalError, no_such_resource
from simulators.salesforce.resources import (
    collections,
    composite,
    custom_fields,
    describe,
    event_relay,
    rows,
)
from simulators.salesforce.resources.call import Call, Reply
from simulators.salesforce.resources.queries import Queries

Handler = Callable[..., Reply]


@dataclass(frozen=True, slots=True)
class Route:
    """One resource: method, path with ``{names}``, handler, and whether it only reads."""

    method: str
    template: str
    handler: Handler
    reads: bool
    pattern: re.Pattern[str]

    def name(self, found: Mapping[str, str]) -> str:
        """The name of a call in the statistics: with the object's name, without ids and values."""
        kept = {key: found[key] for key in ("object", "key") if key in found}
        path = self.template
        for key, value in kept.items():
            path = path.replace(f"{{{key}}}", value)
        return f"{self.method} {path}"


@dataclass(frozen=True, slots=True)
class Match:
    """The route of a call, and the values of the names in its path."""

    route: Route
    names: Mapping[str, str]


class Api:
    """All resources of one org below ``/services/data/vXX.X``."""

    def __init__(self, org: Org, limit: ApiLimit) -> None:
        """Build the table of resources."""
        self._org = org
        self._limit = limit
        self._queries = Queries()
        self._routes = [
            _route(method, template, handler, reads=reads)
            for method, template, handler, reads in self._table()
        ]

    def match(self, call: Call) -> Match:
        """Return the route of a call. Raises `RefusalError` (NOT_FOUND, METHOD_NOT_ALLOWED)."""
        path = call.path.rstrip("/")
        known = False
        for route in self._routes:
            found = route.pattern.fullmatch(path)
            if found is not None and route.method == call.method:
                return Match(route, found.groupdict())
            known = known or found is not None
        if known:
            raise RefusalError("METHOD_NOT_ALLOWED", f"HTTP Method '{call.method}' not allowed.")
        raise no_such_resource()

    def handle(self, call: Call) -> Reply:
        """Answer a call. Raises `RefusalError`."""
        return self.answer(call, self.match(call))

    def answer(self, call: Call, match: Match) -> Reply:
        """Answer a call with a known route. Raises `RefusalError`."""
        return match.route.handler(self._org, call, *match.names.values())

    def only_reads(self, call: Call, match: Match) -> bool:
        """Return whether the call changes nothing; a composite of reads is a read."""
        if not match.route.template.startswith("/composite") or match.route.reads:
            return match.route.reads
        if match.route.template not in {"/composite", "/composite/batch"}:
            return False
        try:
            body = call.record()
            parts = body.get("compositeRequest") or body.get("batchRequests") or []
            subcalls = [
                call.subcall(str(part["method"]), str(part["url"]), {}, None) for part in parts
            ]
            return all(self.match(subcall).route.reads for subcall in subcalls)
        except (RefusalError, KeyError, TypeError, AttributeError):
            return False

    def _composite(self, org: Org, call: Call) -> Reply:
        return composite.composite(org, call, self.handle)

    def _batch(self, _org: Org, call: Call) -> Reply:
        return composite.batch(call, self.handle)

    def _limits(self, _org: Org, _call: Call) -> Reply:
        return Reply(200, self._limit.resource())

    def _resources(self, _org: Org, call: Call) -> Reply:
        return Reply(
            200,
            {
                name: f"{call.base}/{name}"
                for name in (
                    "sobjects",
                    "query",
                    "queryAll",
                    "limits",
                    "composite",
                    "tooling",
                    "ui-api",
                )
            },
        )

    def _table(self) -> tuple[tuple[str, str, Handler, bool], ...]:
        reads, writes = True, False
        return (
            ("GET", "", self._resources, reads),
            ("GET", "/limits", self._limits, reads),
            ("GET", "/query", self._queries.query, reads),
            ("GET", "/queryAll", self._queries.query_all, reads),
            ("GET", "/query/{id}", self._queries.more, reads),
            ("GET", "/queryAll/{id}", self._queries.more, reads),
            ("GET", "/sobjects", describe.all_objects, reads),
            ("GET", "/sobjects/{object}", describe.basic, reads),
            ("POST", "/sobjects/{object}", rows.create, writes),
            ("GET", "/sobjects/{object}/describe", describe.describe, reads),
            ("GET", "/sobjects/{object}/updated", rows.updated, reads),
            ("GET", "/sobjects/{object}/deleted", rows.deleted, reads),
            ("GET", "/sobjects/{object}/{id}", rows.read, reads),
            ("PATCH", "/sobjects/{object}/{id}", rows.update, writes),
            ("DELETE", "/sobjects/{object}/{id}", rows.delete, writes),
            ("GET", "/sobjects/{object}/{key}/{id}", rows.read_by_key, reads),
            ("PATCH", "/sobjects/{object}/{key}/{id}", rows.upsert, writes),
            ("DELETE", "/sobjects/{object}/{key}/{id}", rows.delete_by_key, writes),
            ("POST", "/composite", self._composite, writes),
            ("POST", "/composite/batch", self._batch, writes),
            ("POST", "/composite/sobjects", collections.create, writes),
            ("PATCH", "/composite/sobjects", collections.update, writes),
            ("DELETE", "/composite/sobjects", collections.delete, writes),
            ("GET", "/composite/sobjects/{object}", collections.read_get, reads),
            ("POST", "/composite/sobjects/{object}", collections.read_post, reads),
            ("PATCH", "/composite/sobjects/{object}/{key}", collections.upsert, writes),
            (
                "GET",
                "/ui-api/object-info/{object}/picklist-values/{id}",
                describe.all_picklists,
                reads,
            ),
            (
                "GET",
                "/ui-api/object-info/{object}/picklist-values/{id}/{key}",
                describe.picklist_values,
                reads,
            ),
            ("GET", "/tooling/query", self._queries.tooling, reads),
            ("POST", "/tooling/composite", self._composite, writes),
            ("POST", "/tooling/sobjects/CustomField", custom_fields.create, writes),
            ("POST", "/tooling/sobjects/{object}", event_relay.create, writes),
            ("PATCH", "/tooling/sobjects/EventRelayConfig/{id}", event_relay.update_relay, writes),
            ("GET", "/tooling/sobjects/CustomField/{id}", custom_fields.read, reads),
            ("PATCH", "/tooling/sobjects/CustomField/{id}", custom_fields.update, writes),
            ("DELETE", "/tooling/sobjects/CustomField/{id}", custom_fields.delete, writes),
        )


_PLACEHOLDER: Final = re.compile(r"\{(\w+)\}")


def _route(method: str, template: str, handler: Handler, *, reads: bool) -> Route:
    pattern = re.compile(_PLACEHOLDER.sub(lambda found: f"(?P<{found[1]}>[^/]+)", template))
    return Route(method, template, handler, reads, pattern)


def error_reply(refusal: RefusalError) -> Reply:
    """Return the reply to a call that was refused."""
    return Reply(refusal.status, refusal.answer())
