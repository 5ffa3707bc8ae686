"""Outages end by themselves: what happened meanwhile waits in the queue, uses up no try, and
follows within minutes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from crmsync.errors import Down, Refused, SyncError, TryAgain
from crmsync.flows.engine.circuit_breaker import CircuitBreaker
from crmsync.flows.engine.passes import sign_in_and_sync
from crmsync.flows.engine.results import Summary
from crmsync.flows.intake.requeue import queue_unavailable
from crmsync.flows.kinds.contact import sync_contacts
from crmsync.model.changes import Change
from crmsync.model.effects import Category
from crmsync.model.records import Kind, Record, Ref, Side
from crmsync.ports.crm import Fields
from crmsync.rules.timing.parked import KEPT, SOON
from tests.memory import MemoryInbox
from tests.memory.world import MemoryWorld

LIMIT = Down(
    "TotalRequests Limit exceeded.", side="salesforce", after=900, code="REQUEST_LIMIT_EXCEEDED"
)
REVOKED = Down(
    "No such token.", side="hubspot", code="INVALID_AUTHENTICATION", hint="Store a valid token."
)
MAINTENANCE = Down("Later.", side="salesforce", sure=False, after=15, code="SERVER_UNAVAILABLE")


@dataclass
class Days:
    """A world whose queue delivers everything when it is due, as one batch."""

    world: MemoryWorld = field(default_factory=MemoryWorld)
    due: list[tuple[datetime, Change]] = field(default_factory=list)
    batches: int = 0

    def tell(self, *refs: Ref) -> None:
        """A webhook or a poll tells of records."""
        self.due += [(self.world.now, self.world.change(ref)) for ref in refs]

    def take(self) -> None:
        """Put what was published or put back into the queue."""
        world = self.world
        self.due += [
            (world.now + timedelta(seconds=after), change) for change, after in world.outbox.delayed
        ]
        self.due += [(world.now, change) for change in world.outbox.published]
        world.outbox.delayed, world.outbox.published = [], []

    def go_on(self, time: timedelta) -> None:
        """Let time pass and deliver what falls due."""
        end = self.world.now + time
        self.take()
        while (ready := min((at for at, _ in self.due), default=end)) <= end and self.due:
            self.world.now = max(self.world.now, ready)
            some = [change for at, change in self.due if at <= self.world.now]
            self.due = [(at, change) for at, change in self.due if at > self.world.now]
            self.world.deliver(some)
            self.batches += 1
            self.take()
        self.world.now = end

    def calls(self) -> int:
        """All calls to both CRMs so far."""
        return (self.world.hubspot.calls + self.world.salesforce.calls).total()


def pairs(days: Days, count: int) -> list[tuple[Ref, Ref]]:
    """Contacts and the leads that they became."""
    contacts = [days.world.new_contact(email=f"p{number}@example.com") for number in range(count)]
    days.tell(*contacts)
    days.go_on(timedelta(minutes=5))
    return [(contact, days.world.counterpart(contact)) for contact in contacts]


@pytest.mark.rule("RTY-1")
@pytest.mark.parametrize(
    ("side", "error", "hours"),
    [
        (Side.SALESFORCE, LIMIT, 20),
        (Side.SALESFORCE, MAINTENANCE, 12),
        (Side.SALESFORCE, Refused("No such object.", code="INVALID_TYPE"), 24),
        (Side.HUBSPOT, REVOKED, 60),
    ],
)
def test_all_that_happened_meanwhile_follows_within_minutes(
    side: Side, error: SyncError, hours: int
) -> None:
    """Edits of both sides and new records; nothing is parked, no try is used up, and a probe
    costs three calls at most.
    """
    days = Days()
    world = days.world
    known = pairs(days, 30)
    before = days.calls()

    world.crm(side).down = error
    for number, (contact, lead) in enumerate(known):
        world.hubspot.edit(contact, {"phone": f"+49 {number}"})
        world.salesforce.edit(lead, {"Title": f"T{number}"})
        days.tell(contact, lead)
        days.tell(world.new_contact(email=f"new{number}@example.com"))
        days.go_on(timedelta(hours=hours) / 30)
    meanwhile = days.calls() - before
    assert {change.tries for _, change in days.due} == {0}
    assert (
        list(world.inbox.parked("acme")),
        world.troubles.load("acme").outages[Kind.CONTACT].code,
    ) == ([], error.code)

    world.crm(side).down = None
    days.go_on(timedelta(minutes=6))

    assert (days.due, list(world.inbox.parked("acme")), world.troubles.outages) == ([], [], {})
    assert [world.salesforce.fields(lead)["Phone"] for _, lead in known] == [
        f"+49 {number}" for number in range(30)
    ]
    assert [world.hubspot.fields(contact)["jobtitle"] for contact, _ in known] == [
        f"T{number}" for number in range(30)
    ]
    assert len(world.salesforce.refs("Lead")) == 60
    assert meanwhile <= hours * 12 * 3 + 30


def test_what_needs_only_the_other_side_goes_on() -> None:
    """HubSpot takes no writes: what goes to Salesforce crosses at once; the others wait, and few
    calls are made for them.
    """
    days = Days()
    world = days.world
    known = pairs(days, 20)
    update, world.hubspot.update = (
        world.hubspot.update,
        refusing(Down("A scope is missing.", side="hubspot", code="MISSING_SCOPES")),
    )
    for _, lead in known[:10]:
        world.salesforce.edit(lead, {"Title": "T"})
        days.tell(lead)
    days.go_on(timedelta(hours=1))
    before = days.calls()
    for contact, _ in known[10:]:
        world.hubspot.edit(contact, {"phone": "+49 1"})
        days.tell(contact)
    days.go_on(timedelta(hours=10))

    assert {world.salesforce.fields(lead).get("Phone") for _, lead in known[10:]} == {"+49 1"}
    assert (
        len(days.due),
        list(world.inbox.parked("acme")),
        days.calls() - before <= 10 * 12 * 5,
    ) == (10, [], True)

    world.hubspot.update = update
    days.go_on(timedelta(minutes=6))
    assert {world.hubspot.fields(contact).get("jobtitle") for contact, _ in known[:10]} == {"T"}
    assert (days.due, list(world.inbox.parked("acme")), world.troubles.outages) == ([], [], {})


def test_two_changes_of_one_pair_do_not_queue_each_other_for_ever() -> None:
    """HubSpot takes no writes, and both records of a pair were edited: each meets what the other
    has just announced in vain.
    """
    days = Days()
    world = days.world
    ((contact, lead),) = pairs(days, 1)
    world.hubspot.update = refusing(
        Down("A scope is missing.", side="hubspot", code="MISSING_SCOPES")
    )
    world.salesforce.edit(lead, {"Title": "T"})
    days.tell(lead)
    days.go_on(timedelta(seconds=20))
    world.hubspot.edit(contact, {"phone": "+49 1"})
    days.tell(contact)
    days.go_on(timedelta(seconds=20))
    days.tell(lead)
    days.go_on(timedelta(minutes=30))
    before = days.calls()

    days.go_on(timedelta(hours=10))

    assert days.calls() - before <= 10 * 12 * 3
    assert {change.ref for _, change in days.due} == {contact, lead}
    assert len(days.due) == 2


def test_a_record_that_makes_whole_calls_fail_is_isolated() -> None:
    """The others are not kept; it uses up its tries, is parked, and no side is taken to be down."""
    days = Days()
    world = days.world
    contacts = [world.new_contact(email=f"p{number}@example.com") for number in range(64)]
    poison = contacts[37]
    world.hubspot.read = poisoned(world.hubspot.read, poison)
    days.tell(*contacts)
    days.go_on(timedelta(minutes=1))
    assert len(world.salesforce.refs("Lead")) == 63

    for number in range(100):
        days.tell(world.new_contact(email=f"later{number}@example.com"))
        days.go_on(timedelta(minutes=15))

    assert len(world.salesforce.refs("Lead")) == 163
    assert [(one.ref, one.category) for one in world.inbox.parked("acme")] == [
        (poison, Category.UNAVAILABLE)
    ]


def test_only_one_of_several_workers_gets_the_probe() -> None:
    """The others put back what they have without a call."""
    days = Days()
    world = days.world
    ((contact, _),) = pairs(days, 1)
    world.salesforce.down = LIMIT
    world.hubspot.edit(contact, {"phone": "+49 1"})
    world.sync(contact)
    world.wait(6)
    late = [world.new_contact(email=f"p{number}@example.com") for number in range(3)]
    stored = world.troubles.load("acme")
    world.sync(late[0])
    before = days.calls()
    # A second worker has read the outage before the first one took its turn.
    world.troubles.load = lambda _connection: stored  # type: ignore[method-assign]
    summary = world.sync(late[1], late[2])

    assert (days.calls() - before, dict(summary.counts)) == (0, {"PutOff": 2})


def test_everything_waits_where_outages_cannot_be_noted() -> None:
    """Our own store is down together with a side: nothing is lost, nothing is raised, and no try is
    used up.
    """
    world = MemoryWorld()
    contact = world.new_contact()
    world.troubles.down = TryAgain("Busy.")
    world.salesforce.down = LIMIT
    world.sync(contact)

    ((change, after),) = world.outbox.delayed
    assert (change.ref, change.tries, after) == (contact, 0, 50)


def test_a_sign_in_that_does_not_work_puts_everything_back() -> None:
    """And is tried by one probe at a time; once it works, all goes its way."""
    world = MemoryWorld()
    contact = world.new_contact()
    tried: list[datetime] = []

    def refuse() -> Any:
        tried.append(world.now)
        raise LIMIT

    def sign_in(make: Callable[[], Any], *changes: Change) -> Summary:
        breaker = CircuitBreaker(
            "acme", Kind.CONTACT, world.troubles, world.outbox, lambda: world.now
        )
        return sign_in_and_sync(
            breaker, changes, make, lambda context: sync_contacts(changes, context)
        )

    first = sign_in(refuse, world.change(contact))
    ((change, after),) = world.outbox.delayed
    second = sign_in(refuse, change)
    assert (dict(first.counts), dict(second.counts), len(tried)) == (
        {"Down": 1, "PutOff": 1},
        {"PutOff": 1},
        1,
    )
    assert (change.tries, change.held, after) == (0, True, 300)

    world.wait(5)
    sign_in(lambda: world.context, change)
    assert (len(world.salesforce.refs("Lead")), world.troubles.outages) == (1, {})


@pytest.mark.rule("RTY-1")
def test_what_was_given_up_as_unavailable_follows_by_itself() -> None:
    """One probes, the others follow once it came through; while it does not, each of them
    makes one try a night.
    """
    days = Days()
    world = days.world
    known = pairs(days, 5)
    world.salesforce.refuse = lambda _fields: TryAgain("Locked.", code="UNABLE_TO_LOCK_ROW")
    for contact, _ in known:
        world.hubspot.edit(contact, {"phone": "+49 1"})
        days.tell(contact)
    days.go_on(timedelta(hours=12))
    assert ([one.category for one in world.inbox.parked("acme")], days.due) == (
        [Category.UNAVAILABLE] * 5,
        [],
    )

    queued = schedule(days, hours=25)
    assert (sum(queued), max(queued), len(world.inbox.parked("acme"))) == (29, 5, 5)

    world.salesforce.refuse = lambda _fields: None
    schedule(days, hours=1.5)
    assert {world.salesforce.fields(lead).get("Phone") for _, lead in known} == {"+49 1"}
    assert list(world.inbox.parked("acme")) == []


@pytest.mark.rule("RTY-1")
def test_a_report_that_is_about_to_expire_is_renewed_or_removed() -> None:
    """Its record is synced in the night two weeks before: what is still amiss stands for another
    90 days, what was mended is done.
    """
    days = Days()
    world = days.world
    world.inbox = MemoryInbox(lambda: world.now)
    known = pairs(days, 2)
    world.salesforce.refuse = lambda fields: (
        Refused("Blocked.", code="STRING_TOO_LONG") if fields.get("Phone") else None
    )
    for contact, _ in known:
        world.hubspot.edit(contact, {"phone": "+49 1"})
        days.tell(contact)
    days.go_on(timedelta(minutes=5))
    world.hubspot.edit(known[0][0], {"phone": ""})
    schedule(days, hours=1)
    world.now += KEPT - SOON - timedelta(days=1)
    early = schedule(days, hours=20)
    world.now += timedelta(days=1)

    assert (sum(early), sum(schedule(days, hours=1)), sum(schedule(days, hours=48))) == (0, 2, 0)
    assert [one.ref for one in world.inbox.parked("acme")] == [known[1][0]]
    assert list(world.inbox.ending("acme")) == []


def schedule(days: Days, hours: float) -> list[int]:
    """Run the schedule each quarter of an hour; answers how many records it queued each time."""
    world, queued = days.world, []
    for _ in range(round(hours * 4)):
        context = world.context
        queued.append(
            queue_unavailable(
                context.connection, world.inbox, world.outbox, world.cursors, world.now
            )
        )
        days.go_on(timedelta(minutes=15))
    return queued


def refusing(error: SyncError) -> Callable[[Any], Any]:
    """A method that always fails."""

    def refuse(_effects: Any) -> Any:
        raise error

    return refuse


def poisoned(
    read: Callable[..., Mapping[Ref, Record]], poison: Ref
) -> Callable[..., Mapping[Ref, Record]]:
    """Reading fails as a whole wherever one record is among those asked for."""

    def fail(refs: Iterable[Ref], fields: Fields, *, history: bool = False) -> Mapping[Ref, Record]:
        wanted = list(refs)
        if poison in wanted:
            raise Down("There was an internal error.", side="hubspot", sure=False, code="500")
        return read(wanted, fields, history=history)

    return fail
