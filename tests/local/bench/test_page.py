"""The figures of bench runs are written into a page, and nothing else of it changes."""

from __future__ import annotations

from datetime import date

import pytest

from local.bench.figures import Figure
from local.bench.page import BEGIN, END, NoMarksError, machine, page_with


def test_only_what_stands_between_the_marks_is_written() -> None:
    """Each run has a column, a value that misses its goal is bold, and the rows of figures that
    were not measured stay.
    """
    kept = "| `lag_p50_ms` | 30 | 31 | <= 100 | ms |"
    old = f"old\n\n| Figure |\n|---|\n{kept}\n| `webhook_ratio` | 9 | 9 | <= 1.3 | times |"
    page = f"# Performance\n\n{BEGIN}\n\n{old}\n\n{END}\n\n## More\n"
    runs = [
        [Figure("webhook_ratio", 1.31, "<= 1.3", "times"), Figure("a", 1440, None, "MiB")],
        [Figure("webhook_ratio", 1.28, "<= 1.3", "times"), Figure("a", 1439, None, "MiB")],
    ]
    assert page_with(page, runs, "2 cores", date(2026, 11, 9)) == (
        f"# Performance\n\n{BEGIN}\n\nMeasured on 9 November 2026: 2 cores.\n\n"
        "| Figure | Value | Value | Goal | Unit |\n"
        "|---|---|---|---|---|\n"
        "| `webhook_ratio` | **1.31** | 1.28 | <= 1.3 | times |\n"
        f"{kept}\n"
        "| `a` | 1,440 | 1,439 |  | MiB |\n"
        f"\n{END}\n\n## More\n"
    )


def test_a_page_without_the_marks_is_left_alone() -> None:
    """Nothing says where the figures belong, so nothing is written."""
    with pytest.raises(NoMarksError, match="needs"):
        page_with(f"{END} {BEGIN}", [[]], "2 cores", date(2026, 11, 9))


def test_the_machine_is_described_by_its_cores_and_its_python() -> None:
    """What the figures depend on is named."""
    assert "cores of" in machine()
    assert "Python 3." in machine()
