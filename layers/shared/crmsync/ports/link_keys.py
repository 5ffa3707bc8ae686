"""What is asked of the outside about the keys of the links: which keys exist, and which links need
which.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from crmsync.model.links import LinkState
from crmsync.model.records import Kind, Ref


@dataclass(frozen=True, slots=True)
class KeysStored:
    """The keys in the secret.

    Attributes:
        numbers: Their numbers, the one in use first.
        since: Since when (UTC) the secret contains exactly these.
    """

    numbers: tuple[int, ...]
    since: datetime


@dataclass(frozen=True, slots=True)
class KeyUse:
    """One link in a census.

    Attributes:
        connection: The connection's name.
        kind: The concern.
        hubspot: The HubSpot record, by which the link is found.
        state: Active, or a tombstone.
        key: The number of its key.
    """

    connection: str
    kind: Kind
    hubspot: Ref
    state: LinkState
    key: int


class KeyStore(Protocol):
    """The secret with the keys of the links. No key leaves it."""

    def stored(self) -> KeysStored:
        """Which keys exist. Raises `SyncError`."""

    def add(self) -> int:
        """Make a key and use it from now on; answers its number. Raises `SyncError`."""

    def keep(self, numbers: Sequence[int]) -> None:
        """Delete all other keys for good. Raises `SyncError`."""


class Census(Protocol):
    """All links."""

    def pages(self) -> Iterator[Sequence[KeyUse]]:
        """Every link once, page by page, as stored when the page is read. Raises `TryAgain`."""
