"""The state of a deployment: what is switched on, how far the sweeps are, what waits or failed, and
how many API calls are left. Only reads.

Law: a CRM that does not answer is reported, and hides nothing else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from crmsync.errors import SyncError
from crmsync.flows.engine.staleness import (
    REPORT_AFTER,
    LongestWait,
    last_poll,
    longest_wait,
    names_of_notes,
)
from crmsync.flows.operator.campaigns import (
    CampaignStatus,
    campaign_findings,
    campaign_states,
)
from crmsync.flows.operator.comparisons import latest_results, out_of_step_for_long
from crmsync.flows.setup.app_rights import Account, check_app_rights
from crmsync.flows.setup.steps import text_of
from crmsync.model.alerts import ChannelTrouble
from crmsync.model.calls import DailyCalls
from crmsync.model.comparison import ObjectComparison
from crmsync.model.concerns import mail_kinds_of, objects_of
from crmsync.model.effects import Category
from crmsync.model.jobs import Job, JobState
from crmsync.model.records import Kind, Side
from crmsync.model.settings import Connection, Settings
from crmsync.model.troubles import Pause, Troubles
from crmsync.ports.alerts import AlertStore
from crmsync.ports.campaigns import CampaignStore
from crmsync.ports.comparison import Comparisons
from crmsync.ports.health import QueueMonitor, Quota
from crmsync.ports.stores import Cursors, Inbox, Jobs
from crmsync.ports.troubles import TroubleStore
from crmsync.rules.backfill.objects import BACKFILL_OBJECTS
from crmsync.rules.backfill.pacing import Depth
from crmsync.rules.timing.call_state import CallState

NO_SETTINGS = "No settings are in force, so nothing syncs: crmsync settings push FILE --apply."

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
    """

    at: datetime
    version: int
    connections: tuple[ConnectionStatus, ...]
    queues: Mapping[str, Depth]
    link_keys: tuple[int, ...] = ()
    silent: tuple[ChannelTrouble, ...] = ()

    @property
    def findings(self) -> tuple[str, ...]:
        """What needs attention, a sentence each: first what does not move, then what failed."""
        found: list[str] = [] if self.version else [NO_SETTINGS]
        for one in self.connections:
            found += _standstill(one, self.at)
        for name, depth in self.queues.items():
            if is_dead(name, depth):
                found.append(
                    f"{name} has {_many(_all(depth), 'message', 'messages')}; crmsync dead-letters "
                    "list says which records, dead-letters redrive moves them back."
                )
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
        return Status(
            self.now(),
            settings.version,
            connections,
            self.waiting.depths(),
            self.link_keys(),
            tuple(self.alerts.load().troubles.values()),
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
            imported={one.object: imports.get(one.object) for one in BACKFILL_OBJECTS if one.word},
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
            waiting={
                kind: found
                for kind in connection.kinds
                if (found := longest_wait(kind, known, self.now())) is not None
            },
        )

    def _hubspot_trouble(self, connection: Connection, troubles: Troubles) -> str:
        """Why HubSpot refuses our token, or the scopes that it lacks; "" when all is well."""
        if self.account is None:
            return _met(troubles, Side.HUBSPOT)
        try:
            check_app_rights(connection, self.account(connection))
        except SyncError as error:
            return text_of(error)
        return ""

    def _calls(
        self, connection: Connection, own_calls: CallState, troubles: Troubles
    ) -> tuple[DailyCalls | None, str]:
        """The org's calls, and why it did not answer. It is not asked while it has no call left."""
        if self.quota is None:
            return own_calls.day, _met(troubles, Side.SALESFORCE)
        if own_calls.used_up_at is not None:
            return own_calls.day, ""
        try:
            return self.quota(connection).calls(), ""
        except SyncError as error:
            return None, text_of(error)


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


def _met(troubles: Troubles, side: Side) -> str:
    """What the functions last met on a side that is down; "" if it is not."""
    outages = [one for one in troubles.outages.values() if one.side == side]
    newest = max(outages, key=lambda one: one.seen_at, default=None)
    return f"{newest.text} {newest.hint}".strip() if newest else ""


