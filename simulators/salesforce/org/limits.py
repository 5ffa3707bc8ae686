"""The org's daily allowance of API calls: a rolling window of 24 hours [M], and how calls and
clients see it.
"""

from __future__ import annotations

from collections import deque
from typing import Any, Final

from simulators.clock import Clock
from simulators.salesforce.refusals import RefusalError
from simulators.salesforce.times import DAY

_MINUTE: Final = 60_000


class ApiLimit:
    """Counts all calls of the org, by any caller."""

    def __init__(self, clock: Clock, daily: int) -> None:
        """Allow `daily` calls in any 24 hours."""
        self._clock = clock
        self.daily = daily
        self._minutes: deque[tuple[int, int]] = deque()
        self._used = 0

    def used(self) -> int:
        """Return the calls in the last 24 hours."""
        while self._minutes and self._minutes[0][0] <= self._clock.now_ms() - DAY:
            self._used -= self._minutes.popleft()[1]
        return self._used

    def count(self) -> None:
        """Count one call. Raises `RefusalError` (REQUEST_LIMIT_EXCEEDED) when none is left."""
        if self.used() >= self.daily:
            raise limit_exceeded()
        minute = self._clock.now_ms() // _MINUTE * _MINUTE
        if self._minutes and self._minutes[-1][0] == minute:
            minute, known = self._minutes.pop()
            self._minutes.append((minute, known + 1))
        else:
            self._minutes.append((minute, 1))
        self._used += 1

    def header(self) -> str:
        """Return the value of ``Sforce-Limit-Info``."""
        return f"api-usage={self.used()}/{self.daily}"

    def resource(self) -> dict[str, Any]:
        """Return the answer of ``GET /limits``; only the daily calls are real, all other limits are
        unused [S: names].
        """
        whole = {
            "DailyBulkV2QueryJobs": 10_000,
            "DailyBulkApiBatches": 15_000,
            "DailyDeliveredPlatformEvents": 25_000,
            "HourlyPublishedPlatformEvents": 250_000,
            "DataStorageMB": 10_240,
            "FileStorageMB": 10_240,
        }
        calls = {"Max": self.daily, "Remaining": max(0, self.daily - self.used())}
        return {"DailyApiRequests": calls} | {
            name: {"Max": most, "Remaining": most} for name, most in whole.items()
        }


def limit_exceeded() -> RefusalError:
    """Return the refusal when the day's calls are used up [D]."""
    return RefusalError("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
