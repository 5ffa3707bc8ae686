"""Where it is stored what keeps a connection from syncing, and what both sides say about their
fields.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from crmsync.model.operations.troubles import Outage, Pause, Rest, Troubles
from crmsync.model.records import Kind, Side


class TroubleStore(Protocol):
    """The troubles of all connections."""

    def load(self, connection: str) -> Troubles:
        """The troubles of a connection, strongly consistent, in one read. Raises `TryAgain`."""

    def save_outage(self, connection: str, kind: Kind, outage: Outage) -> Outage | None:
        """Store an outage and answer it with its next version.

        None if `outage.version` is not the stored one (0: none is stored). Raises `TryAgain`.
        """

    def save_rest(self, connection: str, rest: Rest) -> bool:
        """Store a resting field in place of what is known of it; answers whether nothing was.

        Raises `TryAgain`.
        """

    def end_rest(self, connection: str, rest: Rest) -> None:
        """Forget a resting field; repeating it changes nothing. Raises `TryAgain`."""

    def end_outage(self, connection: str, kind: Kind) -> None:
        """Forget an outage; repeating it changes nothing. Raises `TryAgain`."""

    def pause(self, connection: str, pause: Pause) -> None:
        """Stop syncing the connection until `resume`; an earlier pause stays as it is. Raises
        `TryAgain`.
        """

    def resume(self, connection: str) -> None:
        """End the pause; without one nothing happens. Raises `TryAgain`."""


@dataclass(frozen=True, slots=True)
class Described:
    """The fields of an object that a side shows us.

    Attributes:
        fields: Their names in lowercase.
        read_only: Those that we may not write.
    """

    fields: frozenset[str]
    read_only: frozenset[str] = frozenset()


class Schemas(Protocol):
    """What both sides say about their fields."""

    def described(self, side: Side, names: Sequence[str]) -> Mapping[str, Described]:
        """Object name ("Lead", "contact") -> its fields; one call for each object. Raises
        `SyncError`.
        """
