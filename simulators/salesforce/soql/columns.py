"""What a path of a query means: which field of which sObject, and how its value is read from
a row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from simulators.salesforce.objects.fields import Field, Row
from simulators.salesforce.objects.schema import View
from simulators.salesforce.objects.sobject import SObject
from simulators.salesforce.org.store import Store
from simulators.salesforce.org.values import field_value
from simulators.salesforce.soql.lexer import malformed
from simulators.salesforce.soql.tree import Path

_WHERE_TO_LOOK = "Please reference your WSDL or the describe call for the appropriate names."
_TYPE = Field("Type", "picklist", "Type", 40)


@dataclass(frozen=True, slots=True)
class Column:
    """A resolved path: `hops` are the reference fields on the way, `field` is the last one, `read`
    reads its stored value from a row.
    """

    hops: tuple[Field, ...]
    field: Field
    read: Callable[[Row], Any]

    @property
    def direct(self) -> bool:
        """Whether the field belongs to the queried object itself."""
        return not self.hops


class Resolver:
    """Resolves the paths of one query of one user."""

    def __init__(self, store: Store, view: View, text: str) -> None:
        """Resolve against this store and view; the query's text is for messages."""
        self.store = store
        self.view = view
        self.text = text

    def sobject(self, name: str, at: int) -> SObject:
        """Return the sObject of a FROM clause. Raises `RefusalError` (INVALID_TYPE)."""
        found = self.view.sobject(name)
        if found is None:
            message = (
                f"sObject type '{name}' is not supported. If you are attempting to use a custom "
                "object, be sure to append the '__c' "
                f"after the entity name. {_WHERE_TO_LOOK}"
            )
            raise malformed(self.text, at, message, "INVALID_TYPE")
        return found

    def column(self, path: Path, sobject: SObject, alias: str | None = None) -> Column:
        """Return the meaning of a path in a query from `sobject`. Raises `RefusalError`
        (INVALID_FIELD).
        """
        names = path.names
        if len(names) > 1 and names[0].lower() in {
            (alias or sobject.name).lower(),
            sobject.name.lower(),
        }:
            names = names[1:]
        hops: list[Field] = []
        places = [sobject]
        for name in names[:-1]:
            hop = self._hop(places, name)
            if hop is None:
                message = (
                    f"Didn't understand relationship '{name}' in field path. If you are "
                    "attempting to use a custom relationship, be "
                    f"sure to append the '__r' after the custom relationship name. {_WHERE_TO_LOOK}"
                )
                raise malformed(self.text, path.at, message, "INVALID_FIELD")
            hops.append(hop)
            places = [
                found
                for target in hop.reference_to
                if (found := self.view.sobject(target)) is not None
            ]
        field = self._last(places, names[-1], polymorphic=len(places) > 1)
        if field is None:
            raise self.unknown_field(names[-1], places[0], path.at)
        return Column(tuple(hops), field, self._reader(tuple(hops), field, places[0]))

    def unknown_field(self, name: str, sobject: SObject, at: int) -> Exception:
        """Return the refusal of a field that does not exist or is hidden [S]."""
        message = (
            f"No such column '{name}' on entity '{sobject.name}'. If you are attempting to use a "
            "custom field, be sure to append the "
            f"'__c' after the custom field name. {_WHERE_TO_LOOK}"
        )
        return malformed(self.text, at, message, "INVALID_FIELD")

    def parent(self, row: Row, hop: Field) -> tuple[str, Row] | None:
        """Return the sObject name and row to which a reference points; a parent in the recycle bin
        is still shown [M].
        """
        target = row.get(hop.name)
        if target is None:
            return None
        for name in hop.reference_to:
            found = self.store.get(name, target)
            if found is not None:
                return name, found
        return None

    def _hop(self, places: list[SObject], name: str) -> Field | None:
        wanted = name.lower()
        for place in places:
            for field in self.view.fields(place).values():
                if (field.relationship or "").lower() == wanted:
                    return field
        return None

    def _last(self, places: list[SObject], name: str, *, polymorphic: bool) -> Field | None:
        found = next(
            (field for place in places if (field := self.view.field(place, name)) is not None), None
        )
        # A polymorphic parent has its kind in Type [D].
        return _TYPE if polymorphic and name.lower() == "type" else found

    def _reader(
        self, hops: tuple[Field, ...], field: Field, sobject: SObject
    ) -> Callable[[Row], Any]:
        if not hops:
            if field.type == "address":
                return lambda row: field_value(field, row, sobject)
            name = field.name
            return lambda row: row.get(name)

        def read(row: Row) -> Any:
            kind = ""
            for hop in hops:
                found = self.parent(row, hop)
                if found is None:
                    return None
                kind, row = found
            return kind if field is _TYPE else field_value(field, row, sobject)

        return read
