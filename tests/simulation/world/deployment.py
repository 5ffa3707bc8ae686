"""What is deployed: CRMs, stores and connections, and every port as workers see it.

Each call of a flow passes `Deployment.call`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from crmsync.flows.backfill.run import BackfillContext
from crmsync.flows.email.task_run import TaskContext
from crmsync.flows.engine.circuit_breaker import PauseWatch
from crmsync.flows.engine.context import SyncContext
from crmsync.gateways.dynamodb.claims import GOOD_FOR
from crmsync.gateways.dynamodb.troubles import CachedTroubles
from crmsync.gateways.shared_org import SharedOrg
from crmsync.model.changes import Change
from crmsync.model.fields import FieldRule, Update
from crmsync.model.mail import LogRange
from crmsync.model.operations.jobs import JobMessage
from crmsync.model.records import Kind, Ref, Side, Value
from crmsync.model.settings import (
    CompanySettings,
    Connection,
    ContactSettings,
    CreateInHubspot,
    CreateInSalesforce,
    DealSettings,
    HubspotAccount,
    OutsideInclusionList,
    SalesforceOrg,
    UndoSettings,
)
from crmsync.rules.backfill.pacing import Depth
from crmsync.wire.job_messages import dump_job
from crmsync.wire.queue_messages import dump_changes
from crmsync.wire.range_messages import dump_range
from tests.builders import FINGERPRINTER, OUR_APP, OUR_USER
from tests.memory import (
    MemoryAccounts,
    MemoryActivities,
    MemoryActivityBin,
    MemoryChangeCounts,
    MemoryCompanies,
    MemoryCursors,
    MemoryDeals,
    MemoryDeleter,
    MemoryDirectory,
    MemoryJobs,
    MemoryLister,
    MemoryMailLog,
    MemoryOpportunities,
    MemoryOverwritten,
    MemoryPipelineMaps,
    MemoryPreferences,
    MemoryTasks,
    MemoryTaskStates,
    MemoryTroubleStore,
    OpenGate,
)
from tests.simulation.histories.steps import Setting
from tests.simulation.judges.waits import Waits, waiting
from tests.simulation.world.lists import (
    LIST,
    LiveLists,
    WatchedAssociations,
    WatchedPreferences,
)
from tests.simulation.world.owners import OWNERS, QUEUE
from tests.simulation.world.queues import Queue
from tests.simulation.world.watched import (
    Ledger,
    WatchedCrm,
    WatchedInbox,
    WatchedLinks,
    WatchedSchemas,
)

BEGIN = datetime(2026, 11, 2, 12, tzinfo=UTC)

RUN = timedelta(seconds=60)
"""How long a run begins new ranges of the e-mail log (`crmsync.wiring.email`)."""

FIELDS = {
    "phone": "Phone",
    "mobilephone": "MobilePhone",
    "fax": "Fax",
    "jobtitle": "Title",
    "firstname": "FirstName",
}
"""The properties of a contact whose policy a setting may name, with their fields."""


@dataclass
class Portal:
    """A HubSpot account with its connection."""

    connection: Connection
    hubspot: WatchedCrm
    preferences: MemoryPreferences
    lists: LiveLists
    associations: WatchedAssociations
    deals: MemoryDeals
    mail_log: MemoryMailLog
    ports: dict[str, Any]

    @property
    def name(self) -> str:
        """The connection's name."""
        return self.connection.name


class InterceptedPort:
    """A port as workers see it: each method passes `Deployment.call`."""

    def __init__(self, deployment: Deployment, name: str, port: Any) -> None:
        """Intercept a port."""
        self._deployment, self._name, self._port = deployment, name, port

    def __getattr__(self, verb: str) -> Any:
        """The port's method, intercepted, or its attribute."""
        real = getattr(self._port, verb)
        if not callable(real):
            return real
        call, name = self._deployment.call, f"{self._name}.{verb}"

        def through(*args: Any, **more: Any) -> Any:
            return call(name, real, args, more)

        setattr(self, verb, through)
        return through


@dataclass
class Outbox:
    """Implements `Outbox`: bodies as they are sent, in the queues of the concerns."""

    deployment: Deployment

    def publish(self, changes: Sequence[Change]) -> None:
        """As the port says."""
        self._put(changes, 0)

    def again(self, changes: Sequence[tuple[Change, int]]) -> None:
        """As the port says."""
        by_delay: dict[int, list[Change]] = {}
        for change, after in changes:
            by_delay.setdefault(min(max(after, 0), 900), []).append(change)
        for after, some in by_delay.items():
            self._put(some, after)

    def _put(self, changes: Sequence[Change], after: int) -> None:
        for kind, name in dict.fromkeys((one.kind, one.connection) for one in changes):
            some = [one for one in changes if (one.kind, one.connection) == (kind, name)]
            for body in dump_changes(some):
                at = self.deployment.now + timedelta(seconds=after)
                self.deployment.queues[kind].put(body, at, waiting(some))


