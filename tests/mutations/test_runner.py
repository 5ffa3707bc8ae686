"""The runner says what became of a mutation, and changes nothing but its own copy."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from tests.mutations import by_simulation
from tests.mutations.__main__ import report
from tests.mutations.by_simulation import FIRST, Finding
from tests.mutations.recorder import ASSERTION, PASSED, ending
from tests.mutations.runner import (
    Copy,
    Endings,
    Result,
    Verdict,
    baseline,
    copies_of,
    judged,
    result_of,
    results_of,
)
from tests.mutations.table import Mutation, page_rows, planted

ONE, TWO = "tests/test_a.py::test_one", "tests/test_a.py::test_two"
MUTATION = Mutation(
    "no-overlap", "cursors", "It begins late.", "rules/a.py", "a - b", "a", (ONE, TWO)
)


def endings(*, is_over: bool = True, **by_test: set[str]) -> Endings:
    """How the two tests ended."""
    found = {"one": ONE, "two": TWO}
    return Endings(
        {found[name]: frozenset(ends) for name, ends in by_test.items()}, is_over, 1.0, ""
    )


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        pytest.param(
            endings(one={ASSERTION}, two={PASSED, ASSERTION}), (Verdict.CAUGHT, ""), id="all fail"
        ),
        pytest.param(
            endings(one={ASSERTION}, two={PASSED}),
            (Verdict.SURVIVED, f"{TWO} passes"),
            id="one passes",
        ),
        pytest.param(
            endings(one={"ImportError"}, two={ASSERTION}),
            (Verdict.BROKEN, f"{ONE}: ImportError"),
            id="one raises something else",
        ),
        pytest.param(
            endings(one={f"setup: {ASSERTION}"}, two={ASSERTION}),
            (Verdict.BROKEN, f"{ONE}: setup: {ASSERTION}"),
            id="one fails before it begins",
        ),
        pytest.param(
            endings(one={ASSERTION}), (Verdict.BROKEN, f"{TWO}: did not run"), id="one is missing"
        ),
        pytest.param(
            endings(is_over=False, one={ASSERTION}),
            (Verdict.BROKEN, "never ends"),
            id="they never end",
        ),
    ],
)
def test_a_mutation_is_caught_if_every_named_test_fails_by_an_assertion(
    found: Endings, verdict: tuple[Verdict, str]
) -> None:
    """A test that passes has not noticed the mistake, and one that ends by another error is not
    known to have.
    """
    assert judged(MUTATION, found) == verdict


def test_tests_that_never_end_count_where_the_table_says_so() -> None:
    """An endless loop is caught by the time limit only if it was expected."""
    endless = replace(MUTATION, endless_after=5)
    assert judged(endless, endings(is_over=False)) == (Verdict.CAUGHT, "never ends")


def test_how_a_test_ends_is_known_by_its_error() -> None:
    """Assertions count, `pytest.raises` and groups of assertions likewise; nothing else does."""
    failed = pytest.fail.Exception("DID NOT RAISE")
    group = ExceptionGroup("several", [AssertionError(), ExceptionGroup("more", [KeyError("a")])])
    assert [
        ending(one)
        for one in (
            None,
            AssertionError(),
            failed,
            ExceptionGroup("all", [AssertionError(), AssertionError()]),
            KeyError("a"),
            group,
        )
    ] == [PASSED, ASSERTION, ASSERTION, ASSERTION, "KeyError", "AssertionError, KeyError"]


def test_problems_come_first() -> None:
    """The report begins with the mutations that are not caught and ends with the count."""
    other = replace(MUTATION, name="no-cursor")
    results = [
        Result(MUTATION, Verdict.CAUGHT, "", 1.25),
        Result(other, Verdict.SURVIVED, f"{TWO} passes", 2.0),
    ]
    assert list(report(results, 3.4)) == [
        "1 of 2 mutations are not caught:",
        "",
        "  SURVIVED  no-cursor (layers/shared/crmsync/rules/a.py)",
        "            It begins late.",
        f"            {TWO} passes",
        "",
        "caught       1.2 s  no-overlap",
        "SURVIVED     2.0 s  no-cursor",
        "1 of 2 mutations caught in 3 seconds",
    ]


def test_the_table_of_the_page_has_a_row_per_mutation() -> None:
    """A row says what goes wrong, in which module, and which tests catch it."""
    assert page_rows([MUTATION]) == [
        "| Concern | Planted mistake | Module | Caught by |",
        "|---|---|---|---|",
        "| cursors | It begins late. | `rules/a.py` | `test_one`<br>`test_two` |",
    ]


def test_a_module_is_sound_again_afterwards(tmp_path: Path) -> None:
    """A mutation is taken out of the copy even if its tests break off, and its compiled form goes
    with it.
    """
    module = tmp_path / MUTATION.path
    compiled = module.parent / "__pycache__" / "a.cpython-313.pyc"
    compiled.parent.mkdir(parents=True)
    module.write_text("x = a - b\n")
    copy = Copy(tmp_path)
    compiled.write_bytes(b"sound")
    with suppress(KeyboardInterrupt), copy.with_mutation(MUTATION):
        assert (module.read_text(), compiled.exists()) == ("x = a\n", False)
        compiled.write_bytes(b"mistaken")
        raise KeyboardInterrupt
    assert (module.read_text(), compiled.exists()) == ("x = a - b\n", False)


def test_a_text_that_occurs_twice_is_not_replaced(tmp_path: Path) -> None:
    """Which of two places is meant is not known."""
    module = tmp_path / MUTATION.path
    module.parent.mkdir(parents=True)
    module.write_text("x = a - b\ny = a - b\n")
    with pytest.raises(ValueError, match="occurs 2 times"), Copy(tmp_path).with_mutation(MUTATION):
        pass
    assert module.read_text() == "x = a - b\ny = a - b\n"


@pytest.mark.long
def test_planted_mutations_are_caught_and_harmless_changes_survive() -> None:
    """In a copy of the whole tree: the tests pass without a mutation, one mutation per concern is
    caught, a change of nothing survives, and a module that cannot be imported catches nothing.
    """
    by_name = {one.name: one for one in planted()}
    no_overlap = by_name["no-overlap"]
    first_of_each = list({one.concern: one for one in reversed(planted())}.values())[:6]
    harmless = replace(no_overlap, new="    start = since + -back\n")
    endless = replace(no_overlap, new="    while True:\n        start = since\n", endless_after=10)
    imports = "from crmsync.model.records import Side\n"
    unimportable = replace(no_overlap, old=imports, new=f"{imports}import no_such_module\n")
    chosen = [*first_of_each, no_overlap]
    with copies_of(number=2) as copies:
        copy, _ = copies
        assert baseline(copy, chosen) == []
        assert [(one.mutation, one.verdict) for one in results_of(copies, chosen)] == [
            (one, Verdict.CAUGHT) for one in chosen
        ]
        others = (harmless, endless, replace(endless, endless_after=None), unimportable)
        assert [result_of(copy, one, limit=40).verdict for one in others] == [
            Verdict.SURVIVED,
            Verdict.CAUGHT,
            Verdict.BROKEN,
            Verdict.BROKEN,
        ]
        assert baseline(copy, [no_overlap]) == []


@pytest.mark.parametrize(
    ("seeds", "found"),
    [
        pytest.param(9, Finding(MUTATION, 5, "no lost update: phone"), id="found"),
        pytest.param(4, Finding(MUTATION, 4, ""), id="not found"),
    ],
)
def test_the_simulation_finds_a_mutation_by_a_history_that_is_sound_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seeds: int, found: Finding
) -> None:
    """A history that fails without the mutation as well says nothing about it."""
    copies = [Copy(tmp_path / name) for name in ("planted", "sound")]
    for copy in copies:
        path = copy.folder / MUTATION.path
        path.parent.mkdir(parents=True)
        path.write_text("a - b", encoding="utf-8")

    def first_failure(copy: Copy, first: int, end: int) -> tuple[int, str]:
        is_planted = (copy.folder / MUTATION.path).read_text(encoding="utf-8") == "a"
        failing = [FIRST + 1, *([FIRST + 4] if is_planted else [])]
        return next(
            ((one, "no lost update: phone") for one in failing if first <= one < end), (end, "")
        )

    monkeypatch.setattr(by_simulation, "_first_failure", first_failure)

    assert by_simulation._find(MUTATION, *copies, seeds) == found
