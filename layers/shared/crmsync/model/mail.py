"""Marketing e-mail events, the e-mails they are about, and what is remembered of the tasks made
from them.

An event is the one thing that is itself and not a hint where to look: nothing but the log knows of
it. It is known by its id together with the moment it was created (TASK-31). Moments are
milliseconds since 1970, as the log has them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class MailEvent:
    """One event of the log: somebody (the `recipient`, an address) did something (`kind`) with an
    e-mail (`app` and `campaign`).

    `is_filtered` marks what HubSpot takes for a machine's doing, `is_obsolete` what another event
    has replaced.
    """

    id: str
    created: int
    kind: str
    recipient: str
    app: str = ""
    campaign: str = ""
    subject: str = ""
    url: str = ""
    is_filtered: bool = False
    is_obsolete: bool = False

    @property
    def at(self) -> datetime:
        """When it happened, UTC."""
        return _EPOCH + self.created * _MS


@dataclass(frozen=True, slots=True)
class Campaign:
    """An e-mail as HubSpot's users know it: its name, and the subject line that the recipient
    saw.
    """

    name: str = ""
    subject: str = ""


@dataclass(frozen=True, slots=True)
class LogRange:
    """A stretch of the log to be worked through: events of one `kind` from `start` to `end`, both
    included.

    `at` says when it was queued, `tries` how often its work was put off. It names no event and
    nobody: who works on it reads the log again.
    """

    connection: str
    kind: str
    start: int
    end: int
    at: int
    tries: int = 0


@dataclass(frozen=True, slots=True)
class TaskState:
    """What is remembered of one task, or of events that shall have none.

    `key` names the task in Salesforce, `seen` has the marks of all events that are done with,
    `counted` says how many of them the task stands for, `task` is its id once it is known. Until
    the moment `until` somebody may be writing it. `version` counts the saves; 0 = new.
    """

    key: str
    seen: frozenset[bytes] = frozenset()
    counted: int = 0
    task: str = ""
    until: int = 0
    version: int = 0


def milliseconds(moment: datetime) -> int:
    """The moment as the log has it."""
    return (moment - _EPOCH) // _MS
