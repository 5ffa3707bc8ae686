"""No tracked file names the machine on which it was written, no decision consists of headings only,
and the README is short.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.house.tree import ROOT, text_of, tracked

MACHINE = re.compile(
    r"(?<![\w.])/(?:home|root|Users)/\w|--(?:extra-)?index-url|--find-links|file:///[a-z]"
)
HEADINGS = ("Context", "Choice", "Price", "Door")
LARGEST_README = 8_192
"""Bytes that somebody reads before deciding whether to go on."""
DOORS = re.compile(r"\b(?:one|two)-way\b", re.IGNORECASE)
THIS = "tests/house/test_files.py"


def missing_headings(text: str) -> list[str]:
    """Return the headings of a decision that are missing or empty; a door must say which kind it
    is.
    """
    sections = {
        title.strip(): body.strip()
        for title, body in re.findall(
            r"^##\s+(.+?)\s*$\n(.*?)(?=^##\s|\Z)", text, re.DOTALL | re.MULTILINE
        )
    }
    missing = [heading for heading in HEADINGS if not sections.get(heading)]
    return missing + (
        [] if "Door" in missing or DOORS.search(sections["Door"]) else ["Door: one-way or two-way"]
    )


def is_short(readme: str) -> bool:
    """Return whether a README may be this long."""
    return len(readme.encode()) <= LARGEST_README


def test_the_readme_is_short() -> None:
    """The README says what this is and where to go on; reference belongs in docs/."""
    assert is_short(text_of(Path("README.md")))


def test_a_long_readme_is_seen() -> None:
    """One byte more is too many, and a letter may have several bytes."""
    assert is_short("a" * LARGEST_README)
    assert not is_short("a" * (LARGEST_README - 1) + "ä")


def test_no_machine_is_named() -> None:
    """A path on a developer's machine or the address of a package index means nothing to the next
    reader.
    """
    found = []
    for path in tracked():
        if str(path) == THIS:
            continue
        text = (ROOT / path).read_bytes().decode(errors="replace")  # pictures hold text, too
        lines = enumerate(text.splitlines(), start=1)
        found += [f"{path}:{number}" for number, line in lines if MACHINE.search(line)]
    assert found == []


@pytest.mark.parametrize(
    "line",
    ["see /home/ada/crm", "--extra-index-url x", "pip install --find-links w", "at file:///opt"],
)
def test_a_machine_is_seen(line: str) -> None:
    """Home folders, index options and local indexes are found."""
    assert MACHINE.search(line)


@pytest.mark.parametrize(
    "line", ["GET /api/home/page", "~/crm", "https://example.com/rooted/x", "the root of it"]
)
def test_other_paths_are_none(line: str) -> None:
    """Paths that only look like home folders are accepted."""
    assert not MACHINE.search(line)


def test_decisions_are_complete() -> None:
    """Every decision has context, choice, price and door filled in."""
    decisions = [
        path
        for path in tracked()
        if path.parts[:2] == ("docs", "decisions") and path.stem != "README"
    ]
    assert decisions
    assert {
        str(path): missing for path in decisions if (missing := missing_headings(text_of(path)))
    } == {}


def test_gaps_in_a_decision_are_seen() -> None:
    """A heading without text is a gap, and so is a door that does not say which way it opens."""
    text = "# 1\n\n## Context\n\nSo.\n\n## Choice\n\n## Price\n\nLittle.\n\n## Door\n\nOpen.\n"
    assert missing_headings(text) == ["Choice", "Door: one-way or two-way"]
