"""`docs/rules.md` as text: a table per concern, then what this release does not show. It is for
people, so it stays narrow.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import PurePosixPath

from tests.house.rules.catalogue import STATEMENTS, Concern
from tests.house.rules.index import Shown

COMMAND = "make rules"
# The sentence of a rule's own test comes first, that of a whole story last.
_FOLDERS = ("tests/rules/", "tests/plans/", "")
PACKAGE = "layers/shared/crmsync"
_HEAD = f"""\
<!-- Written by `{COMMAND}` from the tests and the code. Do not edit. -->

# Rules

What crmsync does, one rule per row: its id in the specification, the sentence of the test that shows it, the modules
that name it, and the files with the tests. A rule that several tests show has a sentence of each. Paths of modules are
in [{PACKAGE}](../{PACKAGE}/), paths of tests in [tests](../tests/).
"""


def render(
    concerns: Sequence[Concern], shown: Sequence[Shown], modules: Mapping[str, Sequence[str]]
) -> str:
    """The whole page."""
    tables = [
        f"## {concern.title}\n\n{_preface(concern)}{table}"
        for concern in concerns
        if (table := _table((*concern.binding, *concern.further), shown, modules))
    ]
    return "\n".join([_HEAD, *tables, _missing(concerns, shown)])


def _preface(concern: Concern) -> str:
    if concern.release:
        return f"These rules bind from release {concern.release} on.\n\n"
    return "Not built as a whole yet; these rules hold already.\n\n"


def _table(ids: Iterable[str], shown: Sequence[Shown], modules: Mapping[str, Sequence[str]]) -> str:
    rows = [
        f"| {id_} | {_sentences(tests)} | {_modules(modules.get(id_, ()))} | {_files(tests)} |\n"
        for id_ in sorted(ids, key=_by_family(ids))
        if (tests := sorted((it for it in shown if id_ in it.ids), key=_nearness))
    ]
    return "".join(["| Id | Rule | Module | Test |\n|---|---|---|---|\n", *rows]) if rows else ""


def _nearness(test: Shown) -> tuple[int, Shown]:
    return next(rank for rank, folder in enumerate(_FOLDERS) if test.path.startswith(folder)), test


def _by_family(ids: Iterable[str]) -> Callable[[str], tuple[int, int]]:
    """A key that keeps a family together, where its first id stands."""
    families = list(dict.fromkeys(id_.split("-")[0] for id_ in ids))
    return lambda id_: (families.index(id_.split("-")[0]), int(id_.split("-")[1]))


def _sentences(tests: Iterable[Shown]) -> str:
    return "<br>".join(dict.fromkeys(_escaped(it.sentence) for it in tests))


def _modules(paths: Iterable[str]) -> str:
    return "<br>".join(f"[{_stem(path)}](../{PACKAGE}/{path})" for path in paths) or "none yet"


def _files(tests: Iterable[Shown]) -> str:
    """A link per file; the names of its tests are the link's title, which a browser shows when it
    is pointed at.
    """
    by_file = groupby(tests, key=lambda it: it.path)
    return "<br>".join(
        f'[{_stem(path.removeprefix("tests/"))}](../{path} "{", ".join(it.name for it in group)}")'
        for path, group in by_file
    )


def _stem(path: str) -> str:
    return str(PurePosixPath(path).with_suffix(""))


def _escaped(sentence: str) -> str:
    """A sentence as the cell of a table; what stands between backticks is left as it is."""
    parts = sentence.replace("|", r"\|").split("`")
    return "`".join(
        part if number % 2 else re.sub(r"([<*\[])", r"\\\1", part)
        for number, part in enumerate(parts)
    )


def _missing(concerns: Sequence[Concern], shown: Sequence[Shown]) -> str:
    seen = {id_ for it in shown for id_ in it.ids}
    lists = [
        f"- **{concern.title}**: {in_short(left)}\n"
        for concern in concerns
        if (left := [id_ for id_ in concern.binding if id_ not in seen])
    ]
    rules = "".join(lists) or "Nothing: every rule has a test.\n"
    return f"## Not in this release\n\n{rules}\nNo behaviour, so no test: {in_short(STATEMENTS)}.\n"


def in_short(ids: Iterable[str]) -> str:
    """Ids for a reader: neighbours are written as a range."""
    runs: list[list[tuple[str, int]]] = []
    for family, number in ((id_.split("-")[0], int(id_.split("-")[1])) for id_ in ids):
        if runs and runs[-1][-1] == (family, number - 1):
            runs[-1].append((family, number))
        else:
            runs.append([(family, number)])
    return ", ".join(_range(run) for run in runs)


def _range(run: Sequence[tuple[str, int]]) -> str:
    first, last = (f"{family}-{number}" for family, number in (run[0], run[-1]))
    between = {1: first, 2: f"{first}, {last}"}
    return between.get(len(run), f"{first} to {last}")
