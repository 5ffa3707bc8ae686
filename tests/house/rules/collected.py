"""What pytest itself collected, for comparison with the index."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from pathlib import Path

import pytest

# Options that leave tests out although no path was given.
_LEAVE_OUT = ("keyword", "markexpr", "deselect", "ignore", "ignore_glob", "lf", "stepwise")


def ids_by_test(items: Iterable[pytest.Item], root: Path) -> dict[tuple[str, str], frozenset[str]]:
    """Return by path and name of the function the ids of all its marks, for all its parameters
    together.
    """
    found: dict[tuple[str, str], frozenset[str]] = {}
    for item in items:
        marked = frozenset(mark.args[0] for mark in item.iter_markers("rule"))
        if marked and isinstance(item, pytest.Function):
            key = _written_at(item, root)
            found[key] = found.get(key, frozenset()) | marked
    return found


def _written_at(item: pytest.Function, root: Path) -> tuple[str, str]:
    """Return the file and name of a test in its source; an inherited test is written where its
    class is.
    """
    name = item.originalname
    if item.cls is None:
        return item.path.relative_to(root).as_posix(), name
    owner = next(cls for cls in item.cls.__mro__ if name in vars(cls))
    return Path(inspect.getfile(owner)).resolve().relative_to(
        root
    ).as_posix(), f"{owner.__qualname__}.{name}"


def is_whole(config: pytest.Config) -> bool:
    """Return whether all tests were selected."""
    everywhere = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    return everywhere and not any(config.getoption(name, default=None) for name in _LEAVE_OUT)
