"""Mappings whose field a side lacks rest: everything else syncs, and the operator gets one report
per field.

Pure: the caller says which fields a side has. A side does not reveal whether a field was removed or
the right to it was withdrawn.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType

from crmsync.model import names
from crmsync.model.concerns import KIND_OF
from crmsync.model.crm_names import HUBSPOT_EMAIL, SALESFORCE_EMAIL
from crmsync.model.effects import Category, Report
from crmsync.model.fields import FieldRule
from crmsync.model.operations.troubles import Rest
from crmsync.model.records import Kind, Side
from crmsync.rules.fields.maps import CURRENCY, FieldMap
from crmsync.rules.merge.baseline import Forms
from crmsync.rules.merge.ruleset import ObjectMapping, Ruleset

_KNOWN_BY: Mapping[tuple[Kind, Side], frozenset[str]] = MappingProxyType(
    {
        (Kind.CONTACT, Side.HUBSPOT): frozenset({HUBSPOT_EMAIL}),
        (Kind.CONTACT, Side.SALESFORCE): frozenset({SALESFORCE_EMAIL}),
    }
)
"""Mapped fields without which records cannot be told apart."""

_OWN = tuple(key.partition("_")[0] + "_" for key in (names.HUBSPOT_KEY, names.SALESFORCE_KEY))
"""How our own properties and fields begin: set-up makes them."""

_SET_UP = "Run `crmsync setup --apply`; what waits then follows by itself."
_RIGHTS: Mapping[Side, str] = MappingProxyType(
    {
        Side.HUBSPOT: "Bring the property back in HubSpot",
        Side.SALESFORCE: (
            "Bring the field back in Salesforce, or give the integration user read and edit "
            "access to it"
        ),
    }
)


def without(ruleset: Ruleset, rests: Iterable[Rest]) -> Ruleset:
    """The ruleset without the mappings that rest: their fields are not written, and what was agreed
    on about them is kept. HubSpot's are still read where HubSpot has them, as a record may have
    been made of them (`crmsync.rules.pair.adoption`).
    """
    gone = [rest for rest in rests if not rest.is_over and not rest.is_needed]
    if not gone:
        return ruleset
    mappings = {name: _mapping(one, name, ruleset, gone) for name, one in ruleset.mappings.items()}
    name = next(iter(mappings))  # Special mappings are of kinds with one Salesforce object.
    account, opportunity = ruleset.account, ruleset.opportunity
    if account.person_mapping:
        person = _mapping(account.person_mapping, name, ruleset, gone)
        account = replace(account, person_mapping=person)
    if opportunity.itemised_mapping:
        itemised = _mapping(opportunity.itemised_mapping, name, ruleset, gone)
        opportunity = replace(opportunity, itemised_mapping=itemised)
    resting = {rule.hubspot for one in mappings.values() for rule in one.resting}
    lacking = _lacking(Side.HUBSPOT, ruleset.hubspot_object, gone)
    extras = frozenset(
        name
        for name in ruleset.extras.get(Side.HUBSPOT, frozenset()) | resting
        if name.lower() not in lacking
    )
    return replace(
        ruleset,
        mappings=MappingProxyType(mappings),
        extras=MappingProxyType({**ruleset.extras, Side.HUBSPOT: extras}),
        account=account,
        opportunity=opportunity,
    )


def _mapping(
    mapping: ObjectMapping, name: str, ruleset: Ruleset, gone: Collection[Rest]
) -> ObjectMapping:
    lacking = {
        Side.HUBSPOT: _lacking(Side.HUBSPOT, ruleset.hubspot_object, gone),
        Side.SALESFORCE: _lacking(Side.SALESFORCE, name, gone),
    }
    resting = [
        rule
        for rule in mapping.field_map
        if any(rule.on(side).lower() in lacking[side] for side in Side)
    ]
    return _resting(mapping, resting)


def without_rows(ruleset: Ruleset, properties: Collection[str]) -> Ruleset:
    """The ruleset of one pair without the mappings of these properties, which rest for it: what was
    agreed on about them is kept.
    """
    mappings = {
        name: _resting(one, [rule for rule in one.field_map if rule.hubspot in properties])
        for name, one in ruleset.mappings.items()
    }
    return replace(ruleset, mappings=MappingProxyType(mappings))


def _resting(mapping: ObjectMapping, resting: Collection[FieldRule]) -> ObjectMapping:
    rows = tuple(rule for rule in mapping.field_map if rule not in resting)
    return ObjectMapping(
        rows,
        _forms(mapping.hubspot_forms, Side.HUBSPOT, resting, rows),
        _forms(mapping.salesforce_forms, Side.SALESFORCE, resting, rows),
        mapping.whole or mapping,
    )


def _lacking(side: Side, name: str, gone: Iterable[Rest]) -> set[str]:
    """The fields that an object lacks, in lowercase."""
    return {one.field.lower() for one in gone if (one.side, one.object) == (side, name)}


def _forms(
    forms: Forms,
    side: Side,
    resting: Iterable[FieldRule],
    rows: Iterable[FieldRule],
) -> Forms:
    """The compared fields without those of mappings that rest: a value that could not cross must
    not count as agreed on.
    """
    left = {rule.on(side) for rule in resting} - {rule.on(side) for rule in rows}
    return forms.only(forms.keys() - left)


def lost(
    ruleset: Ruleset,
    side: Side,
    fields: Mapping[str, Collection[str]],
    since: datetime,
    *,
    read_only: Mapping[str, Collection[str]] = MappingProxyType({}),
    refused: str = "",
) -> list[Rest]:
    """Which of the fields that the ruleset asks for a side lacks.

    `fields` are those that it has, by object, in lowercase. A field for which a write was `refused`
    is lacking too if it is among the `read_only` ones.
    """
    found: list[Rest] = []
    for name, wanted in ruleset.fields(side).items():
        mapped = _mapped(ruleset, side, name)
        for one in wanted:
            missing = one.lower() not in fields[name]
            guarded = one.lower() == refused.lower() and one.lower() in read_only.get(name, ())
            if missing or guarded:
                found.append(
                    Rest(
                        side, name, one, since, is_needed=one not in mapped, needs_edit=not missing
                    )
                )
    return found


def needed_of(kind: Kind, side: Side, own: Collection[str]) -> frozenset[str]:
    """Fields without which nothing syncs, mapped or not; `own` are those that are read of every
    record.
    """
    return _KNOWN_BY.get((kind, side), frozenset()) | frozenset(own)


def _mapped(ruleset: Ruleset, side: Side, name: str) -> frozenset[str]:
    """The fields of an object that are read only because they are mapped."""
    mappings = [*ruleset.mappings.values(), *ruleset.special_mappings]
    if side is Side.SALESFORCE:
        mappings = [ruleset.mappings[name]]
    rows = ((mapping.whole or mapping).field_map for mapping in mappings)
    mapped = {rule.on(side) for some in rows for rule in some}
    return frozenset(mapped - needed_of(ruleset.kind, side, ruleset.always_read(side)))


def report_of(rest: Rest) -> Report:
    """The report of a field that a side lacks."""
    side, place = rest.side.label, f"{rest.object}.{rest.field}"
    verb = "does not let crmsync write" if rest.needs_edit else "does not have, or no longer shows,"
    what = f"{side} {verb} the field {place}"
    if not rest.is_needed:
        text = f"{what}: its mapping rests, everything else syncs."
        hint = (
            f"{_RIGHTS[rest.side]}: the mapping then goes on by itself. Or take it out of the "
            "settings."
        )
        code = "FIELD_LACKING"
        return Report(rest.ref, Category.MAPPING, text, rest.field, hint, ("ERR-5",), code=code)
    own = rest.field.startswith(_OWN)
    text = f"{what}, which crmsync needs: records of this kind wait."
    return Report(
        rest.ref,
        Category.PERMISSIONS,
        text,
        rest.field,
        _SET_UP if own else f"{_RIGHTS[rest.side]}.",
        ("ERR-5",),
        code="NEEDED_FIELD",
    )


def back(
    rests: Iterable[Rest],
    has: Mapping[tuple[Side, str], Collection[str]],
    read_only: Mapping[tuple[Side, str], Collection[str]],
) -> Iterator[Rest]:
    """The resting mappings whose field is there again, and is writable if that was what it
    lacked.
    """
    for rest in rests:
        place, name = (rest.side, rest.object), rest.field.lower()
        if name in has[place] and not (rest.needs_edit and name in read_only[place]):
            yield rest


def is_wanted(rest: Rest, rules: Mapping[str, FieldMap]) -> bool:
    """Whether the settings still map the field; `rules` are the mappings that sync, by Salesforce
    object.
    """
    if rest.is_needed or CURRENCY.on(rest.side) == rest.field:
        return True
    kind = KIND_OF[rest.side][rest.object]
    objects = (
        [rest.object]
        if rest.side is Side.SALESFORCE
        else [name for name, its in KIND_OF[Side.SALESFORCE].items() if its is kind]
    )
    return any(
        rule.on(rest.side).lower() == rest.field.lower()
        for name in objects
        for rule in rules.get(name, ())
    )
