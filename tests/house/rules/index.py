"""Which test shows which rule, which module names it, and where it is specified: read from the
sources, not from a test run.

A mark counts where a reader sees it: above a test or its class, among its parameters, or in
`pytestmark`. A mark elsewhere is a `Stray`, and never silently lost.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

_ENTRY = re.compile(r'<a id="([^"]*)"></a>([A-Z]{1,5}-\d+)\b')
_ID = re.compile(r"\b([A-Z]{1,5})-(\d+)\b(?:\s+to\s+\1-(\d+)\b)?")

_Group: TypeAlias = ast.Module | ast.ClassDef


@dataclass(frozen=True, slots=True, order=True)
class Shown:
    """A marked test: where it stands, the ids it shows, and the sentence that says them.

    Attributes:
        path: Relative to the repository.
        name: With its classes, as `TestLinks.test_kept`.
        sentence: The first paragraph of the docstring, in one line; empty without a docstring.
        skipped: Whether the test never runs, or may fail.
    """

    path: str
    line: int
    name: str
    ids: frozenset[str]
    sentence: str
    skipped: bool = False


@dataclass(frozen=True, slots=True, order=True)
class Stray:
    """A mark that is not on a test, or whose id is not a plain string."""

    path: str
    line: int


@dataclass(frozen=True, slots=True, order=True)
class Entry:
    """The row of an id in the specification.

    Attributes:
        id: As the row shows it.
        path: Of its page, relative to the repository.
        anchor: What a link to the row says after the #.
    """

    id: str
    path: str
    anchor: str


def entries_in(root: Path) -> list[Entry]:
    """Return the entries of a repository's specification, page by page."""
    folder = root / "docs"
    found = [*folder.glob("specification.md"), *sorted(folder.glob("specification/*.md"))]
    return [
        Entry(id_, path.relative_to(root).as_posix(), anchor)
        for path in found
        for anchor, id_ in _ENTRY.findall(path.read_text(encoding="utf-8"))
    ]


def marked_tests(root: Path) -> tuple[list[Shown], list[Stray]]:
    """Return the marked tests of a repository, and the stray marks, by path and line."""
    read = [
        shown_in(str(path.relative_to(root)), path.read_text(encoding="utf-8"))
        for path in sorted((root / "tests").rglob("*.py"))
    ]
    return [it for shown, _ in read for it in shown], [it for _, stray in read for it in stray]


def shown_in(path: str, source: str) -> tuple[list[Shown], list[Stray]]:
    """Return the marked tests of one source, and its stray marks."""
    if "mark.rule" not in source:
        return [], []
    tree = ast.parse(source)
    shown, taken = [], set[ast.AST]()
    for test, groups in _tests(tree):
        calls = [it for place in (*groups, test) for it in _marks_on(place)]
        taken |= {call.func for call in calls}
        if calls:
            name = ".".join(
                [*(group.name for group in groups if isinstance(group, ast.ClassDef)), test.name]
            )
            marked = frozenset(_id_of(call) for call in calls)
            shown.append(Shown(path, test.lineno, name, marked, _sentence(test), _is_skipped(test)))
    stray = [
        Stray(path, node.lineno)
        for node in ast.walk(tree)
        if isinstance(node, ast.expr) and _is_rule(node) and node not in taken
    ]
    return shown, sorted(stray)


def _tests(group: _Group, *outer: _Group) -> Iterator[tuple[ast.FunctionDef, tuple[_Group, ...]]]:
    """Return the test functions of a module or class and of the classes in it, each with the groups
    around it.
    """
    for node in group.body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test"):
            yield node, (*outer, group)
        elif isinstance(node, ast.ClassDef):
            yield from _tests(node, *outer, group)


def _marks_on(place: _Group | ast.FunctionDef) -> list[ast.Call]:
    """Return the marks on a test, a class or a module that have a readable id."""
    written: list[ast.expr] = [] if isinstance(place, ast.Module) else list(place.decorator_list)
    if isinstance(place, _Group):
        written += [
            node.value
            for node in place.body
            if isinstance(node, ast.Assign)
            and any(
                isinstance(target, ast.Name) and target.id == "pytestmark"
                for target in node.targets
            )
        ]
    nodes = (node for expression in written for node in ast.walk(expression))
    return [
        node
        for node in nodes
        if isinstance(node, ast.Call) and _is_rule(node.func) and _id_of(node)
    ]


def _is_rule(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Attribute)
        and node.attr == "rule"
        and ast.unparse(node) in {"pytest.mark.rule", "mark.rule"}
    )


def _id_of(call: ast.Call) -> str:
    """Return the id of a mark; empty if it is not one plain string."""
    match call:
        case ast.Call(args=[ast.Constant(value=str(id_))], keywords=[]):
            return id_
        case _:
            return ""


def _sentence(test: ast.FunctionDef) -> str:
    return " ".join((ast.get_docstring(test) or "").split("\n\n")[0].split())


def _is_skipped(test: ast.FunctionDef) -> bool:
    words = re.compile(r"(?:pytest\.)?mark\.(?:skip|xfail)\b")
    return any(words.match(ast.unparse(decorator)) for decorator in test.decorator_list)


def modules_in(package: Path) -> dict[str, list[str]]:
    """Return by id the modules of a package that name it, relative to the package. `MAP-1 to MAP-4`
    names all four.
    """
    found: dict[str, list[str]] = {}
    for path in sorted(package.rglob("*.py")):
        for id_ in ids_in(path.read_text(encoding="utf-8")):
            found.setdefault(id_, []).append(path.relative_to(package).as_posix())
    return found


def ids_in(text: str) -> set[str]:
    """Return the ids that a text names."""
    return {
        f"{family}-{number}"
        for family, first, last in _ID.findall(text)
        for number in range(int(first), int(last or first) + 1)
    }
