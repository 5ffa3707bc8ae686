"""Outages end by themselves: changes wait in the queue meanwhile, use up no try, and sync within
minutes afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from crmsync.errors import Down, Refused, SyncError, TryAgain
from crmsync.flows.engine.batches import sign_in_and_sync
from crmsync.flows.engine.circuit_breaker import CircuitBreaker
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
    """A world whose queue delivers every message when it is due, as one batch."""

    world: MemoryWorld = field(default_factory=MemoryWorld)
    due: list[tuple[datetime, Change]] = field(default_factory=list)
    batches: int = 0

    def report_changes(self, *refs: Ref) -> None:
        """A webhook or a poll reports records."""
        self.due += [(self.world.now, self.world.change(ref)) for ref in refs]

    def collect(self) -> None:
        """Put what was published or put back into the queue."""
        world = self.world
        self.due += [
            (world.now + timedelta(seconds=after), change) for change, after in world.outbox.delayed
        ]
        self.due += [(world.now, change) for change in world.outbox.published]
        world.outbox.delayed, world.outbox.published = [], []

    def wait(self, time: timedelta) -> None:
        """Let time pass and deliver what is due."""
        end = self.world.now + time
        self.collect()
        while (ready := min((at for at, _ in self.due), default=end)) <= end and self.due:
            self.world.now = max(self.world.now, ready)
            some = [change for at, change in self.due if at <= self.world.now]
            self.due = [(at, change) for at, change in self.due if at > self.world.now]
            self.world.deliver(some)
            self.batches += 1
            self.collect()
        self.world.now = end

    def calls(self) -> int:
        """The number of calls to both CRMs so far."""
        return (self.world.hubspot.calls + self.world.salesforce.calls).total()


def pairs(days: Days, count: int) -> list[tuple[Ref, Ref]]:
    """Contacts and their leads."""
    contacts = [days.world.new_contact(email=f"p{number}@example.com") for number in range(count)]
    days.report_changes(*contacts)
    days.wait(timedelta(minutes=5))
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
def test_changes_made_during_an_outage_sync_within_minutes(
    side: Side, error: SyncError, hours: int
) -> None:
    """Edits on both sides and new records sync, nothing is parked, no try is used up, and a probe
    takes at most three calls.
    """
    days = Days()
    world = days.world
    known = pairs(days, 30)
    before = days.calls()

    world.crm(side).down = error
    for number, (contact, lead) in enumerate(known):
        world.hubspot.edit(contact, {"phone": f"+49 {number}"})
        world.salesforce.edit(lead, {"Title": f"T{number}"})
        days.report_changes(contact, lead)
        days.report_changes(world.new_contact(email=f"new{number}@example.com"))
        days.wait(timedelta(hours=hours) / 30)
    meanwhile = days.calls() - before
    assert {change.tries for _, change in days.due} == {0}
    assert (
        list(world.inbox.parked("acme")),
        world.troubles.load("acme").outages[Kind.CONTACT].code,
    ) == ([], error.code)

    world.crm(side).down = None
    days.wait(timedelta(minutes=6))

    assert (days.due, list(world.inbox.parked("acme")), world.troubles.outages) == ([], [], {})
    assert [world.salesforce.fields(lead)["Phone"] for _, lead in known] == [
        f"+49 {number}" for number in range(30)
    ]
    assert [world.hubspot.fields(contact)["jobtitle"] for contact, _ in known] == [
        f"T{number}" for number in range(30)
    ]
    assert len(world.salesforce.refs("Lead")) == 60
    assert meanwhile <= hours * 12 * 3 + 30


def test_changes_that_need_only_the_other_side_still_sync() -> None:
    """If HubSpot takes no writes, writes to Salesforce sync at once, and few calls are made for the
    others.
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
        days.report_changes(lead)
    days.wait(timedelta(hours=1))
    before = days.calls()
    for contact, _ in known[10:]:
        world.hubspot.edit(contact, {"phone": "+49 1"})
        days.report_changes(contact)
    days.wait(timedelta(hours=10))

    assert {world.salesforce.fields(lead).get("Phone") for _, lead in known[10:]} == {"+49 1"}
    assert (
        len(days.due),
        list(world.inbox.parked("acme")),
        days.calls() - before <= 10 * 12 * 5,
    ) == (10, [], True)

    world.hubspot.update = update
    days.wait(timedelta(minutes=6))
    assert {world.hubspot.fields(contact).get("jobtitle") for contact, _ in known[:10]} == {"T"}
    assert (days.due, list(world.inbox.parked("acme")), world.troubles.outages) == ([], [], {})


def test_two_changes_of_one_pair_do_not_queue_each_other_for_ever() -> None:
    """HubSpot takes no writes, both records of a pair were edited, and neither requests the other
    without end.
    """
    days = Days()
    world = days.world
    ((contact, lead),) = pairs(days, 1)
    world.hubspot.update = refusing(
        Down("A scope is missing.", side="hubspot", code="MISSING_SCOPES")
    )
    world.salesforce.edit(lead, {"Title": "T"})
    days.report_changes(lead)
    days.wait(timedelta(seconds=20))
    world.hubspot.edit(contact, {"phone": "+49 1"})
    days.report_changes(contact)
    days.wait(timedelta(seconds=20))
    days.report_changes(lead)
    days.wait(timedelta(minutes=30))
    before = days.calls()

    days.wait(timedelta(hours=10))

    assert days.calls() - before <= 10 * 12 * 3
    assert {change.ref for _, change in days.due} == {contact, lead}
    assert len(days.due) == 2