@dataclass
class MemoryClaims:
    """Claims on addresses in a shared org, as `crmsync.gateways.dynamodb.claims` keeps them."""

    connection: str
    now: Callable[[], datetime]
    held: dict[str, tuple[str, datetime]]

    def take(self, addresses: Iterable[str]) -> frozenset[str]:
        """Those of the addresses that are ours now."""
        ours = set()
        for one in sorted(set(addresses)):
            by, until = self.held.get(one, (self.connection, self.now()))
            if by == self.connection or until < self.now():
                self.held[one] = (self.connection, self.now() + GOOD_FOR)
                ours.add(one)
        return frozenset(ours)


@dataclass
class Ranges:
    """Implements `RangeQueue`: bodies as they are sent, in the queue of the e-mail tasks."""

    deployment: Deployment

    def queue(self, windows: Sequence[tuple[LogRange, int]]) -> None:
        """As the port says."""
        for one, after in windows:
            at = self.deployment.now + timedelta(seconds=min(max(after, 0), 900))
            self.deployment.queues["email"].put(dump_range(one), at)


@dataclass
class JobQueue:
    """Implements `JobMessages` and `Backlog` on the queues."""

    deployment: Deployment

    def send(self, job_message: JobMessage, *, after: int = 0) -> None:
        """As the port says."""
        at = self.deployment.now + timedelta(seconds=after)
        self.deployment.queues["job"].put(dump_job(job_message), at)

    def depth(self, kind: Kind) -> Depth:
        """As the port says."""
        waiting = self.deployment.queues[kind].waiting
        ready = sum(one.at <= self.deployment.now for one in waiting)
        return Depth(ready, delayed=len(waiting) - ready)


