"""The table of faults names the tests that there are, and each test of a fault has its row."""

from __future__ import annotations

from tests.docs.pages import names, page
from tests.house.test_faults import FOLDER, fault_tests
from tests.house.tree import modules, text_of

PAGE = page("docs/reliability.md")


def test_each_fault_has_its_row() -> None:
    """Number, link, test and whether it is long agree with the tests, in the order of the numbers."""
    rows = PAGE.rows("The 35 faults")
    tests = {
        name: is_long
        for path in modules()
        if path.parts[:2] == FOLDER
        for name, is_long in fault_tests(text_of(path)).items()
    }

    told = [(number, names(test), test.endswith(", long")) for number, _, _, test in rows]
    assert told == [
        (f"[{at}](vendors.md#fault-{at})", [name], tests[name])
        for at, name in enumerate(sorted(tests), start=1)
    ]
    assert all(name.startswith(f"test_fault_{at:02}_") for at, name in enumerate(sorted(tests), 1))


def test_each_outcome_is_a_sentence() -> None:
    """No row is without a fault or without what becomes of it."""
    rows = PAGE.rows("The 35 faults")
    assert [row for row in rows if not row[1] or not row[2].endswith(".")] == []
