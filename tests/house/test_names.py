"""One word, one meaning: no two public classes of the product share a name."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable

from tests.house.tree import modules, text_of


def public_classes(source: str) -> list[str]:
    """The public classes that a module defines at its top, type aliases included."""
    found = []
    for node in ast.parse(source).body:
        if isinstance(node, ast.ClassDef):
            found.append(node.name)
        elif isinstance(node, ast.AnnAssign) and _is_alias(node):
            found.append(ast.unparse(node.target))
    return [name for name in found if not name.startswith("_")]


def _is_alias(node: ast.AnnAssign) -> bool:
    return ast.unparse(node.annotation) in {"TypeAlias", "typing.TypeAlias"}


def shared_names(sources: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """The names of public classes that several modules define, with these modules."""
    homes = defaultdict(list)
    for path, source in sources:
        for name in public_classes(source):
            homes[name].append(path)
    return {name: paths for name, paths in homes.items() if len(paths) > 1}


def test_no_two_public_classes_share_a_name() -> None:
    """A class name means the same class wherever it appears in the product."""
    product = [path for path in modules() if path.parts[0] in {"layers", "functions"}]
    assert shared_names((str(path), text_of(path)) for path in product) == {}


def test_shared_names_are_seen() -> None:
    """Classes and type aliases count, private ones and nested ones do not."""
    one = (
        "class Page: ...\nclass _Row: ...\nLook: TypeAlias = int\nclass A:\n    class Inner: ...\n"
    )
    two = "class Page: ...\nclass _Row: ...\nclass Look: ...\nclass B:\n    class Inner: ...\n"
    assert shared_names([("a.py", one), ("b.py", two)]) == {
        "Page": ["a.py", "b.py"],
        "Look": ["a.py", "b.py"],
    }
