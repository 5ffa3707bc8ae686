"""The log of resolved conflicts. The law of `crmsync.ports` holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from crmsync.model.conflicts import ResolvedConflict
from crmsync.model.records import Ref


class ConflictLog(Protocol):
    """The last conflicts of each pair, by its HubSpot record. For people who ask; no rule depends
    on it.
    """

    def note(self, connection: str, settled: Mapping[Ref, Sequence[ResolvedConflict]]) -> None:
        """Add conflicts to those of their pairs; the newest ten of thirty days are kept.

        Costs nothing without conflicts. Of two writes to one pair at the same time, one may be
        lost.
        """

    def last(
        self, connection: str, refs: Iterable[Ref]
    ) -> Mapping[Ref, tuple[ResolvedConflict, ...]]:
        """HubSpot record -> its pair's conflicts, newest first; a pair without any is left out."""

    def forget(self, connection: str, refs: Iterable[Ref]) -> None:
        """Forget the conflicts of these records. Costs nothing without records."""
