"""Which rights to Salesforce's fields a look finds gone before a record has to be read or written. Pure: what the org shows comes in.

A field that cannot be seen is lacking whenever that is found. One that cannot be written is so only where it once could: a formula that
somebody mapped both ways was never ours to write, and what Salesforce has of it crosses all the same.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime

from crmsync.model.concerns import KIND_OF
from crmsync.model.fields import Update
from crmsync.model.records import Side
from crmsync.model.troubles import Rest
from crmsync.rules import opt_out
from crmsync.rules.book import ALWAYS_READ
from crmsync.rules.field_maps import FieldMap
from crmsync.rules.resting import needed_of

Places = Collection[str]
"""Fields as ``Lead.Title``."""


def unseen(rules: FieldMap, name: str, shown: Collection[str], since: datetime) -> Iterator[Rest]:
    """The fields of an object that are read and that the org does not show; `shown` in small letters, `rules` are those that cross."""
    for field in sorted({*(rule.salesforce for rule in rules), *ALWAYS_READ[Side.SALESFORCE]}):
        if field.lower() not in shown:
            yield Rest(Side.SALESFORCE, name, field, since, is_needed=_is_needed(name, field))


def written(rules: FieldMap) -> frozenset[str]:
    """The fields of an object that are written: all that cross but those that only Salesforce has a say in, and our own."""
    mapped = {rule.salesforce for rule in rules if rule.update is not Update.ALWAYS_SALESFORCE}
    return frozenset(mapped | ALWAYS_READ[Side.SALESFORCE])


def unwritable(rules: FieldMap, name: str, read_only: Collection[str], once: Places, since: datetime) -> Iterator[Rest]:
    """The fields of an object that we could write `once` and now may only read."""
    for field in sorted(written(rules)):
        if field.lower() in read_only and place(name, field) in once:
            yield Rest(Side.SALESFORCE, name, field, since, is_needed=_is_needed(name, field), needs_edit=True)


def place(name: str, field: str) -> str:
    """A field of an object in one word."""
    return f"{name}.{field}"


def writable(
    rules: Mapping[str, FieldMap], shown: Mapping[str, tuple[Collection[str], Collection[str]]]
) -> frozenset[str]:
    """Where we may write now, of what is written; `shown` are the fields of each object and those of them that we may only read."""
    return frozenset(
        place(name, field)
        for name, (fields, read_only) in shown.items()
        for field in written(rules[name])
        if field.lower() in fields and field.lower() not in read_only
    )


def _is_needed(name: str, field: str) -> bool:
    return field == opt_out.SALESFORCE_FIELD or field in needed_of(KIND_OF[Side.SALESFORCE][name], Side.SALESFORCE)
