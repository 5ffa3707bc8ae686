"""The stack's own keys, one secret for each purpose: the key in use and, after a space, earlier
ones.

    2:h8...    j2...        the second key, which is in use, and the first one, which has no number

If a key number is unknown, the secret is read again.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from typing import TypeAlias

from crmsync.errors import Refused, SyncError
from crmsync.gateways.aws.secrets import MAX_AGE, MIN_AGE, SecretStore

Keys: TypeAlias = Mapping[int, bytes]
"""Keys by number, the one in use first."""

SHORTEST, LONGEST = 16, 64
"""Characters of a key: a minimum for security, and the maximum of blake2b."""


_NUMBERED = re.compile(r"([2-9]|[1-9][0-9]+):(\S+)(?: |$)")


class KeyRing:
    """The keys of one secret, for all threads of a Lambda."""

    def __init__(self, store: SecretStore, name: str, *, now: Callable[[], float]) -> None:
        """Read the secret called `name` when it is first needed; `now` gives seconds on a clock
        that does not go back.
        """
        self._store = store
        self._name = name
        self._is_old = False
        self._now = now
        self._kept: tuple[Keys, float] | None = None
        self._lock = threading.Lock()

    def keys(self) -> Keys:
        """The keys in memory, read if there are none. Raises `Refused` if the secret does not exist
        or has no keys, else `TryAgain`.
        """
        return self._read(float("inf"))

    def renewed(self) -> Keys:
        """The keys, read again because one was unknown, at most once in `MIN_AGE` seconds. Raises
        what `keys` raises.
        """
        return self._read(MIN_AGE)

    def fresh(self) -> Keys:
        """The keys, at most `MAX_AGE` seconds old, and read again after `miss`. Raises what `keys`
        raises.
        """
        return self._read(0 if self._is_old else MAX_AGE)

    def miss(self) -> None:
        """Make the next `fresh` read the keys again, because one was unknown."""
        self._is_old = True

    def _read(self, max_age: float) -> Keys:
        with self._lock:
            if self._kept is None or self._now() - self._kept[1] >= max_age:
                self._kept = (self._read_secret(), self._now())
                self._is_old = False
            return self._kept[0]

    def _read_secret(self) -> Keys:
        """The keys in the secret; those in memory if it cannot be read now."""
        try:
            return keys_of(self._store.text(self._name))
        except SyncError:
            if self._kept is None:
                raise
            return self._kept[0]
        except ValueError:
            raise Refused(
                f"The secret {self._name} does not hold numbered keys of {SHORTEST} to {LONGEST} "
                "characters.",
                code="SECRET",
                hint="Put back what it held before.",
            ) from None


def keys_of(text: str) -> Keys:
    """The keys in a secret's text; a text without a number is the first key. Raises `ValueError` if
    there is no valid key.
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
    """The secret's text for these keys."""
    return " ".join(
        key.decode() if number == 1 else f"{number}:{key.decode()}" for number, key in keys.items()
    )
