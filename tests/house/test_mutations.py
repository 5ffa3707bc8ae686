"""Every planted mutation still fits the code: its text is there, the changed module is valid, and
the tests that must catch it exist.
"""

from __future__ import annotations

import ast
import builtins
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.house.tree import ROOT
from tests.mutations.table import Mutation, planted, read_table

FEWEST = 30
"""Mutations that are planted at least."""

SOUND = """
[[mutation]]
name = "no-overlap"
concern = "cursors"
says = "A sweep begins at its cursor."
module = "rules/timing/sweeps.py"
old = "since - back"
new = "since"
caught_by = ["tests/rules/timing/test_sweeps.py::test_one"]
"""
SOURCE = "def start(since, back):\n    return since - back\n"
TESTS = """
@pytest.mark.long
def test_long(): ...
@pytest.mark.rule("A-1")
def test_one(): ...
def helper(): ...
"""


def objections(mutation: Mutation, source: str) -> Iterator[str]:
    """What is wrong with a mutation of this source."""
    count = source.count(mutation.old)
    if count != 1:
        yield f"its old text occurs {count} times"
        return
    if mutation.old == mutation.new:
        yield "it changes nothing"
    try:
        changed = ast.parse(mutation.planted_in(source))
    except SyntaxError:
        yield "the changed module does not compile"
        return
    sound = ast.parse(source)
    if ast.dump(changed) == ast.dump(sound):
        yield "it changes no code"
    unknown = names_in(changed) - names_in(sound) - bound_in(changed) - set(dir(builtins))
    if unknown:
        yield f"nothing is called {', '.join(sorted(unknown))}"


def names_in(module: ast.Module) -> set[str]:
    """The names that a module uses."""
    return {node.id for node in ast.walk(module) if isinstance(node, ast.Name)}


def bound_in(module: ast.Module) -> set[str]:
    """The names that a module gives a value, imports or defines."""
    found = set()
    for node in ast.walk(module):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.alias):
            found.add(node.asname or node.name)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
    return found


def usable_tests(source: str) -> set[str]:
    """The test functions of a module that run in a few seconds."""
    return {
        node.name
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef)
        and node.name.startswith("test_")
        and not any("mark.long" in ast.unparse(one) for one in node.decorator_list)
    }


def test_every_mutation_fits_its_module() -> None:
    """The old text of every mutation occurs once, and what it becomes is another valid module."""
    sources = {one.path: (ROOT / one.path).read_text(encoding="utf-8") for one in planted()}
    found = {one.name: list(objections(one, sources[one.path])) for one in planted()}
    assert {name: complaints for name, complaints in found.items() if complaints} == {}


def test_every_named_test_exists() -> None:
    """The tests that must catch a mutation are test functions, and none of them takes minutes."""
    known: dict[str, set[str]] = {}
    missing = []
    for one in planted():
        for test in one.caught_by:
            path, _, name = test.partition("::")
            if path not in known:
                file = ROOT / path
                is_there = file.is_file()
                known[path] = usable_tests(file.read_text(encoding="utf-8")) if is_there else set()
            if name not in known[path]:
                missing.append(f"{one.name}: {test}")
    assert missing == []


def test_mutations_are_told_apart() -> None:
    """There are enough mutations, and each has a name of its own, a sentence and a test."""
    assert len(planted()) >= FEWEST
    names = Counter(one.name for one in planted())
    assert [name for name, times in names.items() if times > 1] == []
    changes = Counter((one.module, one.old, one.new) for one in planted())
    assert [change for change, times in changes.items() if times > 1] == []
    assert [one.name for one in planted() if not one.says.endswith(".")] == []
    assert [one.name for one in planted() if not (one.concern and one.caught_by)] == []


@pytest.mark.parametrize(
    ("old", "new", "objection"),
    [
        ("since - back", "since", []),
        ("since", "begin", ["its old text occurs 2 times"]),
        ("since + back", "since", ["its old text occurs 0 times"]),
        ("since - back", "since - back", ["it changes nothing", "it changes no code"]),
        ("since - back", "since  -  back", ["it changes no code"]),
        ("since - back", "since -", ["the changed module does not compile"]),
        ("since - back", "min(since, begin)", ["nothing is called begin"]),
    ],
)
def test_a_mutation_that_does_not_fit_is_seen(old: str, new: str, objection: list[str]) -> None:
    """A text that is missing or occurs twice, a change of nothing and invalid code are found."""
    (sound,) = read_table(SOUND)
    mutation = Mutation(
        sound.name, sound.concern, sound.says, sound.module, old, new, sound.caught_by
    )
    assert list(objections(mutation, SOURCE)) == objection


def test_tests_that_cannot_be_used_are_seen() -> None:
    """A test that takes minutes does not count, and neither does any other function."""
    assert usable_tests(TESTS) == {"test_one"}
