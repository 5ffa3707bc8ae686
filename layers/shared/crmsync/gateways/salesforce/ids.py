"""Salesforce record ids: which texts can be one. No calls."""

from __future__ import annotations

import re

_ID = re.compile(r"^[A-Za-z0-9]{15}(?:[A-Z0-5]{3})?$")
_CHECKS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_CASED = 15
"""Characters of the case-sensitive id; three more make it safe where case gets lost."""


def checksum(cased: str) -> str:
    """The three characters that follow a 15-character id: each tells which of five characters are
    capitals [D].
    """
    fives = (cased[start : start + 5] for start in range(0, _CASED, 5))
    return "".join(
        _CHECKS[sum(1 << at for at, letter in enumerate(five) if letter.isupper())]
        for five in fives
    )


def is_id(text: str) -> bool:
    """Whether Salesforce would take the text as a record id, of 15 or 18 characters."""
    return bool(_ID.match(text)) and text[_CASED:] in {"", checksum(text[:_CASED])}


def full(identifier: str) -> str:
    """The 18-character form of an id; Salesforce's sentences have the short one."""
    return identifier + checksum(identifier) if len(identifier) == _CASED else identifier
