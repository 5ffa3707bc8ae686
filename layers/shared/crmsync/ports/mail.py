"""What the e-mail flows ask of the outside: HubSpot's event log, Salesforce's tasks, our own
tables.

The law of `crmsync.ports` holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Protocol

from crmsync.model.mail import Campaign, LogRange, MailEvent, TaskState, WriteTask
from crmsync.ports.crm import Outcome


class MailLog(Protocol):
    """HubSpot's log of marketing e-mail events, whichever API provides it (the present one ends in
    2027).
    """

    def events(
        self, kind: str, start: int, end: int, *, without_bots: bool = False
    ) -> Iterator[Sequence[MailEvent]]:
        """Events of a kind created from `start` to `end`, both included (milliseconds).

        Yields page by page, newest first. An event may occur twice when others arrive meanwhile.
        Costs one call where there are none.
        """

    def campaigns(self, named: Iterable[tuple[str, str]]) -> Mapping[tuple[str, str], Campaign]:
        """App and campaign -> the e-mail; an unknown one is left out. Known ones are asked for
        once.
        """


class Tasks(Protocol):
    """Salesforce's tasks."""

    def write(self, effects: Sequence[WriteTask]) -> Sequence[Outcome]:
        """Make or update tasks, in order.

        A task that was `tried` before is found by its key. A call whose outcome is unknown is not
        repeated here: it raises `TryAgain`, and the caller must wait until Salesforce has surely
        finished with the first call, as two at a time would make two tasks. `Refused` where our
        field is missing.
        """


class TaskStates(Protocol):
    """What is remembered of tasks, so that every event is counted once."""

    def load(self, connection: str, keys: Iterable[str]) -> Mapping[str, TaskState]:
        """Key -> the task's state, strongly consistent; an unknown one is left out."""

    def claim(
        self,
        connection: str,
        task_states: Sequence[TaskState],
        now: int,
        until: int,
        keep: timedelta,
    ) -> Mapping[str, TaskState]:
        """The states that are leased to us from now until a moment (milliseconds), with their new
        version.

        A state is left out if it was saved since it was read, or if another lease is valid.
        """

    def commit(self, connection: str, task_states: Sequence[TaskState], keep: timedelta) -> None:
        """Store states that are leased to us, or that nobody else can lease.

        A state that is not stored again within `keep` expires.
        """


class RangeQueue(Protocol):
    """The queue of the e-mail tasks."""

    def queue(self, windows: Sequence[tuple[LogRange, int]]) -> None:
        """Queue ranges of the log, each with its delay in seconds (at most 900).

        Returns when all are accepted; raises `TryAgain` otherwise.
        """
