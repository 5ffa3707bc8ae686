"""The files under version control, for the laws about files."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@cache
def tracked() -> tuple[Path, ...]:
    """Return every tracked file that exists, relative to the repository."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    return tuple(
        sorted(Path(name) for name in listed.split("\0") if name and (ROOT / name).is_file())
    )


def modules() -> list[Path]:
    """Return the tracked Python files."""
    return [path for path in tracked() if path.suffix == ".py"]


@cache
def text_of(path: Path) -> str:
    """Return a tracked file's text."""
    return (ROOT / path).read_text(encoding="utf-8")
