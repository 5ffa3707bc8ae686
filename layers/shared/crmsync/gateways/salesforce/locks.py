"""How rows are distributed over calls, so that few calls wait for each other's locks. No calls.

Salesforce locks a record's parent with it: for a contact its account, whatever the field. If two
calls write contacts of one account at the same time, one of them fails with UNABLE_TO_LOCK_ROW
(fault 14). So rows with the same parent are next to each other and in one call, and all calls take
the parents in ascending order, which prevents deadlocks with others that do the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Protocol, TypeVar


class Lockable(Protocol):
    """A row to write."""

    @property
    def object(self) -> str:
        """The object's name."""

    @property
    def key(self) -> str:
        """Its id or external id."""

    @property
    def group(self) -> str:
        """The id of the parent that is locked with it; "" if there is none or it is unknown."""


Row = TypeVar("Row", bound=Lockable)


def in_calls(rows: Iterable[Row], size: int) -> Iterator[list[Row]]:
    """The rows sorted by object, parent and key, in calls of at most `size` rows, none of which has
    the same record twice.

    Rows with the same parent share a call unless there are too many. Writes to one record stay in
    order. A call may have rows of several objects.
    """
    batch: list[Row] = []
    for family in _families(rows):
        if batch and len(batch) + len(family) > size:
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
    """Groups of rows that are locked together; a row without a parent is a group by itself."""
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
