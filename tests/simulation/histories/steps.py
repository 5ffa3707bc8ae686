"""What a history is made of: the settings it begins with, and steps.

A step names records and messages by small numbers, which are taken modulo what there is when it is
played. So every step can be played after any others, and a history from which steps were removed is
a history still. A step that finds nothing to do does nothing.
"""

from __future__ import annotations

from dataclasses import MISSING, dataclass, field, fields
from enum import StrEnum
from typing import Any, TypeAlias

from crmsync.model.records import Side


class News(StrEnum):
    """What becomes of the webhook or change event about a person's act."""

    TOLD = "told"
    LOST = "lost"
    TWICE = "twice"
    LATE = "late"


class _Brief:
    """Prints only what differs from the defaults, as Python."""

    def __repr__(self) -> str:
        parts = []
        for one in fields(self):  # type: ignore[arg-type]
            value = getattr(self, one.name)
            default = one.default_factory() if one.default_factory is not MISSING else one.default
            if value != default:
                parts.append(f"{one.name}={_python(value)}")
        return f"{type(self).__name__}({', '.join(parts)})"


@dataclass(frozen=True, repr=False)
class Setting(_Brief):
    """What a history begins with.

    Attributes:
        creates: What a new HubSpot contact becomes in Salesforce: ``lead``, ``contact``,
            ``contact_if_account`` or ``never`` (SET-2, SET-3, CH-12).
        makes: Which new Salesforce records become HubSpot contacts: ``leads_and_contacts``,
            ``leads_only``, ``contacts_only`` or ``never`` (SET-1, Q-37).
        policies: The merge policy of each HubSpot property of a contact that has not ``two_way``.
        portals: How many HubSpot accounts share the org.
        poll: Seconds between two polls of Salesforce.
        removes: Whether removed associations are removed on the other side (Q-29).
        deletes: Whether deleted Salesforce records are deleted in HubSpot (DEL-1).
        automations: Fields that a workflow or a flow sets again each time crmsync has written them:
            the side, HubSpot's name of the property, and the value as a person's step has it.
        limit: How many records of a kind may be overwritten, blanked or deleted on a side within an
            hour (Q-30); 0 for the usual limits, which no history reaches.
        topic: What people mostly do, for the generator.
        undo: Whether what crmsync overwrites is kept for three days, so that it can be undone.
        outside: What becomes of contacts outside the inclusion list: ``freeze``, ``sync`` or
            ``ignore`` (CH-17); "" without a list.
        assigns: Whether the org's assignment rules give new leads to a queue (OWN-9).
    """

    creates: str = "lead"
    policies: tuple[tuple[str, str], ...] = ()
    portals: int = 1
    poll: int = 60
    removes: bool = False
    deletes: bool = False
    automations: tuple[tuple[Side, str, str], ...] = ()
    limit: int = 0
    topic: str = "people"
    assigns: bool = False
    undo: bool = False
    outside: str = ""
    makes: str = "leads_and_contacts"


@dataclass(frozen=True, repr=False)
class Person(_Brief):
    """Somebody does something in a CRM (see `people`).

    Attributes:
        does: What.
        side: Where.
        who: Which of the records that it may be done to.
        other: Which other record takes part.
        what: The field.
        value: Its new value.
        portal: Which HubSpot account.
        news: What becomes of the message about it.
    """

    does: str
    side: Side = Side.HUBSPOT
    who: int = 0
    other: int = 0
    what: str = ""
    value: str = ""
    portal: int = 0
    news: News = News.TOLD


@dataclass(frozen=True, repr=False)
class Work(_Brief):
    """A worker goes on, or takes a batch of its queue and begins.

    Attributes:
        queue: Its queue.
        calls: How many calls to the outside it makes before it stands still; 0 for all that are left.
        slot: Which of the workers of this queue.
        most: The most messages in a new batch.
        pick: Which of the waiting messages comes first.
    """

    queue: str
    calls: int = 0
    slot: int = 0
    most: int = 10
    pick: int = 0


@dataclass(frozen=True, repr=False)
class Crash(_Brief):
    """A worker that stands still dies there, before its next call."""

    queue: str
    slot: int = 0


@dataclass(frozen=True, repr=False)
class Fault(_Brief):
    """The next calls of this name go wrong (see `faults`).

    Attributes:
        call: The port and its method: ``salesforce.update``.
        how: What goes wrong.
        times: How many calls.
    """

    call: str
    how: str
    times: int = 1


@dataclass(frozen=True, repr=False)
class Outage(_Brief):
    """A side or a store does not answer for a while, or refuses calls of one name."""

    where: str
    seconds: int


@dataclass(frozen=True, repr=False)
class Wait(_Brief):
    """Time passes: messages arrive, schedules run, and workers that do not stand still work."""

    seconds: int


@dataclass(frozen=True, repr=False)
class Operator(_Brief):
    """The operator pauses or resumes a connection, pushes settings, starts a resync, releases or
    drops what limits hold back, undoes what was overwritten, or hides a field of people in Salesforce from crmsync and shows it again.
    """

    does: str
    what: str = ""
    value: str = ""
    portal: int = 0


Step: TypeAlias = Person | Work | Crash | Fault | Outage | Wait | Operator


@dataclass(frozen=True, repr=False)
class History(_Brief):
    """Settings and steps."""

    setting: Setting = field(default_factory=Setting)
    steps: tuple[Step, ...] = ()


def _python(value: Any) -> str:
    if isinstance(value, StrEnum):
        return f"{type(value).__name__}.{value.name}"
    return repr(value)
