"""NOTICE lists the packages of the layer."""

from __future__ import annotations

from pathlib import Path

from layer.notice import notice
from layer.packages import installed, pinned

ROOT = Path(__file__).resolve().parents[2]


def test_notice_matches_the_list() -> None:
    """NOTICE names the packages and versions of the layer's list, each with a licence; `make
    requirements` writes it.
    """
    packages = installed(
        pinned((ROOT / "layers/shared/requirements.txt").read_text(encoding="utf-8"))
    )
    assert [package.name for package in packages if not package.licence] == []
    assert (ROOT / "NOTICE").read_text(encoding="utf-8") == notice(packages)
