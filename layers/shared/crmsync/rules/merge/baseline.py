"""The base: what each side showed when the two last agreed, and what differs from it now.

Fingerprints are made of canonical values under each side's own field names, so a value that a side
trims or reformats does not count as changed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from crmsync.model.fields import ComparedFormat, ValueFormat
from crmsync.model.fingerprints import CHANGED, Base, Fingerprinter
from crmsync.model.links import Link
from crmsync.model.records import Record, Side, Value
from crmsync.rules.fields.values import canonical, day_before_zones
from crmsync.rules.merge.policies import FieldState


@dataclass(frozen=True, slots=True)
class SideView:
    """One side of a pair, ready to be merged.

    Attributes:
        record: The record.
        states: Field name -> what it shows, compared with the base.
        normalised: Fields in which Salesforce reformatted the value that we wrote last; they do not
            count as changed.
    """

    record: Record
    states: Mapping[str, FieldState]
    normalised: frozenset[str]

    @property
    def side(self) -> Side:
        """The side of the record."""
        return self.record.ref.side

    @property
    def unchanged(self) -> bool:
        """Whether this side shows exactly what the two agreed on."""
        return not self.normalised and not any(state.has_news for state in self.states.values())

    @property
    def unmatched(self) -> frozenset[str]:
        """The fields that do not show what the base has as agreed on."""
        moved = (name for name, state in self.states.items() if state.has_news or state.diverged)
        return self.normalised.union(moved)


def key_of(name: str, value_format: ValueFormat) -> str:
    """The name under which a base keeps a field.

    For a mapping that was added later it includes the date, so what was agreed under an earlier
    mapping of the field does not count (MAP-6).
    """
    since = value_format.since if isinstance(value_format, ComparedFormat) else None
    return name if since is None else f"{name} since {since.isoformat()}"


def view(
    record: Record,
    forms: Mapping[str, ValueFormat],
    link: Link | None,
    fingerprinter: Fingerprinter,
    our_user: str = "",
) -> SideView:
    """Compare a record with its link's base. `forms` has the fields to compare and their formats.

    If a Salesforce value is not the one that we wrote last, although nobody but `our_user` has
    edited the record since, Salesforce has trimmed or reformatted it. Such a field is listed in
    ``normalised`` and does not count as changed.
    """
    side = record.ref.side
    base = link.base(side) if link else Base()
    fingerprinter = fingerprinter.of(link.key) if link else fingerprinter
    is_ours = (
        link is not None
        and side is Side.SALESFORCE
        and bool(our_user)
        and record.modified_by == our_user
    )
    states: dict[str, FieldState] = {}
    normalised: set[str] = set()
    for name, form in forms.items():
        value = record.fields.get(name)
        comparable = canonical(form, value)
        key = key_of(name, form)
        agreed = base.fingerprint_of(key)
        changed = None if agreed is None else fingerprinter.fingerprint(key, comparable) != agreed
        is_new_mapping = key != name and bool(base.fingerprints) and not base.knows(key)
        diverged = bool(changed) and fingerprinter.fingerprint_diverged(key, comparable) == agreed
        changed = False if diverged else changed
        if (
            changed
            and (day := day_before_zones(form, value))
            and fingerprinter.fingerprint(key, day) == agreed
        ):
            comparable, changed = day, False
        if (
            changed
            and agreed != CHANGED
            and is_ours
            and link is not None
            and link.has_written(name)
        ):
            normalised.add(name)
            changed = False
        states[name] = FieldState(value, comparable, changed, is_new_mapping, diverged)
    return SideView(record, states, frozenset(normalised))


def rebased(
    base: Base,
    forms: Mapping[str, ValueFormat],
    values: Mapping[str, Value],
    fingerprinter: Fingerprinter,
    diverged: Collection[str] = (),
) -> Base:
    """The base with the values that the side now shows; fields without a format are left out.

    In the fields of `diverged` the other side shows a different value and keeps it.
    """
    fingerprints: dict[str, bytes] = {}
    for name, value in values.items():
        if name in forms:
            key = key_of(name, forms[name])
            fingerprint = (
                fingerprinter.fingerprint_diverged
                if name in diverged
                else fingerprinter.fingerprint
            )
            fingerprints[key] = fingerprint(key, canonical(forms[name], value))
    return base.with_fingerprints(fingerprints)
