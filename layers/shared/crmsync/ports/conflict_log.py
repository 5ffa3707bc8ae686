"""What is kept of conflicts that were settled, under the law of `crmsync.ports`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from crmsync.model.conflicts import ResolvedConflict
from crmsync.model.records import Ref


class ConflictLog(Protocol):
    """The last conflicts of each pair, for people who ask: no rule turns on them. A pair goes by
    its HubSpot record.
    """

    def note(self, connection: str, settled: Mapping[Ref, Sequence[ResolvedConflict]]) -> None:
        """Add settlements to those of their pairs; the newest ten of thirty days stay. Nothing to
        note costs nothing.

        Of two who note about one pair at the same moment, one may be lost.
        """

    def last(
        self, connection: str, refs: Iterable[Ref]
    ) -> Mapping[Ref, tuple[ResolvedConflict, ...]]:
        """HubSpot record -> its pair's settlements, newest first; one without any is left out."""

    def forget(self, connection: str, refs: Iterable[Ref]) -> None:
        """Keep nothing more of these; one of which nothing is kept is done already. Nothing to
        forget costs nothing.
        """
