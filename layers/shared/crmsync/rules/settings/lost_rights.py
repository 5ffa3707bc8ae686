"""Which rights to Salesforce's fields are gone, found before a record has to be read or written.
Pure.

A field that cannot be seen is missing whenever that is found. One that cannot be written counts
only if it could be written before: a formula that an operator mapped both ways was never ours to
write, and Salesforce's value crosses all the same.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from crmsync.model.concerns import KIND_OF
from crmsync.model.crm_names import SALESFORCE_OPT_OUT
from crmsync.model.fields import Update
from crmsync.model.operations.troubles import Rest
from crmsync.model.records import Side
from crmsync.rules.fields.maps import FieldMap
from crmsync.rules.merge.resting_mappings import needed_of

Places = Collection[str]
"""Fields as ``Lead.Title``."""


@dataclass(frozen=True, slots=True)
class NeededRights:
    """What we need of an object.

    Attributes:
        name: The object.
        rules: The rows of its fields that cross.
        own: The fields that are read of every record (`always_read`).
    """

    name: str
    rules: FieldMap
    own: frozenset[str]

    @property
    def written(self) -> frozenset[str]:
        """The fields that are written: all that cross, except those where only Salesforce's value
        counts, and our own.
        """
        return self.own | {
            rule.salesforce for rule in self.rules if rule.update is not Update.ALWAYS_SALESFORCE
        }

    def lacks(self, field: str, since: datetime, *, needs_edit: bool = False) -> Rest:
        """What is stored about a field that is gone."""
        needed = needed_of(KIND_OF[Side.SALESFORCE][self.name], Side.SALESFORCE, self.own)
        is_needed = field == SALESFORCE_OPT_OUT or field in needed
        return Rest(
            Side.SALESFORCE, self.name, field, since, is_needed=is_needed, needs_edit=needs_edit
        )


def unseen(wanted: NeededRights, shown: Collection[str], since: datetime) -> Iterator[Rest]:
    """The fields that are read and that the org does not show; `shown` is in lowercase."""
    for field in sorted({*(rule.salesforce for rule in wanted.rules), *wanted.own}):
        if field.lower() not in shown:
            yield wanted.lacks(field, since)


def unwritable(
    wanted: NeededRights, read_only: Collection[str], once: Places, since: datetime
) -> Iterator[Rest]:
    """The fields that we could write before (`once`) and may now only read."""
    for field in sorted(wanted.written):
        if field.lower() in read_only and place(wanted.name, field) in once:
            yield wanted.lacks(field, since, needs_edit=True)


def place(name: str, field: str) -> str:
    """A field of an object, as ``Lead.Title``."""
    return f"{name}.{field}"


def writable(
    wanted: NeededRights, shown: Collection[str], read_only: Collection[str]
) -> frozenset[str]:
    """Where we may write now, of what is written.

    `shown` are the fields of the object, `read_only` those that we may only read.
    """
    return frozenset(
        place(wanted.name, field)
        for field in wanted.written
        if field.lower() in shown and field.lower() not in read_only
    )
