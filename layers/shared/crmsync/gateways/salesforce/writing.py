"""Rows of one Salesforce org, written in as few calls as it takes.

Law: this module decides which rows share a call, and how a refused call is split. Transport is
`session`, the rows are `rows`, the meaning of refusals is `errors`. Facts and limits:
docs/vendors.md#salesforce-rows.

A collection has 200 rows. Collections of tasks and events go five to a composite call, which counts
as one (decision 79). Other records have calls of their own: they are locked with their parents, and
meet assignment and duplicate rules.

Salesforce locks a record's parent with it: for a contact its account, whatever the field. If two
calls write contacts of one account at the same time, one of them fails with UNABLE_TO_LOCK_ROW
(fault 14). So rows with the same parent are next to each other and in one call, and all calls take
the parents in ascending order, which prevents deadlocks with others that do the same.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Protocol, TypeVar

from crmsync.errors import SyncError, TryAgain
from crmsync.gateways.salesforce.errors import (
    FIELD_CODES,
    LOCKED,
    ROW_WISE,
    TRIGGER,
    call_error,
)
from crmsync.gateways.salesforce.queries import ACTIVITIES
from crmsync.gateways.salesforce.rows import Write, is_refused_by_a_rule, outcome
from crmsync.gateways.salesforce.rule_texts import RuleTexts
from crmsync.gateways.salesforce.session import RefusedCall, SalesforceSession
from crmsync.ports.crm import Outcome

WRITE_BATCH = 200
COLLECTIONS_PER_CALL = 5
"""The most collections in a composite call [D]."""

LONGEST_TOGETHER = 10.0
"""Seconds that a call with several collections may take at the pace of the latest one: calls of
more than 20 count as concurrent, of which an org may have 25 [M].
"""

MOST_TEXT = 200 * 32_000
"""Characters in a call with several collections: as many as one collection of tasks has at most,
each with the longest description.
"""

REFERENCE = "@{"
"""The beginning of a reference to another part of a composite call, in whose place Salesforce puts
what that part has answered. Rows in which somebody has written it go in a call of their own.
"""

LOCKED_BATCH = 20
"""Rows that Salesforce could not lock are tried once more in calls of this size, so that few of
them wait for each other.
"""

OVERLOADED_BATCHES = (20, 4, 1)
"""Rows with which triggers exceeded a governor limit are tried again in calls of these sizes, as
the limit is that of one call.
"""

HOPELESS = 3
"""Calls of one size without a written row after which no further one is made."""


@dataclass(frozen=True, slots=True)
class CallKind:
    """A kind of collection call.

    Attributes:
        method: The HTTP method.
        path: The resource.
        assign: Whether assignment rules choose the owner.
    """

    method: str
    path: str
    assign: bool = False


INSERT = CallKind("POST", "composite/sobjects")
INSERT_ASSIGNED = CallKind("POST", "composite/sobjects", assign=True)
UPDATE = CallKind("PATCH", "composite/sobjects")


class RowWriter:
    """Writes rows to one org, and knows how fast the org takes them."""

    def __init__(
        self, session: SalesforceSession, rule_texts: RuleTexts, now: Callable[[], float]
    ) -> None:
        """Call through `session`; `now` gives seconds since the epoch."""
        self._session = session
        self._rule_texts = rule_texts
        self._now = now
        self._seconds_per_row: float | None = None
        """The pace of the latest call; None before the first one, and after one that failed."""
        self._is_overloaded = False
        """Whether triggers have exceeded a limit with several collections in a call."""

    def write(self, writes: Iterable[Write], kind: CallKind, outcomes: dict[int, Outcome]) -> None:
        """Write rows, and put into `outcomes` what became of each, by its place. Raises `SyncError`
        for a call that failed as a whole; then `outcomes` has what was written.

        Rows whose record was locked, and those with which triggers exceeded a governor limit, are
        tried again in smaller calls.
        """
        waiting = deque(in_calls(writes, WRITE_BATCH))
        while waiting:
            together = self._next(waiting)
            if len(together) == 1:
                left: Sequence[list[Write]] = together
                sizes: Sequence[int] = OVERLOADED_BATCHES
            else:
                left = self._write_together(together, kind, outcomes)
                sizes = (WRITE_BATCH, *OVERLOADED_BATCHES)
            for part in left:
                self._write_part(part, kind, outcomes)
            for part in together:
                self._try_again(part, kind, outcomes, sizes)

    def _next(self, waiting: deque[list[Write]]) -> list[list[Write]]:
        """Take from those that wait the collections of the next call: as many as the org takes
        within `LONGEST_TOGETHER`, and one while that is not known.
        """
        together = [waiting.popleft()]
        rows, text = len(together[0]), _text_of(together[0])
        while waiting and len(together) < COLLECTIONS_PER_CALL and text is not None:
            more = _text_of(waiting[0])
            rows += len(waiting[0])
            if more is None or text + more > MOST_TEXT or not self._takes(rows):
                break
            text += more
            together.append(waiting.popleft())
        return together

    def _takes(self, rows: int) -> bool:
        pace = self._seconds_per_row
        return pace is not None and not self._is_overloaded and rows * pace <= LONGEST_TOGETHER

    def _write_together(
        self, parts: Sequence[list[Write]], kind: CallKind, outcomes: dict[int, Outcome]
    ) -> Sequence[list[Write]]:
        """Write several collections in one call; returns those that were refused as a whole: all of
        them if the call itself was.
        """
        headers = self._session.write_headers(assign=kind.assign)
        requests = [
            {
                "method": kind.method,
                "url": f"{self._session.data_path}/{kind.path}",
                "referenceId": f"c{at}",
                "httpHeaders": headers,
                "body": _body(part),
            }
            for at, part in enumerate(parts)
        ]
        body = {"allOrNone": False, "compositeRequest": requests}
        rows = [write for part in parts for write in part]
        answer = self._call("POST", "composite", body, kind, rows)
        if isinstance(answer, RefusedCall):
            return parts
        answers = {one["referenceId"]: one for one in answer["compositeResponse"]}
        refused: list[list[Write]] = []
        failed: list[SyncError] = []
        for at, part in enumerate(parts):
            status, found = answers[f"c{at}"]["httpStatusCode"], answers[f"c{at}"]["body"]
            if status == 200:  # noqa: PLR2004 - OK
                self._note(part, found, outcomes)
            elif status in ROW_WISE:
                refused.append(part)
            else:
                failed.append(call_error(status, found))
        if failed:
            raise failed[0]
        if any(_is_later(outcomes.get(write.at), TRIGGER) for write in rows):
            self._is_overloaded = True
        return refused

    def _write_part(self, part: list[Write], kind: CallKind, outcomes: dict[int, Outcome]) -> None:
        """Write rows. A call refused because of one row is halved until the row is found."""
        answer = self._call(kind.method, kind.path, _body(part), kind, part)
        if not isinstance(answer, RefusedCall):
            self._note(part, answer, outcomes)
            return
        error = call_error(
            answer.status, answer.content, sent=part[0].fields if len(part) == 1 else {}
        )
        # All rows with a field that the org does not have fail: they need not be searched for.
        bad = [
            write for write in part if error.code in FIELD_CODES and error.fieldname in write.fields
        ]
        bad = part if len(part) == 1 else bad
        outcomes.update(dict.fromkeys((write.at for write in bad), error))
        rest = [write for write in part if write.at not in outcomes]
        half = len(rest) if bad else (len(rest) + 1) // 2
        for smaller in filter(None, (rest[:half], rest[half:])):
            self._write_part(smaller, kind, outcomes)

    def _call(
        self, method: str, path: str, body: Any, kind: CallKind, rows: Sequence[Write]
    ) -> Any:
        """The answer to a call that writes these rows; the time it took is the org's pace."""
        begin, self._seconds_per_row = self._now(), None
        answer = self._session.call(
            method,
            path,
            body=body,
            writes=True,
            assign=kind.assign,
            repeat=kind is UPDATE or all(write.object not in ACTIVITIES for write in rows),
            see=ROW_WISE,
        )
        self._seconds_per_row = max(0.0, self._now() - begin) / len(rows)
        return answer

    def _note(
        self, part: Sequence[Write], answers: Sequence[Any], outcomes: dict[int, Outcome]
    ) -> None:
        rules = self._rule_texts.known() if any(map(is_refused_by_a_rule, answers)) else ()
        outcomes.update(
            (write.at, outcome(write, answer, rules))
            for write, answer in zip(part, answers, strict=True)
        )

    def _try_again(
        self,
        part: list[Write],
        kind: CallKind,
        outcomes: dict[int, Outcome],
        sizes: Sequence[int],
    ) -> None:
        """Write the rows that were locked in smaller calls, and those with which triggers exceeded
        a limit in calls of these sizes.
        """
        locked = [write for write in part if _is_later(outcomes[write.at], LOCKED)]
        for smaller in in_calls(locked, LOCKED_BATCH):
            self._write_part(smaller, kind, outcomes)
        for size in sizes:
            refused = [write for write in part if _is_later(outcomes[write.at], TRIGGER)]
            for number, smaller in enumerate(in_calls(refused, size), start=1):
                self._write_part(smaller, kind, outcomes)
                left = sum(_is_later(outcomes[write.at], TRIGGER) for write in refused)
                if number == HOPELESS and left == len(refused):
                    break


