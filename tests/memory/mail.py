"""HubSpot's event log, Salesforce's tasks, the task states and the queue of log ranges,
in memory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from crmsync.errors import Gone, Refused, SyncError, TryAgain
from crmsync.model.mail import Campaign, LogRange, MailEvent, TaskState, WriteTask
from crmsync.model.records import Ref, Side, Value
from crmsync.ports.crm import Outcome, Written


class MemoryMailLog:
    """Implements `MailLog` with the events in `rows`. `calls` counts pages."""

    def __init__(self, page: int = 1000) -> None:
        """The log is empty."""
        self.rows: list[MailEvent] = []
        self.known: dict[tuple[str, str], Campaign] = {}
        self.calls = 0
        self._page = page

    def events(
        self, kind: str, start: int, end: int, *, without_bots: bool = False
    ) -> Iterator[Sequence[MailEvent]]:
        """See the port."""
        found = [row for row in self.rows if row.kind == kind and start <= row.created <= end]
        found = [row for row in found if not (without_bots and row.is_filtered)]
        found.sort(key=lambda row: row.created, reverse=True)
        self.calls += 1
        for at in range(0, len(found), self._page):
            self.calls += bool(at)
            yield found[at : at + self._page]

    def campaigns(self, named: Iterable[tuple[str, str]]) -> Mapping[tuple[str, str], Campaign]:
        """See the port."""
        return {key: self.known[key] for key in named if key in self.known}


class MemoryTasks:
    """Implements `Tasks` for an org without a unique field: two concurrent calls with one key both
    create a task.

    `faults` has, for each next call, the error that it raises and when it is applied: before,
    never, or after some time. `refused` has errors of single tasks by key, `inactive` the users who
    cannot own tasks.
    """

    def __init__(
        self, now: Callable[[], datetime] = lambda: datetime(2026, 11, 2, tzinfo=UTC)
    ) -> None:
        """There are no tasks."""
        self.faults: list[tuple[SyncError, bool | timedelta]] = []
        self.refused: dict[str, SyncError] = {}
        self.inactive: set[Value] = set()
        self.calls = 0
        self._now = now
        self._rows: dict[str, dict[str, Value]] = {}
        self._ids: dict[str, str] = {}
        self._running: list[tuple[datetime, WriteTask]] = []
        self._made = 0

    @property
    def rows(self) -> dict[str, dict[str, Value]]:
        """The tasks by id, including those of late calls that are applied now."""
        for running in [one for one in self._running if one[0] <= self._now()]:
            self._running.remove(running)
            # The call began before all others, so it found no task to update.
            self._insert(running[1])
        return self._rows

    def write(self, effects: Sequence[WriteTask]) -> Sequence[Outcome]:
        """See the port."""
        self.calls += bool(effects)
        error, applied = self.faults.pop(0) if self.faults and effects else (None, True)
        existing = self.rows
        if isinstance(applied, timedelta):
            new = [
                one for one in effects if not one.task and self._ids.get(one.key) not in existing
            ]
            self._running += [(self._now() + applied, one) for one in new]
        outcomes = [self._write(effect) for effect in effects] if applied is True else []
        if error is not None:
            raise error
        return outcomes

    def _write(self, effect: WriteTask) -> Outcome:
        if effect.key in self.refused:
            return self.refused[effect.key]
        if effect.fields.get("OwnerId") in self.inactive:
            return Refused(
                "The owner is inactive.", code="INACTIVE_OWNER_OR_USER", fieldname="OwnerId"
            )
        rows = self.rows
        task = effect.task or self._ids.get(effect.key, "")
        if effect.task and task not in rows:
            return Gone("The Salesforce record no longer exists.", code="ENTITY_IS_DELETED")
        if task not in rows:
            task = self._insert(effect)
        rows[task].update(effect.fields)
        return Written(Ref(Side.SALESFORCE, "Task", task), {})

    def _insert(self, effect: WriteTask) -> str:
        self._made += 1
        task = f"00T{self._made:012d}AAA"
        self._rows[task] = dict(effect.fields)
        self._ids[effect.key] = task
        return task


class MemoryTaskStates:
    """Implements `TaskStates`. The next `failing` saves fail."""

    def __init__(self) -> None:
        """There are no states."""
        self.rows: dict[tuple[str, str], TaskState] = {}
        self.failing = 0
        self.writes: Counter[str] = Counter()

    def load(self, connection: str, keys: Iterable[str]) -> Mapping[str, TaskState]:
        """See the port."""
        return {key: self.rows[connection, key] for key in keys if (connection, key) in self.rows}

    def claim(
        self,
        connection: str,
        task_states: Sequence[TaskState],
        now: int,
        until: int,
        keep: timedelta,
    ) -> Mapping[str, TaskState]:
        """See the port; nothing expires here, whatever `keep` is."""
        del keep
        ours = {
            one.key: replace(one, until=until, version=one.version + 1)
            for one in task_states
            if self._free(connection, one, now)
        }
        self.rows |= {(connection, key): one for key, one in ours.items()}
        self.writes["claims"] += len(ours)
        return ours

    def commit(self, connection: str, task_states: Sequence[TaskState], keep: timedelta) -> None:
        """See the port."""
        del keep
        if self.failing and task_states:
            self.failing -= 1
            raise TryAgain("The memory of tasks is busy.")
        self.rows |= {
            (connection, one.key): replace(one, version=one.version + 1) for one in task_states
        }
        self.writes["settled"] += len(task_states)

    def _free(self, connection: str, state: TaskState, now: int) -> bool:
        stored = self.rows.get((connection, state.key))
        if stored is None:
            return state.version == 0
        return stored.version == state.version and stored.until <= now


class MemoryRangeQueue:
    """Implements `RangeQueue`: the ranges that wait, with their delays."""

    def __init__(self) -> None:
        """The queue is empty."""
        self.waiting: list[tuple[LogRange, int]] = []
        self.is_down = False

    def queue(self, windows: Sequence[tuple[LogRange, int]]) -> None:
        """See the port."""
        if self.is_down:
            raise TryAgain("The queue is down.")
        self.waiting += [(window, min(max(after, 0), 900)) for window, after in windows]
