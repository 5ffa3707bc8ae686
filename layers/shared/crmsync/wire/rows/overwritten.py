"""The values that a batch overwrote as bytes, and back: compressed JSON. It is encrypted before it
is stored.

``[["hubspot:contact:81", "salesforce:Lead:00Q...", [["s", "phone", "Phone", "0100", ""], ...]],
...]``
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from typing import Any

from crmsync.model.operations.overwritten import Overwrite, OverwrittenPair
from crmsync.model.records import Ref, Side

_LETTERS = {Side.HUBSPOT: "h", Side.SALESFORCE: "s"}
_SIDES = {letter: side for side, letter in _LETTERS.items()}


def pack(pairs: Sequence[OverwrittenPair]) -> bytes:
    """The pairs as bytes."""
    rows = [
        [str(one.hubspot), str(one.salesforce), [_cells(cell) for cell in one.fields]]
        for one in pairs
    ]
    return zlib.compress(json.dumps(rows, separators=(",", ":"), ensure_ascii=False).encode())


def unpack(raw: bytes) -> tuple[OverwrittenPair, ...]:
    """The pairs in these bytes. Raises `ValueError` if `pack` did not make them."""
    try:
        rows = json.loads(zlib.decompress(raw))
    except zlib.error:
        msg = "these bytes were not packed here"
        raise ValueError(msg) from None
    return tuple(
        OverwrittenPair(_ref(hubspot), _ref(salesforce), tuple(map(_overwrite, cells)))
        for hubspot, salesforce, cells in rows
    )


def _cells(one: Overwrite) -> list[Any]:
    return [_LETTERS[one.side], one.hubspot, one.salesforce, one.old, one.new]


def _overwrite(cells: Sequence[Any]) -> Overwrite:
    letter, hubspot, salesforce, old, new = cells
    return Overwrite(_SIDES[letter], hubspot, salesforce, old, new)


def _ref(text: str) -> Ref:
    side, name, identifier = text.split(":", 2)
    return Ref(Side(side), name, identifier)
