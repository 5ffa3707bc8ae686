"""A change says where to look, never what to write.

That is why it carries no values: late, repeated and reordered changes then do no harm, and no
message holds personal data.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from crmsync.model.records import Kind, Ref


class Cause(StrEnum):
    """Why a record is synced. Deleted records cannot report that themselves, so some causes do.

    - ``WOKEN``: another record depends on this one, which nobody has touched.
    - ``EDITED``: it was made or edited.
    - ``AGAIN``: sync it even if it shows nothing new.
    - ``COMPARED``: as ``AGAIN``; a comparison found that it is not in step (CH-31).
    - ``LEFT``: as ``AGAIN``; it is in Salesforce and may be what is left of a contact that is gone,
      while another pair has its address (CH-13).
    - ``DELETED``, ``RESTORED``: it was put into the recycle bin, or taken out of it.
    - ``RESYNC``: a person asked for it; old values of new mappings cross as well (MAP-6).
    - ``FORCED``: as ``RESYNC``, and what the rules would not create by themselves is created
      (ACC-13).
    - ``UNDONE``: a value that we had overwritten is back and has still to cross.
    - ``RELEASED``, ``DROPPED``: what a limit held back is written, or is discarded (Q-30).
    - ``FORGOTTEN``: a privacy deletion.
    """

    WOKEN = "woken"
    EDITED = "edited"
    AGAIN = "again"
    COMPARED = "compared"
    LEFT = "left"
    DELETED = "deleted"
    RESYNC = "resync"
    FORCED = "forced"
    RESTORED = "restored"
    UNDONE = "undone"
    RELEASED = "released"
    DROPPED = "dropped"
    FORGOTTEN = "forgotten"


BY_HAND = frozenset({Cause.RESYNC, Cause.FORCED})
"""Causes that a person asked for: an import, a resync."""

OF_CRMS = frozenset({Cause.EDITED, Cause.AGAIN, Cause.DELETED, Cause.RESTORED, Cause.FORGOTTEN})
"""Causes of what happened in a CRM, at the time of the change. Where a record is only looked at
once more, that time is when this was asked for.
"""

CUT_SHORT = frozenset({Cause.AGAIN, Cause.COMPARED})
"""Causes after which an earlier sync of the record may have ended half way."""

UNPROMPTED = frozenset({Cause.WOKEN, Cause.COMPARED})
"""Causes of looks for which nobody need have touched the record, and which come again and again."""

OF_JOBS = frozenset({Cause.RESYNC, Cause.COMPARED})
"""Causes of what jobs queue; it waits first when few calls are left (RTY-2)."""

MAX_TIES = 200
"""The most contacts whose ties a change carries; nobody ties or unties more contacts of one deal
while a worker is at it.
"""


@dataclass(frozen=True, slots=True)
class TieEvent:
    """Somebody other than crmsync tied a contact to a deal or opportunity, or untied it.

    The tie itself cannot show this: once removed it leaves nothing, and if it was made again it
    looks like before.

    Attributes:
        contact: The contact.
        at: When (UTC).
        is_gone: Whether it was untied.
    """

    contact: Ref
    at: datetime
    is_gone: bool = True


@dataclass(frozen=True, slots=True)
class Change:
    """Sync a record.

    Attributes:
        connection: The connection's name.
        kind: The concern.
        ref: The record.
        cause: Why.
        at: When the change was seen (UTC).
        tries: How often it was put off.
        waiting: Records of another kind that wait until `ref` is linked.
        held: A side was down when it was tried, which does not count as a try.
        ties: Who was tied to the record or untied from it.
        job: The id of the job that queued it, which counts what becomes of it; "" for none.
    """

    connection: str
    kind: Kind
    ref: Ref
    cause: Cause
    at: datetime
    tries: int = 0
    waiting: tuple[Ref, ...] = ()
    held: bool = False
    ties: tuple[TieEvent, ...] = ()
    job: str = ""

    @property
    def asked_at(self) -> datetime | None:
        """When a person asked for the sync, None where nobody has."""
        return self.at if self.cause in BY_HAND else None


def as_retry(change: Change) -> Change:
    """The change to repeat after another worker was first.

    The record is then synced even if it shows nothing new.
    """
    return replace(change, cause=Cause.AGAIN) if change.cause is Cause.EDITED else change


def redelivered(change: Change) -> Change:
    """The change of a sync that ended half way, which counts as a try.

    What was written is unknown: the worker died, and another one may have synced the pair since.
    """
    return replace(as_retry(change), tries=max(change.tries, 1))


def coalesce(changes: list[Change]) -> list[Change]:
    """One change per record, in the order in which the records first occur.

    What happens to a whole record outweighs an edit; the latest time, the most tries, that one was
    `held`, and all `waiting` and `ties` are kept. What a person asked for keeps the time when that
    was. A record that was both edited and woken becomes ``AGAIN``: it is synced even if it shows
    nothing new, and its news reaches those that wait for it.
    """
    kept: dict[tuple[str, Ref], Change] = {}
    for change in changes:
        key = (change.connection, change.ref)
        first = kept.get(key)
        kept[key] = change if first is None else _weightier(first, change)
    return list(kept.values())


_LIGHTEST_FIRST = (
    Cause.WOKEN,
    Cause.EDITED,
    Cause.COMPARED,
    Cause.AGAIN,
    Cause.UNDONE,
    Cause.RESYNC,
    Cause.FORCED,
    Cause.DELETED,
    Cause.LEFT,
    Cause.RESTORED,
    Cause.RELEASED,
    Cause.DROPPED,
    Cause.FORGOTTEN,
)


def weight(change: Change) -> int:
    """Which of several changes of one record or pair decides what is planned: the heaviest."""
    return _LIGHTEST_FIRST.index(change.cause)


def _weightier(one: Change, two: Change) -> Change:
    heavy = max(one, two, key=lambda change: (weight(change), change.at))
    waiting = tuple(dict.fromkeys((*one.waiting, *two.waiting)))
    cause = Cause.AGAIN if {one.cause, two.cause} == {Cause.WOKEN, Cause.EDITED} else heavy.cause
    tries, held = max(one.tries, two.tries), one.held or two.held
    return replace(
        with_ties(heavy, one, two),
        cause=cause,
        at=heavy.asked_at or max(one.at, two.at),
        tries=tries,
        waiting=waiting,
        held=held,
    )


def with_ties(change: Change, *others: Change) -> Change:
    """The change with the ties of the others added: the newest of each contact, at most
    `MAX_TIES`.
    """
    events = sorted(
        (news for one in (change, *others) for news in one.ties), key=lambda news: news.at
    )
    newest = {news.contact: news for news in events}
    ties = tuple(sorted(newest.values(), key=lambda news: (news.at, news.contact))[-MAX_TIES:])
    return replace(change, ties=ties) if ties != change.ties else change
