"""The e-mail flows in memory: what is queued and when, and that every event counts once, whatever
breaks.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmsync.errors import Down, Refused, SyncError, TryAgain
from crmsync.flows.email.make_tasks import TRIES
from crmsync.model.mail import LogRange
from crmsync.model.settings import EmailTaskSettings, TaskTemplate
from tests.memory.email_world import ONCE, MemoryEmailWorld, opened

MINUTE = 60_000
LOST = TryAgain("Salesforce did not answer.")


def test_what_is_new_is_queued_once() -> None:
    """A second look finds nothing, and the cursor is not written for nothing."""
    world = MemoryEmailWorld()
    world.log.rows = [opened(number, world.ms - number * MINUTE) for number in range(3)]

    assert (world.scan(), world.scan(), len(world.due)) == (3, 0, 1)


def test_only_kinds_that_are_on_are_asked_for() -> None:
    """Nobody asks HubSpot for the others."""
    world = MemoryEmailWorld(settings=EmailTaskSettings(kinds=("CLICK",)))
    world.log.rows = [opened(1, world.ms)]

    assert (world.scan(), world.log.calls, world.due) == (0, 1, [])


def test_a_minute_that_looks_different_is_queued_again() -> None:
    """An event that the log shows hours late costs one window, from its minute's first millisecond
    to the last.
    """
    world = MemoryEmailWorld()
    world.log.rows = [opened(1, world.ms - 300 * MINUTE), opened(2, world.ms)]
    world.scan()
    world.due = []
    world.now += timedelta(minutes=5)
    world.log.rows.append(opened(3, world.ms - 305 * MINUTE + 1))

    found = world.scan()

    start = (world.ms - 305 * MINUTE) // MINUTE * MINUTE
    assert (found, [(one.start, one.end) for one, _ in world.due]) == (
        2,
        [(start, start + MINUTE - 1)],
    )


def test_windows_have_room_for_a_thousand() -> None:
    """Crowded minutes are cut by their seconds; what shares a second stays together."""
    world = MemoryEmailWorld()
    base = world.ms - 10 * MINUTE
    crowd = [opened(number, base + number % 3 * 1000) for number in range(2400)]
    calm = [opened(3000 + number, base + MINUTE + number) for number in range(900)]
    world.log.rows = [*crowd, *calm]
    world.scan()

    spans = sorted((one.start - base, one.end - base) for one, _ in world.due)
    assert spans == [(0, 999), (1000, 1999), (2000, 2999), (MINUTE, 2 * MINUTE - 1)]


def test_a_busy_log_is_read_far_back_once_an_hour() -> None:
    """Beyond ten pages a look stops at its overlap; a late event before that is found within the
    hour, and none is queued twice.
    """
    world = MemoryEmailWorld(page=10)
    world.log.rows = [opened(number, world.ms - number * MINUTE) for number in range(1000)]
    first = world.scan()
    world.now += timedelta(minutes=10)
    world.log.rows.append(opened(2000, world.ms - 600 * MINUTE))
    soon, calls = world.scan(), world.log.calls
    world.now += timedelta(minutes=55)
    later = world.scan()

    assert (first < 1000, soon, calls <= 22) == (True, 0, True)
    assert later >= 1000 - first + 1


def test_an_outage_is_read_step_by_step() -> None:
    """After two days the log is read from where it was left, and the cursor moves on the way."""
    world = MemoryEmailWorld()
    world.scan()
    world.log.rows = [opened(number, world.ms + number * 60 * MINUTE) for number in range(1, 48)]
    world.now += timedelta(hours=48)
    world.queue.is_down = True
    with pytest.raises(TryAgain):
        world.scan()
    world.queue.is_down = False

    world.scan()

    assert (
        sum(
            1
            for row in world.log.rows
            if any(one.start <= row.created <= one.end for one, _ in world.due)
        )
        == 47
    )


def test_nothing_moves_before_it_is_queued() -> None:
    """A queue that is down loses no event."""
    world = MemoryEmailWorld()
    world.log.rows = [opened(1, world.ms)]
    world.queue.is_down = True
    with pytest.raises(TryAgain):
        world.scan()
    world.queue.is_down = False

    assert world.scan() == 1


def test_calls_are_filled_across_windows() -> None:
    """Ten windows of 99 events are five calls, not ten."""
    world = MemoryEmailWorld()
    world.add_contact("ada@example.com")
    world.log.rows = [opened(number, world.ms - number * MINUTE // 99) for number in range(990)]
    windows = [
        LogRange(
            "acme",
            "OPEN",
            world.ms - number * MINUTE + 1,
            world.ms - (number - 1) * MINUTE,
            world.ms,
        )
        for number in range(1, 11)
    ]

    world.deliver(windows)

    assert (len(world.tasks.rows), world.tasks.calls) == (990, 5)


def test_the_rest_of_a_long_run_is_the_next_ones() -> None:
    """A run that is out of time puts its windows back, and what it has begun is done."""
    world = MemoryEmailWorld(run=timedelta(0))
    world.add_contact("ada@example.com")
    world.log.rows = [opened(1, world.ms)]
    world.scan()
    world.deliver()
    put_back = list(world.due)
    world.run = timedelta(seconds=1)
    world.run_until_idle()

    assert ([window.tries for window, _ in put_back], len(world.tasks.rows)) == ([0], 1)


def test_what_is_in_somebody_elses_hands_is_looked_at_when_their_claim_ends() -> None:
    """A doubled window asks nobody who the recipient is, claims nothing, and comes back a second
    after the claim has run out.
    """
    world = MemoryEmailWorld()
    world.add_contact("ada@example.com")
    world.log.rows = [opened(1, world.ms)]
    world.scan()
    [(window, _)] = world.due
    world.tasks.faults = [(LOST, False)]
    world.deliver()
    (claim,) = world.task_states.rows.values()
    world.now += timedelta(seconds=700)
    world.due = []
    calls, claims = world.crm.calls.total(), world.task_states.writes["claims"]
    left = timedelta(milliseconds=claim.until - world.ms)

    world.deliver([window])

    assert timedelta() < left < timedelta(seconds=60)
    assert (world.crm.calls.total(), world.task_states.writes["claims"]) == (calls, claims)
    assert [at - world.now for _, at in world.due] == [left + timedelta(seconds=1)]


def test_a_task_counts_the_events_of_all_runs() -> None:
    """Three runs find one, two and one further event of an e-mail; the one task shows the total
    after each.
    """
    world = MemoryEmailWorld(settings=ONCE)
    world.add_contact("ada@example.com")
    shown = []
    for numbers in ((1,), (2, 3), (4,)):
        world.log.rows += [opened(number, world.ms) for number in numbers]
        world.scan()
        world.run_until_idle()
        shown.append(world.counts())
        world.now += timedelta(hours=1)

    assert shown == [[1], [3], [4]]


def test_a_recipient_without_a_link_is_given_up_in_the_end() -> None:
    """After half an hour; a link that comes later makes no task of old events, and one that comes
    before does.
    """
    world = MemoryEmailWorld()
    world.add_contact("late@example.com", linked=False)
    world.add_contact("soon@example.com", linked=False)
    world.log.rows = [
        opened(1, world.ms, "late@example.com"),
        opened(2, world.ms, "soon@example.com"),
    ]
    began = world.now
    world.scan()
    world.deliver()
    soon = world.crm.find(["soon@example.com"], {"contact": ["email"]})[0]
    world.link(soon.ref)
    summary = world.run_until_idle()
    waited = world.now - began
    world.link(world.crm.find(["late@example.com"], {"contact": ["email"]})[0].ref)
    world.deliver([LogRange("acme", "OPEN", 0, world.ms, world.ms)])

    assert timedelta(minutes=30) <= waited <= timedelta(minutes=45)
    assert (summary.counts["Dropped"], world.counts()) == (1, [1])


def test_who_is_not_to_be_waited_for_is_let_go_at_once() -> None:
    """wait_minutes = 0."""
    world = MemoryEmailWorld(settings=EmailTaskSettings(wait_minutes=0))
    world.log.rows = [opened(1, world.ms)]
    world.scan()

    assert (world.deliver().counts["Dropped"], world.due) == (1, [])


def test_a_refusal_is_told_once_and_ends_with_the_dead_letters() -> None:
    """Three tasks of a kind are one line; after ten hours the window is given up, and redriven it
    makes what is missing.
    """
    world = MemoryEmailWorld()
    world.add_contact("ada@example.com")
    world.log.rows = [opened(number, world.ms - number) for number in range(3)]
    world.tasks.refused = {
        f"555001-{row.created}-{row.id}": Refused("No.", code="FIELD_CUSTOM_VALIDATION_EXCEPTION")
        for row in world.log.rows[:2]
    }
    world.scan()
    began = world.now
    given_up = world.run_until_idle().given_up
    told = [str(report.ref) for report in world.inbox.parked("acme")]
    hours = (world.now - began) / timedelta(hours=1)
    world.tasks.refused = {}
    world.now += timedelta(hours=1)
    world.deliver(given_up)

    assert ([window.tries for window in given_up], told) == ([TRIES], ["salesforce:Task:OPEN"])
    assert (9 < hours < 11, world.counts(), world.inbox.parked("acme")) == (True, [1, 1, 1], [])


def test_an_outage_uses_up_no_window() -> None:
    """After twenty hours of it nothing is given up and nothing told to people; then the tasks are
    made.
    """
    world = MemoryEmailWorld()
    world.add_contact("ada@example.com")
    world.log.rows = [opened(1, world.ms)]
    down = Down(
        "TotalRequests Limit exceeded.", side="salesforce", after=900, code="REQUEST_LIMIT_EXCEEDED"
    )
    world.tasks.refused = {f"555001-{row.created}-{row.id}": down for row in world.log.rows}
    world.scan()
    given_up = []
    for _ in range(80):
        given_up += world.deliver().given_up
        world.now += timedelta(minutes=15)
    ((waiting, _),) = world.due
    world.tasks.refused = {}
    world.run_until_idle()

    assert (given_up, waiting.tries, list(world.inbox.parked("acme")), world.counts()) == (
        [],
        0,
        [],
        [1],
    )


def test_an_inactive_owner_costs_the_task_its_owner_only() -> None:
    """It goes to the integration user."""
    world = MemoryEmailWorld()
    world.add_contact("ada@example.com")
    world.log.rows = [opened(1, world.ms)]
    owner = "005000000000001AAA"
    world.tasks.inactive = {owner}
    world.settings = EmailTaskSettings(template=(TaskTemplate("OPEN", owner=owner),))
    world.scan()
    world.run_until_idle()

    assert [row.get("OwnerId") for row in world.tasks.rows.values()] == [None]


Fault = tuple[SyncError, bool | timedelta]
TEN_MINUTES = timedelta(minutes=10)
"""How long Salesforce works on a request at most."""

FAULTS = st.lists(st.sampled_from([(LOST, True), (LOST, False), (LOST, TEN_MINUTES)]), max_size=4)


@given(
    moments=st.lists(
        st.tuples(st.integers(0, 90), st.sampled_from(["OPEN", "CLICK"]), st.integers(0, 2)),
        min_size=1,
        max_size=12,
    ),
    faults=FAULTS,
    broken_settles=st.integers(0, 3),
    doubled=st.lists(st.integers(0, 5), max_size=4),
    once=st.booleans(),
)
@settings(max_examples=60)
def test_every_event_counts_once_whatever_breaks(
    moments: list[tuple[int, str, int]],
    faults: list[Fault],
    broken_settles: int,
    doubled: list[int],
    once: bool,  # noqa: FBT001
) -> None:
    """Lost answers (applied, not, or ten minutes later), settles that do not work, doubled
    messages, late events: the counts are right.
    """
    world = MemoryEmailWorld(settings=ONCE if once else EmailTaskSettings())
    people = [f"p{number}@example.com" for number in range(3)]
    for address in people:
        world.add_contact(address)
    rows = [
        opened(number, world.ms - ago * MINUTE, people[who], kind)
        for number, (ago, kind, who) in enumerate(moments)
    ]
    world.tasks.faults, world.task_states.failing = list(faults), broken_settles
    half = len(rows) // 2
    for late in (rows[half:], rows[:half]):
        world.log.rows += late
        world.scan()
        windows = [window for window, _ in world.due]
        world.deliver([*windows, *(windows[at % len(windows)] for at in doubled if windows)])
        world.run_until_idle()
        world.now += timedelta(minutes=5)
    world.run_until_idle()

    wanted: dict[object, int] = {}
    for row in rows:
        key = (row.kind, row.recipient) if once else row.id
        wanted[key] = wanted.get(key, 0) + 1
    assert world.counts() == sorted(wanted.values())
