"""How pages name what they show."""

from __future__ import annotations

import pytest

from crmsync.console.wording import lasted


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (0.84, "0.8 s"),
        (9.96, "10 s"),
        (45.4, "45 s"),
        (59.6, "1 min"),
        (200, "3 min 20 s"),
        (3_600, "1 h"),
        (7_530, "2 h 5 min"),
        (172_800, "2 days"),
    ],
)
def test_a_duration_has_two_units_at_most(seconds: float, words: str) -> None:
    """Tenths below ten seconds, and whole days from two days on."""
    assert lasted(seconds) == words