def _body(part: Sequence[Write]) -> Mapping[str, Any]:
    return {"allOrNone": False, "records": [write.row for write in part]}


def _text_of(part: Sequence[Write]) -> int | None:
    """The characters of a collection; None for one that goes in a call of its own."""
    if any(write.object not in ACTIVITIES for write in part):
        return None
    texts = [value for write in part for value in write.row.values() if isinstance(value, str)]
    return None if any(REFERENCE in one for one in texts) else sum(map(len, texts))


def _is_later(outcome: Outcome | None, code: str) -> bool:
    return isinstance(outcome, TryAgain) and outcome.code == code


class Lockable(Protocol):
    """A row to write."""

    @property
    def object(self) -> str:
        """The object's name."""

    @property
    def key(self) -> str:
        """Its id or external id."""

    @property
    def group(self) -> str:
        """The id of the parent that is locked with it; "" if there is none or it is unknown."""


Row = TypeVar("Row", bound=Lockable)


def in_calls(rows: Iterable[Row], size: int) -> Iterator[list[Row]]:
    """The rows sorted by object, parent and key, in calls of at most `size` rows, none of which has
    the same record twice.

    Rows with the same parent share a call unless there are too many. Writes to one record stay in
    order. A call may have rows of several objects.
    """
    batch: list[Row] = []
    for family in _families(rows):
        if batch and len(batch) + len(family) > size:
            yield batch
            batch = []
        for row in family:
            if len(batch) == size or (batch and _name(batch[-1]) == _name(row)):
                yield batch
                batch = []
            batch.append(row)
    if batch:
        yield batch


def _name(row: Lockable) -> tuple[str, str]:
    return row.object, row.key


def _families(rows: Iterable[Row]) -> Iterator[Sequence[Row]]:
    """Groups of rows that are locked together; a row without a parent is a group by itself."""
    listed = list(rows)
    parents: dict[tuple[str, str], str] = {}
    for row in listed:
        parents[_name(row)] = parents.get(_name(row)) or row.group

    def place(row: Row) -> tuple[str, str, str]:
        return row.object, parents[_name(row)], row.key

    def family(row: Row) -> tuple[str, str, str]:
        name, parent, key = place(row)
        return name, parent, "" if parent else key

    return (list(run) for _, run in groupby(sorted(listed, key=place), key=family))
