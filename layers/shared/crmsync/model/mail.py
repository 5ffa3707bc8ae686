"""Marketing e-mail events, the e-mails they are about, and what is remembered of the tasks made
from them.

An event carries its own facts, as only the log knows of it. It is identified by its id together
with the time it was created (TASK-31). Times are milliseconds since 1970, as in the log.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from crmsync.model.records import Value

if TYPE_CHECKING:
    from crmsync.model.effects import Because

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class MailEvent:
    """One event of the log: a recipient did something with an e-mail.

    Attributes:
        id: The event's id.
        created: When it happened (milliseconds).
        kind: What happened: ``OPEN``, ``CLICK`` and so on.
        recipient: An address.
        app: The app that sent the e-mail.
        campaign: The e-mail, within its app.
        subject: The subject line.
        url: The link that was clicked.
        is_filtered: HubSpot takes a machine to have done it.
        is_obsolete: Another event has replaced it.
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
        """When it happened (UTC)."""
        return _EPOCH + self.created * _MS


@dataclass(frozen=True, slots=True)
class Campaign:
    """An e-mail as HubSpot's users know it: its name, and the subject line that recipients see."""

    name: str = ""
    subject: str = ""


@dataclass(frozen=True, slots=True)
class LogRange:
    """A range of the log to be processed.

    It names no event and no person: the log is read again when the range is processed.

    Attributes:
        connection: The connection's name.
        kind: The kind of the events.
        start: The first moment of the range (milliseconds).
        end: The last moment of the range (milliseconds).
        at: When the range was queued (milliseconds).
        tries: How often it was put off.
    """

    connection: str
    kind: str
    start: int
    end: int
    at: int
    tries: int = 0


@dataclass(frozen=True, slots=True)
class TaskState:
    """What is remembered of one task, or of events that get no task.

    Attributes:
        key: The task's key in Salesforce.
        seen: The marks of all events that were processed.
        counted: How many of them the task stands for.
        task: The task's id, "" until it is known.
        until: The task is leased to a worker until this time (milliseconds).
        version: Counts saves; 0 for a new one.
    """

    key: str
    seen: frozenset[bytes] = frozenset()
    counted: int = 0
    task: str = ""
    until: int = 0
    version: int = 0


@dataclass(frozen=True, slots=True)
class WriteTask:
    """Make a Salesforce task once, or write fields to one.

    Tasks have a flow of their own, so this is no effect of a pair's plan.

    Attributes:
        key: The task's name in our field, by which a repeat finds it.
        fields: What is written.
        task: The task's id; "" for one that is still to be made.
        because: The rules behind it.
        tried: Whether an earlier call, whose outcome is unknown, may have made it already.
    """

    key: str
    fields: Mapping[str, Value]
    task: str = ""
    because: Because = ()
    tried: bool = False


def milliseconds(moment: datetime) -> int:
    """The moment as the log has it."""
    return (moment - _EPOCH) // _MS
