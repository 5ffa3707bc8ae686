"""Every table of the settings file that lacks its required keys is refused with their names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args, get_origin

import pytest
from pydantic import BaseModel

from crmsync.wire.settings.file import Document
from tests.config.files import complaints


def tables_in(annotation: Any, *, is_list: bool = False) -> Iterator[tuple[type[BaseModel], bool]]:
    """The tables that a key can hold, each with whether it is one of a list."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation, is_list
    for part in get_args(annotation):
        yield from tables_in(part, is_list=is_list or get_origin(annotation) in {list, tuple})


def empty_tables(
    model: type[BaseModel], path: tuple[str, ...] = (), above: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], list[str]]]:
    """The headers of a file that ends with an empty table, and the keys that this table needs."""
    for name, field in model.model_fields.items():
        for table, is_list in tables_in(field.annotation):
            here = (*path, name)
            header = ("[[{}]]" if is_list else "[{}]").format(".".join(here))
            needed = [key for key, one in table.model_fields.items() if one.is_required()]
            if needed:
                yield (*above, header), needed
            yield from empty_tables(table, here, (*above, header))


EMPTY = list(empty_tables(Document))


def test_the_tables_are_found():
    """Those of a list, and those within others."""
    assert (
        ("[[connection]]", "[connection.contacts]", "[[connection.contacts.field]]"),
        ["hubspot", "salesforce"],
    ) in EMPTY


@pytest.mark.parametrize(("headers", "needed"), EMPTY, ids=[one[-1] for one, _ in EMPTY])
def test_a_table_without_its_required_keys_is_refused(headers: tuple[str, ...], needed: list[str]):
    """Each of the keys is named once, and reading the file ends."""
    here = f"line {len(headers)}: "
    lines = [one for one in complaints("\n".join(headers)) if one.startswith(here)]
    told = [one.partition(" needs ")[2] for one in lines]
    assert [sum(key in one for one in told) for key in needed] == [1] * len(needed), lines
