"""`make rules`: writes docs/rules.md from the tests and the code, and nothing else."""

from __future__ import annotations

from tests.house.rules.catalogue import CONCERNS
from tests.house.rules.index import marked_tests, modules_in
from tests.house.rules.page import PACKAGE, render
from tests.house.tree import ROOT

if __name__ == "__main__":
    tests, _ = marked_tests(ROOT)
    text = render(CONCERNS, tests, modules_in(ROOT / PACKAGE))
    (ROOT / "docs" / "rules.md").write_text(text, encoding="utf-8")
