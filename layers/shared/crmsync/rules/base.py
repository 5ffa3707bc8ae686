"""The base: what each side showed when the two last agreed, and what differs from it now.

Seals are made of canonical values in each side's own field names, so a value that a side trims or reformats is no news.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from crmsync.model.fields import Look
from crmsync.model.links import Base, Link, Sealer
from crmsync.model.records import Record, Side, Value
from crmsync.rules.merge import Showing
from crmsync.rules.values import canonical


@dataclass(frozen=True, slots=True)
class SideView:
    """One side of a pair, ready to be merged: its record, and each field's showing against the base."""

    side: Side
    showings: Mapping[str, Showing]
    settled: frozenset[str]

    @property
    def quiet(self) -> bool:
        """Whether this side shows nothing but what the two agreed on."""
        return not self.settled and not any(showing.moved for showing in self.showings.values())


def view(record: Record, forms: Mapping[str, Look], link: Link | None, sealer: Sealer, our_user: str = "") -> SideView:
    """Compare a record with its link's base. `forms` names the fields that count and their forms.

    A Salesforce value that is not the one we wrote last, while nobody but `our_user` touched the record since, was settled by Salesforce
    (trimmed, formatted): it is listed in ``settled`` and is no change.
    """
    side = record.ref.side
    base = link.base(side) if link else Base()
    settles = link is not None and side is Side.SALESFORCE and bool(our_user) and record.modified_by == our_user
    showings: dict[str, Showing] = {}
    settled: set[str] = set()
    for name, form in forms.items():
        value = record.fields.get(name)
        comparable = canonical(form, value)
        agreed = base.seal_of(name)
        changed = None if agreed is None else sealer.seal(name, comparable) != agreed
        if changed and settles and link is not None and link.has_written(name):
            settled.add(name)
            changed = False
        showings[name] = Showing(value, comparable, changed)
    return SideView(side, showings, frozenset(settled))


def rebased(base: Base, forms: Mapping[str, Look], values: Mapping[str, Value], sealer: Sealer) -> Base:
    """The base with the values put in that the side now shows; fields without a form do not count."""
    known: Iterable[tuple[str, Value]] = ((name, value) for name, value in values.items() if name in forms)
    return base.showing({name: sealer.seal(name, canonical(forms[name], value)) for name, value in known})
