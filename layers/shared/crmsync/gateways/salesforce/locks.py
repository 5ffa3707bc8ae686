"""In which calls rows are written, so that few of them wait for each other's locks. No calls are
made here.

Salesforce locks a record's parent along with it: a contact's account, for any field. Two calls that
write contacts of one account at the same time fail with UNABLE_TO_LOCK_ROW for either (fault 14).
So rows of one parent lie next to each other and in one call, and all calls take the parents in
ascending order: whoever else does so as well never holds what we wait for while waiting for what we
hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Protocol, TypeVar


class Lockable(Protocol):
    """A row to write: its object, what it is known by, and the parent that is locked along with it
    ("" = none, or nobody knows).
    """

    @property
    def object(self) -> str:
        """The object's name."""

    @property
    def key(self) -> str:
        """Id or external id."""

    @property
    def group(self) -> str:
        """The parent's id."""


Row = TypeVar("Row", bound=Lockable)


def in_calls(rows: Iterable[Row], size: int, *, mixed: bool = True) -> Iterator[list[Row]]:
    """The rows sorted by object, parent and key, in calls of at most `size` rows, none of which
    holds a row twice.

    Rows of one parent share a call unless they are too many for one. Writes to one record stay in
    order. `mixed`: a call may have rows of several objects.
    """
    batch: list[Row] = []
    for family in _families(rows):
        if batch and (
            len(batch) + len(family) > size or not (mixed or batch[0].object == family[0].object)
        ):
            yield batch
            batch = []
        for row in family:
            if len(batch) == size or (batch and _name(batch[-1]) == _name(row)):
                yield batch
                batch = []
            batch.append(row)
    if batch:
        yield batch


def _name(row: Lockable) -> tuple[str, str]:
    return row.object, row.key


def _families(rows: Iterable[Row]) -> Iterator[Sequence[Row]]:
    """Rows that are locked together; without a parent, each key for itself."""
    listed = list(rows)
    parents: dict[tuple[str, str], str] = {}
    for row in listed:
        parents[_name(row)] = parents.get(_name(row)) or row.group

    def place(row: Row) -> tuple[str, str, str]:
        return row.object, parents[_name(row)], row.key

    def family(row: Row) -> tuple[str, str, str]:
        name, parent, key = place(row)
        return name, parent, "" if parent else key

    return (list(run) for _, run in groupby(sorted(listed, key=place), key=family))
