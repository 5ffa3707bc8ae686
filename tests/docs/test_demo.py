"""What the README shows of the demo is what the demo says."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.docs.pages import ROOT, page

SHORTENED = "..."


@pytest.mark.long
def test_the_demo_says_what_the_readme_shows() -> None:
    """README: each line of the demo's output that it shows is said, in this order; it leaves out
    whole lines only.
    """
    (shown,) = [block for block in page("README.md").blocks("text") if block.startswith("1. ")]
    told = subprocess.run(
        [sys.executable, "-m", "local", "demo"],
        cwd=ROOT,
        env={"PATH": "", "PYTHONPATH": str(ROOT / "layers" / "shared"), "COLUMNS": "80"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    lines = iter(line.rstrip() for line in told.splitlines())
    assert [line for line in shown.splitlines() if line != SHORTENED and line not in lines] == []
