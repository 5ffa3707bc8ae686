"""The state of a deployment: what is switched on, how far the sweeps are, what waits or failed, and
how many API calls are left. Only reads.

Law: a CRM that does not answer is reported, and hides nothing else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from crmsync.errors import SyncError
from crmsync.flows.engine.staleness import LongestWait, last_poll, longest_wait, names_of_notes
from crmsync.flows.operator.health.campaigns import (
    CampaignStatus,
    campaign_findings,
    campaign_states,
)
from crmsync.flows.operator.health.comparisons import latest_results, out_of_step_for_long
from crmsync.flows.operator.health.standstill import Movement, last_met, standstill, told
from crmsync.flows.setup.app_rights import Account, check_app_rights
from crmsync.model.concerns import mail_kinds_of, objects_of
from crmsync.model.effects import Category
from crmsync.model.operations.alerts import ChannelTrouble, Incident
from crmsync.model.operations.calls import DailyCalls
from crmsync.model.operations.comparison import ObjectComparison
from crmsync.model.operations.jobs import Job, JobState
from crmsync.model.operations.troubles import Pause, Troubles
from crmsync.model.records import Kind, Side
from crmsync.model.settings import Connection, Settings
from crmsync.ports.alerts import AlertStore
from crmsync.ports.campaigns import CampaignStore
from crmsync.ports.comparison import Comparisons
from crmsync.ports.health import QueueMonitor, Quota
from crmsync.ports.stores import Cursor, Cursors, Inbox, Jobs
from crmsync.ports.troubles import TroubleStore
from crmsync.rules.alerts.alarms import incidents_of_alarms
from crmsync.rules.backfill.objects import BACKFILL_OBJECTS
from crmsync.rules.backfill.pacing import Depth
from crmsync.rules.timing.call_state import CallState

NO_SETTINGS = "No settings are in force, so nothing syncs: crmsync settings push FILE --apply."

TOLD_HERE = frozenset(
    {
        "operations#a-brake-holds-changes-back",
        "operations#a-crm-does-not-answer",
        "operations#a-crm-refuses-us",
        "operations#a-side-lacks-a-field",
        "operations#calls-are-used-up",
        "operations#changes-are-put-off",
        "operations#dead-letters",
        "operations#nothing-is-seen-any-more",
        "operations#records-are-parked",
        "operations#whether-everything-is-in-step",
    }
)
"""The pages of alarms about what the status finds out by itself, and sooner."""

DEAD_LETTERS = "DeadLetters"
"""The end of the name of every dead-letter queue."""


@dataclass(frozen=True, slots=True)
class ConnectionStatus:
    """The state of one connection.

    Attributes:
        name: Its name.
        concerns: Whether each kind, and the e-mail tasks, are switched on.
        newest: The time of the newest change that a sweep has passed on, by object; None before the
            first sweep.
        errors: The number of parked records by category.
        jobs: The number of jobs by state, without those that are over.
        open_jobs: These jobs.
        imported: When the import of an object was finished, or None.
        calls: Salesforce's API calls of 24 hours, by all clients; None when the org did not answer.
        allotment: The most calls that crmsync makes in 24 hours; 0 = no limit.
        own_calls: Crmsync's own calls to each side, and what they wait for.
        reports: How many records are in the error inbox, by side, object and category.
        trouble: Why the org did not answer.
        hubspot_trouble: Why HubSpot did not answer, or the scopes that the token lacks.
        looked: When a sweep of each side last succeeded.
        waiting: The oldest change of each kind that has been put off for long.
        pause: The operator's pause, or None.
        compared: The last result of each object that was compared.
        campaigns: The state of each campaign.
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
    own_calls: Mapping[Side, CallState] = field(default_factory=dict)
    open_jobs: tuple[Job, ...] = ()
    reports: Mapping[tuple[Side, str, Category], int] = field(default_factory=dict)
    compared: tuple[ObjectComparison, ...] = ()
    campaigns: tuple[CampaignStatus, ...] = ()

    @property
    def movement(self) -> Movement:
        """What of it says whether the connection moves."""
        return Movement(
            self.name,
            pause=self.pause,
            troubles={Side.HUBSPOT: self.hubspot_trouble, Side.SALESFORCE: self.trouble},
            own_calls=self.own_calls,
            looked=self.looked,
            waiting=self.waiting,
        )


