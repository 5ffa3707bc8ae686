"""Leases of calls: what each class may have, and what waits when calls run short."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmsync.model.changes import Cause, Change
from crmsync.model.operations.calls import (
    CallClass,
    CallHold,
    CallLease,
    CallLimits,
    CallUsage,
    DailyCalls,
    KnownCalls,
)
from crmsync.model.records import Kind, Ref, Side
from crmsync.rules.timing.call_leases import (
    PROBE_EVERY,
    answered,
    call_class_of,
    calls_for_backfills,
    hold,
    lease,
    left_for_backfills,
    limits_of,
    reported,
    returned,
    used_up,
)
from crmsync.rules.timing.call_state import CallState, call_state
from tests.builders import NOON, a_connection

LIVE, RETRY, SWEEP, BACKFILL = CallClass
HUBSPOT = limits_of(a_connection(), Side.HUBSPOT)
SMALL = CallLimits("Salesforce", allotment=300, retry_calls=5_000)
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


def usage(live: int = 0, day: DailyCalls | None = None, at: datetime = NOON) -> CallUsage:
    """So many live calls of the last hour, and what Salesforce reported at `at`."""
    hour = int(NOON.timestamp()) // 3600
    known = KnownCalls(day, at) if day else None
    return CallUsage({hour: (live, 0, 0, 0)}, known=known)


def leased(
    before: CallUsage, limits: CallLimits, call_class: CallClass, at: datetime = NOON
) -> tuple[CallUsage, CallLease]:
    """A lease that must be given, and the usage with it."""
    after, found = lease(before, limits, call_class, at, search=False)
    assert isinstance(found, CallLease), found
    return after, found


def holding(before: CallUsage, limits: CallLimits, at: datetime = NOON) -> list[CallClass]:
    """The classes that must not begin new work."""
    return [one for one in CallClass if hold(before, limits, one, at)]


@pytest.mark.rule("RTY-2")
@pytest.mark.rule("API-1")
@pytest.mark.rule("CH-6")
@pytest.mark.parametrize(
    ("used", "waiting"),
    [
        (0, []),
        (699, []),
        (700, [BACKFILL]),
        (749, [BACKFILL]),
        (750, [RETRY, BACKFILL]),
        (950, [RETRY, SWEEP, BACKFILL]),
        (1_000, [LIVE, RETRY, SWEEP, BACKFILL]),
    ],
)
def test_classes_wait_one_after_the_other(used: int, waiting: list[CallClass]) -> None:
    """The same shares apply to the allotment and to the calls that the org allows all its clients."""
    allotted = CallLimits("Salesforce", allotment=1_000)
    day = DailyCalls(used, 1_000)

    assert holding(usage(used), allotted) == waiting
    assert holding(usage(day=day), CallLimits("Salesforce")) == waiting
    assert holding(usage(day=day, at=NOON - timedelta(minutes=16)), CallLimits("Salesforce")) == []


@pytest.mark.rule("RTY-2")
def test_without_an_allotment_retries_and_backfills_wait_after_5000_calls() -> None:
    """Sweeps and live changes go on up to the org's own limit."""
    unallotted = limits_of(a_connection(), Side.SALESFORCE)
    unallotted = replace(unallotted, allotment=0)

    assert holding(usage(4_999), unallotted) == []
    assert holding(usage(5_000), unallotted) == [RETRY, BACKFILL]
    assert calls_for_backfills(unallotted, DailyCalls(0, 100_000)) == 5_000
    assert calls_for_backfills(unallotted, DailyCalls(0, 1_000)) == 700
    assert calls_for_backfills(SMALL, DailyCalls(0, 100_000)) == 210


@pytest.mark.rule("RTY-2")
@pytest.mark.parametrize(
    ("allotment", "used", "own", "left"),
    [
        (50_000, 5_000, 5_000, 30_000),
        (50_000, 60_000, 5_000, 10_000),
        (50_000, 90_000, 5_000, 0),
        (0, 60_000, 4_000, 1_000),
        (0, 6_000, 6_000, 0),
    ],
)
def test_the_calls_that_are_left_for_a_backfill(
    allotment: int, used: int, own: int, left: int
) -> None:
    """Other clients' calls count against the org's limit, only our own against what is allotted."""
    limits = CallLimits("Salesforce", allotment, 5_000)

    assert left_for_backfills(limits, DailyCalls(used, 100_000), own) == left


