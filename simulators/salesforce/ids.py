"""Record ids: how they are made, checked and brought to 18 characters.

Only the spelling of an id belongs here; what it points to is the store's business. An id has a
three-character prefix that tells the sObject, two characters of the instance, and a counter in base
62; the 15-character form is case-sensitive, and three more characters carry the case so that the
18-character form survives systems that ignore it [D].
"""

from __future__ import annotations

import random
from typing import Final

_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SUFFIX: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
SHORT: Final = 15
LONG: Final = 18


class MalformedIdError(ValueError):
    """The text cannot be a record id: wrong length, wrong characters or a suffix that does not
    fit.
    """


def suffix(short: str) -> str:
    """The three characters that turn a 15-character id into its 18-character form [D]: one per
    five, a bit for each capital letter.
    """
    parts = (short[start : start + 5] for start in (0, 5, 10))
    return "".join(
        _SUFFIX[sum(1 << place for place, letter in enumerate(part) if "A" <= letter <= "Z")]
        for part in parts
    )


def long_id(text: str) -> str:
    """The 18-character form of an id given in either form. Raises `MalformedIdError`."""
    if len(text) not in {SHORT, LONG} or not text.isascii() or not text.isalnum():
        raise MalformedIdError(text)
    short = text[:SHORT]
    whole = short + suffix(short)
    if len(text) == LONG and text[SHORT:].upper() != whole[SHORT:]:
        raise MalformedIdError(text)
    return whole


class IdMaker:
    """Gives out ids that were never given before; the same seed gives the same ids."""

    def __init__(self, seed: int) -> None:
        """Choose the two characters of the instance from `seed`."""
        chance = random.Random(seed)
        self._instance = "".join(chance.choice(_DIGITS[10:]) for _ in range(2))
        self._given: dict[str, int] = {}

    def make(self, prefix: str) -> str:
        """A new 18-character id with this three-character key prefix."""
        number = self._given[prefix] = self._given.get(prefix, 0) + 1
        digits = ""
        while number:
            number, digit = divmod(number, len(_DIGITS))
            digits = _DIGITS[digit] + digits
        return long_id(f"{prefix}{self._instance}0{digits:0>9}")
