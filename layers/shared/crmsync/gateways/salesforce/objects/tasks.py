"""Tasks of one Salesforce org: created under a key in our own field of Activity, and updated by id,
200 per call (docs/vendors.md#salesforce-objects).

Whether every org allows that field to be an external id, or unique, is not known [M]. If it is an
external id, tasks are upserted, and an upsert finds the task of an earlier one. If Salesforce
refuses that, tasks are inserted, and those that an earlier call may have created are searched
first. In both cases two concurrent calls could create a task twice; so a call is not repeated here
if it may have been applied.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from crmsync.errors import Refused, SyncError, TryAgain
from crmsync.gateways.retry import chunks, rounds
from crmsync.gateways.salesforce.errors import FIELD_CODES, LOCKED, ROW_WISE, call_error, row_error
from crmsync.gateways.salesforce.ids import full
from crmsync.gateways.salesforce.queries import run, tasks_by_key
from crmsync.gateways.salesforce.session import RefusedCall, SalesforceSession
from crmsync.model.crm_names import TASK
from crmsync.model.mail import WriteTask
from crmsync.model.names import TASK_KEY
from crmsync.model.records import Ref, Side
from crmsync.ports.crm import Outcome, Written

WRITE_BATCH = 200
LOCKED_BATCH = 20
"""Rows that Salesforce could not lock are tried once more in calls of this size, so that few of
them wait for each other.
"""

_UPSERT = ("PATCH", f"composite/sobjects/{TASK}/{TASK_KEY}")
_INSERT = ("POST", "composite/sobjects")
_UPDATE = ("PATCH", "composite/sobjects")
_NO_EXTERNAL_ID = "NOT_FOUND"
"""The code for an upsert by a field that is not an external id or does not exist."""

EARLIER = timedelta(days=30)
"""How long before the date of a task it may have been created, as the first of several events may
be late.
"""

_SET_UP = (
    "Run crmsync setup: the field by which tasks are found is missing, or the integration user may "
    "not edit it."
)


@dataclass(frozen=True, slots=True)
class _Write:
    at: int
    effect: WriteTask
    found: str = ""

    @property
    def row(self) -> Mapping[str, Any]:
        """The row of the call."""
        task = self.effect.task or self.found
        name = {"id": task} if task else {TASK_KEY: self.effect.key}
        return {"attributes": {"type": TASK}, **name, **self.effect.fields}


class SalesforceTasks:
    """Implements `Tasks` for one Salesforce org."""

    def __init__(self, session: SalesforceSession) -> None:
        """Call through `session`."""
        self._session = session
        self._inserts = False

    def write(self, effects: Sequence[WriteTask]) -> Sequence[Outcome]:
        """Create and update tasks, in order. Raises `SyncError` if the first call fails."""
        writes = [_Write(at, effect) for at, effect in enumerate(effects)]
        ways: tuple[
            tuple[Callable[[list[_Write], dict[int, Outcome]], None], list[_Write]], ...
        ] = (
            (self._create, [one for one in writes if not one.effect.task]),
            (self._change, [one for one in writes if one.effect.task]),
        )
        outcomes: dict[int, Outcome] = {}
        try:
            for way, some in ways:
                for part in rounds(
                    some, lambda one: one.effect.task or one.effect.key, WRITE_BATCH
                ):
                    way(part, outcomes)
        except SyncError as error:
            if not outcomes:
                raise
            return [outcomes.get(at, error) for at in range(len(writes))]
        return [outcomes[at] for at in range(len(writes))]

    def _create(self, part: list[_Write], outcomes: dict[int, Outcome]) -> None:
        """Create tasks: by upsert, or by insert if the field is not an external id in this org."""
        if not self._inserts:
            try:
                self._write(part, _UPSERT, outcomes)
            except _NoExternalIdError:
                self._inserts = True
            else:
                return
        there = self._created_before([one for one in part if one.effect.tried])
        part = [replace(one, found=there.get(one.effect.key, "")) for one in part]
        self._change([one for one in part if one.found], outcomes)
        new = [one for one in part if not one.found]
        self._write(new, _INSERT, outcomes)
        for error in filter(None, (_without_our_field(outcomes[one.at]) for one in new)):
            # The field does not exist at all; when it is created, it may become an external id.
            self._inserts = False
            for one in new:
                del outcomes[one.at]
            raise error

    def _change(self, part: list[_Write], outcomes: dict[int, Outcome]) -> None:
        self._write(part, _UPDATE, outcomes)

    def _created_before(self, tried: list[_Write]) -> Mapping[str, str]:
        """Key -> task, for tasks that an earlier call has created, including deleted ones: a task
        that a person has deleted is not created again.
        """
        days = [
            str(one.effect.fields["ActivityDate"])
            for one in tried
            if one.effect.fields.get("ActivityDate")
        ]
        since = min(map(_day, days)) - EARLIER if days and len(days) == len(tried) else None
        queries = list(
            tasks_by_key(TASK_KEY, dict.fromkeys(one.effect.key for one in tried), since)
        )
        found: dict[str, str] = {}
        for _, rows in run(self._session, queries):
            for row in rows:
                found.setdefault(str(row[TASK_KEY]), full(str(row["Id"])))
        return found

    def _write(
        self, part: list[_Write], way: tuple[str, str], outcomes: dict[int, Outcome]
    ) -> None:
        self._write_part(part, way, outcomes)
        locked = [one for one in part if _is_locked(outcomes[one.at])]
        for smaller in chunks(locked, LOCKED_BATCH):
            self._write_part(smaller, way, outcomes)

    def _write_part(
        self, part: list[_Write], way: tuple[str, str], outcomes: dict[int, Outcome]
    ) -> None:
        """Write rows. A call refused because of one row is halved until the row is found."""
        if not part:
            return
        body = {"allOrNone": False, "records": [one.row for one in part]}
        answer = self._session.call(*way, body=body, writes=True, repeat=False, see=ROW_WISE)
        if not isinstance(answer, RefusedCall):
            outcomes.update(
                (one.at, _outcome(one.effect, row)) for one, row in zip(part, answer, strict=True)
            )
            return
        error = call_error(
            answer.status, answer.content, sent=part[0].effect.fields if len(part) == 1 else {}
        )
        if way is _UPSERT and error.code == _NO_EXTERNAL_ID:
            raise _NoExternalIdError
        if missing := _without_our_field(error):
            raise missing
        bad = [
            one
            for one in part
            if error.code in FIELD_CODES and error.fieldname in one.effect.fields
        ]
        bad = part if len(part) == 1 else bad
        outcomes.update(dict.fromkeys((one.at for one in bad), error))
        rest = [one for one in part if one.at not in outcomes]
        half = len(rest) if bad else (len(rest) + 1) // 2
        for smaller in filter(None, (rest[:half], rest[half:])):
            self._write_part(smaller, way, outcomes)


class _NoExternalIdError(Exception):
    """The org has no external id for upserting tasks; nothing was written."""


def _day(text: str) -> date:
    """The date of a task; an invalid one sets no limit here and is refused with its own row."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return date.min + EARLIER


def _without_our_field(outcome: Outcome) -> Refused | None:
    """The error to report if our key field is the cause, because of which no task can be
    created.
    """
    if not isinstance(outcome, Refused) or outcome.fieldname != TASK_KEY:
        return None
    return Refused(outcome.text, code=outcome.code, fieldname=TASK_KEY, hint=_SET_UP)


def _is_locked(outcome: Outcome) -> bool:
    return isinstance(outcome, TryAgain) and outcome.code == LOCKED


def _outcome(effect: WriteTask, row: Mapping[str, Any]) -> Outcome:
    if not row.get("success"):
        return row_error(row.get("errors") or (), effect.fields, updates=bool(effect.task))
    return Written(Ref(Side.SALESFORCE, TASK, str(row.get("id") or effect.task)), {})
