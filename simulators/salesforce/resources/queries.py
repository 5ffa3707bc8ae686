"""The query resources: ``query``, ``queryAll`` and their cursors."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from simulators.salesforce.org.org import Org
from simulators.salesforce.refusals import RefusalError
from simulators.salesforce.resources.call import Call, Reply, segment
from simulators.salesforce.soql.engine import Answer, Engine
from simulators.salesforce.times import DAY

DEFAULT_PAGE: Final = 2000
SMALLEST_PAGE: Final = 200
MAX_SOQL: Final = 100_000
_MAX_CURSORS: Final = 10
_CURSOR_LIFE_MS: Final = 2 * DAY
_WHOLE: Final = re.compile(r"\b(?:Metadata|FullName)\b", re.IGNORECASE)
_BATCH: Final = re.compile(r"batchSize\s*=\s*(\d+)")


@dataclass(frozen=True, slots=True)
class _Cursor:
    """A query with rows that are not fetched yet."""

    user_id: str
    opened_ms: int
    size: int
    answer: Answer


class Queries:
    """Runs queries and keeps their cursors: ten for each user, for two days [M]."""

    def __init__(self) -> None:
        """Begin without cursors."""
        self._cursors: dict[str, _Cursor] = {}

    def query(self, org: Org, call: Call) -> Reply:
        """``GET /query?q=``."""
        return self._start(org, call, "query", include_deleted=False)

    def query_all(self, org: Org, call: Call) -> Reply:
        """``GET /queryAll?q=``: includes the recycle bin and archived activities."""
        return self._start(org, call, "queryAll", include_deleted=True)

    def tooling(self, org: Org, call: Call) -> Reply:
        """``GET /tooling/query?q=``."""
        return self._start(org, call, "tooling/query", include_deleted=False)

    def more(self, org: Org, call: Call, locator: str) -> Reply:
        """``GET /query/{locator}``: the next page."""
        name, _, start = segment(locator).rpartition("-")
        cursor = self._cursors.get(name)
        fresh = cursor is not None and org.now_ms() - cursor.opened_ms < _CURSOR_LIFE_MS
        if cursor is None or not fresh or not start.isdigit() or cursor.user_id != call.user_id:
            raise RefusalError("INVALID_QUERY_LOCATOR", "invalid query locator")
        resource = "queryAll" if call.path.startswith("/queryAll") else "query"
        return Reply(200, self._page(call, resource, name, cursor, int(start)))

    def _start(self, org: Org, call: Call, resource: str, *, include_deleted: bool) -> Reply:
        text = call.query.get("q")
        if not text:
            raise RefusalError("MALFORMED_QUERY", "A query must be specified in the q parameter")
        if len(text) > MAX_SOQL:
            raise RefusalError(
                "QUERY_TOO_COMPLICATED", "SOQL statements cannot be longer than 100000 characters."
            )
        tooling = resource.startswith("tooling")
        engine = Engine(
            org.store,
            org.view(call.user_id, tooling=tooling),
            org.now_ms(),
            f"{call.base}/{'tooling/' if tooling else ''}sobjects",
        )
        answer = engine.run(text, include_deleted=include_deleted)
        if answer.sobject.name == "ValidationRule" and not org.may_set_up(call.user_id):
            raise RefusalError(
                "INVALID_TYPE", "sObject type 'ValidationRule' is not supported."
            )  # [M]
        if tooling and len(answer.rows) > 1 and _WHOLE.search(text.partition("FROM")[0]):
            message = (
                "When retrieving results with Metadata or FullName fields, the query "
                "qualifications must specify no more than one row"
            )
            raise RefusalError("MALFORMED_QUERY", message)  # [M] text; the fact is [D]
        cursor = _Cursor(call.user_id, org.now_ms(), _page_size(call), answer)
        name = org.ids.make("01g")
        page = self._page(call, resource, name, cursor, 0)
        if not page["done"]:
            self._keep(name, cursor)
        if tooling:
            page |= {
                "size": len(page["records"]),
                "entityTypeName": answer.sobject.name,
                "queryLocator": None,
            }
        return Reply(200, page)

    def _page(
        self, call: Call, resource: str, name: str, cursor: _Cursor, start: int
    ) -> dict[str, Any]:
        answer = cursor.answer
        end = start + cursor.size
        done = end >= len(answer.rows)
        page: dict[str, Any] = {"totalSize": answer.total, "done": done}
        if not done:
            page["nextRecordsUrl"] = f"{call.base}/{resource}/{name}-{end}"
        return page | {"records": [answer.show(row) for row in answer.rows[start:end]]}

    def _keep(self, name: str, cursor: _Cursor) -> None:
        own = [known for known, kept in self._cursors.items() if kept.user_id == cursor.user_id]
        for old in own[: max(0, len(own) - _MAX_CURSORS + 1)]:
            del self._cursors[old]
        self._cursors[name] = cursor


def _page_size(call: Call) -> int:
    """Return the page size that ``Sforce-Query-Options: batchSize=`` requests, within the bounds
    [D].
    """
    found = _BATCH.search(call.headers.get("sforce-query-options", ""))
    return DEFAULT_PAGE if found is None else min(max(int(found[1]), SMALLEST_PAGE), DEFAULT_PAGE)
