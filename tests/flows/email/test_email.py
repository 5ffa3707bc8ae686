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
from tests.memory.email_world import ONCE, PostOffice, opened

MINUTE = 60_000
LOST = TryAgain("Salesforce did not answer.")


def test_what_is_new_is_queued_once() -> None:
    """A second look finds nothing, and the cursor is not written for nothing."""
    office = PostOffice()
    office.log.rows = [opened(number, office.ms - number * MINUTE) for number in range(3)]

    assert (office.look(), office.look(), len(office.due)) == (3, 0, 1)


def test_only_kinds_that_are_on_are_asked_for() -> None:
    """Nobody asks HubSpot for the others."""
    office = PostOffice(settings=EmailTaskSettings(kinds=("CLICK",)))
    office.log.rows = [opened(1, office.ms)]

    assert (office.look(), office.log.calls, office.due) == (0, 1, [])


def test_a_minute_that_looks_different_is_queued_again() -> None:
    """An event that the log shows hours late costs one window, from its minute's first millisecond
    to the last.
    """
    office = PostOffice()
    office.log.rows = [opened(1, office.ms - 300 * MINUTE), opened(2, office.ms)]
    office.look()
    office.due = []
    office.now += timedelta(minutes=5)
    office.log.rows.append(opened(3, office.ms - 305 * MINUTE + 1))

    found = office.look()

    start = (office.ms - 305 * MINUTE) // MINUTE * MINUTE
    assert (found, [(one.start, one.end) for one, _ in office.due]) == (
        2,
        [(start, start + MINUTE - 1)],
    )


def test_windows_have_room_for_a_thousand() -> None:
    """Crowded minutes are cut by their seconds; what shares a second stays together."""
    office = PostOffice()
    base = office.ms - 10 * MINUTE
    crowd = [opened(number, base + number % 3 * 1000) for number in range(2400)]
    calm = [opened(3000 + number, base + MINUTE + number) for number in range(900)]
    office.log.rows = [*crowd, *calm]
    office.look()

    spans = sorted((one.start - base, one.end - base) for one, _ in office.due)
    assert spans == [(0, 999), (1000, 1999), (2000, 2999), (MINUTE, 2 * MINUTE - 1)]


def test_a_busy_log_is_read_far_back_once_an_hour() -> None:
    """Beyond ten pages a look stops at its overlap; a late event before that is found within the
    hour, and none is queued twice.
    """
    office = PostOffice(page=10)
    office.log.rows = [opened(number, office.ms - number * MINUTE) for number in range(1000)]
    first = office.look()
    office.now += timedelta(minutes=10)
    office.log.rows.append(opened(2000, office.ms - 600 * MINUTE))
    soon, calls = office.look(), office.log.calls
    office.now += timedelta(minutes=55)
    later = office.look()

    assert (first < 1000, soon, calls <= 22) == (True, 0, True)
    assert later >= 1000 - first + 1


def test_an_outage_is_read_step_by_step() -> None:
    """After two days the log is read from where it was left, and the cursor moves on the way."""
    office = PostOffice()
    office.look()
    office.log.rows = [opened(number, office.ms + number * 60 * MINUTE) for number in range(1, 48)]
    office.now += timedelta(hours=48)
    office.queue.is_down = True
    with pytest.raises(TryAgain):
        office.look()
    office.queue.is_down = False

    office.look()

    assert (
        sum(
            1
            for row in office.log.rows
            if any(one.start <= row.created <= one.end for one, _ in office.due)
        )
        == 47
    )


def test_nothing_moves_before_it_is_queued() -> None:
    """A queue that is down loses no event."""
    office = PostOffice()
    office.log.rows = [opened(1, office.ms)]
    office.queue.is_down = True
    with pytest.raises(TryAgain):
        office.look()
    office.queue.is_down = False

    assert office.look() == 1


