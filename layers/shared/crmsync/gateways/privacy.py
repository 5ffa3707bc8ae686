"""What may be said about a row that failed: the vendor's sentence without anybody's personal data.

Every gateway cleans a vendor's message here before it makes an error of it, because errors are stored, logged and shown. Cleaning never
adds anything; what it takes out becomes an ellipsis.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

LONGEST = 300
"""Characters kept of a vendor's sentence: enough to understand it, too few to smuggle a record through."""

_ADDRESS = re.compile(r"[^\s\"'<>(),;:\[\]{}]+@[^\s\"'<>(),;:\[\]{}]+")
_QUOTED = re.compile(r"\"([^\"]*)\"|'([^']*)'|\u201c([^\u201d]*)\u201d")
_SHORT = 3


def clean(text: str, *, values: Iterable[object] = (), names: Iterable[str] = ()) -> str:
    """`text` without the row's `values`, without e-mail addresses and without quoted strings, unless a quoted string is one of `names`."""
    known = frozenset(names)
    for value in sorted({str(one).strip() for one in values if one is not None}, key=len, reverse=True):
        if value and value not in known:
            text = re.sub(_pattern(value), "…", text, flags=re.IGNORECASE)
    text = _ADDRESS.sub("…", text)
    text = _QUOTED.sub(lambda found: found.group() if _inside(found) in known else "…", text)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _inside(found: re.Match[str]) -> str:
    return next((group for group in found.groups() if group is not None), "")


def _pattern(value: str) -> str:
    # A short value ("Li", "1") is only taken out where it stands alone, or every sentence would be eaten.
    escaped = re.escape(value)
    return rf"(?<!\w){escaped}(?!\w)" if len(value) <= _SHORT else escaped
