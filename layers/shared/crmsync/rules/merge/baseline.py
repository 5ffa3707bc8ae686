"""The base: what each side showed when the two last agreed, and what differs from it now.

Fingerprints are made of canonical values under each side's own field names, so a value that a side
trims or reformats does not count as changed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace

from crmsync.model.fields import ComparedFormat, ValueFormat
from crmsync.model.fingerprints import (
    PENDING,
    UNAGREED,
    UNDELIVERED,
    Base,
    Fingerprinter,
    prefixes,
    tag,
)
from crmsync.model.links import Link
from crmsync.model.records import Record, Side, Value
from crmsync.rules.fields.values import Canonical, canonical_of, day_before_zones
from crmsync.rules.merge.policies import FieldState


@dataclass(frozen=True, slots=True)
class ComparedField:
    """A field of one side as it is compared with a base.

    Attributes:
        value_format: How the side spells its values.
        is_later: Whether its mapping was added later (MAP-6).
        key: The name under which a base keeps it (`key_of`).
        tag: The short form of that name.
        prefixes: What is hashed before a value, by its type.
        canonical: A value -> the form in which it is compared.
    """

    value_format: ValueFormat
    is_later: bool
    key: str
    tag: bytes
    prefixes: Mapping[type, bytes]
    canonical: Canonical


class Forms(Mapping[str, ComparedField]):
    """Field name -> how the field is compared; made once per ruleset.

    Attributes:
        names: The names of the fields.
        tags: Their tags, in the same order.
        prefixes: What is hashed before their values, likewise.
        canonicals: What brings their values to the form in which they are compared, likewise.
    """

    __slots__ = ("_fields", "canonicals", "names", "prefixes", "tags")

    def __init__(self, fields: Mapping[str, ComparedField]) -> None:
        """Take the fields as they are."""
        self._fields = dict(fields)
        self.names = tuple(fields)
        self.tags = tuple(one.tag for one in fields.values())
        self.prefixes = tuple(one.prefixes for one in fields.values())
        self.canonicals = tuple(one.canonical for one in fields.values())

    def __getitem__(self, name: str) -> ComparedField:
        return self._fields[name]

    def __contains__(self, name: object) -> bool:
        return name in self._fields

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def only(self, names: Collection[str]) -> Forms:
        """Those of the fields that are among `names`."""
        return Forms({name: one for name, one in self._fields.items() if name in names})


@dataclass(frozen=True, slots=True)
class SideView:
    """One side of a pair, ready to be merged.

    Attributes:
        record: The record.
        forms: The fields that are compared.
        states: What the record shows in the fields whose value is not exactly the agreed one;
            `state` also knows the others.
        normalised: Fields in which Salesforce reformatted the value that we wrote last; they do not
            count as changed.
        link: The link with whose base the record was compared.
    """

    record: Record
    forms: Forms
    states: Mapping[str, FieldState]
    normalised: frozenset[str]
    link: Link | None = field(default=None, compare=False, repr=False)

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

    def has_news_of(self, name: str) -> bool:
        """Whether one of the fields that are compared has changed, or was never agreed on."""
        known = self.states.get(name)
        return known is not None and known.has_news

    def is_ticked_or_changed(self, name: str) -> bool:
        """Whether a checkbox is ticked, or has changed since the two sides agreed."""
        known = self.states.get(name)
        if known is None:
            return bool(self.forms[name].canonical(self.record.fields.get(name)))
        return bool(known.canonical or known.changed)

    def state(self, name: str) -> FieldState:
        """What the record shows in one of the fields that are compared."""
        known = self.states.get(name)
        if known is not None:
            return known
        value = self.record.fields.get(name)
        return FieldState(value, self.forms[name].canonical(value), changed=False)


def key_of(name: str, value_format: ValueFormat) -> str:
    """The name under which a base keeps a field.

    For a mapping that was added later it includes the date, so what was agreed under an earlier
    mapping of the field does not count (MAP-6).
    """
    since = value_format.since if isinstance(value_format, ComparedFormat) else None
    return name if since is None else f"{name} since {since.isoformat()}"


def forms_of(value_formats: Mapping[str, ValueFormat]) -> Forms:
    """How fields with these formats are compared."""
    forms: dict[str, ComparedField] = {}
    for name, value_format in value_formats.items():
        key = key_of(name, value_format)
        forms[name] = ComparedField(
            value_format, key != name, key, tag(key), prefixes(key), canonical_of(value_format)
        )
    return Forms(forms)


def view(
    record: Record,
    forms: Forms,
    link: Link | None,
    fingerprinter: Fingerprinter,
    our_user: str = "",
) -> SideView:
    """Compare a record with its link's base. `forms` has the fields to compare.

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
    values = list(map(record.fields.get, forms.names))
    comparables = [canonical(one) for canonical, one in zip(forms.canonicals, values, strict=True)]
    agreed = list(map(base.fingerprints.get, forms.tags))
    if base.fingerprints:
        shown = fingerprinter.fingerprints(forms.prefixes, comparables)
        differing = [at for at, one in enumerate(shown) if one != agreed[at]]
    else:
        differing = list(range(len(forms)))
    states: dict[str, FieldState] = {}
    normalised: set[str] = set()
    for at in differing:
        name = forms.names[at]
        state = _differing(forms[name], values[at], comparables[at], base, fingerprinter)
        if (
            state.changed
            and agreed[at] not in PENDING
            and is_ours
            and link is not None
            and link.has_written(name)
        ):
            normalised.add(name)
            state = replace(state, changed=False)
        states[name] = state
    return SideView(record, forms, states, frozenset(normalised), link)


def _differing(
    compared: ComparedField,
    value: Value,
    comparable: Value,
    base: Base,
    fingerprinter: Fingerprinter,
) -> FieldState:
    """The state of a field whose fingerprint is not the one in the base."""
    agreed = base.fingerprints.get(compared.tag)
    if agreed is None or agreed == UNAGREED:
        is_new_mapping = agreed is None and compared.is_later and bool(base.fingerprints)
        return FieldState(value, comparable, None, is_new_mapping)
    if fingerprinter.fingerprint_diverged(compared.key, comparable) == agreed:
        return FieldState(value, comparable, changed=False, diverged=True)
    day = day_before_zones(compared.value_format, value)
    if day and fingerprinter.fingerprint(compared.key, day) == agreed:
        return FieldState(value, day, changed=False)
    return FieldState(value, comparable, changed=True, undelivered=agreed == UNDELIVERED)


def rebased(
    base: Base,
    forms: Forms,
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
            compared = forms[name]
            fingerprint = (
                fingerprinter.fingerprint_diverged
                if name in diverged
                else fingerprinter.fingerprint
            )
            fingerprints[compared.key] = fingerprint(compared.key, compared.canonical(value))
    return base.with_fingerprints(fingerprints)
