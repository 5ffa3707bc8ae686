"""What the README shows of the demo is what the demo says."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.docs.pages import ROOT, page

SHORTENED = "..."
(SHOWN,) = [block for block in page("README.md").blocks("text") if block.startswith("1. ")]


def test_the_readme_shows_scenes_of_the_demo() -> None:
    """README: the scenes that it shows have the titles that the story gives them."""
    story = (ROOT / "local" / "demo" / "story.py").read_text(encoding="utf-8")
    titles = re.findall(r"^\d\. (.+?) ─+$", SHOWN, re.MULTILINE)
    assert len(titles) > 1
    assert [title for title in titles if f'"{title}"' not in story] == []


@pytest.mark.long
def test_the_demo_says_what_the_readme_shows() -> None:
    """README: each line of the demo's output that it shows is said, in this order; it leaves out
    whole lines only.
    """
    told = subprocess.run(
        [sys.executable, "-m", "local", "demo"],
        cwd=ROOT,
        env={"PATH": "", "PYTHONPATH": str(ROOT / "layers" / "shared"), "COLUMNS": "80"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    lines = iter(line.rstrip() for line in told.splitlines())
    assert [line for line in SHOWN.splitlines() if line != SHORTENED and line not in lines] == []
