"""The e-mail flows in memory: what is queued and when, and that every event counts once under
faults.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmsync.errors import Down, Refused, SyncError, TryAgain
from crmsync.flows.email.make_tasks import TRIES
from crmsync.flows.email.task_planner import MIN_TRIES
from crmsync.model.mail import LogRange
from crmsync.model.settings import EmailTaskSettings, TaskTemplate
from tests.memory.email_world import ONCE, MemoryEmailWorld, opened

MINUTE = 60_000
LOST = TryAgain("Salesforce did not answer.")


def test_new_events_are_queued_once() -> None:
    """A second scan finds nothing and does not write the cursor."""
    world = MemoryEmailWorld()
    world.log.rows = [opened(number, world.ms - number * MINUTE) for number in range(3)]

    assert (world.scan(), world.scan(), len(world.due)) == (3, 0, 1)


def test_only_kinds_that_are_on_are_read() -> None:
    """HubSpot is not asked for other kinds of events."""
    world = MemoryEmailWorld(settings=EmailTaskSettings(kinds=("CLICK",)))
    world.log.rows = [opened(1, world.ms)]

    assert (world.scan(), world.log.calls, world.due) == (0, 1, [])


def test_a_minute_with_a_late_event_is_queued_again() -> None:
    """An event that the log shows hours late queues one range, the whole minute."""
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


def test_a_range_has_room_for_a_thousand_events() -> None:
    """Crowded minutes are split by seconds, and events of one second stay together."""
    world = MemoryEmailWorld()
    base = world.ms - 10 * MINUTE
    crowd = [opened(number, base + number % 3 * 1000) for number in range(2400)]
    calm = [opened(3000 + number, base + MINUTE + number) for number in range(900)]
    world.log.rows = [*crowd, *calm]
    world.scan()

    spans = sorted((one.start - base, one.end - base) for one, _ in world.due)
    assert spans == [(0, 999), (1000, 1999), (2000, 2999), (MINUTE, 2 * MINUTE - 1)]


def test_a_busy_log_is_read_far_back_once_an_hour() -> None:
    """Beyond ten pages a scan reads only its overlap; a late event before that is found within the
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


def test_the_log_after_an_outage_is_read_step_by_step() -> None:
    """After two days the log is read from the cursor on, which moves meanwhile: half a day at a
    time, so that one run does not use up the calls of others.
    """
    world = MemoryEmailWorld()
    world.scan()
    world.log.rows = [opened(number, world.ms + number * 60 * MINUTE) for number in range(1, 48)]
    world.now += timedelta(hours=48)
    world.queue.is_down = True
    with pytest.raises(TryAgain):
        world.scan()
    world.queue.is_down = False

    counts = []
    for _ in range(5):
        world.scan()
        counts.append(
            sum(
                any(one.start <= row.created <= one.end for one, _ in world.due)
                for row in world.log.rows
            )
        )

    assert counts == [12, 24, 36, 47, 47]


def test_the_cursor_moves_only_after_events_are_queued() -> None:
    """A queue that is down loses no event."""
    world = MemoryEmailWorld()
    world.log.rows = [opened(1, world.ms)]
    world.queue.is_down = True
    with pytest.raises(TryAgain):
        world.scan()
    world.queue.is_down = False

    assert world.scan() == 1


def test_calls_are_filled_across_ranges() -> None:
    """Ten ranges of 99 events take five calls, not ten."""
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


def test_a_run_out_of_time_puts_its_ranges_back() -> None:
    """What it has started is finished, and the next run does the rest."""
    world = MemoryEmailWorld(run=timedelta(0))
    world.add_contact("ada@example.com")
    world.log.rows = [opened(1, world.ms)]
    world.scan()
    world.deliver()
    put_back = list(world.due)
    world.run = timedelta(seconds=1)
    world.run_until_idle()

    assert ([window.tries for window, _ in put_back], len(world.tasks.rows)) == ([0], 1)


def test_a_claimed_range_is_retried_when_its_claim_expires() -> None:
    """A duplicate range reads no recipient, claims nothing, and returns a second after the claim
    has expired.
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
    """Three runs find one, two and one event of an e-mail, and its task shows the total after
    each.
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
    """After half an hour old events create no task for a later link, while an earlier link gets
    one.
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


def test_a_recipient_is_given_up_once_its_waiting_time_is_over() -> None:
    """After the last minute of `wait_minutes` nothing waits any more."""
    world = MemoryEmailWorld(settings=EmailTaskSettings(wait_minutes=30))
    world.log.rows = [opened(1, world.ms)]
    late = LogRange("acme", "OPEN", 0, world.ms, world.ms, tries=MIN_TRIES)
    world.now += timedelta(minutes=30)

    assert (world.deliver([late]).counts["Dropped"], world.due) == (1, [])


def test_without_waiting_time_a_recipient_without_a_link_is_given_up_at_once() -> None:
    """With `wait_minutes = 0` the events are dropped."""
    world = MemoryEmailWorld(settings=EmailTaskSettings(wait_minutes=0))
    world.log.rows = [opened(1, world.ms)]
    world.scan()

    assert (world.deliver().counts["Dropped"], world.due) == (1, [])


def test_a_refusal_is_reported_once_and_ends_in_the_dead_letters() -> None:
    """Three tasks of a kind are one report; after ten hours the range is given up, and redriving it
    creates the tasks.
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


def test_an_outage_gives_up_no_range() -> None:
    """Even after twenty hours nothing is given up or reported, and then the tasks are created."""
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


def test_a_task_of_an_inactive_owner_goes_to_the_integration_user() -> None:
    """The task is created all the same."""
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
def test_every_event_counts_once_under_any_fault(
    moments: list[tuple[int, str, int]],
    faults: list[Fault],
    broken_settles: int,
    doubled: list[int],
    once: bool,  # noqa: FBT001
) -> None:
    """Lost answers, commits that fail, duplicate messages and late events leave the right
    counts.
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