class Deployment(ABC):
    """HubSpot accounts connected with one Salesforce org."""

    def __init__(self, setting: Setting) -> None:
        """Empty CRMs."""
        self.setting, self.now = setting, BEGIN
        self.ledger = Ledger(self.clock)
        self.waits = Waits(self.clock)
        self.queues = {name: Queue(name, self.waits) for name in (*Kind, "email", "job")}
        self.salesforce = WatchedCrm(Side.SALESFORCE, self.ledger, first=100)
        self.salesforce.assignment_owner = QUEUE if setting.assigns else ""
        self.opportunities = MemoryOpportunities(self.salesforce)
        self.links, self.inbox = WatchedLinks(self.ledger), WatchedInbox(self.clock)
        self.cursors, self.troubles = MemoryCursors(), MemoryTroubleStore()
        self.change_counts = MemoryChangeCounts()
        self.tasks, self.task_states = MemoryTasks(self.clock), MemoryTaskStates()
        self.outbox = InterceptedPort(self, "outbox", Outbox(self))
        self.ranges = InterceptedPort(self, "ranges", Ranges(self))
        self.jobs, self.turns = MemoryJobs(), 0
        self._claims: dict[str, tuple[str, datetime]] = {}
        self.portals = [self._portal(number) for number in range(setting.portals)]

    @abstractmethod
    def call(
        self, name: str, real: Callable[..., Any], args: tuple[Any, ...], more: Mapping[str, Any]
    ) -> Any:
        """A call of a flow to a port."""

    def _portal(self, number: int) -> Portal:
        hubspot = WatchedCrm(Side.HUBSPOT, self.ledger, first=1_000 * (number + 1))
        preferences = WatchedPreferences(hubspot, self.ledger)
        hubspot.after_write.append(
            lambda ref, fields: self._show_opt_out(hubspot, preferences, ref, fields)
        )
        hubspot.after_restore.append(
            lambda ref: self._show_opt_out(hubspot, preferences, ref, hubspot.fields(ref))
        )
        lists = LiveLists(hubspot, now=self.clock)
        associations = WatchedAssociations(hubspot, self.ledger)
        deals, mail_log = MemoryDeals(hubspot), MemoryMailLog()
        ports: dict[str, Any] = {
            "hubspot": hubspot,
            "salesforce": self.salesforce,
            "mail_log": mail_log,
            "tasks": self.tasks,
            "task_states": self.task_states,
            "preferences": preferences,
            "deleter": MemoryDeleter(hubspot),
            "activity_bin": MemoryActivityBin(self.salesforce),
            "recycle_bin": MemoryLister(hubspot, 2),
            "lists": lists,
            "associations": associations,
            "companies": MemoryCompanies(hubspot),
            "accounts": MemoryAccounts(self.salesforce),
            "opportunities": self.opportunities,
            "deals": deals,
            "pipeline_maps": MemoryPipelineMaps(),
            "directory": MemoryDirectory(OWNERS),
            "links": self.links,
            "inbox": self.inbox,
            "change_counts": self.change_counts,
            "troubles": self.troubles,
            "schemas": WatchedSchemas(hubspot, self.salesforce, self.ledger),
            "cursors": self.cursors,
            "overwrites": MemoryOverwritten(),
        }
        intercepted = {name: InterceptedPort(self, name, port) for name, port in ports.items()}
        connection = self._connection(number)
        return Portal(
            connection, hubspot, preferences, lists, associations, deals, mail_log, intercepted
        )

    @staticmethod
    def _show_opt_out(
        hubspot: WatchedCrm, preferences: MemoryPreferences, ref: Ref, fields: Mapping[str, Value]
    ) -> None:
        """HubSpot keeps opt-outs by address (PLT-4): a contact shows that of the address it gets, or
        with which it comes out of the recycle bin.
        """
        address = str(fields.get("email") or "").lower()
        if not address:
            return
        is_out, shows = address in preferences.opted_out, hubspot.fields(ref).get("hs_email_optout")
        if is_out != (shows == "true"):
            hubspot.edit(ref, {"hs_email_optout": "true" if is_out else "false"})

    def _connection(self, number: int) -> Connection:
        setting = self.setting
        limit = setting.limit or None
        limits: dict[str, Any] = {"max_changes_per_hour": limit, "max_blanks_per_hour": limit}
        rows = tuple(
            FieldRule(name, FIELDS[name], update=Update(policy))
            for name, policy in setting.policies
        )
        return Connection(
            ("acme", "beta")[number],
            HubspotAccount(555001 + number, f"crmsync/{number}/hubspot"),
            SalesforceOrg("https://acme.example.com", "crmsync/acme/salesforce"),
            ContactSettings(
                create_in_salesforce=CreateInSalesforce(setting.creates),
                create_in_hubspot=CreateInHubspot(setting.makes),
                delete_in_hubspot=setting.deletes,
                max_deletes_per_hour=setting.limit,
                inclusion_list=LIST if setting.outside else "",
                outside_inclusion_list=OutsideInclusionList(setting.outside or "freeze"),
                listed_since=BEGIN if setting.outside else None,
                since=BEGIN,
                field=rows,
                **limits,
            ),
            CompanySettings(since=BEGIN, remove_associations=setting.removes, **limits),
            DealSettings(since=BEGIN, remove_associations=setting.removes, **limits),
            undo=UndoSettings(hours=72 if setting.undo else 0),
        )

    def context(self, portal: Portal, cached: CachedTroubles) -> SyncContext:
        """What a flow of a connection works with."""
        ports, is_shared = portal.ports, len(self.portals) > 1
        claims = MemoryClaims(portal.name, self.clock, self._claims)
        watch = PauseWatch(portal.name, ports["troubles"], self.clock, read_at=self.now)
        return SyncContext(
            portal.connection,
            ports["hubspot"],
            SharedOrg(ports["salesforce"], claims) if is_shared else ports["salesforce"],
            *(
                ports[name]
                for name in (
                    *("preferences", "deleter", "activity_bin", "lists"),
                    *("associations", "companies", "accounts", "opportunities", "deals"),
                    *("pipeline_maps", "directory", "links"),
                )
            ),
            outbox=self.outbox,
            inbox=ports["inbox"],
            change_counts=ports["change_counts"],
            calls=OpenGate(),
            troubles=cached,
            schemas=ports["schemas"],
            fingerprinter=FINGERPRINTER,
            overwrites=ports["overwrites"] if portal.connection.undo.hours else None,
            our_user="" if is_shared else OUR_USER,
            our_app=OUR_APP,
            activities=MemoryActivities(self.salesforce),
            now=self.clock,
            opportunities_since=BEGIN,
            may_begin=lambda: not watch.is_paused(),
        )

    def task_context(self, portal: Portal) -> TaskContext:
        """What the tasks of a connection are made with."""
        ports = portal.ports
        return TaskContext(
            portal.connection,
            log=ports["mail_log"],
            hubspot=ports["hubspot"],
            links=ports["links"],
            lists=ports["lists"],
            tasks=ports["tasks"],
            task_states=ports["task_states"],
            queue=self.ranges,
            inbox=ports["inbox"],
            fingerprinter=FINGERPRINTER,
            now=self.clock,
            until=self.now + RUN,
        )

    def backfill_context(self) -> BackfillContext:
        """What a turn of a job works with."""
        queue, jobs = (
            InterceptedPort(self, "job_queue", JobQueue(self)),
            InterceptedPort(self, "jobs", self.jobs),
        )
        listers = {
            (portal.name, side): InterceptedPort(self, f"{side}_lister", MemoryLister(crm, 2))
            for portal in self.portals
            for side, crm in ((Side.HUBSPOT, portal.hubspot), (Side.SALESFORCE, self.salesforce))
        }
        return BackfillContext(
            connection=lambda name: next(
                (one.connection for one in self.portals if one.name == name), None
            ),
            lister=lambda connection, side: listers[connection.name, side],
            calls=lambda _connection: OpenGate(),
            jobs=jobs,
            job_messages=queue,
            outbox=self.outbox,
            backlog=queue,
            new_turn_token=self._turn_token,
            now=self.clock,
            compare=lambda job, _connection: job,
            is_paused=lambda name: bool(self.troubles.load(name).pause),
        )

    def _turn_token(self) -> str:
        self.turns += 1
        return f"turn{self.turns}"

    def clock(self) -> datetime:
        """The time."""
        return self.now

    def portal_of(self, name: str) -> Portal | None:
        """The HubSpot account of a connection."""
        return next((one for one in self.portals if one.name == name), None)
