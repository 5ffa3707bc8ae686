"""The ledger of settled conflicts in memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from crmsync.errors import SyncError
from crmsync.model.conflicts import ResolvedConflict, kept
from crmsync.model.records import Ref


class MemoryConflictLog:
    """Implements `ConflictLog`. `calls` counts the times that it was asked for anything; an error in
    `down` is raised instead of an answer.
    """

    def __init__(self) -> None:
        """Nothing was ever settled."""
        self.calls = 0
        self.down: SyncError | None = None
        self._kept: dict[tuple[str, Ref], tuple[ResolvedConflict, ...]] = {}

    def note(self, connection: str, settled: Mapping[Ref, Sequence[ResolvedConflict]]) -> None:
        """As the port says."""
        self._asked()
        for ref, rows in settled.items():
            if rows:
                self._kept[connection, ref] = kept(self._kept.get((connection, ref), ()), rows)

    def last(
        self, connection: str, refs: Iterable[Ref]
    ) -> Mapping[Ref, tuple[ResolvedConflict, ...]]:
        """As the port says."""
        self._asked()
        return {ref: self._kept[connection, ref] for ref in refs if (connection, ref) in self._kept}

    def forget(self, connection: str, refs: Iterable[Ref]) -> None:
        """As the port says."""
        self._asked()
        for ref in refs:
            self._kept.pop((connection, ref), None)

    def _asked(self) -> None:
        self.calls += 1
        if self.down is not None:
            raise self.down
