"""Moments as whole numbers, as DynamoDB, HubSpot and our messages need them.

Inside the product a moment is always a `datetime` with a time zone.
"""

from __future__ import annotations

from datetime import UTC, datetime


def epoch_seconds(moment: datetime) -> int:
    """Seconds since 1970, rounded down: DynamoDB's format for ``expires_at``."""
    return int(moment.timestamp())


def epoch_ms(moment: datetime) -> int:
    """Milliseconds since 1970, rounded to the nearest."""
    return round(moment.timestamp() * 1000)


def from_epoch_ms(milliseconds: float) -> datetime:
    """The moment (UTC). Raises `ValueError`, `OverflowError` or `OSError` beyond the year 9999."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
