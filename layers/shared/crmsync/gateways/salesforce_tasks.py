"""Tasks of one Salesforce org: made by an upsert on our own field of Activity, updated by id, 200 a call (platforms 2.2 and 2.4).

Whether an org lets that field be unique is not known [M]. An upsert finds what an earlier one has made all the same; only two at a time
could both make one. So no call is repeated here whose outcome is unknown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crmsync.errors import Gone, Refused, SyncError, TryAgain
from crmsync.gateways.salesforce_errors import FIELD_CODES, LOCKED, ROW_WISE, call_error, row_error
from crmsync.gateways.salesforce_session import Refusal, SalesforceSession
from crmsync.gateways.throttle import chunks, rounds
from crmsync.model.effects import WriteTask
from crmsync.model.names import TASK_KEY
from crmsync.model.records import Ref, Side
from crmsync.ports import Outcome, Written

OBJECT = "Task"
WRITE_BATCH = 200
LOCKED_BATCH = 20
"""Rows that Salesforce could not lock are tried once more in calls of this size, so that few of them wait for each other."""

_MAKE = ("PATCH", f"composite/sobjects/{OBJECT}/{TASK_KEY}")
_CHANGE = ("PATCH", "composite/sobjects")
_SET_UP = "Run crmsync setup: the field by which tasks are found is missing, or the integration user may not edit it."


@dataclass(frozen=True, slots=True)
class _Write:
    at: int
    effect: WriteTask

    @property
    def row(self) -> Mapping[str, Any]:
        """The row of the call."""
        name = {"id": self.effect.task} if self.effect.task else {TASK_KEY: self.effect.key}
        return {"attributes": {"type": OBJECT}, **name, **self.effect.fields}


class SalesforceTasks:
    """Implements `Tasks` for one Salesforce org."""

    def __init__(self, session: SalesforceSession) -> None:
        """Write over the org's connection."""
        self._session = session

    def write(self, effects: Sequence[WriteTask]) -> Sequence[Outcome]:
        """Make and update tasks, in order. Raises `SyncError` when not even the first call is known to have worked."""
        writes = [_Write(at, effect) for at, effect in enumerate(effects)]
        ways = (
            (_MAKE, [one for one in writes if not one.effect.task], lambda one: one.effect.key),
            (_CHANGE, [one for one in writes if one.effect.task], lambda one: one.effect.task),
        )
        outcomes: dict[int, Outcome] = {}
        try:
            for way, some, name in ways:
                for part in rounds(some, name, WRITE_BATCH):
                    self._write(part, way, outcomes)
        except SyncError as error:
            if not outcomes:
                raise
            return [outcomes.get(at, error) for at in range(len(writes))]
        return [outcomes[at] for at in range(len(writes))]

    def _write(self, part: list[_Write], way: tuple[str, str], outcomes: dict[int, Outcome]) -> None:
        self._write_part(part, way, outcomes)
        locked = [one for one in part if _is_locked(outcomes[one.at])]
        for smaller in chunks(locked, LOCKED_BATCH):
            self._write_part(smaller, way, outcomes)

    def _write_part(self, part: list[_Write], way: tuple[str, str], outcomes: dict[int, Outcome]) -> None:
        """Write the rows. A call refused for the sake of one row is cut in half until the row is found."""
        body = {"allOrNone": False, "records": [one.row for one in part]}
        answer = self._session.call(*way, body=body, writes=True, repeat=False, see=ROW_WISE)
        if not isinstance(answer, Refusal):
            outcomes.update((one.at, _outcome(one.effect, row)) for one, row in zip(part, answer, strict=True))
            return
        error = call_error(answer.status, answer.content, sent=part[0].effect.fields if len(part) == 1 else {})
        if isinstance(error, Gone) or error.fieldname == TASK_KEY:
            raise Refused(error.text, code=error.code, fieldname=TASK_KEY, hint=_SET_UP)
        bad = [one for one in part if error.code in FIELD_CODES and error.fieldname in one.effect.fields]
        bad = part if len(part) == 1 else bad
        outcomes.update(dict.fromkeys((one.at for one in bad), error))
        rest = [one for one in part if one.at not in outcomes]
        half = len(rest) if bad else (len(rest) + 1) // 2
        for smaller in filter(None, (rest[:half], rest[half:])):
            self._write_part(smaller, way, outcomes)


def _is_locked(outcome: Outcome) -> bool:
    return isinstance(outcome, TryAgain) and outcome.code == LOCKED


def _outcome(effect: WriteTask, row: Mapping[str, Any]) -> Outcome:
    if not row.get("success"):
        return row_error(row.get("errors") or (), effect.fields, updates=bool(effect.task))
    return Written(Ref(Side.SALESFORCE, OBJECT, str(row.get("id") or effect.task)), {})
