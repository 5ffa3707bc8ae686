"""What a tier allows, and the counting of calls: per ten seconds, per day, and per second of
search.

Law: figures, counting and the refusal only. Figures: docs/vendors.md#hubspot-rate-limits [D];
whether Professional has 650,000 or 625,000 calls per day is unclear. People in the portal's pages
have no API limits, so the user token is not counted.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from simulators.hubspot.errors import ApiError
from simulators.hubspot.stamps import PortalClock

WINDOW_MS = 10_000
DAY_MS = 86_400_000
SEARCHES_A_SECOND = 5


@dataclass(frozen=True, slots=True)
class Tier:
    """What an account may call, per ten seconds and app, and per day; and how many deal pipelines
    it may have [M].
    """

    burst: int
    daily: int
    pipelines: int = 15


TIERS: Mapping[str, Tier] = MappingProxyType(
    {
        "free": Tier(100, 250_000, 1),
        "starter": Tier(100, 250_000, 2),
        "professional": Tier(190, 650_000),
        "enterprise": Tier(190, 1_000_000, 100),
    }
)


def too_many(policy: str, retry_after_s: int | None = None) -> ApiError:
    """Return the 429 of a policy; HubSpot seldom sends ``Retry-After`` [D]."""
    error = ApiError(
        429,
        "RATE_LIMITS",
        f"You have reached your {policy.lower()} limit.",
        extra={"errorType": "RATE_LIMIT", "policyName": policy},
    )
    if retry_after_s is not None:
        error.headers["Retry-After"] = str(retry_after_s)
    return error


class Limits:
    """The counters of one app in one portal. The day ends at midnight UTC, which is the portal's
    time zone here.
    """

    def __init__(self, tier: Tier, clock: PortalClock) -> None:
        """Start with nothing used."""
        self.tier = tier
        self._clock = clock
        self._calls: deque[int] = deque()
        self._searches: deque[int] = deque()
        self._day = 0
        self._today = 0

    def count(self, *, is_search: bool) -> None:
        """Count a call, or raise its 429; the windows do not count a refused call."""
        now = self._clock.true_ms()
        self._roll(now)
        if self._today >= self.tier.daily:
            raise too_many("DAILY")
        if is_search:
            if len(self._searches) >= SEARCHES_A_SECOND:
                raise too_many("SECONDLY")
            self._searches.append(now)
        if len(self._calls) >= self.tier.burst:
            raise too_many("TEN_SECONDLY_ROLLING")
        self._calls.append(now)
        self._today += 1

    def headers(self) -> dict[str, str]:
        """Return the rate-limit headers of an answer (searches have none)."""
        self._roll(self._clock.true_ms())
        second = self.tier.burst // 10
        return {
            "X-HubSpot-RateLimit-Daily": str(self.tier.daily),
            "X-HubSpot-RateLimit-Daily-Remaining": str(self.tier.daily - self._today),
            "X-HubSpot-RateLimit-Interval-Milliseconds": str(WINDOW_MS),
            "X-HubSpot-RateLimit-Max": str(self.tier.burst),
            "X-HubSpot-RateLimit-Remaining": str(self.tier.burst - len(self._calls)),
            "X-HubSpot-RateLimit-Secondly": str(second),
            "X-HubSpot-RateLimit-Secondly-Remaining": str(second),
        }

    def usage(self) -> tuple[int, int, int]:
        """Return the calls allowed per day, the calls made today, and when the day ends
        (milliseconds).
        """
        self._roll(self._clock.true_ms())
        return self.tier.daily, self._today, (self._day + 1) * DAY_MS

    def _roll(self, now: int) -> None:
        while self._calls and self._calls[0] <= now - WINDOW_MS:
            self._calls.popleft()
        while self._searches and self._searches[0] <= now - 1000:
            self._searches.popleft()
        if now // DAY_MS != self._day:
            self._day, self._today = now // DAY_MS, 0
