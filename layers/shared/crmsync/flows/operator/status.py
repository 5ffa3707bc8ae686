"""The state of a deployment at one look: what is switched on, how far the sweeps are, what waits,
what failed, what may still be called.

Only reads. A CRM that cannot answer is told and hides nothing else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from crmsync.errors import SyncError
from crmsync.flows.engine.staleness import REPORT_AFTER, LongestWait, last_poll, longest_wait
from crmsync.flows.setup.app_rights import Account, check_app_rights
from crmsync.model.concerns import kinds_of, mail_kinds_of, objects_of
from crmsync.model.effects import Category
from crmsync.model.jobs import JobState
from crmsync.model.records import Kind, Side
from crmsync.model.settings import Connection, Settings
from crmsync.model.troubles import Pause
from crmsync.ports.health import Quota, Waiting
from crmsync.ports.stores import Cursors, Inbox, Jobs
from crmsync.ports.troubles import TroubleStore
from crmsync.rules.backfill.objects import WALKED
from crmsync.rules.backfill.pacing import DailyCalls, Depth

_NAMES = {Side.HUBSPOT: "HubSpot", Side.SALESFORCE: "Salesforce"}

DEAD_LETTERS = "DeadLetters"
"""How the name of a queue ends whose messages nobody works off any more."""


@dataclass(frozen=True, slots=True)
class ConnectionStatus:
    """One connection.

    `hubspot_trouble` says why HubSpot does not answer, or which scopes our token lacks. `looked`
    has when a look at each side succeeded last, `waiting` the oldest change of each kind that has
    been put off for long. `pause` is the operator's.

    `newest` has for each object when the newest change was made that a sweep has passed on, None
    before its first sweep. `errors` counts what is parked by category, `imported` since when the
    import of an object is finished. `calls` is None where the org did not answer; `trouble` then
    says why.
    """

    name: str
    concerns: Mapping[str, bool]
    newest: Mapping[str, datetime | None]
    errors: Mapping[str, int]
    jobs: Mapping[str, int]
    imported: Mapping[str, datetime | None]
    calls: DailyCalls | None
    allotment: int
    trouble: str = ""
    hubspot_trouble: str = ""
    looked: Mapping[Side, datetime | None] = field(default_factory=dict)
    waiting: Mapping[Kind, LongestWait] = field(default_factory=dict)
    pause: Pause | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """The whole deployment at the moment `at` (UTC)."""

    at: datetime
    version: int
    connections: tuple[ConnectionStatus, ...]
    queues: Mapping[str, Depth]
    link_keys: tuple[int, ...] = ()
    """The numbers of the keys that links may be sealed with, the one in use first."""

    @property
    def findings(self) -> tuple[str, ...]:
        """What a person should look at, a sentence each: first what stands still, then what
        failed.
        """
        still = [sentence for one in self.connections for sentence in _standstill(one, self.at)]
        dead = [
            f"{name} has {_all(depth):,} messages."
            for name, depth in self.queues.items()
            if is_dead(name, depth)
        ]
        return (
            *still,
            *dead,
            *(sentence for one in self.connections for sentence in _findings(one)),
        )


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """What a status is put together from. `quota` and `account` make a connection's sides when they
    are needed.

    `link_keys` answers the numbers of the links' keys, the one in use first.
    """

    settings: Callable[[], Settings]
    inbox: Inbox
    jobs: Jobs
    cursors: Cursors
    quota: Callable[[Connection], Quota]
    waiting: Waiting
    account: Callable[[Connection], Account]
    now: Callable[[], datetime]
    troubles: TroubleStore
    link_keys: Callable[[], tuple[int, ...]] = tuple

    def status(self) -> Status:
        """The state of everything. Raises `SyncError` where our own tables and queues do not
        answer.
        """
        settings = self.settings()
        connections = tuple(map(self._status, settings.connections))
        return Status(
            self.now(), settings.version, connections, self.waiting.depths(), self.link_keys()
        )

    def _status(self, connection: Connection) -> ConnectionStatus:
        calls, trouble = self._calls(connection)
        name = connection.name
        return ConnectionStatus(
            name,
            concerns=_concerns(connection),
            newest={place: self._newest(name, place) for place in _places(connection)},
            errors=Counter(str(report.category) for report in self.inbox.parked(name)),
            jobs=Counter(str(job.state) for job in self.jobs.all(name) if not job.state.is_over),
            imported={
                one.object: self.jobs.imported(name, one.object) for one in WALKED if one.word
            },
            calls=calls,
            allotment=connection.salesforce.daily_call_allotment,
            trouble=trouble,
            hubspot_trouble=self._hubspot_trouble(connection),
            pause=self.troubles.load(name).pause,
            looked={side: last_poll(name, side, self.cursors) for side in Side},
            waiting={
                kind: found
                for kind in kinds_of(connection)
                if (found := longest_wait(name, kind, self.cursors, self.now())) is not None
            },
        )

    def _hubspot_trouble(self, connection: Connection) -> str:
        """Why HubSpot does not take our token, or what that may no longer do."""
        try:
            check_app_rights(connection, self.account(connection))
        except SyncError as error:
            return f"{error.text} {error.hint}".strip()
        return ""

    def _newest(self, connection: str, place: str) -> datetime | None:
        cursor = self.cursors.load(connection, place)
        return None if cursor is None else cursor.since

    def _calls(self, connection: Connection) -> tuple[DailyCalls | None, str]:
        try:
            return self.quota(connection).calls(), ""
        except SyncError as error:
            return None, f"{error.text} {error.hint}".strip()


def is_dead(name: str, depth: Depth) -> bool:
    """Whether this is a queue of dead letters that has some."""
    return name.endswith(DEAD_LETTERS) and bool(_all(depth))


def _all(depth: Depth) -> int:
    return depth.ready + depth.hidden + depth.delayed


def _concerns(connection: Connection) -> dict[str, bool]:
    kinds = kinds_of(connection)
    return {str(kind): kind in kinds for kind in Kind} | {
        "email task": bool(mail_kinds_of(connection))
    }


def _places(connection: Connection) -> list[str]:
    """The names of the cursors of what is switched on."""
    objects = [name for side in Side for name in objects_of(connection, side)]
    return [*objects, *(f"email {kind}" for kind in mail_kinds_of(connection))]


def _standstill(one: ConnectionStatus, now: datetime) -> list[str]:
    """What of a connection does not go on, and what to do."""
    if one.pause:
        by = f" by {one.pause.by}" if one.pause.by else ""
        since = f"since {one.pause.since:%Y-%m-%d %H:%M} UTC"
        return [
            f"{one.name} is paused {since}{by}; crmsync resume {one.name} --apply has it go on."
        ]
    told = [
        (one.hubspot_trouble, f"{one.name}: HubSpot: {one.hubspot_trouble}"),
        (one.trouble, f"{one.name}: Salesforce: {one.trouble}"),
    ]
    sentences = [sentence for is_so, sentence in told if is_so]
    for side, at in one.looked.items():
        if at is not None and now - at >= REPORT_AFTER:
            sentences.append(
                f"{one.name}: no look at {_NAMES[side]} has succeeded for {_minutes(now - at)} minutes; "
                "docs/operations.md says what to do under 'Nothing is seen any more'."
            )
    for kind, found in one.waiting.items():
        sentences.append(
            f"{one.name}: the oldest {kind} change that is put off happened {_minutes(now - found.since)} minutes ago "
            f"({found.code}); docs/operations.md says what to do under 'Changes are put off'."
        )
    return sentences


def _minutes(time: timedelta) -> str:
    return f"{int(time.total_seconds()) // 60:,}"


def _findings(one: ConnectionStatus) -> list[str]:
    beside = {Category.WAITING, Category.BRAKE}
    failed = sum(count for category, count in one.errors.items() if category not in beside)
    held = one.errors.get(Category.BRAKE, 0)
    paused = one.jobs.get(JobState.PAUSED, 0)
    told = (
        (
            held,
            f"{one.name}: {held:,} records are held back by a brake; crmsync brakes list says which, release or drop them.",
        ),
        (failed, f"{one.name}: {failed:,} records do not sync; crmsync errors list says why."),
        (paused, f"{one.name}: {paused} jobs are paused; crmsync jobs list says why."),
    )
    return [sentence for is_so, sentence in told if is_so]
