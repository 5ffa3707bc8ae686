"""What is asked of the outside about the keys of the links: which there are, and which links need
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
    """The numbers of the keys in the secret, the one in use first, and since when (UTC) it holds
    just these.
    """

    numbers: tuple[int, ...]
    since: datetime


@dataclass(frozen=True, slots=True)
class KeyUse:
    """One link as a census sees it: its key's number, and what it is looked up by."""

    connection: str
    kind: Kind
    hubspot: Ref
    state: LinkState
    key: int


class KeyStore(Protocol):
    """The secret with the keys of the links. No key leaves it."""

    def stored(self) -> KeysStored:
        """Which keys there are. Raises `SyncError`."""

    def add(self) -> int:
        """Make a key and have it in use from now on; answers its number. Raises `SyncError`."""

    def keep(self, numbers: Sequence[int]) -> None:
        """Take all other keys away for good. Raises `SyncError`."""


class Census(Protocol):
    """All links there are."""

    def pages(self) -> Iterator[Sequence[KeyUse]]:
        """Every link once, page by page, as the table has it meanwhile. Raises `TryAgain`."""
