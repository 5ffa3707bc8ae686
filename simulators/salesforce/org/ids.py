"""Record ids: how they are made, checked and expanded to 18 characters.

Law: the form of an id only; the store knows its record. An id has a three-character prefix for the
sObject, two characters for the instance, and a counter in base 62. The 15-character form is
case-sensitive; three more characters encode the case, so that the 18-character form survives
systems that ignore it [D].
"""

from __future__ import annotations

import random
from typing import Final

_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SUFFIX: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
SHORT: Final = 15
LONG: Final = 18


class MalformedIdError(ValueError):
    """The text cannot be a record id: wrong length, wrong characters or a wrong suffix."""


def suffix(short: str) -> str:
    """Return the three characters that expand a 15-character id to 18 [D]: one per five characters,
    a bit for each capital letter.
    """
    parts = (short[start : start + 5] for start in (0, 5, 10))
    return "".join(
        _SUFFIX[sum(1 << place for place, letter in enumerate(part) if "A" <= letter <= "Z")]
        for part in parts
    )


def long_id(text: str) -> str:
    """Return the 18-character form of an id given in either form. Raises `MalformedIdError`."""
    if len(text) not in {SHORT, LONG} or not text.isascii() or not text.isalnum():
        raise MalformedIdError(text)
    short = text[:SHORT]
    whole = short + suffix(short)
    if len(text) == LONG and text[SHORT:].upper() != whole[SHORT:]:
        raise MalformedIdError(text)
    return whole


class IdMaker:
    """Creates ids that were never used before; the same seed creates the same ids."""

    def __init__(self, seed: int) -> None:
        """Choose the two characters of the instance from `seed`."""
        chance = random.Random(seed)
        self._instance = "".join(chance.choice(_DIGITS[10:]) for _ in range(2))
        self._given: dict[str, int] = {}

    def make(self, prefix: str) -> str:
        """Return a new 18-character id with this three-character key prefix."""
        number = self._given[prefix] = self._given.get(prefix, 0) + 1
        digits = ""
        while number:
            number, digit = divmod(number, len(_DIGITS))
            digits = _DIGITS[digit] + digits
        return long_id(f"{prefix}{self._instance}0{digits:0>9}")
