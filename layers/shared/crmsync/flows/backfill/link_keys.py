"""The key of the links changed: a new one is made, the links are sealed anew with it as they are
looked at, earlier ones go at the end.

Shows first and acts only when told. No key is shown, and nothing is written to a CRM here: a link
that is looked at is saved anew by the sync itself (`crmsync.rules.merge.fingerprint_renewal`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from crmsync.errors import Refused
from crmsync.model.changes import Cause, Change
from crmsync.model.concerns import kinds_of
from crmsync.model.links import LinkState
from crmsync.model.records import Kind
from crmsync.model.settings import Settings
from crmsync.ports.health import Waiting
from crmsync.ports.link_keys import Census, KeyStore, KeyUse
from crmsync.ports.queues import Outbox

KNOWN_EVERYWHERE = timedelta(minutes=15)
"""How long after a new key was made functions may still seal with the one before: they look every
five minutes, and run for two.
"""

MOST_WAITING = 10_000
"""Records that may wait in front of a concern while links are being looked at."""

PAUSE = 5.0
"""Seconds until the next look whether there is room."""

_QUEUES = {
    Kind.CONTACT: "ContactQueue",
    Kind.ACCOUNT: "AccountQueue",
    Kind.OPPORTUNITY: "OpportunityQueue",
}


@dataclass(slots=True)
class KeyCount:
    """The keys there are, the one in use first, and how many links each is needed by: of pairs that
    stand, and of buried ones.
    """

    numbers: tuple[int, ...]
    standing: Counter[int] = field(default_factory=Counter)
    buried: Counter[int] = field(default_factory=Counter)

    @property
    def older(self) -> int:
        """How many pairs that stand are not sealed with the key in use."""
        return sum(count for number, count in self.standing.items() if number != self.numbers[0])


@dataclass(slots=True)
class QueuedPairs:
    """Links that are looked at, or would be, by kind; those `left` belong to no concern that is
    switched on.
    """

    queued: Counter[str] = field(default_factory=Counter)
    left: int = 0


@dataclass(frozen=True, slots=True)
class LinkKeyAdmin:
    """Everything about keys that the command can do. `sleep` lets seconds pass."""

    settings: Callable[[], Settings]
    keys: KeyStore
    census: Census
    outbox: Outbox
    waiting: Waiting
    now: Callable[[], datetime]
    sleep: Callable[[float], None]

    def count(self) -> KeyCount:
        """Read all links. Raises `SyncError`."""
        found = KeyCount(self.keys.stored().numbers)
        for one in self._all():
            (found.standing if one.state is LinkState.ACTIVE else found.buried)[one.key] += 1
        return found

    def renew(self, *, apply: bool) -> int:
        """Make a new key, in use from now on; answers its number. Raises `SyncError`."""
        return self.keys.add() if apply else max(self.keys.stored().numbers) + 1

    def reseal(self, *, apply: bool) -> QueuedPairs:
        """Have every pair looked at that is not sealed with the key in use, no faster than the sync
        works them off.

        Those that show what was agreed on are saved with the key in use; what is edited crosses as
        ever. Raises `SyncError`; what was queued by then is looked at, and a later call goes on
        with the others.
        """
        newest, settings, looks = self.keys.stored().numbers[0], self.settings(), QueuedPairs()
        for page in self.census.pages():
            older = [one for one in page if one.state is LinkState.ACTIVE and one.key != newest]
            changes = [change for one in older if (change := self._look(one, settings))]
            looks.left += len(older) - len(changes)
            looks.queued.update(str(change.kind) for change in changes)
            if apply and changes:
                self._wait_for_room({change.kind for change in changes})
                self.outbox.publish(changes)
        return looks

    def retire(self, *, apply: bool) -> tuple[KeyCount, tuple[int, ...]]:
        """Take the keys away that no pair needs that stands; answers who needs which, and the
        numbers that go.

        Raises `Refused` while functions may still seal with an earlier key.
        """
        stored = self.keys.stored()
        if len(stored.numbers) > 1 and self.now() - stored.since < KNOWN_EVERYWHERE:
            raise Refused(
                "The keys were changed a moment ago; functions may still seal with an earlier one.",
                code="LINK_KEY",
                hint="Try again in a quarter of an hour.",
            )
        found = self.count()
        kept = [one for one in found.numbers if one == found.numbers[0] or found.standing[one]]
        gone = tuple(one for one in found.numbers if one not in kept)
        if apply and gone:
            self.keys.keep(kept)
        return found, gone

    def _all(self) -> Iterator[KeyUse]:
        return (one for page in self.census.pages() for one in page)

    def _look(self, one: KeyUse, settings: Settings) -> Change | None:
        connection = settings.connection(one.connection)
        if connection is None or one.kind not in kinds_of(connection):
            return None
        return Change(one.connection, one.kind, one.hubspot, Cause.AGAIN, self.now())

    def _wait_for_room(self, kinds: set[Kind]) -> None:
        while any(self._waiting(kind) > MOST_WAITING for kind in kinds):
            self.sleep(PAUSE)

    def _waiting(self, kind: Kind) -> int:
        depth = self.waiting.depths().get(_QUEUES[kind])
        return depth.records if depth else 0
