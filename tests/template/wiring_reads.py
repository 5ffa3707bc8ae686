"""Which environment variables the composition root reads for a Lambda, found in its source.

A name is read for a Lambda if the function of that name in ``wiring`` reads it, or calls or passes
on a function of that package that does, over any number of steps. ``os.environ["X"]`` is required;
``os.environ.get("X")`` and ``"X" in os.environ`` are optional.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from tests.template.document import ROOT


@dataclass
class Reads:
    """The required variables and the optional ones; the latter as patterns (``*_QUEUE_URL``)."""

    required: set[str] = field(default_factory=set)
    optional: set[str] = field(default_factory=set)

    def complaints(self, declared: set[str]) -> list[str]:
        """Return what is read but not declared, and what is declared but not read."""
        missing = [f"{name} is read and not declared" for name in sorted(self.required - declared)]
        allowed = self.required | self.optional
        unread = [
            name
            for name in sorted(declared)
            if not any(fnmatchcase(name, pattern) for pattern in allowed)
        ]
        return missing + [f"{name} is declared and not read" for name in unread]


def wiring_source() -> str:
    """Return the composition root as one text; the names of its functions are unique."""
    modules = sorted((ROOT / "layers/shared/crmsync/wiring").glob("*.py"))
    return "\n".join(path.read_text(encoding="utf-8") for path in modules)


def reads_of(source: str, entry: str) -> Reads:
    """Return what the top-level function `entry` of this source reads. Raises `KeyError` if it does
    not exist.
    """
    functions = {
        node.name: node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)
    }
    reached, ahead = set(), [entry]
    reads = Reads()
    while ahead:
        name = ahead.pop()
        reached.add(name)
        _collect(functions[name], reads)
        named = {node.id for node in ast.walk(functions[name]) if isinstance(node, ast.Name)}
        ahead += [other for other in named & set(functions) if other not in reached]
    return reads


def _collect(function: ast.FunctionDef, reads: Reads) -> None:
    for node in ast.walk(function):
        match node:
            case ast.Subscript(value=value, slice=key) if _is_environment(value):
                names = _patterns(key)
                (
                    reads.required if not any("*" in name for name in names) else reads.optional
                ).update(names)
            case ast.Call(func=ast.Attribute(value=value, attr="get"), args=[key, *_]) if (
                _is_environment(value)
            ):
                reads.optional.update(_patterns(key))
            case ast.Compare(left=key, ops=[ast.In()], comparators=[value]) if _is_environment(
                value
            ):
                reads.optional.update(_patterns(key))


def _is_environment(node: ast.expr) -> bool:
    return ast.unparse(node) in {"environ", "os.environ"}


def _patterns(key: ast.expr) -> set[str]:
    """Return the name, or a pattern if the name is composed."""
    match key:
        case ast.Constant(value=str(name)):
            return {name}
        case ast.JoinedStr():
            return {re.sub(r"\{[^}]*\}", "*", ast.unparse(key)[2:-1])}
        case _:
            return {"*"}
