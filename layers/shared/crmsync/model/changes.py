"""A change says where to look, never what to write.

That is why it carries no values: late, doubled and reordered changes then do no harm, and no
message holds personal data.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from crmsync.model.records import Kind, Ref


class Cause(StrEnum):
    """Why to look. A record that is gone can no longer say so itself, hence the causes that name
    it.

    ``AGAIN`` looks even at a record that shows nothing new; so does ``WOKEN``, for the sake of
    another record: nobody has touched this one. ``RESYNC`` is asked for by a person and carries old
    values of new mappings as well (MAP-6); ``FORCED`` also makes what the rules would not make by
    themselves (ACC-13). What a brake held back is written by ``RELEASED`` and thrown away by
    ``DROPPED`` (Q-30). ``UNDONE``: a value is back that we had overwritten, and has still to cross.
    """

    WOKEN = "woken"
    EDITED = "edited"
    AGAIN = "again"
    DELETED = "deleted"
    RESYNC = "resync"
    FORCED = "forced"
    RESTORED = "restored"
    UNDONE = "undone"
    RELEASED = "released"
    DROPPED = "dropped"
    FORGOTTEN = "forgotten"


BY_HAND = frozenset({Cause.RESYNC, Cause.FORCED})
"""A person asked for it: an import, a resync."""

MOST_TIES = 200
"""Of how many contacts a change tells: nobody ties or unties more of one deal while a worker is at
it.
"""


@dataclass(frozen=True, slots=True)
class TieNews:
    """Somebody else than we tied a contact to a deal or an opportunity at ``at`` (UTC), or untied
    it: then it ``is_gone``.

    A tie that is gone can no longer say that it was there, nor one that stands that it was made
    anew.
    """

    contact: Ref
    at: datetime
    is_gone: bool = True


@dataclass(frozen=True, slots=True)
class Change:
    """Look at `ref`, seen at `at` (UTC).

    `tries` counts how often this look was put off; `waiting` are records of another kind that wait
    for `ref` to be linked. One that is `held` was looked at in vain while a side was down, which is
    no try. `ties` tell who was tied to the record or untied from it.
    """

    connection: str
    kind: Kind
    ref: Ref
    cause: Cause
    at: datetime
    tries: int = 0
    waiting: tuple[Ref, ...] = ()
    held: bool = False
    ties: tuple[TieNews, ...] = ()


def once_more(change: Change) -> Change:
    """The change of a look that met somebody who was first: its record is looked at even if it
    shows nothing new.
    """
    return replace(change, cause=Cause.AGAIN) if change.cause is Cause.EDITED else change


def redelivered(change: Change) -> Change:
    """The change of a look that ended half way, which counts as a try: what it has written is not
    known.

    Whoever had it died, and another worker may have agreed on the pair since.
    """
    return replace(once_more(change), tries=max(change.tries, 1))


def coalesce(changes: list[Change]) -> list[Change]:
    """One change per record, in order of first sight.

    What happens to a whole record outweighs an edit; the latest time, the most tries, all who wait
    and all news of ties are kept. A record that was edited and is woken is looked at again: as
    closely as for the others' sake, and its news is news to those who wait for it.
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
    Cause.AGAIN,
    Cause.UNDONE,
    Cause.RESYNC,
    Cause.FORCED,
    Cause.DELETED,
    Cause.RESTORED,
    Cause.RELEASED,
    Cause.DROPPED,
    Cause.FORGOTTEN,
)


def _weightier(one: Change, two: Change) -> Change:
    heavy = max(one, two, key=lambda change: (_LIGHTEST_FIRST.index(change.cause), change.at))
    waiting = tuple(dict.fromkeys((*one.waiting, *two.waiting)))
    cause = Cause.AGAIN if {one.cause, two.cause} == {Cause.WOKEN, Cause.EDITED} else heavy.cause
    tries, held = max(one.tries, two.tries), one.held and two.held
    return replace(
        with_ties(heavy, one, two),
        cause=cause,
        at=max(one.at, two.at),
        tries=tries,
        waiting=waiting,
        held=held,
    )


def with_ties(change: Change, *others: Change) -> Change:
    """The change with what the others tell of ties, too: the newest of each contact, of `MOST_TIES`
    at most.
    """
    told = sorted(
        (news for one in (change, *others) for news in one.ties), key=lambda news: news.at
    )
    newest = {news.contact: news for news in told}
    ties = tuple(sorted(newest.values(), key=lambda news: (news.at, news.contact))[-MOST_TIES:])
    return replace(change, ties=ties) if ties != change.ties else change
