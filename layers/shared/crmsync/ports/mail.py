"""What the e-mail flows ask of the outside, under the law of `crmsync.ports`: HubSpot's event log,
Salesforce's tasks, our memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Protocol

from crmsync.model.mail import Campaign, LogRange, MailEvent, TaskState, WriteTask
from crmsync.ports.crm import Outcome


class MailLog(Protocol):
    """HubSpot's log of what happened to marketing e-mails, whichever API has it (its present one
    ends in 2027).
    """

    def events(
        self, kind: str, start: int, end: int, *, without_bots: bool = False
    ) -> Iterator[Sequence[MailEvent]]:
        """Events of a kind created from `start` to `end`, both included, in milliseconds; page by
        page, newest first.

        An event may come twice when others arrive meanwhile. Costs one call where there are none.
        """

    def campaigns(self, named: Iterable[tuple[str, str]]) -> Mapping[tuple[str, str], Campaign]:
        """The e-mails by app and campaign; one that HubSpot does not know (any more) is left out.
        Known ones are not asked for again.
        """


class Tasks(Protocol):
    """Salesforce's tasks."""

    def write(self, effects: Sequence[WriteTask]) -> Sequence[Outcome]:
        """Make or update tasks, in order. Making one that was `tried` before finds the first by its
        key.

        A call of which nobody knows what became of it is not repeated here: it raises `TryAgain`,
        and whoever asks again must wait until Salesforce has surely finished with the first, as two
        at a time would make two tasks. `Refused` where our field is missing.
        """


class TaskStates(Protocol):
    """What is remembered of tasks, so that every event is counted once."""

    def look(self, connection: str, keys: Iterable[str]) -> Mapping[str, TaskState]:
        """The tallies of these tasks, strongly consistent; one that was never saved is left out."""

    def claim(
        self,
        connection: str,
        task_states: Sequence[TaskState],
        now: int,
        until: int,
        keep: timedelta,
    ) -> Mapping[str, TaskState]:
        """Those that are ours alone from now until a moment (milliseconds), under their new
        version.

        Left out is one that was saved since it was read, or that somebody else's claim holds.
        """

    def settle(self, connection: str, task_states: Sequence[TaskState], keep: timedelta) -> None:
        """Store tallies that are ours by a claim, or that nobody can have a claim on. Forgotten
        when nobody touched one for `keep`.
        """


class RangeQueue(Protocol):
    """The e-mail tasks' queue."""

    def queue(self, windows: Sequence[tuple[LogRange, int]]) -> None:
        """Put windows there, each to be worked on after so many seconds (at most 900). Returns when
        all are accepted; else `TryAgain`.
        """
