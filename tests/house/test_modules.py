"""Modules have names of the domain, start with their law, and stay small; tests say in a sentence
what they show.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.house.tree import modules, text_of

NAMES_THAT_SAY_NOTHING = {
    *("base", "common", "helper", "helpers", "info", "manager", "managers", "misc"),
    *("processor", "processors", "service", "services", "util", "utils"),
}
LONGEST_MODULE = {
    "layers": 400,
    "functions": 40,
    "local": 500,
    "simulators": 500,
    "tests": 600,
    "docs": 200,
}


def says_nothing(path: Path) -> bool:
    """Return whether a word of the file's or the folder's name would fit any file."""
    parts = path.with_suffix("").parts
    words = {word for part in parts for word in part.split("_")}
    return bool(words & NAMES_THAT_SAY_NOTHING)


def silent_tests(source: str) -> list[str]:
    """Return the test functions of a source without a docstring."""
    functions = [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    return [
        node.name
        for node in functions
        if node.name.startswith("test_") and not ast.get_docstring(node)
    ]


def test_names_say_something() -> None:
    """No module has a name such as "utils"."""
    assert [str(path) for path in modules() if says_nothing(path)] == []


@pytest.mark.parametrize(
    "name", ["local/utils.py", "layers/shared/crmsync/sync_manager.py", "tests/common/builders.py"]
)
def test_names_that_say_nothing_are_seen(name: str) -> None:
    """One such word in the file's or the folder's name is enough."""
    assert says_nothing(Path(name))


def test_modules_say_their_law_first() -> None:
    """Every module begins with what belongs there."""
    assert [
        str(path)
        for path in modules()
        if (text := text_of(path)).strip()
        and not text.startswith('"""')
        and not ast.get_docstring(ast.parse(text))
    ] == []


def test_modules_are_small() -> None:
    """No module collects everything."""
    lines = {path: len(text_of(path).splitlines()) for path in modules()}
    assert {
        str(path): count for path, count in lines.items() if count > LONGEST_MODULE[path.parts[0]]
    } == {}


def test_tests_are_sentences() -> None:
    """Every test has a sentence that says what it shows."""
    silent = {
        str(path): silent_tests(text_of(path)) for path in modules() if path.parts[0] == "tests"
    }
    assert {path: names for path, names in silent.items() if names} == {}


def test_silent_tests_are_seen() -> None:
    """Functions and methods are checked; other functions need no sentence."""
    source = 'def test_a():\n    pass\nclass T:\n    def test_b(self):\n        """Says."""\n    def test_c(self): ...\ndef helper(): ...\n'
    assert silent_tests(source) == ["test_a", "test_c"]