def test_calls_are_filled_across_windows() -> None:
    """Ten windows of 99 events are five calls, not ten."""
    office = PostOffice()
    office.person("ada@example.com")
    office.log.rows = [opened(number, office.ms - number * MINUTE // 99) for number in range(990)]
    windows = [
        LogRange(
            "acme",
            "OPEN",
            office.ms - number * MINUTE + 1,
            office.ms - (number - 1) * MINUTE,
            office.ms,
        )
        for number in range(1, 11)
    ]

    office.deliver(windows)

    assert (len(office.tasks.rows), office.tasks.calls) == (990, 5)


def test_the_rest_of_a_long_run_is_the_next_ones() -> None:
    """A run that is out of time puts its windows back, and what it has begun is done."""
    office = PostOffice(run=timedelta(0))
    office.person("ada@example.com")
    office.log.rows = [opened(1, office.ms)]
    office.look()
    office.deliver()
    put_back = list(office.due)
    office.run = timedelta(seconds=1)
    office.settle()

    assert ([window.tries for window, _ in put_back], len(office.tasks.rows)) == ([0], 1)


def test_what_is_in_somebody_elses_hands_is_looked_at_when_their_claim_ends() -> None:
    """A doubled window asks nobody who the recipient is, claims nothing, and comes back a second
    after the claim has run out.
    """
    office = PostOffice()
    office.person("ada@example.com")
    office.log.rows = [opened(1, office.ms)]
    office.look()
    [(window, _)] = office.due
    office.tasks.faults = [(LOST, False)]
    office.deliver()
    (claim,) = office.task_states.rows.values()
    office.now += timedelta(seconds=700)
    office.due = []
    calls, claims = office.crm.calls.total(), office.task_states.writes["claims"]
    left = timedelta(milliseconds=claim.until - office.ms)

    office.deliver([window])

    assert timedelta() < left < timedelta(seconds=60)
    assert (office.crm.calls.total(), office.task_states.writes["claims"]) == (calls, claims)
    assert [at - office.now for _, at in office.due] == [left + timedelta(seconds=1)]


def test_a_recipient_without_a_link_is_given_up_in_the_end() -> None:
    """After half an hour; a link that comes later makes no task of old events, and one that comes
    before does.
    """
    office = PostOffice()
    office.person("late@example.com", linked=False)
    office.person("soon@example.com", linked=False)
    office.log.rows = [
        opened(1, office.ms, "late@example.com"),
        opened(2, office.ms, "soon@example.com"),
    ]
    began = office.now
    office.look()
    office.deliver()
    soon = office.crm.find(["soon@example.com"], {"contact": ["email"]})[0]
    office.link(soon.ref)
    summary = office.settle()
    waited = office.now - began
    office.link(office.crm.find(["late@example.com"], {"contact": ["email"]})[0].ref)
    office.deliver([LogRange("acme", "OPEN", 0, office.ms, office.ms)])

    assert timedelta(minutes=30) <= waited <= timedelta(minutes=45)
    assert (summary.counts["Dropped"], office.counts()) == (1, [1])


def test_who_is_not_to_be_waited_for_is_let_go_at_once() -> None:
    """wait_minutes = 0."""
    office = PostOffice(settings=EmailTaskSettings(wait_minutes=0))
    office.log.rows = [opened(1, office.ms)]
    office.look()

    assert (office.deliver().counts["Dropped"], office.due) == (1, [])


def test_a_refusal_is_told_once_and_ends_with_the_dead_letters() -> None:
    """Three tasks of a kind are one line; after ten hours the window is given up, and redriven it
    makes what is missing.
    """
    office = PostOffice()
    office.person("ada@example.com")
    office.log.rows = [opened(number, office.ms - number) for number in range(3)]
    office.tasks.refused = {
        f"555001-{row.created}-{row.id}": Refused("No.", code="FIELD_CUSTOM_VALIDATION_EXCEPTION")
        for row in office.log.rows[:2]
    }
    office.look()
    began = office.now
    given_up = office.settle().given_up
    told = [str(report.ref) for report in office.inbox.parked("acme")]
    hours = (office.now - began) / timedelta(hours=1)
    office.tasks.refused = {}
    office.now += timedelta(hours=1)
    office.deliver(given_up)

    assert ([window.tries for window in given_up], told) == ([TRIES], ["salesforce:Task:OPEN"])
    assert (9 < hours < 11, office.counts(), office.inbox.parked("acme")) == (True, [1, 1, 1], [])


def test_an_outage_uses_up_no_window() -> None:
    """After twenty hours of it nothing is given up and nothing told to people; then the tasks are
    made.
    """
    office = PostOffice()
    office.person("ada@example.com")
    office.log.rows = [opened(1, office.ms)]
    down = Down(
        "TotalRequests Limit exceeded.", side="salesforce", after=900, code="REQUEST_LIMIT_EXCEEDED"
    )
    office.tasks.refused = {f"555001-{row.created}-{row.id}": down for row in office.log.rows}
    office.look()
    given_up = []
    for _ in range(80):
        given_up += office.deliver().given_up
        office.now += timedelta(minutes=15)
    ((waiting, _),) = office.due
    office.tasks.refused = {}
    office.settle()

    assert (given_up, waiting.tries, list(office.inbox.parked("acme")), office.counts()) == (
        [],
        0,
        [],
        [1],
    )


def test_an_inactive_owner_costs_the_task_its_owner_only() -> None:
    """It goes to the integration user."""
    office = PostOffice()
    office.person("ada@example.com")
    office.log.rows = [opened(1, office.ms)]
    owner = "005000000000001AAA"
    office.tasks.inactive = {owner}
    office.settings = EmailTaskSettings(template=(TaskTemplate("OPEN", owner=owner),))
    office.look()
    office.settle()

    assert [row.get("OwnerId") for row in office.tasks.rows.values()] == [None]


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
    office = PostOffice(settings=ONCE if once else EmailTaskSettings())
    people = [f"p{number}@example.com" for number in range(3)]
    for address in people:
        office.person(address)
    rows = [
        opened(number, office.ms - ago * MINUTE, people[who], kind)
        for number, (ago, kind, who) in enumerate(moments)
    ]
    office.tasks.faults, office.task_states.failing = list(faults), broken_settles
    half = len(rows) // 2
    for late in (rows[half:], rows[:half]):
        office.log.rows += late
        office.look()
        windows = [window for window, _ in office.due]
        office.deliver([*windows, *(windows[at % len(windows)] for at in doubled if windows)])
        office.settle()
        office.now += timedelta(minutes=5)
    office.settle()

    wanted: dict[object, int] = {}
    for row in rows:
        key = (row.kind, row.recipient) if once else row.id
        wanted[key] = wanted.get(key, 0) + 1
    assert office.counts() == sorted(wanted.values())
