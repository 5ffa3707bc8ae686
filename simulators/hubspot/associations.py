"""Which records of one portal are associated, and with which types.

Links are kept in both directions and change together. Rules: docs/vendors.md#hubspot-associations;
what HubSpot makes primary by itself is [M].
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from simulators.hubspot.errors import invalid, not_found
from simulators.hubspot.events import RecordEvent, Report
from simulators.hubspot.schema.catalog import (
    ASSOCIATION_TYPES,
    BY_NAME,
    AssociationType,
    ObjectType,
)
from simulators.hubspot.stamps import Actor, PortalClock

HUBSPOT = "HUBSPOT_DEFINED"
USER = "USER_DEFINED"
Spec = tuple[str, int]
"""Category and type id."""
Pair = tuple[str, str]


class Associations:
    """All associations between the records of a portal."""

    def __init__(self, clock: PortalClock, report: Report) -> None:
        """Begin with HubSpot's own association types."""
        self._clock, self._report = clock, report
        self._types: dict[Pair, dict[Spec, AssociationType]] = {}
        self._links: dict[Pair, dict[str, dict[str, set[Spec]]]] = {}
        self._next_label = 1
        self._limits: dict[Pair, int] = {}
        for row in ASSOCIATION_TYPES:
            self._types.setdefault((row.from_type, row.to_type), {})[HUBSPOT, row.type_id] = row

    def limit(self, pair: Pair, most: int) -> None:
        """Limit how many records of the second type a record of the first may have, as an
        administrator can [D: changelog, July 2024].
        """
        self._limits[pair] = most

    def meaning(self, from_type: str, specs: Iterable[Spec]) -> str:
        """Return the object type to which all these association types lead. Raises 400 if they do
        not lead to one.
        """
        wanted = set(specs)
        for (one, other), known in self._types.items():
            if one == from_type and wanted and wanted <= set(known):
                return other
        raise invalid(f"Invalid association types {sorted(wanted)} from {from_type}.")

    def types(self, pair: Pair) -> Mapping[Spec, AssociationType]:
        """Return the association types from one object type to another. Raises 400 if there are
        none.
        """
        if pair not in self._types:
            raise invalid(f"No association types between {pair[0]} and {pair[1]}.")
        return self._types[pair]

    def default(self, pair: Pair) -> Spec:
        """Return the type without a label."""
        return next(spec for spec, row in self.types(pair).items() if row.label is None)

    def of(self, pair: Pair, record_id: str) -> Mapping[str, set[Spec]]:
        """Return the records of the second type associated with a record of the first, each with
        its types.
        """
        return self._links.get(pair, {}).get(record_id, {})

    def primary(self, pair: Pair, record_id: str) -> str:
        """Return the primary record of the second type, empty if there is none."""
        wanted = {spec for spec, row in self._types.get(pair, {}).items() if row.is_primary}
        return next(
            (to_id for to_id, specs in self.of(pair, record_id).items() if specs & wanted), ""
        )

    def link(
        self, pair: Pair, from_id: str, to_id: str, specs: Iterable[Spec], actor: Actor
    ) -> set[Spec]:
        """Add types between two records; idempotent. A label brings the plain type along. Raises
        400 for an unknown type.
        """
        back = pair[::-1]
        wanted = set(specs) | {self.default(pair)}
        known = self.types(pair)
        if unknown := wanted - set(known):
            raise invalid(
                f"Invalid association types {sorted(unknown)} between {pair[0]} and {pair[1]}."
            )
        if any(row.is_primary for row in self.types(back).values()) and back != pair:
            inverse = {(category, known[category, type_id].inverse) for category, type_id in wanted}
            there = self.link(back, to_id, from_id, inverse, actor)
            return {
                (category, self.types(back)[category, type_id].inverse)
                for category, type_id in there
            }
        self._check_limits(pair, from_id, to_id)
        primaries = {spec for spec, row in known.items() if row.is_primary}
        if primaries and not self.primary(pair, from_id):
            wanted |= primaries
        if wanted & primaries:
            self._demote(pair, from_id, to_id, actor)
        fresh = wanted - self.of(pair, from_id).get(to_id, set())
        for spec in sorted(fresh):
            self._set(pair, from_id, to_id, spec)
            self._tell(pair, from_id, to_id, spec, actor, removed=False)
        return wanted

    def unlink(
        self,
        pair: Pair,
        from_id: str,
        to_id: str,
        actor: Actor,
        specs: Iterable[Spec] | None = None,
    ) -> None:
        """Remove types between two records; all of them without `specs` or with the plain type.
        Idempotent.
        """
        held = set(self.of(pair, from_id).get(to_id, set()))
        gone = held if specs is None or self.default(pair) in set(specs) else held & set(specs)
        for spec in sorted(gone):
            self._unset(pair, from_id, to_id, spec)
            self._tell(pair, from_id, to_id, spec, actor, removed=True)

    def forget(self, type_id: str, record_id: str) -> None:
        """Remove all links of a record without reporting events, as its deletion does."""
        for pair in [pair for pair in self._links if pair[0] == type_id]:
            for to_id, specs in list(self.of(pair, record_id).items()):
                for spec in list(specs):
                    self._unset(pair, record_id, to_id, spec)

    def move(self, type_id: str, old_id: str, new_id: str) -> None:
        """Move the links of a merged record to the survivor; the survivor's own primary record
        stays.
        """
        for pair in [pair for pair in self._links if pair[0] == type_id]:
            for to_id, specs in list(self.of(pair, old_id).items()):
                has_primary = bool(self.primary(pair, new_id))
                for spec in list(specs):
                    self._unset(pair, old_id, to_id, spec)
                    if not (has_primary and self._types[pair][spec].is_primary):
                        self._set(pair, new_id, to_id, spec)

    def create_label(
        self, pair: Pair, label: str, inverse_label: str | None
    ) -> list[tuple[Spec, AssociationType]]:
        """Define a label of the account, in both directions."""
        self.types(pair)
        there = AssociationType(*pair, self._next_label, self._next_label + 1, label)
        back = AssociationType(
            pair[1], pair[0], self._next_label + 1, self._next_label, inverse_label or label
        )
        self._next_label += 2
        self._types[pair][USER, there.type_id] = there
        self._types[back.from_type, back.to_type][USER, back.type_id] = back
        return [((USER, there.type_id), there), ((USER, back.type_id), back)]

    def rename_label(self, pair: Pair, type_id: int, label: str) -> None:
        """Change a label of the account. Raises 404."""
        row = self.types(pair).get((USER, type_id))
        if row is None:
            raise not_found(f"Association type {type_id} does not exist")
        self._types[pair][USER, type_id] = replace(row, label=label)

    def delete_label(self, pair: Pair, type_id: int) -> None:
        """Remove a label of the account; unknown ones are ignored."""
        row = self._types.get(pair, {}).pop((USER, type_id), None)
        if row is not None:
            self._types[pair[1], pair[0]].pop((USER, row.inverse), None)

    def _check_limits(self, pair: Pair, from_id: str, to_id: str) -> None:
        """Raise 400 for one association too many; the category and the text are [M]."""
        for way, one, other in ((pair, from_id, to_id), (pair[::-1], to_id, from_id)):
            held = self.of(way, one)
            if way in self._limits and other not in held and len(held) >= self._limits[way]:
                most = self._limits[way]
                raise invalid(
                    f"Object {way[0]} {one} has reached its limit of {most} associations with "
                    f"{way[1]}."
                )

    def _demote(self, pair: Pair, from_id: str, keep: str, actor: Actor) -> None:
        former = self.primary(pair, from_id)
        if former and former != keep:
            specs = {spec for spec, row in self._types[pair].items() if row.is_primary}
            for spec in specs:
                self._unset(pair, from_id, former, spec)
                self._tell(pair, from_id, former, spec, actor, removed=True)

    def _set(self, pair: Pair, from_id: str, to_id: str, spec: Spec) -> None:
        self._links.setdefault(pair, {}).setdefault(from_id, {}).setdefault(to_id, set()).add(spec)
        back = (spec[0], self._types[pair][spec].inverse)
        reverse = self._links.setdefault((pair[1], pair[0]), {})
        reverse.setdefault(to_id, {}).setdefault(from_id, set()).add(back)

    def _unset(self, pair: Pair, from_id: str, to_id: str, spec: Spec) -> None:
        back = (spec[0], self._types[pair][spec].inverse)
        for way, one, other, gone in (
            (pair, from_id, to_id, spec),
            ((pair[1], pair[0]), to_id, from_id, back),
        ):
            row = self._links.get(way, {}).get(one, {})
            row.get(other, set()).discard(gone)
            if other in row and not row[other]:
                del row[other]

    def _tell(
        self, pair: Pair, from_id: str, to_id: str, spec: Spec, actor: Actor, *, removed: bool
    ) -> None:
        row = self._types[pair][spec]
        now = self._clock.now_ms()
        source = actor if actor.user_id is None else replace(actor, change_source="USER")
        for type_id, way, one, other in (
            (row.type_id, pair, from_id, to_id),
            (row.inverse, pair[::-1], to_id, from_id),
        ):
            kind, other_kind = BY_NAME[way[0]], BY_NAME[way[1]]
            fields = _association_fields(kind, other_kind, one, other, (spec[0], type_id))
            marks = {"associationRemoved": removed, "isPrimaryAssociation": row.label == "Primary"}
            self._report(
                RecordEvent(
                    "associationChange",
                    kind,
                    now,
                    source,
                    one,
                    fields | marks,
                    other_kind=other_kind,
                )
            )


def _association_fields(
    kind: ObjectType, other: ObjectType, one: str, two: str, spec: Spec
) -> dict[str, object]:
    return {
        "fromObjectId": int(one),
        "toObjectId": int(two),
        "fromObjectTypeId": kind.type_id,
        "toObjectTypeId": other.type_id,
        "associationType": f"{kind.label}_TO_{other.label}",
        "associationTypeId": spec[1],
        "associationCategory": spec[0],
    }
