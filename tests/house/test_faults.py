"""Each of the 35 faults has exactly one test by its number, so that none goes missing."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

from tests.house.tree import modules, text_of

PAGE = Path("docs/vendors.md")
FOLDER = ("tests", "faults")
COUNT = 35


def fault_tests(source: str) -> dict[str, bool]:
    """The tests of faults in a source: name -> whether the whole test runs in `make long` only."""
    return {
        node.name: any(ast.unparse(one) == "pytest.mark.long" for one in node.decorator_list)
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_fault_")
    }


def wrong_numbers(names: list[str], wanted: range) -> dict[int, int]:
    """The numbers that do not have exactly one test: number -> its tests."""
    counts = Counter(int(name.removeprefix("test_fault_").partition("_")[0]) for name in names)
    numbers = sorted({*counts, *wanted})
    return {one: counts[one] for one in numbers if counts[one] != (1 if one in wanted else 0)}


def test_each_fault_has_one_test() -> None:
    """The list of faults numbers them from 1 to 35, and so do the tests' names."""
    listed = [int(one) for one in re.findall(r'<a id="fault-(\d+)"></a>', text_of(PAGE))]
    ours = [path for path in modules() if path.parts[:2] == FOLDER]
    names = [name for path in ours for name in fault_tests(text_of(path))]

    assert listed == list(range(1, COUNT + 1))
    assert wrong_numbers(names, range(1, COUNT + 1)) == {}
    assert [name for name in names if not re.fullmatch(r"test_fault_\d\d_[a-z0-9_]+", name)] == []


@pytest.mark.parametrize(
    ("names", "wrong"),
    [
        (["test_fault_01_a", "test_fault_02_b"], {}),
        (["test_fault_01_a"], {2: 0}),
        (["test_fault_01_a", "test_fault_01_b", "test_fault_02_c"], {1: 2}),
        (["test_fault_01_a", "test_fault_02_b", "test_fault_03_c"], {3: 1}),
    ],
)
def test_a_wrong_number_is_seen(names: list[str], wrong: dict[int, int]) -> None:
    """A number without a test, with two tests, or beyond the list."""
    assert wrong_numbers(names, range(1, 3)) == wrong


def test_only_tests_of_faults_count() -> None:
    """A test says by its own mark that it is long; a mark of one of its parameters does not count."""
    source = (
        "@pytest.mark.long\ndef test_fault_01_a(): ...\n"
        "@pytest.mark.parametrize('n', [pytest.param(1, marks=pytest.mark.long)])\n"
        "def test_fault_02_b(n): ...\n"
        "def test_other(): ...\n"
    )
    assert fault_tests(source) == {"test_fault_01_a": True, "test_fault_02_b": False}