@pytest.mark.rule("RTY-1")
@pytest.mark.parametrize("step", [1, -1])
def test_an_edit_that_a_poll_reports_while_it_is_put_off_crosses(step: int) -> None:
    """The poll and the change that was put off are one batch. The link says already that both sides
    agree on the edit, though its write has failed.
    """
    days = Days()
    world = days.world
    ((contact, lead),) = pairs(days, 1)
    update, world.hubspot.update = world.hubspot.update, refusing(MAINTENANCE)
    world.salesforce.edit(lead, {"Title": "T"})
    days.report_changes(lead)
    days.wait(timedelta(seconds=10))
    world.hubspot.update = update
    ((due, put_off),) = days.due
    days.due = []
    world.now = due

    world.deliver([put_off, world.change(lead)][::step])
    days.wait(timedelta(minutes=6))

    assert (put_off.held, world.hubspot.fields(contact).get("jobtitle")) == (True, "T")
    assert (days.due, world.troubles.outages) == ([], {})


def test_a_record_that_makes_whole_calls_fail_is_isolated() -> None:
    """The other records sync, this one uses up its tries and is parked, and no outage is
    assumed.
    """
    days = Days()
    world = days.world
    contacts = [world.new_contact(email=f"p{number}@example.com") for number in range(64)]
    poison = contacts[37]
    world.hubspot.read = poisoned(world.hubspot.read, poison)
    days.report_changes(*contacts)
    days.wait(timedelta(minutes=1))
    assert len(world.salesforce.refs("Lead")) == 63

    for number in range(100):
        days.report_changes(world.new_contact(email=f"later{number}@example.com"))
        days.wait(timedelta(minutes=15))

    assert len(world.salesforce.refs("Lead")) == 163
    assert [(one.ref, one.category) for one in world.inbox.parked("acme")] == [
        (poison, Category.UNAVAILABLE)
    ]


def test_only_one_of_several_workers_gets_the_probe() -> None:
    """The other workers put their changes back without a call."""
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


def test_everything_waits_if_outages_cannot_be_stored() -> None:
    """With our own store down together with a side, nothing is lost, raised, or counted as a
    try.
    """
    world = MemoryWorld()
    contact = world.new_contact()
    world.troubles.down = TryAgain("Busy.")
    world.salesforce.down = LIMIT
    world.sync(contact)

    ((change, after),) = world.outbox.delayed
    assert (change.ref, change.tries, after) == (contact, 0, 50)


def test_a_sign_in_that_does_not_work_puts_everything_back() -> None:
    """One probe at a time tries it again, and once it works everything syncs."""
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
def test_records_parked_as_unavailable_sync_by_themselves() -> None:
    """One record probes and the others follow once it synced; until then each is tried once a
    night.
    """
    days = Days()
    world = days.world
    known = pairs(days, 5)
    world.salesforce.refuse = lambda _fields: TryAgain("Locked.", code="UNABLE_TO_LOCK_ROW")
    for contact, _ in known:
        world.hubspot.edit(contact, {"phone": "+49 1"})
        days.report_changes(contact)
    days.wait(timedelta(hours=12))
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
    """Its record is synced two weeks before: what is still wrong is reported for another 90 days,
    and what was corrected is removed.
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
        days.report_changes(contact)
    days.wait(timedelta(minutes=5))
    world.hubspot.edit(known[0][0], {"phone": ""})
    schedule(days, hours=1)
    world.now += KEPT - SOON - timedelta(days=1)
    early = schedule(days, hours=20)
    world.now += timedelta(days=1)

    assert (sum(early), sum(schedule(days, hours=1)), sum(schedule(days, hours=48))) == (0, 2, 0)
    assert [one.ref for one in world.inbox.parked("acme")] == [known[1][0]]
    assert list(world.inbox.ending("acme")) == []


def schedule(days: Days, hours: float) -> list[int]:
    """Run the schedule every quarter of an hour; the number of records queued each time."""
    world, queued = days.world, []
    for _ in range(round(hours * 4)):
        context = world.context
        queued.append(
            queue_unavailable(
                context.connection, world.inbox, world.outbox, world.cursors, world.now
            )
        )
        days.wait(timedelta(minutes=15))
    return queued


def refusing(error: SyncError) -> Callable[[Any], Any]:
    """A method that always fails."""

    def refuse(_effects: Any) -> Any:
        raise error

    return refuse


def poisoned(
    read: Callable[..., Mapping[Ref, Record]], poison: Ref
) -> Callable[..., Mapping[Ref, Record]]:
    """Make reading fail as a whole if it includes one record."""

    def fail(refs: Iterable[Ref], fields: Fields, *, history: bool = False) -> Mapping[Ref, Record]:
        wanted = list(refs)
        if poison in wanted:
            raise Down("There was an internal error.", side="hubspot", sure=False, code="500")
        return read(wanted, fields, history=history)

    return fail
