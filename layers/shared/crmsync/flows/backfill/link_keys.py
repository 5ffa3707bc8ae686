"""Changes the key of the fingerprints in links: a new key is made, the links are renewed with it as
their records sync, and older keys are retired in the end.

Nothing happens without `apply`. No key is shown, and nothing is written to a CRM here: the sync
itself saves a link with the new key (`crmsync.rules.merge.fingerprint_renewal`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from crmsync.errors import Refused
from crmsync.model.changes import Cause, Change
from crmsync.model.links import LinkState
from crmsync.model.records import Kind
from crmsync.model.settings import Settings
from crmsync.ports.health import QueueMonitor
from crmsync.ports.link_keys import Census, KeyStore, KeyUse
from crmsync.ports.queues import Outbox

KNOWN_EVERYWHERE = timedelta(minutes=15)
"""How long functions may go on using the key before a new one.

They read the keys every five minutes, and an invocation lasts up to two.
"""

MAX_WAITING = 10_000
"""Records that may wait in the queue of a kind while syncs are requested."""

PAUSE = 5.0
"""Seconds between two checks whether the queues have room."""

_QUEUES = {
    Kind.CONTACT: "ContactQueue",
    Kind.ACCOUNT: "AccountQueue",
    Kind.OPPORTUNITY: "OpportunityQueue",
    Kind.ACTIVITY: "ActivityQueue",
}


@dataclass(slots=True)
class KeyCount:
    """How many links need each key.

    Attributes:
        numbers: The stored keys by number, the one in use first.
        active: Links of existing pairs by the number of their key.
        deleted: Links of deleted records by the number of their key.
    """

    numbers: tuple[int, ...]
    active: Counter[int] = field(default_factory=Counter)
    deleted: Counter[int] = field(default_factory=Counter)

    @property
    def older(self) -> int:
        """How many existing pairs do not have the key in use."""
        return sum(count for number, count in self.active.items() if number != self.numbers[0])


@dataclass(slots=True)
class QueuedPairs:
    """The pairs that need the key in use.

    Attributes:
        queued: The pairs whose sync is requested, or would be, by kind.
        left: The number of pairs of kinds that are not switched on.
    """

    queued: Counter[str] = field(default_factory=Counter)
    left: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkKeyAdmin:
    """What the command does with the keys of links.

    Attributes:
        settings: Reads the settings in force.
        keys: Stores the keys.
        census: Reads the key of every link.
        outbox: Takes the changes that make pairs sync.
        waiting: Knows how much waits in the queues.
        now: The clock (UTC).
        sleep: Waits for a number of seconds.
    """

    settings: Callable[[], Settings]
    keys: KeyStore
    census: Census
    outbox: Outbox
    waiting: QueueMonitor
    now: Callable[[], datetime]
    sleep: Callable[[float], None]

    def count(self) -> KeyCount:
        """Count the links by key; reads all links. Raises `SyncError`."""
        found = KeyCount(self.keys.stored().numbers)
        for page in self.census.pages():
            for one in page:
                counts = found.active if one.state is LinkState.ACTIVE else found.deleted
                counts[one.key] += 1
        return found

    def renew(self, *, apply: bool) -> int:
        """Make a new key, which is in use from now on; answers its number. Raises `SyncError`."""
        return self.keys.add() if apply else max(self.keys.stored().numbers) + 1

    def reseal(self, *, apply: bool) -> QueuedPairs:
        """Request a sync of every pair without the key in use, no faster than the syncs are done.

        A pair in which nothing changed is saved with the key in use; edits sync as usual. Raises
        `SyncError`: what was queued until then syncs, and a later call goes on with the rest.
        """
        newest, settings, pairs = self.keys.stored().numbers[0], self.settings(), QueuedPairs()
        for page in self.census.pages():
            older = [one for one in page if one.state is LinkState.ACTIVE and one.key != newest]
            changes = [change for one in older if (change := self._change(one, settings))]
            pairs.left += len(older) - len(changes)
            pairs.queued.update(str(change.kind) for change in changes)
            if apply and changes:
                self._wait_for_room({change.kind for change in changes})
                self.outbox.publish(changes)
        return pairs

    def retire(self, *, apply: bool) -> tuple[KeyCount, tuple[int, ...]]:
        """Remove the keys that no existing pair needs; answers the counts and the numbers removed.

        Raises `Refused` while functions may still use an earlier key.
        """
        stored = self.keys.stored()
        if len(stored.numbers) > 1 and self.now() - stored.since < KNOWN_EVERYWHERE:
            raise Refused(
                "The keys were changed a moment ago; functions may still seal with an earlier one.",
                code="LINK_KEY",
                hint="Try again in a quarter of an hour.",
            )
        found = self.count()
        kept = [one for one in found.numbers if one == found.numbers[0] or found.active[one]]
        gone = tuple(one for one in found.numbers if one not in kept)
        if apply and gone:
            self.keys.keep(kept)
        return found, gone

    def _change(self, one: KeyUse, settings: Settings) -> Change | None:
        """The change that makes a pair sync, or None when its kind is not switched on."""
        connection = settings.connection(one.connection)
        if connection is None or one.kind not in connection.kinds:
            return None
        return Change(one.connection, one.kind, one.hubspot, Cause.AGAIN, self.now())

    def _wait_for_room(self, kinds: set[Kind]) -> None:
        while any(self._waiting(kind) > MAX_WAITING for kind in kinds):
            self.sleep(PAUSE)

    def _waiting(self, kind: Kind) -> int:
        depth = self.waiting.depths().get(_QUEUES[kind])
        return depth.records if depth else 0
