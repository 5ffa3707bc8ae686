"""The leases of several processes that share the usage of a CRM, on a clock that the test moves."""

from __future__ import annotations

import heapq
import itertools
from collections import Counter
from collections.abc import Callable, Generator
from datetime import datetime, timedelta

import pytest

from crmsync.errors import Down, TryAgain
from crmsync.gateways.call_leases import CallLeases, ConnectionCalls
from crmsync.model.operations.calls import CallClass, CallLimits, DailyCalls
from crmsync.model.records import Side
from crmsync.rules.timing.call_leases import limits_of
from simulators.hubspot.errors import ApiError
from simulators.hubspot.limits import TIERS, Limits
from simulators.hubspot.stamps import PortalClock
from tests.builders import NOON, a_connection
from tests.memory import MemoryCallUsage

LIVE, RETRY, SWEEP, BACKFILL = CallClass
ALLOTTED = CallLimits("Salesforce", allotment=20_000)


class Time:
    """A clock that moves when somebody sleeps or the test says so."""

    def __init__(self) -> None:
        """It is noon."""
        self.at = NOON

    def __call__(self) -> datetime:
        """The time."""
        return self.at

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.at += timedelta(seconds=seconds)


def leases_of(
    store: MemoryCallUsage, time: Time, limits: CallLimits = ALLOTTED, side: Side = Side.SALESFORCE
) -> CallLeases:
    """The leases of one more process."""
    return CallLeases(store, "acme", side, limits, now=time, pause=time.wait)


def spend(leases: CallLeases, calls: int) -> None:
    """Make so many calls."""
    for _ in range(calls):
        leases.spend()


def refused(leases: CallLeases) -> tuple[str, float]:
    """The code and the wait with which a call is refused."""
    with pytest.raises(Down) as caught:
        leases.spend()
    assert (caught.value.side, caught.value.hint) == ("salesforce", "")
    return caught.value.code, caught.value.after


@pytest.mark.rule("CH-6")
def test_twenty_calls_cost_one_write() -> None:
    """The rest of a lease is used by later work of the same process."""
    store, time = MemoryCallUsage(), Time()
    leases = leases_of(store, time)
    for _ in range(4):
        spend(leases, 5)
        time.wait(3600)

    assert (store.saves, store.reads) == (1, 0.5)
    spend(leases, 1)
    assert (store.saves, leases.state().own[LIVE]) == (2, 40)


@pytest.mark.rule("CH-6")
@pytest.mark.parametrize("expected", [10, 20])
def test_a_batch_costs_one_read_and_one_write(expected: int) -> None:
    """A thousand contacts take 10 or 20 calls to HubSpot, and one lease has them all."""
    store, time = MemoryCallUsage(), Time()
    limits = limits_of(a_connection(), Side.HUBSPOT)
    leases = leases_of(store, time, limits, Side.HUBSPOT)
    leases.work_as(LIVE, expected)
    spend(leases, expected)

    assert (store.saves, store.reads) == (1, 0.5)
    spend(leases, 1)
    assert (store.saves, store.reads) == (2, 1.0)


@pytest.mark.rule("CH-6")
def test_a_read_that_came_too_late_gives_no_calls_away() -> None:
    """What another process has leased meanwhile makes the write fail, and then all of it is read."""
    store, time = MemoryCallUsage(is_late=True), Time()
    small = CallLimits("Salesforce", allotment=3)
    first, second = leases_of(store, time, small), leases_of(store, time, small)
    spend(first, 1)
    spend(second, 2)

    assert (store.saves, store.reads) == (5, 3.5)
    assert refused(first)[0] == "ALLOTMENT_USED"


def test_an_unused_rest_is_returned_with_the_next_lease() -> None:
    """Only what was called counts for the day."""
    store, time = MemoryCallUsage(), Time()
    leases = leases_of(store, time)
    spend(leases, 3)
    time.wait(7 * 3600)
    leases.work_as(SWEEP)
    spend(leases, 1)

    own = leases.state().own
    assert (own[LIVE], own[SWEEP]) == (3, 20)


@pytest.mark.rule("API-1")
def test_the_allotment_is_a_ceiling_for_all_processes() -> None:
    """Three processes make no call beyond it, and none reads the usage again within a minute."""
    store, time = MemoryCallUsage(), Time()
    small = CallLimits("Salesforce", allotment=30)
    workers = [leases_of(store, time, small) for _ in range(3)]
    made = 0
    for worker in itertools.cycle(workers):
        try:
            worker.spend()
        except Down:
            break
        made += 1

    assert made == 30
    assert [refused(one)[0] for one in workers] == ["ALLOTMENT_USED"] * 3
    time.wait(26 * 3600)
    spend(workers[0], 1)


@pytest.mark.rule("API-2")
def test_a_used_up_day_is_probed_every_quarter_of_an_hour_and_ends_by_itself() -> None:
    """After a refusal no process calls. Once the probe of one succeeds, all go on."""
    store, time = MemoryCallUsage(), Time()
    one, other = leases_of(store, time), leases_of(store, time)
    spend(one, 1)
    one.hear(refused=True)
    made: list[float] = []
    for minute in range(46):
        for leases in (one, other):
            try:
                leases.spend()
            except Down:
                continue
            made.append(minute)
            leases.hear(refused=minute < 45, succeeded=minute >= 45)
        time.wait(60)

    assert made == [15, 30, 45, 45]
    spend(one, 5)
    assert one.state().used_up_at is None