def is_dead(name: str, depth: Depth) -> bool:
    """Whether this is a dead-letter queue with messages."""
    return name.endswith(DEAD_LETTERS) and bool(_all(depth))


def _all(depth: Depth) -> int:
    return depth.ready + depth.hidden + depth.delayed


def _concerns(connection: Connection) -> dict[str, bool]:
    kinds = connection.kinds
    return {str(kind): kind in kinds for kind in Kind} | {
        "email task": bool(mail_kinds_of(connection))
    }


def _places(connection: Connection) -> list[str]:
    """The names of the cursors of everything that is switched on."""
    objects = [name for side in Side for name in objects_of(connection, side)]
    return [*objects, *(f"email {kind}" for kind in mail_kinds_of(connection))]


def _standstill(one: ConnectionStatus, now: datetime) -> list[str]:
    """What does not move in a connection, and what to do about it."""
    if one.pause:
        by = f" by {one.pause.by}" if one.pause.by else ""
        since = f"since {one.pause.since:%Y-%m-%d %H:%M} UTC"
        return [f"{one.name} is paused {since}{by}; crmsync resume {one.name} --apply resumes it."]
    sentences: list[str] = []
    if one.hubspot_trouble:
        sentences.append(f"{one.name}: HubSpot: {one.hubspot_trouble}")
    if one.trouble:
        sentences.append(f"{one.name}: Salesforce: {one.trouble}")
    for side, own in one.own_calls.items():
        sentences += _short_of_calls(one.name, side.label, own)
    for side, at in one.looked.items():
        if side in one.own_calls and one.own_calls[side].sweep_every:
            continue
        if at is not None and now - at >= REPORT_AFTER:
            sentences.append(
                f"{one.name}: no sweep of {side.label} has succeeded for "
                f"{_minutes(now - at)} minutes; "
                "docs/operations.md says what to do under 'Nothing is seen any more'."
            )
    for kind, found in one.waiting.items():
        sentences.append(
            f"{one.name}: the oldest {kind} change that is put off happened "
            f"{_minutes(now - found.since)} minutes ago "
            f"({found.code}); docs/operations.md says what to do under 'Changes are put off'."
        )
    return sentences


def _short_of_calls(connection: str, crm: str, own: CallState) -> list[str]:
    """What waits because calls are used up, and what to do about it."""
    if own.used_up_at is not None:
        text = (
            f"all calls that {crm} allows in a day have been used up since "
            f"{own.used_up_at:%Y-%m-%d %H:%M} UTC. Changes wait, and one call every quarter of an "
            "hour finds out whether it is over; then everything goes on by itself. Find out which "
            "application uses the calls."
        )
    elif own.hold is not None:
        text = (
            f"{own.hold.text} Changes wait until {own.hold.until:%Y-%m-%d %H:%M} UTC and then go "
            f"on by themselves. {own.hold.hint}"
        )
    elif own.sweep_every is not None:
        text = (
            f"{crm} is polled again in {_minutes(own.sweep_every)} minutes only, because few calls "
            "are left. Raise daily_call_allotment if that is too slow."
        )
    else:
        return []
    return [f"{connection}: {text} docs/operations.md says more under 'Calls are used up'."]


def _minutes(time: timedelta) -> str:
    return f"{int(time.total_seconds()) // 60:,}"


def _failures(one: ConnectionStatus) -> list[str]:
    """What failed in a connection, and which command says more."""
    held = one.errors.get(Category.BRAKE, 0)
    failed = sum(one.errors.values()) - held - one.errors.get(Category.WAITING, 0)
    paused = one.jobs.get(JobState.PAUSED, 0)
    sentences: list[str] = []
    if held:
        sentences.append(
            f"{one.name}: {_many(held, 'record is', 'records are')} held back by a brake; crmsync "
            "brakes list says which, release or drop them."
        )
    if failed:
        sentences.append(
            f"{one.name}: {_many(failed, 'record does', 'records do')} not sync; crmsync errors "
            "list says why."
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
