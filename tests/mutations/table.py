"""The table of planted mutations: mistakes that somebody could make in the product, each with the
tests that must fail because of it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from tests.house.tree import ROOT

TABLE = "tests/mutations/planted.toml"
PACKAGE = "layers/shared/crmsync/"


@dataclass(frozen=True, slots=True)
class Mutation:
    """One mistake to plant.

    Attributes:
        name: A short name, for the command line.
        concern: What part of the sync it is about.
        says: What goes wrong because of it, in a sentence.
        module: The file that is changed, relative to the package.
        old: The text to replace, which occurs once in the file.
        new: What replaces it.
        caught_by: The tests that must fail, as pytest names them.
        endless_after: Seconds after which the tests count as failed because they never end; None
            where they must fail by an assertion.
    """

    name: str
    concern: str
    says: str
    module: str
    old: str
    new: str
    caught_by: tuple[str, ...]
    endless_after: float | None = None

    @property
    def path(self) -> str:
        """The file that is changed, relative to the repository."""
        return PACKAGE + self.module

    def planted_in(self, source: str) -> str:
        """The source with the mistake. Raises `ValueError` unless the old text occurs once."""
        if source.count(self.old) != 1:
            msg = f"{self.name}: the old text occurs {source.count(self.old)} times in {self.path}"
            raise ValueError(msg)
        return source.replace(self.old, self.new)


def read_table(text: str) -> tuple[Mutation, ...]:
    """The mutations of a table in TOML. Raises `TypeError` for an unknown or missing key."""
    rows = tomllib.loads(text)["mutation"]
    return tuple(Mutation(**{**row, "caught_by": tuple(row["caught_by"])}) for row in rows)


@cache
def planted() -> tuple[Mutation, ...]:
    """The mutations of the repository."""
    return read_table((ROOT / TABLE).read_text(encoding="utf-8"))


def tests_of(mutations: Iterable[Mutation]) -> list[str]:
    """The tests that these mutations name, each once."""
    return list(dict.fromkeys(test for one in mutations for test in one.caught_by))


def page_rows(mutations: Sequence[Mutation]) -> list[str]:
    """The lines of a Markdown table: what goes wrong, where, and which test catches it."""
    lines = ["| Concern | Planted mistake | Module | Caught by |", "|---|---|---|---|"]
    for one in mutations:
        tests = "<br>".join(f"`{test.rpartition('::')[2]}`" for test in one.caught_by)
        lines.append(f"| {one.concern} | {one.says} | `{one.module}` | {tests} |")
    return lines
