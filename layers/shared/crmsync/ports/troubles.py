"""Where it is kept what keeps a connection from syncing whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from crmsync.model.records import Kind, Side
from crmsync.model.troubles import Outage, Pause, Rest, Troubles


class TroubleStore(Protocol):
    """The troubles of all connections."""

    def load(self, connection: str) -> Troubles:
        """What stands, strongly consistent, in one read. Raises `TryAgain`."""

    def save_outage(self, connection: str, kind: Kind, outage: Outage) -> Outage | None:
        """Store and answer it under its next version, if `outage.version` is the stored one (0:
        none is); else None. Raises `TryAgain`.
        """

    def save_rest(self, connection: str, rest: Rest) -> bool:
        """Store it in the place of what is known of this field; answers whether nothing was. Raises
        `TryAgain`.
        """

    def end_rest(self, connection: str, rest: Rest) -> None:
        """Forget it; one that is not there is fine. Raises `TryAgain`."""

    def end_outage(self, connection: str, kind: Kind) -> None:
        """Forget it; one that is not there is fine. Raises `TryAgain`."""

    def pause(self, connection: str, pause: Pause) -> None:
        """Have nothing of the connection synced until `resume`; where it is paused already, that
        stands. Raises `TryAgain`.
        """

    def resume(self, connection: str) -> None:
        """End the pause; without one that is fine. Raises `TryAgain`."""


@dataclass(frozen=True, slots=True)
class Described:
    """The fields of an object that a side has and shows us, by their names in small letters, and
    those of them that we may not write.
    """

    fields: frozenset[str]
    read_only: frozenset[str] = frozenset()


class Schemas(Protocol):
    """What both sides say about their fields."""

    def described(self, side: Side, names: Sequence[str]) -> Mapping[str, Described]:
        """By object name ("Lead", "contact"); one call an object. Raises `SyncError`."""
