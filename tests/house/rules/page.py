"""The pages that `make rules` writes: one per family of rules, with a section per rule that lists
its tests and modules, and an index.

They are for people: a rule's own test comes first, that of a whole story last. Links lead from
build/rules into the repository.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import PurePosixPath

from tests.house.rules.catalogue import STATEMENTS, Concern
from tests.house.rules.index import Entry, Shown

COMMAND = "make rules"
PACKAGE = "layers/shared/crmsync"
INDEX = "index.md"
_UP = "../.."
# The sentence of a rule's own test comes first, that of a whole story last.
_FOLDERS = ("tests/rules/", "tests/plans/", "")
_WRITTEN = f"<!-- Written by `{COMMAND}` from the tests and the code. Do not edit. -->\n"
_NOTHING = "Nothing: every rule has a test.\n"


def pages(
    concerns: Sequence[Concern],
    shown: Sequence[Shown],
    modules: Mapping[str, Sequence[str]],
    entries: Sequence[Entry],
) -> dict[str, str]:
    """Return the text of each page by its file name: the index, and the families of rules that
    tests show.
    """
    places = {it.id: it for it in entries}
    families: dict[str, list[str]] = {}
    for id_ in sorted(_ids(concerns), key=_place_in_family):
        if tests := sorted((it for it in shown if id_ in it.ids), key=_nearness):
            section = _section(id_, tests, modules.get(id_, ()), places.get(id_))
            families.setdefault(_family(id_), []).append(section)
    texts = {_file(family): _page(family, sections) for family, sections in families.items()}
    return {INDEX: _index(concerns, shown, families), **texts}


def _ids(concerns: Iterable[Concern]) -> list[str]:
    return [id_ for concern in concerns for id_ in (*concern.binding, *concern.further)]


def _family(id_: str) -> str:
    return id_.split("-", maxsplit=1)[0]


def _place_in_family(id_: str) -> tuple[str, int]:
    return _family(id_), int(id_.split("-")[1])


def _file(family: str) -> str:
    return f"{family.lower()}.md"


def _page(family: str, sections: Sequence[str]) -> str:
    return "\n".join([_WRITTEN, f"# {family}\n", *sections])


def _section(id_: str, tests: Sequence[Shown], paths: Sequence[str], place: Entry | None) -> str:
    """Return the section of one rule: its specification, the modules that name it, and a line per
    sentence with its tests.
    """
    by_sentence: dict[str, list[Shown]] = {}
    for it in tests:
        by_sentence.setdefault(it.sentence, []).append(it)
    lines = "".join(
        f"- {_escaped(sentence)} ({_tests(same)})\n" for sentence, same in by_sentence.items()
    )
    rule = f"[Specification]({_UP}/{place.path}#{place.anchor}). " if place else ""
    named = (
        ", ".join(f"[{_stem(path)}]({_UP}/{PACKAGE}/{path})" for path in paths) or "no module yet"
    )
    return f"## {id_}\n\n{rule}Named in {named}.\n\n{lines}"


def _nearness(test: Shown) -> tuple[int, Shown]:
    return next(rank for rank, folder in enumerate(_FOLDERS) if test.path.startswith(folder)), test


def _tests(tests: Iterable[Shown]) -> str:
    """Return a link per file; its title lists the names of the tests, which a browser shows on
    hover.
    """
    by_file: dict[str, list[str]] = {}
    for it in tests:
        by_file.setdefault(it.path, []).append(it.name)
    return ", ".join(
        f'[{_stem(path.removeprefix("tests/"))}]({_UP}/{path} "{", ".join(names)}")'
        for path, names in by_file.items()
    )


def _stem(path: str) -> str:
    return str(PurePosixPath(path).with_suffix(""))


def _escaped(sentence: str) -> str:
    """Return a sentence as running text; text between backticks is not changed."""
    parts = sentence.split("`")
    return "`".join(
        part if number % 2 else re.sub(r"([<*\[])", r"\\\1", part)
        for number, part in enumerate(parts)
    )


def _index(concerns: Sequence[Concern], shown: Sequence[Shown], families: Collection[str]) -> str:
    seen = {id_ for it in shown for id_ in it.ids}
    missing = "".join(
        f"- {concern.title}: {in_short(left)}\n"
        for concern in concerns
        if (left := [id_ for id_ in concern.binding if id_ not in seen])
    )
    return (
        f"{_WRITTEN}\n# Rules, tests and modules\n\n"
        "For every rule: where it is specified, the modules that name it, and the sentence of each "
        "test that shows it.\n\n"
        f"{''.join(_line(concern, families) for concern in concerns)}\n"
        f"## Not in this release\n\n{missing or _NOTHING}\n"
        f"No behaviour, so no test: {in_short(STATEMENTS)}.\n"
    )


def _line(concern: Concern, families: Collection[str]) -> str:
    """Return a concern's line in the index, with its families; empty if tests show none of them."""
    since = (
        f"binding from release {concern.release} on" if concern.release else "not built as a whole"
    )
    shown = [it for it in dict.fromkeys(map(_family, _ids([concern]))) if it in families]
    links = ", ".join(f"[{it}]({_file(it)})" for it in shown)
    return f"- {concern.title} ({since}): {links}\n" if links else ""


def in_short(ids: Iterable[str]) -> str:
    """Return ids in short form: neighbours become a range."""
    runs: list[list[tuple[str, int]]] = []
    for family, number in map(_place_in_family, ids):
        if runs and runs[-1][-1] == (family, number - 1):
            runs[-1].append((family, number))
        else:
            runs.append([(family, number)])
    return ", ".join(_range(run) for run in runs)


def _range(run: Sequence[tuple[str, int]]) -> str:
    first, last = (f"{family}-{number}" for family, number in (run[0], run[-1]))
    between = {1: first, 2: f"{first}, {last}"}
    return between.get(len(run), f"{first} to {last}")
