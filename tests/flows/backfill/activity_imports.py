"""An import of activities as it is deployed: turns of the job, the sync's queue and its deliveries,
with the real gateways on both simulators and our own stores in memory. Workers may be killed at any
call.
"""

from __future__ import annotations

import itertools
import random
import tracemalloc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

from crmsync.errors import TryAgain
from crmsync.flows.backfill.jobs import JobAdmin, PlannedJobs
from crmsync.flows.backfill.run import BackfillContext, run_turn
from crmsync.flows.engine.context import SyncContext
from crmsync.flows.kinds.activity import sync_activities
from crmsync.gateways.hubspot.associations import HubspotAssociations
from crmsync.gateways.hubspot.client import HubspotClient
from crmsync.gateways.hubspot.listing import HubspotLister
from crmsync.gateways.hubspot.records import HubspotGateway
from crmsync.gateways.hubspot.schema import HubspotSchema
from crmsync.gateways.salesforce.listing import SalesforceLister
from crmsync.gateways.salesforce.records import SalesforceGateway
from crmsync.gateways.salesforce.session import SalesforceSession
from crmsync.model.effects import Associate, CreateRecord
from crmsync.model.kinds.activities import ActivityKindSettings, ActivitySettings, ActivitySync
from crmsync.model.links import Link, Slot
from crmsync.model.operations.jobs import Job
from crmsync.model.records import Kind, Ref, Side, Value
from crmsync.model.settings import Connection, EmailTaskSettings, Settings
from crmsync.ports.crm import Written
from crmsync.rules.backfill.pacing import Depth
from crmsync.rules.settings.activity_fields import hubspot_activity_parts
from simulators.clock import Clock
from simulators.faults import Faults
from simulators.hubspot import HubSpotSimulator
from simulators.salesforce import SalesforceSimulator
from tests.builders import a_connection
from tests.memory import (
    MemoryInbox,
    MemoryJobMessages,
    MemoryJobs,
    MemoryLinks,
    MemoryOutbox,
    MemoryTaskStates,
    OpenGate,
)
from tests.operator.connections import Connected
from tests.simulated import OUR_FIELD, FixedSecret, retry_policy, served, set_up_hubspot

AT: Final = "2026-10-01T10:00:00Z"
TITLES: Final = {
    "call": "hs_call_title",
    "email": "hs_email_subject",
    "meeting": "hs_meeting_title",
    "note": "hs_note_body",
    "task": "hs_task_subject",
}
"""HubSpot's object -> a property that shows which one it is."""

WORDS: Final = {f"{name}s": name for name in TITLES}
"""The words of ``crmsync import`` -> HubSpot's object."""

MOST_ROUNDS = 10_000
"""Rounds after which an import that goes on is given up."""

BATCH = 1_000
"""The most changes that a worker gets at once: what the sync gathers."""

ALL_KINDS = ActivitySettings(
    **dict.fromkeys(WORDS, ActivityKindSettings(sync=ActivitySync.TO_SALESFORCE))
)


_PLAIN: Final = {"externalId": False, "unique": False, "idLookup": False}


class KilledError(BaseException):
    """The worker's process is gone: no `SyncError`, and no code of ours gets to see it."""


@dataclass(slots=True)
class Fate:
    """Kills a worker at one of its calls, before it is made or when its answer is there. `often` is
    the chance at each call.
    """

    chance: random.Random
    often: float
    kills: int = 0

    def meet(self) -> None:
        """Maybe the worker ends here."""
        if self.often and self.chance.random() < self.often:
            self.kills += 1
            raise KilledError


class Mortal:
    """A port whose calls may be a worker's last."""

    def __init__(self, port: Any, fate: Fate) -> None:
        """Call through `port`."""
        self._port, self._fate = port, fate

    def __getattr__(self, name: str) -> Any:
        """Return what the port has under this name."""
        found = getattr(self._port, name)
        if not callable(found):
            return found

        def call(*arguments: Any, **named: Any) -> Any:
            self._fate.meet()
            answer = found(*arguments, **named)
            self._fate.meet()
            return answer

        return call


