"""`make rules`: writes the pages in build/rules from the tests and the code, and the specification
that the package ships.
"""

from __future__ import annotations

import shutil

from tests.house.rules.catalogue import CONCERNS
from tests.house.rules.index import entries_in, marked_tests, modules_in
from tests.house.rules.page import PACKAGE, pages
from tests.house.rules.shipped import SHIPPED, shipped
from tests.house.tree import ROOT

FOLDER = ROOT / "build" / "rules"

if __name__ == "__main__":
    tests, _ = marked_tests(ROOT)
    written = pages(CONCERNS, tests, modules_in(ROOT / PACKAGE), entries_in(ROOT))
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    for name, text in written.items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    (ROOT / SHIPPED).write_text(shipped(ROOT), encoding="utf-8")
