"""The stack's own keys: one secret each, which holds the key in use and behind it, after a space,
those that were in use before.

    2:h8...    j2...        the second key, which is in use, and the first one; the first has no number before it

A key that is not known is a reason to read the secret again.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from typing import TypeAlias

from crmsync.errors import Refused, SyncError
from crmsync.gateways.aws.secrets import MAX_AGE, MIN_AGE, SecretStore

Keys: TypeAlias = Mapping[int, bytes]
"""Keys by their numbers, the one in use first."""

SHORTEST, LONGEST = 16, 64
"""Characters of a key: against toy keys, and the ceiling of blake2b."""


_NUMBERED = re.compile(r"([2-9]|[1-9][0-9]+):(\S+)(?: |$)")


class KeyRing:
    """The keys of one secret, for all threads of a Lambda."""

    def __init__(self, store: SecretStore, name: str, *, now: Callable[[], float]) -> None:
        """Read the secret called `name` when first needed; `now` gives seconds on any clock that
        does not go back.
        """
        self._store = store
        self._name = name
        self._is_old = False
        self._now = now
        self._kept: tuple[Keys, float] | None = None
        self._lock = threading.Lock()

    def keys(self) -> Keys:
        """The keys as they are known. Raises `Refused` where the secret is none or holds none, else
        `TryAgain`.
        """
        return self._read(float("inf"))

    def renewed(self) -> Keys:
        """The keys read anew, because one that is not known was met; at most once in `MIN_AGE`
        seconds. Raises as `keys` does.
        """
        return self._read(MIN_AGE)

    def fresh(self) -> Keys:
        """The keys, at most `MAX_AGE` seconds old, and read anew after `miss`. Raises as `keys`
        does.
        """
        return self._read(0 if self._is_old else MAX_AGE)

    def miss(self) -> None:
        """Have the next `fresh` read the keys anew: one that is not known was met."""
        self._is_old = True

    def _read(self, max_age: float) -> Keys:
        with self._lock:
            if self._kept is None or self._now() - self._kept[1] >= max_age:
                self._kept = (self._look(), self._now())
                self._is_old = False
            return self._kept[0]

    def _look(self) -> Keys:
        """The keys; those that are known already where the secret cannot be read now."""
        try:
            return keys_of(self._store.text(self._name))
        except SyncError:
            if self._kept is None:
                raise
            return self._kept[0]
        except ValueError:
            raise Refused(
                f"The secret {self._name} does not hold numbered keys of {SHORTEST} to {LONGEST} characters.",
                code="SECRET",
                hint="Put back what it held before.",
            ) from None


def keys_of(text: str) -> Keys:
    """The keys that a secret's text holds; what has no number before it is the first key as a
    whole. Raises `ValueError` for no keys.
    """
    keys: dict[int, bytes] = {}
    while found := _NUMBERED.match(text):
        if int(found[1]) in keys:
            msg = "a number is given twice"
            raise ValueError(msg)
        keys[int(found[1])] = found[2].encode()
        text = text[found.end() :]
    if text or not keys:
        keys[1] = text.encode()
    if any(not SHORTEST <= len(key) <= LONGEST for key in keys.values()):
        msg = "a key is too short or too long"
        raise ValueError(msg)
    return keys


def text_of(keys: Keys) -> str:
    """The text that holds these keys."""
    return " ".join(
        key.decode() if number == 1 else f"{number}:{key.decode()}" for number, key in keys.items()
    )