@dataclass(frozen=True, slots=True)
class Status:
    """The state of the whole deployment.

    Attributes:
        at: When it was read (UTC).
        version: The version of the settings in force.
        connections: The state of each connection.
        queues: How much is in each queue.
        link_keys: The numbers of the keys of links, the one in use first.
        silent: The channels that take no messages about alerts.
        alarms: The alarms that are on and say what nothing else here does.
    """

    at: datetime
    version: int
    connections: tuple[ConnectionStatus, ...]
    queues: Mapping[str, Depth]
    link_keys: tuple[int, ...] = ()
    silent: tuple[ChannelTrouble, ...] = ()
    alarms: tuple[Incident, ...] = ()

    @property
    def findings(self) -> tuple[str, ...]:
        """What needs attention, a sentence each: first what does not move, then what failed."""
        found: list[str] = [] if self.version else [NO_SETTINGS]
        for one in self.connections:
            found += standstill(one.movement, self.at)
        for name, depth in self.queues.items():
            if is_dead(name, depth):
                found.append(
                    f"{name} has {_many(_all(depth), 'message', 'messages')}; crmsync dead-letters "
                    "list says which records, dead-letters redrive moves them back."
                )
        found += map(_alarm, self.alarms)
        found += map(_silence, self.silent)
        for one in self.connections:
            found += _failures(one)
        return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthCheck:
    """What the state is read from.

    Attributes:
        settings: Reads the settings in force.
        inbox: The error inbox.
        jobs: The stored jobs.
        cursors: The stored cursors of sweeps.
        quota: Makes what knows a connection's daily API calls; None where no CRM is asked. Then
            what the functions last met counts.
        waiting: Knows how much waits in the queues.
        account: Makes the HubSpot account of a connection; None as above.
        now: The clock (UTC).
        troubles: Stores the pauses.
        own_calls: Reads crmsync's own calls to a side.
        comparisons: The last results of comparisons.
        campaigns: How far lists have become members of campaigns.
        link_keys: Reads the numbers of the keys of links, the one in use first.
        alerts: Stores which channels take no messages.
    """

    settings: Callable[[], Settings]
    inbox: Inbox
    jobs: Jobs
    cursors: Cursors
    quota: Callable[[Connection], Quota] | None = None
    waiting: QueueMonitor
    account: Callable[[Connection], Account] | None = None
    now: Callable[[], datetime]
    troubles: TroubleStore
    own_calls: Callable[[Connection, Side], CallState]
    alerts: AlertStore
    comparisons: Comparisons
    campaigns: CampaignStore
    link_keys: Callable[[], tuple[int, ...]] = tuple

    def status(self) -> Status:
        """Read the state. Raises `SyncError` when our own tables and queues do not answer."""
        settings = self.settings()
        connections = tuple(map(self._status, settings.connections))
        known = self.alerts.load()
        return Status(
            self.now(),
            settings.version,
            connections,
            self.waiting.depths(),
            self.link_keys(),
            tuple(known.troubles.values()),
            tuple(one for one in incidents_of_alarms(known.alarms) if one.page not in TOLD_HERE),
        )

    def standstills(self, name: str = "") -> tuple[str, ...]:
        """What does not move, a sentence each, of one connection or by default of all. No CRM is
        asked: what the functions last met counts. Raises `SyncError` as `status` does.
        """
        now, found = self.now(), list[str]()
        for connection in self.settings().connections:
            if name in {"", connection.name}:
                found += standstill(self._movement(connection, now), now)
        return tuple(found)

    def _movement(self, connection: Connection, now: datetime) -> Movement:
        name, kinds = connection.name, connection.kinds
        troubles = self.troubles.load(name)
        known = self.cursors.load_many(name, names_of_notes(kinds))
        return Movement(
            name,
            pause=troubles.pause,
            troubles={side: last_met(troubles, side) for side in Side},
            own_calls={side: self.own_calls(connection, side) for side in Side},
            looked={side: last_poll(side, known) for side in Side},
            waiting=_waiting(kinds, known, now),
        )

    def _status(self, connection: Connection) -> ConnectionStatus:
        own_calls = {side: self.own_calls(connection, side) for side in Side}
        jobs = tuple(self.jobs.not_over(connection.name))
        reports = Counter(
            (report.ref.side, report.ref.object, report.category)
            for report in self.inbox.parked(connection.name)
        )
        name = connection.name
        troubles, imports = self.troubles.load(name), self.jobs.imports(name)
        known = self.cursors.load_many(
            name, [*_places(connection), *names_of_notes(connection.kinds)]
        )
        calls, trouble = self._calls(connection, own_calls[Side.SALESFORCE], troubles)
        return ConnectionStatus(
            name,
            concerns=_concerns(connection),
            newest={
                place: known[place].since if place in known else None
                for place in _places(connection)
            },
            errors=_by_category(reports),
            jobs=Counter(str(job.state) for job in jobs),
            imported={
                one.imported_as: imports.get(one.imported_as)
                for one in BACKFILL_OBJECTS
                if one.word and (one.activity is None or one.syncs(connection))
            },
            calls=calls,
            allotment=connection.salesforce.daily_call_allotment,
            trouble=trouble,
            hubspot_trouble=self._hubspot_trouble(connection, troubles),
            pause=troubles.pause,
            compared=latest_results(self.comparisons, connection),
            campaigns=campaign_states(self.campaigns, connection),
            own_calls=own_calls,
            open_jobs=jobs,
            reports=reports,
            looked={side: last_poll(side, known) for side in Side},
            waiting=_waiting(connection.kinds, known, self.now()),
        )

    def _hubspot_trouble(self, connection: Connection, troubles: Troubles) -> str:
        """Why HubSpot refuses our token, or the scopes that it lacks; "" when all is well."""
        if self.account is None:
            return last_met(troubles, Side.HUBSPOT)
        try:
            check_app_rights(connection, self.account(connection))
        except SyncError as error:
            return told(error)
        return ""

    def _calls(
        self, connection: Connection, own_calls: CallState, troubles: Troubles
    ) -> tuple[DailyCalls | None, str]:
        """The org's calls, and why it did not answer. It is not asked while it has no call left."""
        if self.quota is None:
            return own_calls.day, last_met(troubles, Side.SALESFORCE)
        if own_calls.used_up_at is not None:
            return own_calls.day, ""
        try:
            return self.quota(connection).calls(), ""
        except SyncError as error:
            return None, told(error)


