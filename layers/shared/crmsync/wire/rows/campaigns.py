"""Sets of HubSpot ids as few bytes, for the state table: the sorted ids as differences in base 128,
compressed. Some two to three bytes for an id.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, islice

from crmsync.model.id_sets import IdSet

_LOW = 0x7F
_MORE = 0x80
_BITS = 7


def packed(sets: Sequence[Iterable[int]]) -> bytes:
    """The sets, each preceded by its size."""
    raw = bytearray()
    for one in sets:
        ids = one if isinstance(one, IdSet) else IdSet(one)
        _append(raw, len(ids))
        before = 0
        for number in ids:
            _append(raw, number - before)
            before = number
    return zlib.compress(bytes(raw))


def unpacked(data: bytes, count: int) -> list[IdSet]:
    """The first `count` sets. Raises `ValueError` if the data are no such sets."""
    try:
        numbers = _numbers(zlib.decompress(data))
        return [_one(numbers) for _ in range(count)]
    except (zlib.error, StopIteration, OverflowError) as problem:
        msg = "not a packed set of ids"
        raise ValueError(msg) from problem


def _one(numbers: Iterator[int]) -> IdSet:
    size = next(numbers)
    ids = IdSet(accumulate(islice(numbers, size)))
    if len(ids) != size:
        raise StopIteration
    return ids


def _append(raw: bytearray, number: int) -> None:
    while number > _LOW:
        raw.append(number & _LOW | _MORE)
        number >>= _BITS
    raw.append(number)


def _numbers(raw: bytes) -> Iterator[int]:
    number = shift = 0
    for byte in raw:
        number |= (byte & _LOW) << shift
        shift += _BITS
        if byte < _MORE:
            yield number
            number = shift = 0
