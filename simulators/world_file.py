"""What a world file may hold: its keys, checked before anything is made from it.

Law: pure, and knows no CRM. Each simulator has a table of shapes in its `world_keys`; a key that no
table has is a mistake, since it would silently leave a default in force.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, TypeAlias

_NEAR = 0.5
"""How alike (0 to 1) two names must be for one to be taken as a misspelling of the other."""


class WorldError(ValueError):
    """A world file that cannot be used; the message names the place in it."""


@dataclass(frozen=True, slots=True)
class Row:
    """A JSON object with these keys and the shapes of their values; `required` must be there.

    With `any_case`, a key is known in any case; with `others`, other keys are left alone.
    """

    keys: Mapping[str, Shape]
    required: AbstractSet[str] = frozenset()
    any_case: bool = False
    others: bool = False


@dataclass(frozen=True, slots=True)
class Each:
    """A JSON array whose entries all have one shape."""

    of: Shape


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of these values."""

    values: Iterable[str]


@dataclass(frozen=True, slots=True)
class Either:
    """This one text, or else an object."""

    text: str
    or_else: Row


@dataclass(frozen=True, slots=True)
class Number:
    """A number, or a text of digits."""


Shape: TypeAlias = Row | Each | OneOf | Either | Number | None
"""The shape of a value; None for one whose inside is not checked here."""


def plain(*names: str) -> dict[str, Shape]:
    """Return keys whose values are not checked here."""
    return dict.fromkeys(names)


def complaints(place: str, given: Any, shape: Shape) -> list[str]:
    """Return a sentence for everything in `given` that does not fit, with its place in the file.

    ``null`` counts as absent. `place` is where `given` stands, empty for the whole file.
    """
    if shape is None or given is None:
        return []
    if isinstance(shape, Either):
        return [] if given == shape.text else complaints(place, given, shape.or_else)
    if isinstance(shape, Row):
        return _row(place, given, shape)
    if isinstance(shape, Each):
        return _each(place, given, shape)
    return _value(place, given, shape)


def _value(place: str, given: Any, shape: Number | OneOf) -> list[str]:
    if isinstance(shape, Number):
        is_number = isinstance(given, int | float) or str(given).isdecimal()
        return [] if is_number else [f"{place}: must be a number"]
    known = sorted(shape.values)
    return [] if given in known else [f"{place}: {given!r} is none of {', '.join(known)}"]


def _each(place: str, given: Any, shape: Each) -> list[str]:
    if not isinstance(given, list | tuple):
        return [f"{place}: must be a JSON array"]
    return [
        sentence
        for at, entry in enumerate(given)
        for sentence in complaints(f"{place}[{at}]", {} if entry is None else entry, shape.of)
    ]


def _row(place: str, given: Any, row: Row) -> list[str]:
    if not isinstance(given, Mapping):
        return [f"{place or 'the whole file'}: must be a JSON object"]
    shapes = {key.lower(): shape for key, shape in row.keys.items()} if row.any_case else row.keys
    found = [
        f"{place or 'the whole file'}: the key {key} is missing"
        for key in sorted(row.required - given.keys())
    ]
    for key, value in given.items():
        known_as, where = key.lower() if row.any_case else key, f"{place}.{key}" if place else key
        if known_as in shapes:
            found += complaints(where, value, shapes[known_as])
        elif not row.others:
            found.append(f"{where}: unknown key; {_nearest(key, row.keys)}")
    return found


def _nearest(key: str, known: Iterable[str]) -> str:
    """Return the known key that comes nearest, or all of them if none is near."""
    by_case = {name.lower(): name for name in known}
    near = difflib.get_close_matches(key.lower(), by_case, n=1, cutoff=_NEAR)
    return f"the nearest is {by_case[near[0]]}" if near else f"there are {', '.join(sorted(known))}"
