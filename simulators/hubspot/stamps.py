"""Times and identities: how HubSpot writes a moment, what its clock shows, who made a change.

Law: conversions and the one clock only. Everything that a portal stamps (events, history, modified
times, signatures) takes the time from `PortalClock`, so that the fault ``clock_skew`` moves
HubSpot's whole clock and nothing else.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from simulators.clock import Clock
from simulators.faults import Faults


class PortalClock:
    """HubSpot's clock: the stack's clock plus the fault ``clock_skew``."""

    def __init__(self, clock: Clock, faults: Faults) -> None:
        """Use the stack's clock and its faults."""
        self._clock = clock
        self._faults = faults

    def now_ms(self) -> int:
        """Return HubSpot's time in milliseconds since the epoch, for every stamp that leaves it."""
        fault = self._faults.take("hubspot", "clock_skew")
        skew = float(fault.details.get("seconds", 0)) if fault else 0.0
        return self._clock.now_ms() + round(skew * 1000)

    def true_ms(self) -> int:
        """Return the stack's own time, for what passes inside HubSpot (limits, index lag,
        retries).
        """
        return self._clock.now_ms()


@dataclass(frozen=True, slots=True)
class Actor:
    """Who wrote: shown in webhook events (``changeSource``, ``sourceId``) and the property history
    (``sourceType``).
    """

    change_source: str
    source_id: str
    user_id: int | None = None
    is_product: bool = False


def iso(moment_ms: int) -> str:
    """Return milliseconds since the epoch as HubSpot prints them: in UTC, without milliseconds if
    they are zero.
    """
    second, rest = divmod(moment_ms, 1000)
    return f"{_second(second)}.{rest:03d}Z" if rest else f"{_second(second)}Z"


@lru_cache(maxsize=10_000)
def _second(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")


@lru_cache(maxsize=100_000)
def millis(text: str) -> int:
    """Return milliseconds since the epoch from an ISO-8601 text with a zone (none = UTC). Raises
    `ValueError`.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return round(moment.timestamp() * 1000)


def derived_key(seed: int, *parts: object) -> str:
    """Return 32 hexadecimal digits that depend only on the seed and the parts: for tokens, secrets
    and correlation ids.
    """
    text = "|".join(str(part) for part in (seed, *parts))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def derived_uuid(seed: int, *parts: object) -> str:
    """Return a UUID-shaped text that depends only on the seed and the parts."""
    digits = derived_key(seed, *parts)
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"
