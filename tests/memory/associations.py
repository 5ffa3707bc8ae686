"""HubSpot's associations in memory: in both directions, with one primary company, the contact's
property that mirrors it, and the number of a deal's contacts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from crmsync.errors import Gone
from crmsync.model.effects import Associate, Dissociate
from crmsync.model.records import Ref, Side, Value
from crmsync.ports.crm import Outcome, Written
from tests.memory.crm import MemoryCrm

MIRROR = "associatedcompanyid"
NUMBER = "num_associated_contacts"
"""A deal's property that HubSpot sets by itself, which counts as a change of the deal."""
HAS_PRIMARY = {
    frozenset({"contact", "company"}): True,
    frozenset({"deal", "company"}): True,
    frozenset({"deal", "contact"}): False,
    **{
        frozenset({activity, other}): False
        for activity in ("call", "email", "meeting", "note", "task")
        for other in ("contact", "company", "deal")
    },
}
"""The pairs of objects that can be associated, and whether an association can be primary."""


class MemoryAssociations:
    """Implements `Associations` for the records of `crm`."""

    def __init__(self, crm: MemoryCrm) -> None:
        """Nothing is associated."""
        self._crm = crm
        self._others: dict[Ref, dict[Ref, None]] = {}
        self._primary: dict[Ref, Ref] = {}
        crm.after_write.append(self._follow)
        crm.after_delete.append(self._move)
        crm.after_restore.append(self._show_none)

    def of(self, refs: Iterable[Ref], other: str) -> Mapping[Ref, tuple[Ref, ...]]:
        """See the port."""
        self._crm.calls["associations"] += 1
        found = {
            ref: sorted(one for one in self._others.get(ref, ()) if one.object == other)
            for ref in refs
        }
        return {
            ref: tuple(sorted(ones, key=lambda one: int(one.id)))
            for ref, ones in found.items()
            if ones
        }

    def primary_companies(self, refs: Iterable[Ref]) -> Mapping[Ref, Ref]:
        """See the port."""
        self._crm.calls["associations"] += 1
        return {ref: self._primary[ref] for ref in refs if ref in self._primary}

    def associate(self, effects: Sequence[Associate]) -> Sequence[Outcome]:
        """See the port."""
        self._crm.calls["associate"] += 1
        return [self._associate(effect) for effect in effects]

    def dissociate(self, effects: Sequence[Dissociate]) -> Sequence[Outcome]:
        """See the port."""
        self._crm.calls["dissociate"] += 1
        outcomes: list[Outcome] = []
        for effect in effects:
            place, other = _filled(effect)
            self.remove_association(place, other, ours=True)
            outcomes.append(Written(place, {}))
        return outcomes

    def add_association(
        self, one: Ref, other: Ref, *, primary: bool = False, ours: bool = False
    ) -> None:
        """Associate two records; the first company of a contact or deal becomes its primary one."""
        self._others.setdefault(one, {})[other] = None
        self._others.setdefault(other, {})[one] = None
        self._count(one, other)
        holder, company = (one, other) if other.object == "company" else (other, one)
        if HAS_PRIMARY[frozenset({one.object, other.object})] and (
            primary or holder not in self._primary
        ):
            self._primary[holder] = company
            self._mirror(holder, ours=ours)

    def remove_association(self, one: Ref, other: Ref, *, ours: bool = False) -> None:
        """Remove an association; no other company becomes primary instead."""
        self._others.get(one, {}).pop(other, None)
        self._others.get(other, {}).pop(one, None)
        self._count(one, other)
        holder, company = (one, other) if other.object == "company" else (other, one)
        if self._primary.get(holder) == company:
            del self._primary[holder]
            self._mirror(holder, ours=ours)

    def primary(self, holder: Ref) -> Ref | None:
        """Return the primary company of a contact or deal."""
        return self._primary.get(holder)

    def _associate(self, effect: Associate) -> Outcome:
        place, other = _filled(effect)
        has_primary = HAS_PRIMARY.get(frozenset({place.object, other.object}))
        if has_primary is None or (effect.primary and not has_primary):
            msg = f"no such association of {place.object} and {other.object}"
            raise TypeError(msg)
        if not (self._crm.is_live(place) and self._crm.is_live(other)):
            return Gone(
                "One of the records to associate no longer exists in HubSpot.",
                code="OBJECT_NOT_FOUND",
            )
        error = self._crm.refuse({"to": other.id, "from": place.id})
        if error is not None:
            return error
        self.add_association(place, other, primary=effect.primary, ours=True)
        return Written(place, {})

    def _mirror(self, holder: Ref, *, ours: bool) -> None:
        company = self._primary.get(holder)
        if holder.object == "contact" and self._crm.is_live(holder):
            self._crm.put(holder, {MIRROR: company.id if company else None}, ours=ours)

    def _count(self, *refs: Ref) -> None:
        """Bring the number of contacts of the deals among these up to date."""
        for ref in refs:
            if ref.object != "deal" or not self._crm.is_live(ref):
                continue
            number = str(sum(one.object == "contact" for one in self._others.get(ref, ())))
            if self._crm.fields(ref).get(NUMBER, "0") != number:
                self._crm.put(ref, {NUMBER: number}, ours=False, by="CALCULATED")

    def _follow(self, ref: Ref, fields: Mapping[str, Value]) -> None:
        """Update the association after a write of the mirroring property."""
        written = fields.get(MIRROR)
        current = self._primary.get(ref)
        company = Ref(Side.HUBSPOT, "company", str(written))
        if MIRROR in fields and not written and current:
            self.remove_association(ref, current)
        if (
            ref.object == "contact"
            and written
            and company != current
            and self._crm.is_live(company)
        ):
            self.add_association(ref, company, primary=True)

    def _move(self, ref: Ref, survivor: Ref | None) -> None:
        """Move the associations of a merged record to its survivor, or remove those of a deleted
        one; primary ones stay primary.
        """
        was_primary = {
            other: self._primary.get(other) == ref for other in self._others.get(ref, {})
        }
        own = self._primary.get(ref)
        for other in list(self._others.get(ref, {})):
            self.remove_association(ref, other)
            if survivor is not None:
                self.add_association(survivor, other, primary=was_primary[other])
        if survivor is not None and own is not None and survivor not in self._primary:
            self.add_association(survivor, own, primary=True)

    def _show_none(self, ref: Ref) -> None:
        """A restored record does not have its former associations, so it shows none."""
        self._count(ref)
        if ref.object == "contact" and self._crm.fields(ref).get(MIRROR):
            self._mirror(ref, ours=False)


def _filled(effect: Associate | Dissociate) -> tuple[Ref, Ref]:
    assert isinstance(effect.place, Ref), "every place is filled"
    assert isinstance(effect.other, Ref), "every place is filled"
    return effect.place, effect.other
