"""The result of an undo: counts per object and side, examples without values, and why the rest is
left.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from crmsync.errors import Refused, SyncError
from crmsync.flows.undo.writes import PairUndo
from crmsync.model.records import Ref, Side
from crmsync.rules.pair.undo import REASONS, SkipReason

SAMPLES = 5
"""Records of an object that are named as examples."""


@dataclass(frozen=True, slots=True)
class UndoSample:
    """An example of what is put back.

    Attributes:
        record: The record.
        fields: The names of the fields that are put back in it.
    """

    record: Ref
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RestoredValues:
    """What is put back in an object on one side.

    Attributes:
        connection: The name of the connection.
        side: The side.
        object: The object.
        records: The number of records.
        values: The number of values.
        samples: Some of the records.
    """

    connection: str
    side: Side
    object: str
    records: int
    values: int
    samples: tuple[UndoSample, ...]


@dataclass(frozen=True, slots=True)
class SkippedValues:
    """What is left as it is in an object on one side, for one reason.

    Attributes:
        connection: The name of the connection.
        side: The side.
        object: The object.
        text: The reason.
        values: The number of values.
        is_open: Whether another run may put them back.
    """

    connection: str
    side: Side
    object: str
    text: str
    values: int
    is_open: bool = False


@dataclass(slots=True)
class UndoCounts:
    """The counts of one connection so far.

    Attributes:
        connection: The name of the connection.
        waits: Whether anything is left for another run because it exceeds a limit.
    """

    connection: str = ""
    waits: bool = False
    _records: Counter[tuple[Side, str]] = field(default_factory=Counter)
    _values: Counter[tuple[Side, str]] = field(default_factory=Counter)
    _samples: dict[tuple[Side, str], list[UndoSample]] = field(
        default_factory=lambda: defaultdict(list)
    )
    _left: Counter[tuple[Side, str, str, bool]] = field(default_factory=Counter)

    def add(self, one: PairUndo, error: SyncError | None = None, waits: str = "") -> None:
        """Count a pair.

        Its values count as left when its write failed with `error`, or when `waits` gives a reason
        why it was not tried.
        """
        self.waits = self.waits or bool(waits)
        for side in one.sides:
            fields = tuple(sorted(one.restoration.fields[side]))
            ref = one.record(side).ref
            place = side, ref.object
            if error or waits:
                reason = waits or f"could not be written: {error.text if error else ''}"
                self._left[(*place, reason, not isinstance(error, Refused))] += len(fields)
                continue
            self._records[place] += 1
            self._values[place] += len(fields)
            if len(self._samples[place]) < SAMPLES:
                self._samples[place].append(UndoSample(ref, fields))
        for history, why in one.restoration.left:
            record = history.record
            self._left[record.side, record.object, REASONS[why], why is SkipReason.MOVING] += 1

    @property
    def back(self) -> Iterator[RestoredValues]:
        """What is put back, object by object."""
        for (side, name), records in sorted(self._records.items()):
            samples = tuple(self._samples[side, name])
            yield RestoredValues(
                self.connection, side, name, records, self._values[side, name], samples
            )

    @property
    def left(self) -> Iterator[SkippedValues]:
        """What is left, object by object and reason by reason."""
        for (side, name, text, is_open), values in sorted(self._left.items()):
            yield SkippedValues(self.connection, side, name, text, values, is_open)
