"""What must hold between specification, catalogue, tests and code. Each law returns its breaches,
as sentences that say what to do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from tests.house.rules.catalogue import STATEMENTS, Concern
from tests.house.rules.index import Entry, Shown, Stray

CATALOGUE = "tests/house/rules/catalogue.py"


def in_order(ids: Collection[str]) -> list[str]:
    """Return ids sorted by family and number."""
    return sorted(ids, key=lambda id_: (id_.split("-")[0], int(id_.rpartition("-")[2])))


def untested(demanded: Collection[str], shown: Sequence[Shown]) -> list[str]:
    """Every required id has a test that runs."""
    seen = {id_ for it in shown if not it.skipped for id_ in it.ids}
    return [
        f'{id_}: no test is marked with pytest.mark.rule("{id_}")'
        for id_ in in_order(set(demanded) - seen)
    ]


def unknown(concerns: Sequence[Concern], shown: Sequence[Shown]) -> list[str]:
    """Every id that a test names is in the catalogue."""
    known = {id_ for concern in concerns for id_ in (*concern.binding, *concern.further)}
    return [
        f"{it.path}: {it.name} names {id_}, {'which states no behaviour' if id_ in STATEMENTS else f'not in {CATALOGUE}'}"
        for it in shown
        for id_ in sorted(it.ids - known)
    ]


def silent(shown: Sequence[Shown]) -> list[str]:
    """Every marked test states its rule."""
    return [
        f"{it.path}: {it.name} has no docstring that says the rule"
        for it in shown
        if not it.sentence
    ]


def stray(marks: Sequence[Stray]) -> list[str]:
    """Every mark is on a test, and its id is a plain string."""
    return [
        f"{it.path}:{it.line}: a mark that is on no test, or whose id is not written out"
        for it in marks
    ]


def unnamed(ids: Collection[str], modules: Mapping[str, Sequence[str]]) -> list[str]:
    """The code names every id that is required or tested."""
    return [
        f"{id_}: named nowhere in layers/shared/crmsync"
        for id_ in in_order(set(ids) - set(modules))
    ]


def unspecified(ids: Collection[str], entries: Sequence[Entry]) -> list[str]:
    """The specification has every id of the catalogue once, under its own anchor, and no others."""
    counted = Counter(it.id for it in entries)
    return [
        *(
            f"{id_}: has no entry in docs/specification"
            for id_ in in_order(set(ids) - set(counted))
        ),
        *(f"{id_}: specified, but not in {CATALOGUE}" for id_ in in_order(set(counted) - set(ids))),
        *(
            f"{id_}: specified {counted[id_]} times"
            for id_ in in_order([it for it in counted if counted[it] > 1])
        ),
        *(
            f"{it.path}: {it.id} has the anchor {it.anchor}"
            for it in entries
            if it.anchor != it.id.lower()
        ),
    ]
