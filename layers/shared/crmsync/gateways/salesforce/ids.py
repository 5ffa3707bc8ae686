"""Salesforce record ids: which texts can be an id, and its two lengths. No calls."""

from __future__ import annotations

import re
from functools import lru_cache

_ID = re.compile(r"^[A-Za-z0-9]{15}(?:[A-Z0-5]{3})?$")
_CHECKS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_CASED = 15
"""Characters of the case-sensitive id; three more make it safe where case is ignored."""


def checksum(cased: str) -> str:
    """The three characters that follow a 15-character id; each shows which of five characters are
    uppercase [D].
    """
    return "".join([_check(cased[start : start + 5]) for start in range(0, _CASED, 5)])


@lru_cache(maxsize=4096)
def _check(five: str) -> str:
    """The character that shows which of five characters are uppercase. Ids of one org begin
    alike.
    """
    return _CHECKS[sum(1 << at for at, letter in enumerate(five) if letter.isupper())]


def is_id(text: str) -> bool:
    """Whether the text can be a Salesforce record id, of 15 or 18 characters."""
    return bool(_ID.match(text)) and text[_CASED:] in {"", checksum(text[:_CASED])}


def full(identifier: str) -> str:
    """The id in its 18-character form; Salesforce's messages have the short one."""
    return identifier + checksum(identifier) if len(identifier) == _CASED else identifier