def test_a_hold_says_when_calls_are_free_again() -> None:
    """The calls of an hour count until the same hour of the next day is over."""
    full = usage(300)
    found = hold(full, SMALL, LIVE, NOON)

    assert found is not None
    assert found == CallHold(
        "ALLOTMENT_USED",
        "Of the 300 Salesforce calls that are allotted to crmsync in 24 hours, 300 are used.",
        NOON + 25 * HOUR,
        "Raise daily_call_allotment, or wait.",
    )
    assert hold(full, SMALL, LIVE, found.until - SECOND) is not None
    assert hold(full, SMALL, LIVE, found.until) is None


@pytest.mark.rule("API-2")
def test_a_used_up_day_lets_one_call_through_every_quarter_of_an_hour() -> None:
    """Nobody else gets a call meanwhile, whatever it is for; once it succeeds all go on."""
    closed = used_up(usage(), NOON)
    _, early = lease(closed, SMALL, LIVE, NOON + PROBE_EVERY - SECOND, search=False)
    probing, probe = leased(closed, SMALL, SWEEP, NOON + PROBE_EVERY)
    _, second = lease(probing, SMALL, LIVE, NOON + PROBE_EVERY, search=False)
    opened, _ = leased(answered(probing), SMALL, LIVE, NOON + PROBE_EVERY)

    assert isinstance(early, CallHold)
    assert (early.code, early.until) == ("DAY_USED_UP", NOON + PROBE_EVERY)
    assert (probe.calls, probe.is_probe) == (1, True)
    assert isinstance(second, CallHold)
    assert second.until == NOON + 2 * PROBE_EVERY
    assert call_state(closed, SMALL, NOON).percent == 100
    assert opened.used_up_at is None


def test_a_second_refusal_does_not_move_the_probe() -> None:
    """Several workers may meet the refusal at once; since when the day is used up stays, too."""
    closed = used_up(usage(), NOON)

    assert used_up(closed, NOON + timedelta(minutes=5)) == closed
    later = used_up(closed, NOON + PROBE_EVERY)
    assert (later.used_up_at, later.probe_at) == (NOON, NOON + 2 * PROBE_EVERY)


@pytest.mark.rule("API-1")
@pytest.mark.parametrize(("allotment", "most"), [(300, 120), (1_000, 360), (50_000, 1_200)])
def test_sweeps_are_spread_over_the_day(allotment: int, most: int) -> None:
    """In ten hours of polls of two calls each minute, a small allotment is not used up; a usual one
    slows nothing down.
    """
    limits = CallLimits("Salesforce", allotment=allotment)
    counted, polls = CallUsage(), 0
    held: CallLease | None = None
    used = 0
    for minute in range(600):
        now = NOON + timedelta(minutes=minute)
        if hold(counted, limits, SWEEP, now):
            continue
        polls += 1
        for _ in range(2):
            if held is None or used >= held.calls or now >= held.ends:
                if held is not None:
                    counted = returned(counted, limits, held, used, 0, now)
                counted, held = leased(counted, limits, SWEEP, now)
                used = 0
            used += 1

    assert 10 * 2 <= 2 * polls <= most
    assert (2 * polls == most) is (allotment == 50_000)