def _waiting(
    kinds: Iterable[Kind], known: Mapping[str, Cursor], now: datetime
) -> dict[Kind, LongestWait]:
    return {kind: found for kind in kinds if (found := longest_wait(kind, known, now)) is not None}


def _alarm(incident: Incident) -> str:
    """An alarm that is on, and what to do."""
    since = f"{incident.since:%Y-%m-%d %H:%M} UTC"
    return f"{incident.title} since {since}: {incident.text} {incident.todo}"


def _silence(trouble: ChannelTrouble) -> str:
    """Where nobody is told of anything, and why."""
    hint = f" {trouble.hint}" if trouble.hint else ""
    return (
        f"Alerts are not sent by {trouble.channel} since {trouble.since:%Y-%m-%d %H:%M} UTC: "
        f"{trouble.text}{hint} docs/operations.md says more under 'Alerts cannot be sent'."
    )


def _by_category(reports: Mapping[tuple[Side, str, Category], int]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for (_, _, category), count in reports.items():
        counts[str(category)] += count
    return counts


def is_dead(name: str, depth: Depth) -> bool:
    """Whether this is a dead-letter queue with messages."""
    return name.endswith(DEAD_LETTERS) and bool(_all(depth))


def _all(depth: Depth) -> int:
    return depth.ready + depth.hidden + depth.delayed


def _concerns(connection: Connection) -> dict[str, bool]:
    kinds = connection.kinds
    shown = (kind for kind in Kind if kind is not Kind.ACTIVITY or kind in kinds)
    return {str(kind): kind in kinds for kind in shown} | {
        "email task": bool(mail_kinds_of(connection))
    }


def _places(connection: Connection) -> list[str]:
    """The names of the cursors of everything that is switched on."""
    objects = [name for side in Side for name in objects_of(connection, side)]
    return [*objects, *(f"email {kind}" for kind in mail_kinds_of(connection))]


def _failures(one: ConnectionStatus) -> list[str]:
    """What failed in a connection, and which command says more."""
    held = one.errors.get(Category.BRAKE, 0)
    rests = one.errors.get(Category.MAPPING, 0)
    failed = sum(one.errors.values()) - held - rests - one.errors.get(Category.WAITING, 0)
    paused = one.jobs.get(JobState.PAUSED, 0)
    sentences: list[str] = []
    if held:
        sentences.append(
            f"{one.name}: {_many(held, 'record is', 'records are')} held back by a brake; crmsync "
            "brakes list says which, release or drop them."
        )
    if failed:
        sentences.append(
            f"{one.name}: {_many(failed, 'record does', 'records do')} not sync, or not as a "
            "whole; crmsync errors list says why."
        )
    if rests:
        sentences.append(
            f"{one.name}: {_many(rests, 'mapping rests', 'mappings rest')}, as a side lacks the "
            "field; everything else syncs. crmsync errors list says which."
        )
    sentences += [
        f"{one.name}: {found.found:,} records of {found.side} {found.object} lack a counterpart or "
        f"differ from it, some since {found.since:%Y-%m-%d}; crmsync verify says which, and with "
        "--repair --apply syncs them."
        for found in out_of_step_for_long(one.compared)
    ]
    sentences += campaign_findings(one.name, one.campaigns)
    if paused:
        sentences.append(
            f"{one.name}: {_many(paused, 'job is', 'jobs are')} paused; crmsync jobs list says why."
        )
    return sentences


def _many(number: int, one: str, more: str) -> str:
    return f"{number:,} {one if number == 1 else more}"