def test_a_header_with_the_last_call_closes_the_day_before_a_refusal() -> None:
    """Other processes with a lease of their own stop at their own next response."""
    store, time = MemoryCallUsage(), Time()
    one, other = leases_of(store, time), leases_of(store, time)
    spend(one, 1)
    spend(other, 1)
    one.hear(day=DailyCalls(5_000, 5_000), succeeded=True)
    spend(other, 1)
    other.hear(day=DailyCalls(5_001, 5_000), succeeded=True)

    assert [refused(leases) for leases in (one, other)] == [("DAY_USED_UP", 900.0)] * 2


def test_one_side_that_is_short_of_calls_holds_the_connection() -> None:
    """Its reason is given, whichever side it is."""
    store, time = MemoryCallUsage(), Time()
    hubspot = leases_of(store, time, limits_of(a_connection(), Side.HUBSPOT), Side.HUBSPOT)
    salesforce = leases_of(store, time, CallLimits("Salesforce", allotment=10))
    both = ConnectionCalls(hubspot, salesforce)
    both.work_as(RETRY)
    spend(salesforce, 8)
    found = both.hold(RETRY)

    assert both.hold(LIVE) is None
    assert found is not None
    assert found.text == (
        "Of the 10 Salesforce calls that are allotted to crmsync in 24 hours, 8 are used."
    )
    assert salesforce.state().own[RETRY] == 8


def test_calls_go_on_while_the_table_does_not_answer() -> None:
    """Nothing is held, and nobody waits for the table."""
    store, time = MemoryCallUsage(), Time()
    leases = leases_of(store, time)
    store.down = TryAgain("The table is busy.")
    spend(leases, 12)
    leases.hear(refused=True)

    assert leases.hold(BACKFILL) is None
    assert store.saves == 0


class Account(PortalClock):
    """A HubSpot account whose clock is the test's."""

    def __init__(self, time: Time) -> None:
        """The smallest subscription."""
        self._time = time
        self.limits = Limits(TIERS["free"], self)
        self.refused: Counter[str] = Counter()
        self.calls = 0

    def true_ms(self) -> int:
        """The time in milliseconds."""
        return round(self._time().timestamp() * 1000)

    def call(self, *, search: bool) -> None:
        """Take a call, or count its refusal."""
        try:
            self.limits.count(is_search=search)
        except ApiError as error:
            self.refused[str(error.extra.get("policyName"))] += 1
        self.calls += 1


class SleepingError(Exception):
    """A worker would sleep, while others go on."""

    def __init__(self, seconds: float) -> None:
        """For so long."""
        super().__init__()
        self.seconds = seconds


def fall_asleep(seconds: float) -> None:
    """Leave the call that would sleep."""
    raise SleepingError(seconds)


Worker = Generator[float, None, None]
"""A worker's time: seconds until it goes on."""


def worker(leases: CallLeases, account: Account, *, searches: bool, latency: float) -> Worker:
    """A worker that calls as often as it may; every third call may be a search."""
    for number in itertools.count():
        search = searches and number % 3 == 0
        while True:
            try:
                leases.spend(search=search)
            except SleepingError as sleep:
                yield sleep.seconds
            else:
                break
        account.call(search=search)
        yield latency
        leases.hear(succeeded=True)


def play(workers: list[Callable[[], Worker]], time: Time, seconds: float) -> None:
    """Run workers side by side on one clock: each sleeps on its own."""
    queue = [(0.013 * place, place, make()) for place, make in enumerate(workers)]
    while queue and queue[0][0] < seconds:
        at, place, one = heapq.heappop(queue)
        time.at = NOON + timedelta(seconds=at)
        heapq.heappush(queue, (at + next(one), place, one))


@pytest.mark.rule("CH-6")
@pytest.mark.parametrize(
    ("searches", "is_late", "expected"),
    [(False, False, 0), (True, False, 0), (False, True, 0), (True, True, 20)],
)
def test_workers_share_ten_seconds_without_a_refusal(
    *, searches: bool, is_late: bool, expected: int
) -> None:
    """Eight workers that never pause are never refused, and use most of what HubSpot allows,
    whatever they expect and although reads lack the last save. Unless all do, each write serves
    several calls.
    """
    store, time = MemoryCallUsage(is_late=is_late), Time()
    account = Account(time)
    limits = limits_of(a_connection(), Side.HUBSPOT)

    def make(place: int) -> Callable[[], Worker]:
        leases = CallLeases(store, "acme", Side.HUBSPOT, limits, now=time, pause=fall_asleep)
        leases.work_as(BACKFILL if place % 2 else LIVE, expected)
        return lambda: worker(
            leases, account, searches=searches and place == 0, latency=0.05 + place * 0.02
        )

    play([make(place) for place in range(8)], time, 120)

    assert account.refused == {}
    assert account.calls >= 0.95 * 1_200
    assert is_late or store.saves <= account.calls / 2
