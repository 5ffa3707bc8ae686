"""What an sObject is.

Law: a new standard object is a row in one of the tables (`people`, `sales`, `setup`), never code.
No values and no rules here.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from simulators.salesforce.objects.fields import Field

MASTER_RECORD_TYPE = "012000000000000AAA"
"""The id of the record type that every object has without defining any [D]."""


@dataclass(frozen=True, slots=True)
class SObject:
    """One sObject: its names, its id prefix, its fields and what can be done with its records.

    `merges`: losers of a merge point to the winner. `events`: change events can be selected.
    `tooling`: only the Tooling API shows it. `binned`: a record deleted by itself goes to the
    recycle bin; otherwise only one that is deleted along with its parent does.
    """

    name: str
    label: str
    plural: str
    prefix: str
    fields: tuple[Field, ...]
    createable: bool = True
    updateable: bool = True
    deletable: bool = True
    merges: bool = False
    events: bool = False
    binned: bool = True
    tooling: bool = False
    record_types: bool = False
    custom_fields_on: str | None = None

    def without(self, names: Collection[str]) -> SObject:
        """Return the same sObject without the fields of these names."""
        kept = tuple(field for field in self.fields if field.name not in names)
        return replace(self, fields=kept)

    def field(self, name: str) -> Field | None:
        """Return the field with this name in any case."""
        wanted = name.lower()
        return next((field for field in self.fields if field.name.lower() == wanted), None)
