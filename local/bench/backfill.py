"""How much of HubSpot's ten-second limit a backfill uses, without a single refusal.

Law: the product's call leases against the HubSpot simulator's limits, in simulated time. One worker
lists and `SYNCING` sync, as the template allows; each calls again as soon as it has its answer. A
call takes between half of `CALL_SECONDS` and one and a half times as long, by a fixed seed, and
reaches HubSpot after a part of that. So the leases alone decide how many calls are made. A refused
call makes the figure meaningless.
"""

from __future__ import annotations

import heapq
import random
import sys
from collections.abc import Generator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from crmsync.gateways.call_leases import CallLeases
from crmsync.model.operations.calls import CallClass, CallUsage
from crmsync.model.records import Side
from crmsync.rules.timing.call_leases import limits_of
from local.bench.figures import BenchError, Figure, figure
from local.bench.planner import CONNECTION
from local.bench.prices import CALL_SECONDS
from simulators.hubspot.errors import ApiError
from simulators.hubspot.limits import TIERS, WINDOW_MS, Limits
from simulators.hubspot.stamps import PortalClock

SYNCING = 5
"""The contact function's maximum concurrency in the template."""

SECONDS = 600
START = datetime(2026, 1, 1, tzinfo=UTC)


def measure() -> Sequence[Figure]:
    """Return the share of the permitted calls that was used. Raises `BenchError`."""
    account, store = _Account(), _Usage()
    queue = [
        (0.013 * number, number, _worker(store, account, number)) for number in range(1 + SYNCING)
    ]
    while queue[0][0] < SECONDS:
        at, number, one = heapq.heappop(queue)
        account.at = START + timedelta(seconds=at)
        heapq.heappush(queue, (at + next(one), number, one))
    permitted = account.limits.tier.burst * SECONDS * 1000 / WINDOW_MS
    print(
        f"backfill: {account.calls} of {permitted:.0f} calls, {account.refused} refused, "
        f"{store.saves} leases",
        file=sys.stderr,
    )
    if account.refused:
        raise BenchError(f"HubSpot refused {account.refused} calls")
    return [figure("backfill_share", account.calls / permitted, 3)]


class _Account(PortalClock):
    """A HubSpot account on the bench's clock."""

    def __init__(self) -> None:
        self.at = START
        self.limits = Limits(TIERS["professional"], self)
        self.calls = 0
        self.refused = 0

    def true_ms(self) -> int:
        return round(self.at.timestamp() * 1000)

    def now(self) -> datetime:
        return self.at

    def call(self) -> None:
        try:
            self.limits.count(is_search=False)
        except ApiError:
            self.refused += 1
        self.calls += 1


class _Usage:
    """Implements `CallUsageStore` in memory."""

    def __init__(self) -> None:
        self.saves = 0
        self._stored = CallUsage()

    def load(self, connection: str, side: Side, **_: bool) -> CallUsage:
        del connection, side
        return self._stored

    def save(self, connection: str, side: Side, usage: CallUsage) -> CallUsage | None:
        if usage.version != self._stored.version:
            return None
        self.saves += 1
        self._stored = replace(usage, version=usage.version + 1)
        del connection, side
        return self._stored


class _SleepingError(Exception):
    """A worker would sleep, while the others go on.

    Attributes:
        seconds: For so long.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds


def _sleep(seconds: float) -> None:
    raise _SleepingError(seconds)


def _worker(store: _Usage, account: _Account, seed: int) -> Generator[float, None, None]:
    """Call as often as the leases allow; yields the seconds until it goes on."""
    limits = limits_of(CONNECTION, Side.HUBSPOT)
    leases = CallLeases(store, CONNECTION.name, Side.HUBSPOT, limits, now=account.now, pause=_sleep)
    leases.work_as(CallClass.BACKFILL)
    chance = random.Random(seed)
    while True:
        try:
            leases.spend()
        except _SleepingError as sleeping:
            yield sleeping.seconds
            continue
        latency = CALL_SECONDS * chance.uniform(0.5, 1.5)
        arrival = latency * chance.random()
        yield arrival
        account.call()
        yield latency - arrival
        leases.hear(per_window=account.limits.tier.burst, succeeded=True)