@dataclass(slots=True)
class Imports:
    """Both CRMs, the job's queue, the sync's queue, and what was stored."""

    clock: Clock
    hubspot: HubspotClient
    person: HubspotClient
    salesforce: SalesforceGateway
    by_hand: SalesforceSession
    """A person's session with Salesforce."""
    fate: Fate
    links: MemoryLinks = field(default_factory=MemoryLinks)
    outbox: MemoryOutbox = field(default_factory=MemoryOutbox)
    inbox: MemoryInbox = field(default_factory=MemoryInbox)
    claims: MemoryTaskStates = field(default_factory=MemoryTaskStates)
    jobs: MemoryJobs = field(default_factory=MemoryJobs)
    job_messages: MemoryJobMessages = field(default_factory=MemoryJobMessages)
    activities: ActivitySettings = ALL_KINDS
    peaks: list[int] = field(default_factory=list)
    """The most memory that each batch took, in bytes, while that is traced."""
    _context: SyncContext | None = None
    _tokens: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def now(self) -> datetime:
        """The time of both CRMs."""
        return datetime.fromtimestamp(self.clock.now_ms() / 1000, UTC)

    def calls(self) -> dict[Side, int]:
        """The product's calls to each side so far."""
        return {Side.HUBSPOT: self.hubspot.calls, Side.SALESFORCE: self.salesforce.session.calls}

    @property
    def connection(self) -> Connection:
        """The connection, without tasks of marketing e-mails."""
        no_mail = EmailTaskSettings(kinds=())
        return replace(a_connection(), activities=self.activities, email_tasks=no_mail)

    def update_index(self) -> None:
        """Let HubSpot's search index catch up."""
        self.clock.advance(3_600)

    # People and what they have

    def made(self, name: str, rows: Sequence[Mapping[str, Value]], start: int = 0) -> list[Ref]:
        """Make records of an object in HubSpot."""
        effects = [
            CreateRecord(Side.HUBSPOT, name, f"x-{name}-{start + at}", row, Slot(str(at)))
            for at, row in enumerate(rows)
        ]
        outcomes = HubspotGateway(self.person).create(effects)
        return [one.ref for one in outcomes if isinstance(one, Written)]

    def linked_people(self, count: int) -> list[Ref]:
        """Make that many contacts in both CRMs, linked; the ones in HubSpot."""
        here = self.made("contact", [{"lastname": f"P{at}"} for at in range(count)])
        there = self.salesforce.create(
            [
                CreateRecord(
                    Side.SALESFORCE, "Contact", f"p{at}", {"LastName": f"P{at}"}, Slot("x")
                )
                for at in range(count)
            ]
        )
        self.links.save(
            [
                Link("acme", Kind.CONTACT, contact, one.ref, key=1)
                for contact, one in zip(here, there, strict=True)
                if isinstance(one, Written)
            ]
        )
        return here

    def add(self, name: str, count: int, people: Sequence[Ref]) -> None:
        """Make activities of an object, each of one of the people in turn."""
        for start in range(0, count, BATCH):
            numbers = range(start, min(count, start + BATCH))
            rows = [{"hs_timestamp": AT, TITLES[name]: f"{name} {at:05d}"} for at in numbers]
            more = {"hs_meeting_start_time": AT, "hs_meeting_end_time": AT}
            rows = [row | more for row in rows] if name == "meeting" else rows
            refs = self.made(name, rows, start)
            HubspotAssociations(self.person).associate(
                [Associate(one, people[at % len(people)]) for at, one in enumerate(refs)]
            )

    def add_tasks(self, count: int, people: Sequence[Ref], subtype: str) -> None:
        """Make tasks in Salesforce, each about the counterpart of one of the people in turn."""
        links = self.links.find("acme", people)
        ids = [one.id for link in links.values() if isinstance(one := link.salesforce, Ref)]
        rows = [
            {
                "attributes": {"type": "Task"},
                "Subject": f"{subtype} {at:05d}",
                "TaskSubtype": subtype,
                "WhoId": ids[at % len(ids)],
            }
            for at in range(count)
        ]
        for start in range(0, count, 200):
            body = {"allOrNone": True, "records": rows[start : start + 200]}
            self.by_hand.call("POST", "composite/sobjects", body=body)

    def shown_in_hubspot(self, name: str) -> list[tuple[str, int]]:
        """Every activity of an object by its title, and how many people it is about."""
        lister, gateway = HubspotLister(self.person), HubspotGateway(self.person)
        found: list[tuple[str, int]] = []
        after: str | None = ""
        while after is not None:
            page = lister.page(name, after, 100)
            records = gateway.read(page.refs, {name: [TITLES[name]]})
            about = HubspotAssociations(self.person).of(page.refs, "contact")
            found += [
                (str(one.fields[TITLES[name]]), len(about.get(ref, ())))
                for ref, one in records.items()
            ]
            after = page.after
        return sorted(found)

    def shown(self, name: str) -> list[tuple[str, bool]]:
        """Every task or event by its subject, and whether it is about somebody."""
        lister = SalesforceLister(self.salesforce.session)
        found: list[tuple[str, bool]] = []
        after: str | None = ""
        while after is not None:
            page = lister.page(name, after, 2_000)
            records = self.salesforce.read(page.refs, {name: ["Subject", "WhoId"]}).values()
            found += [(str(one.fields["Subject"]), bool(one.fields["WhoId"])) for one in records]
            after = page.after
        return sorted(found)

    # The product

    def admin(self) -> JobAdmin:
        """The operator's jobs."""
        connection = self.connection
        return JobAdmin(
            settings=lambda: Settings((connection,)),
            jobs=self.jobs,
            job_messages=self.job_messages,
            lister=lambda _connection, side: self._lister(side),
            new_id=lambda: f"id{next(self._tokens)}",
            now=self.now,
            sleep=self.clock.advance,
            inbox=self.inbox,
            reader=lambda _connection, _side: _no_reader(),
        )

    def run(self, word: str) -> tuple[PlannedJobs, list[Job]]:
        """Import a kind from the plan to the end of its job; every worker may be killed."""
        admin = self.admin()
        planned = admin.plan_import(word)
        jobs = admin.start(planned)
        for _ in range(MOST_ROUNDS):
            if not (self.job_messages.sent or self.outbox.published or self.outbox.delayed):
                break
            if self.job_messages.sent:
                self._turn()
            self._deliver()
        return planned, [self.jobs.load(job.connection, job.id) or job for job in jobs]

    def _turn(self) -> None:
        before = list(self.job_messages.sent)
        message = self.job_messages.take()
        try:
            run_turn(message, self._backfill())
        except (KilledError, TryAgain):
            # The message comes back once its visibility timeout is over.
            self.clock.advance(900)
            self.job_messages.sent += [one for one in before if one not in self.job_messages.sent]

    def _deliver(self) -> None:
        """Deliver a batch of what waits; put-off changes come when their time has come."""
        if not self.outbox.published:
            if self.outbox.delayed:
                self.clock.advance(max(after for _, after in self.outbox.delayed))
                self.outbox.published = [change for change, _ in self.outbox.delayed]
                self.outbox.delayed = []
            return
        batch, rest = self.outbox.published[:BATCH], self.outbox.published[BATCH:]
        self.outbox.published = rest
        before = traced()
        try:
            sync_activities(batch, self._context or self._started())
        except KilledError:
            # The message comes back once its visibility timeout is over, to another process.
            self._context = None
            self.clock.advance(900)
            self.outbox.published = [*batch, *self.outbox.published]
        self.clock.advance(10)
        self.peaks.append(tracemalloc.get_traced_memory()[1] - before)

    def _started(self) -> SyncContext:
        """The context of a new process, whose calls may be its last."""
        connection = self.connection
        opened = Connected(
            lambda _connection: (self.hubspot, self.salesforce),
            self.links,
            self.inbox,
            self.outbox,
        ).context(connection, Settings((connection,)))
        mortal = {
            name: Mortal(getattr(opened, name), self.fate)
            for name in ("hubspot", "salesforce", "associations", "links", "outbox")
        }
        claims = Mortal(self.claims, self.fate)
        self._context = replace(opened, **mortal, claims=claims, now=self.now)
        return self._context

    def _lister(self, side: Side) -> Any:
        return (
            HubspotLister(self.hubspot)
            if side is Side.HUBSPOT
            else SalesforceLister(self.salesforce.session)
        )

    def _backfill(self) -> BackfillContext:
        connection = self.connection
        return BackfillContext(
            connection=lambda _name: connection,
            lister=lambda _connection, side: Mortal(self._lister(side), self.fate),
            calls=lambda _connection: OpenGate(),
            jobs=Mortal(self.jobs, self.fate),
            job_messages=Mortal(self.job_messages, self.fate),
            outbox=Mortal(self.outbox, self.fate),
            backlog=self,
            new_turn_token=lambda: f"t{next(self._tokens)}",
            now=self.now,
            compare=lambda job, _connection: job,
        )

    def depth(self, _kind: Kind) -> Depth:
        """How much waits in the sync's queue."""
        return Depth(ready=-(-len(self.outbox.published) // 100))


def traced() -> int:
    """The memory in use, in bytes, from which a peak is measured now; 0 where it is not traced."""
    if tracemalloc.is_tracing():
        tracemalloc.reset_peak()
    return tracemalloc.get_traced_memory()[0]


def _no_reader() -> Any:
    msg = "an import reads no single records"
    raise AssertionError(msg)


@contextmanager
def imports(*, often: float = 0.0, seed: int = 1, unique: bool = True) -> Iterator[Imports]:
    """Both simulators with our fields, and no people yet. `unique`: whether the org keeps our field
    of tasks and events unique.
    """
    key = OUR_FIELD if unique else {**OUR_FIELD, **_PLAIN}
    clock = Clock()
    faults = Faults(clock)
    account = HubSpotSimulator([{"portal_id": 555001}], clock=clock, faults=faults)
    revision = {
        "name": "Crmsync_Revision_555001__c",
        "label": "Revision",
        "type": "string",
        "length": 40,
    }
    org = SalesforceSimulator(
        {
            "custom_fields": {
                "Contact": [OUR_FIELD, revision],
                "Task": [key, revision],
                "Event": [key, revision],
            }
        },
        clock=clock,
        faults=faults,
    )
    portal = account.portals[0]
    with served(account.wsgi) as hubspot_url, served(org.wsgi) as salesforce_url:
        org.set_instance_url(salesforce_url)
        set_up_hubspot(hubspot_url, portal.user_token)
        schema = HubspotSchema(
            FixedSecret({"access_token": portal.user_token, "api_url": hubspot_url})
        )
        for part in hubspot_activity_parts(TITLES):
            schema.make(part)

        def client(token: str) -> HubspotClient:
            secret = FixedSecret({"access_token": token, "api_url": hubspot_url})
            return HubspotClient(secret, retry_policy=retry_policy(clock))

        secret = FixedSecret({"client_id": org.client_id, "client_secret": org.client_secret})
        gateway = SalesforceGateway(
            salesforce_url,
            secret,
            now=lambda: clock.now_ms() / 1000,
            retry_policy=retry_policy(clock),
        )
        yield Imports(
            clock,
            client(portal.access_token),
            client(portal.user_token),
            gateway,
            SalesforceGateway(
                salesforce_url,
                secret,
                now=lambda: clock.now_ms() / 1000,
                retry_policy=retry_policy(clock),
            ).session,
            Fate(random.Random(seed), often),
        )
