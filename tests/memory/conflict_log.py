"""The log of resolved conflicts in memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from crmsync.errors import SyncError
from crmsync.model.conflicts import ResolvedConflict, kept
from crmsync.model.records import Ref


class MemoryConflictLog:
    """Implements `ConflictLog`. `calls` counts calls; an error in `down` is raised by each."""

    def __init__(self) -> None:
        """The log is empty."""
        self.calls = 0
        self.down: SyncError | None = None
        self._kept: dict[tuple[str, Ref], tuple[ResolvedConflict, ...]] = {}

    def note(self, connection: str, settled: Mapping[Ref, Sequence[ResolvedConflict]]) -> None:
        """See the port."""
        self._count()
        for ref, rows in settled.items():
            if rows:
                self._kept[connection, ref] = kept(self._kept.get((connection, ref), ()), rows)

    def last(
        self, connection: str, refs: Iterable[Ref]
    ) -> Mapping[Ref, tuple[ResolvedConflict, ...]]:
        """See the port."""
        self._count()
        return {ref: self._kept[connection, ref] for ref in refs if (connection, ref) in self._kept}

    def forget(self, connection: str, refs: Iterable[Ref]) -> None:
        """See the port."""
        self._count()
        for ref in refs:
            self._kept.pop((connection, ref), None)

    def _count(self) -> None:
        self.calls += 1
        if self.down is not None:
            raise self.down
