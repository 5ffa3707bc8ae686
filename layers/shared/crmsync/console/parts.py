"""A long list in parts: fifty rows at a time, with the way to the parts on both sides."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar
from urllib.parse import urlencode

PER_PAGE = 50

One = TypeVar("One")
Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class ListPart(Generic[Row]):
    """A part of a list.

    Attributes:
        rows: Its rows.
        total: How many the whole list has.
        first: The number of its first row, from 1.
        before: The address of the part before; "" for none.
        after: The address of the next part; "" for none.
    """

    rows: tuple[Row, ...]
    total: int
    first: int
    before: str
    after: str


def list_part(
    whole: Sequence[One],
    page: int,
    row: Callable[[One], Row],
    path: str,
    which: Mapping[str, str],
) -> ListPart[Row]:
    """Part `page` of a list, from 1. `row` makes a row of one of its things; `path` and `which` are
    where the list is shown.
    """
    start = (page - 1) * PER_PAGE

    def address(number: int) -> str:
        return f"{path}?{urlencode({**which, 'page': number})}"

    return ListPart(
        tuple(map(row, whole[start : start + PER_PAGE])),
        len(whole),
        start + 1,
        address(page - 1) if page > 1 else "",
        address(page + 1) if start + PER_PAGE < len(whole) else "",
    )


def number_in(text: str | None, least: int = 1) -> int:
    """A whole number in an address; `least` for anything else."""
    return max(least, int(text)) if text and text.isascii() and text.isdigit() else least
