"""The stack's own keys: one secret each, which holds the key in use and behind it, after a space, those that were in use before.

A ring is read once and kept: a key that is not known in it is a reason to read it again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeAlias

from crmsync.errors import Refused
from crmsync.gateways.secrets import MIN_AGE, SecretStore

Keys: TypeAlias = tuple[bytes, ...]

SHORTEST, LONGEST = 16, 64
"""Characters of a key: against toy keys, and the ceiling of blake2b."""


class KeyRing:
    """The keys of one secret, for all threads of a Lambda."""

    def __init__(self, store: SecretStore, name: str, *, now: Callable[[], float]) -> None:
        """Read the secret called `name` when first needed; `now` gives seconds on any clock that does not go back."""
        self._store = store
        self._name = name
        self._now = now
        self._kept: tuple[Keys, float] | None = None
        self._lock = threading.Lock()

    def keys(self) -> Keys:
        """The keys, the one in use first. Raises `Refused` where the secret is none or holds none, else `TryAgain`."""
        return self._read(float("inf"))

    def renewed(self) -> Keys:
        """The keys read anew, because one that is not known was met; at most once in `MIN_AGE` seconds. Raises as `keys` does."""
        return self._read(MIN_AGE)

    def _read(self, max_age: float) -> Keys:
        with self._lock:
            if self._kept is None or self._now() - self._kept[1] >= max_age:
                self._kept = (self._keys(), self._now())
            return self._kept[0]

    def _keys(self) -> Keys:
        words = self._store.text(self._name).split()
        if not words or any(not SHORTEST <= len(word.encode()) <= LONGEST for word in words):
            raise Refused(
                f"The secret {self._name} does not hold keys of {SHORTEST} to {LONGEST} characters, separated by spaces.",
                code="SECRET",
                hint="Put back what it held before.",
            )
        return tuple(word.encode() for word in words)
