"""Date literals of SOQL are spans of whole days, months and years."""

from __future__ import annotations

import pytest

from simulators.salesforce.soql.ranges import span
from simulators.salesforce.times import day_of, read_datetime

NOW = read_datetime("2026-01-15T13:30:00Z")


@pytest.mark.parametrize(
    ("word", "days", "first", "after"),
    [
        ("TODAY", None, "2026-01-15", "2026-01-16"),
        ("YESTERDAY", None, "2026-01-14", "2026-01-15"),
        ("TOMORROW", None, "2026-01-16", "2026-01-17"),
        ("LAST_N_DAYS", 7, "2026-01-08", "2026-01-16"),
        ("NEXT_N_DAYS", 2, "2026-01-16", "2026-01-18"),
        ("N_DAYS_AGO", 3, "2026-01-12", "2026-01-13"),
        ("LAST_90_DAYS", None, "2025-10-17", "2026-01-16"),
        ("LAST_MONTH", None, "2025-12-01", "2026-01-01"),
        ("THIS_MONTH", None, "2026-01-01", "2026-02-01"),
        ("NEXT_MONTH", None, "2026-02-01", "2026-03-01"),
        ("LAST_YEAR", None, "2025-01-01", "2026-01-01"),
        ("THIS_YEAR", None, "2026-01-01", "2027-01-01"),
    ],
)
def test_a_literal_is_a_span(word: str, days: int | None, first: str, after: str) -> None:
    """It begins at midnight and ends before midnight."""
    found = span(word, days, NOW)
    assert found is not None
    assert (day_of(found.start), day_of(found.end)) == (first, after)
    assert found.start % 86_400_000 == found.end % 86_400_000 == 0


@pytest.mark.parametrize(("word", "days"), [("SOMEDAY", None), ("TODAY", 3), ("LAST_N_DAYS", None)])
def test_other_words_are_not_literals(word: str, days: int | None) -> None:
    """An unknown word, or a number in the wrong place, is no literal."""
    assert span(word, days, NOW) is None