def test_after_many_calls_of_a_sweep_the_next_one_comes_within_the_hour() -> None:
    """As long as calls are left."""
    counted = CallUsage()
    for _ in range(100):
        counted, _ = leased(counted, SMALL, SWEEP)

    assert hold(counted, SMALL, SWEEP, NOON + 59 * MINUTE) is not None
    assert hold(counted, SMALL, SWEEP, NOON + HOUR) is None
    assert call_state(counted, SMALL, NOON) == CallState(
        dict(zip(CallClass, (0, 0, 100, 0), strict=True)),
        300,
        None,
        {SWEEP: hold(counted, SMALL, SWEEP, NOON)},
        None,
        HOUR,
        {int(NOON.timestamp()) // 3600 + 6: (0, 0, 100, 0)},
    )


@pytest.mark.parametrize(
    ("cause", "tries", "is_new", "hours", "expected"),
    [
        (Cause.EDITED, 0, True, 0, LIVE),
        (Cause.EDITED, 1, False, 0, RETRY),
        (Cause.EDITED, 1, True, 0, LIVE),
        (Cause.EDITED, 9, False, 24, LIVE),
        (Cause.AGAIN, 0, True, 0, LIVE),
        (Cause.RESYNC, 0, True, 0, BACKFILL),
        (Cause.RESYNC, 2, False, 0, RETRY),
        (Cause.FORCED, 0, True, 0, LIVE),
    ],
)
def test_the_class_of_a_change(
    cause: Cause, tries: int, hours: float, expected: CallClass, *, is_new: bool
) -> None:
    """What was put off is a retry, unless it was touched again or has waited for a day (RTY-1)."""
    change = Change("acme", Kind.CONTACT, Ref(Side.HUBSPOT, "contact", "1"), cause, NOON, tries)

    assert call_class_of(change, NOON + hours * HOUR, is_new=is_new) is expected


@pytest.mark.rule("CH-6")
def test_a_quiet_window_gives_long_leases_and_a_busy_one_short_ones() -> None:
    """A single worker writes the usage twice a minute; many workers get what is left within a
    second.
    """
    quiet, first = leased(CallUsage(), HUBSPOT, LIVE)
    busy = quiet
    for _ in range(5):
        busy, last = leased(busy, HUBSPOT, LIVE)

    assert (first.calls, first.ends - NOON) == (8, 30 * SECOND)
    assert (last.calls, last.ends - NOON) == (5, SECOND)


@pytest.mark.rule("CH-6")
@pytest.mark.parametrize(("out", "expected", "calls"), [(0, 20, 20), (0, 50, 33), (20, 20, 13)])
def test_a_quiet_window_gives_what_the_work_will_take(out: int, expected: int, calls: int) -> None:
    """Up to a third of the window together with the long leases that are out."""
    begun, _ = lease(CallUsage(), HUBSPOT, LIVE, NOON, search=False, expected=out)
    _, found = lease(
        begun if out else CallUsage(), HUBSPOT, LIVE, NOON, search=False, expected=expected
    )

    assert isinstance(found, CallLease)
    assert (found.calls, found.ends - NOON) == (calls, 30 * SECOND)


@pytest.mark.parametrize("returned_after", [HOUR, 5 * HOUR])
def test_calls_of_a_long_lease_count_when_they_were_made(returned_after: timedelta) -> None:
    """Until it is returned, all of them count for the hour in which it ends."""
    allotted = CallLimits("Salesforce", allotment=50_000)
    out, one = leased(CallUsage(), allotted, LIVE)
    back = returned(out, allotted, one, 3, 0, NOON + returned_after)
    noon = int(NOON.timestamp()) // 3600

    assert one.ends - NOON == 6 * HOUR
    assert out.hours == {noon + 6: (20, 0, 0, 0)}
    assert back.hours == {noon + 6: (0, 0, 0, 0), noon + returned_after // HOUR: (3, 0, 0, 0)}


def test_lower_classes_leave_a_part_of_the_window() -> None:
    """When retries, sweeps and backfills get nothing more, live changes still do."""
    counts = {}
    for call_class in (BACKFILL, SWEEP, RETRY, LIVE):
        counted, total = CallUsage(), 0
        while True:
            counted, found = lease(counted, HUBSPOT, call_class, NOON, search=False)
            if isinstance(found, CallHold):
                break
            total += found.calls
        counts[call_class] = total

    assert counts == {BACKFILL: 99, SWEEP: 99, RETRY: 99, LIVE: 100}
    assert found.code == "WINDOW_FULL"
    assert NOON < found.until <= NOON + 12 * SECOND


def test_hubspot_says_how_many_calls_a_window_has() -> None:
    """What a response reports replaces the number for the smallest subscription."""
    told = reported(CallUsage(), None, 190)
    total = 0
    while True:
        told, found = lease(told, HUBSPOT, LIVE, NOON, search=False)
        if isinstance(found, CallHold):
            break
        total += found.calls

    assert total == 190


def test_what_a_lease_did_not_use_is_returned() -> None:
    """The day, the window and the pace of sweeps count only what was called."""
    taken, one = leased(CallUsage(), HUBSPOT, SWEEP)
    back = returned(taken, HUBSPOT, one, 3, 0, NOON + SECOND)
    small, few = leased(CallUsage(), SMALL, SWEEP)
    unused = returned(small, SMALL, few, 0, 0, NOON + SECOND)

    assert sum(sum(calls) for calls in back.hours.values()) == 3
    assert sum(back.window.values()) == 3
    assert unused.sweep_at is not None
    assert unused.sweep_at - NOON < 3 * SECOND


def test_a_call_counts_from_its_response_on() -> None:
    """A call without a response counts from the return of its lease on."""
    taken, one = leased(CallUsage(), HUBSPOT, LIVE)
    responses = [NOON + SECOND, NOON + 2 * SECOND]
    back = returned(taken, HUBSPOT, one, 3, 0, NOON + 3 * SECOND, responses)
    noon = round(NOON.timestamp() * 10)

    assert {tick - noon: calls for tick, calls in back.window.items() if calls} == {
        10: 1,
        20: 1,
        30: 1,
    }


def test_an_older_report_does_not_replace_a_newer_one() -> None:
    """Responses of several workers may arrive in any order."""
    newer = KnownCalls(DailyCalls(9, 10), NOON)
    told = reported(reported(CallUsage(), newer, 0), KnownCalls(DailyCalls(1, 10), NOON - HOUR), 0)

    assert told.known == newer


Step = tuple[int, int, CallClass, int]
"""Milliseconds that pass, the worker, the class of its work, and how many calls it wants."""

STEPS = st.lists(
    st.tuples(
        st.integers(0, 4_000),
        st.integers(0, 3),
        st.sampled_from(list(CallClass)),
        st.integers(1, 12),
    ),
    max_size=60,
)


def calls_made(steps: list[Step], limits: CallLimits, *, search: bool) -> Iterator[datetime]:
    """When calls were made by workers that lease, call, return and stop at any time."""
    counted, now = CallUsage(), NOON
    held: dict[int, tuple[CallLease, int]] = {}
    for milliseconds, worker, call_class, wanted in steps:
        now += timedelta(milliseconds=milliseconds)
        for _ in range(wanted):
            one, used = held.get(worker, (None, 0))
            most = one.searches if one and search else one.calls if one else 0
            if one is None or used >= most or now >= one.ends:
                if one is not None:
                    counted = returned(counted, limits, one, used, used * search, now)
                    del held[worker]
                counted, found = lease(
                    counted, limits, call_class, now, search=search, expected=wanted
                )
                if isinstance(found, CallHold):
                    break
                held[worker] = one, used = found, 0
            held[worker] = one, used + 1
            yield now


@given(STEPS)
def test_no_ten_seconds_have_more_calls_than_hubspot_allows(steps: list[Step]) -> None:
    """Whenever workers lease, and whatever they leave unused."""
    tight = CallLimits("HubSpot", per_window=20)
    made = list(calls_made(steps, tight, search=False))

    assert all(sum(one <= at < one + 10 * SECOND for at in made) <= 20 for one in made)


@given(STEPS)
def test_no_second_has_more_searches_than_are_ours(steps: list[Step]) -> None:
    """Of HubSpot's five, four."""
    made = list(calls_made(steps, HUBSPOT, search=True))

    assert all(sum(one <= at < one + SECOND for at in made) <= 4 for one in made)


@given(STEPS, st.integers(1, 120))
def test_no_day_has_more_calls_than_are_allotted(steps: list[Step], allotment: int) -> None:
    """The steps take up to four days."""
    slow = [(milliseconds * 1_500, *rest) for milliseconds, *rest in steps]
    made = list(calls_made(slow, CallLimits("Salesforce", allotment=allotment), search=False))

    assert all(sum(one <= at < one + 24 * HOUR for at in made) <= allotment for one in made)
