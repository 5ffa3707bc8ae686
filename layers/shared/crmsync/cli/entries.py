"""How an entry of the error inbox shows its times and attempts. No command of its own."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crmsync.model.operations.inbox import InboxEntry


def attempts(entry: InboxEntry) -> str:
    """When a record was reported, for people, as in "2 attempts, 2026-01-09 07:00 to 08:00 UTC"."""
    first, last = entry.first_at, entry.last_at
    if entry.attempts == 1:
        return f"1 attempt, {minute(first)} UTC"
    end = f"{last:%H:%M}" if last.date() == first.date() else minute(last)
    return f"{entry.attempts:,} attempts, {minute(first)} to {end} UTC"


def minute(at: datetime) -> str:
    """A time to the minute."""
    return f"{at:%Y-%m-%d %H:%M}"


def times(entry: InboxEntry) -> dict[str, object]:
    """The same for programs."""
    return {
        "first": entry.first_at.isoformat(),
        "last": entry.last_at.isoformat(),
        "attempts": entry.attempts,
    }


def sentence(text: str) -> str:
    """A report's text as a sentence of its own: with a capital and a full stop."""
    if not text:
        return ""
    end = "" if text.endswith((".", "!", "?")) else "."
    return f"{text[0].upper()}{text[1:]}{end}"
