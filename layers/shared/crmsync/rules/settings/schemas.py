"""An operator's mapping rows against the properties and fields of both CRMs (MAP-7 to MAP-11,
MAP-16), and the two fields that deals are matched by (CH-14).

Pure: rows and both schemas in; out come the rows with all that was learnt, objections that forbid
them, and warnings that do not. What can be decided from the rows alone is in
`crmsync.rules.settings.mappings`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from types import MappingProxyType
from typing import TypeAlias

from crmsync.model.crm_names import LIFECYCLE_STAGE
from crmsync.model.fields import FieldRule, FieldType, Update
from crmsync.model.records import Side
from crmsync.model.schema import HubspotProperty, Option, SalesforceField
from crmsync.model.settings import DealSettings
from crmsync.rules.fields.choices import alone, missing_stages, pair_choices
from crmsync.rules.fields.types import form_of, kind_of, types_for
from crmsync.rules.settings.mappings import Objection

Properties: TypeAlias = Mapping[str, HubspotProperty]
SalesforceFields: TypeAlias = Mapping[str, Mapping[str, SalesforceField]]
"""Salesforce object -> its fields by their names in lowercase."""

NEVER_WRITTEN: Mapping[Side, tuple[Update, ...]] = MappingProxyType(
    {
        Side.HUBSPOT: (Update.ALWAYS_HUBSPOT, Update.NEVER),
        Side.SALESFORCE: (Update.ALWAYS_SALESFORCE, Update.NEVER),
    }
)
"""The policies under which a side is never written, and so the only ones for a field that cannot be
written there.
"""

USER = "OWNER"
"""What a HubSpot property of type "HubSpot user" refers to, in HubSpot's words."""

ID_LENGTH = 18

_CHOOSING = frozenset({FieldType.CHOICE, FieldType.MULTI})
_NAMED = 5
"""The most choices without counterpart that a warning names."""


@dataclass(frozen=True, slots=True)
class CheckedRow:
    """The result of checking a row.

    Attributes:
        rules: The rules that it stands for: two where lead and contact differ.
        objection: What forbids it.
        warnings: What the operator should know about it.
    """

    rules: tuple[FieldRule, ...] = ()
    objection: Objection | None = None
    warnings: tuple[Objection, ...] = ()


class _Wrong(Exception):  # noqa: N818 - a verdict on a row, not a failure
    def __init__(self, key: str, sentence: str, rule: str) -> None:
        super().__init__(sentence)
        self.key, self.sentence, self.rule = key, sentence, rule


def check_row(
    row: FieldRule, number: int, properties: Properties, fields: SalesforceFields, *, called: str
) -> CheckedRow:
    """Check row `number` and check_row what crossing its values needs.

    `called` is what HubSpot's object is called, as in "contacts".
    """
    try:
        mine = _property(row, properties, called)
        found = _fields(row, fields)
        for name, theirs in found.items():
            _go_together(row, mine, theirs, name if len(found) > 1 else "")
        _may_be_written(row, mine, tuple(found.values()))
        rules = tuple(_rule(row, mine, theirs, name) for name, theirs in found.items())
    except _Wrong as wrong:
        return CheckedRow(objection=Objection(number, wrong.key, wrong.sentence, wrong.rule))
    warnings = tuple(
        Objection(number, "salesforce", sentence, "MAP-7")
        for sentence in dict.fromkeys(
            _unpaired(rule, mine, found[rule.objects[0]]) for rule in rules
        )
        if sentence
    )
    return CheckedRow(_united(rules), warnings=warnings)


def by_small_name(fields: Sequence[SalesforceField]) -> Mapping[str, SalesforceField]:
    """Fields as `check_row` needs them: Salesforce's names are case-insensitive."""
    return {one.name.lower(): one for one in fields}


# What the row names.


def _property(row: FieldRule, properties: Properties, called: str) -> HubspotProperty:
    mine = properties.get(row.hubspot)
    if mine is None:
        sentence = (
            f"HubSpot's {called} have no property {row.hubspot}{_meant(row.hubspot, properties)}"
        )
        raise _Wrong("hubspot", sentence, "MAP-8")
    if mine.refers_to == USER:
        raise _Wrong(
            "hubspot",
            f"{row.hubspot} holds a HubSpot user, and such a property cannot be mapped",
            "MAP-9",
        )
    return mine


def _fields(row: FieldRule, fields: SalesforceFields) -> Mapping[str, SalesforceField]:
    """The field on each object that has it (MAP-11)."""
    wanted = row.salesforce.lower()
    found = {name: known[wanted] for name, known in fields.items() if wanted in known}
    if found:
        return found
    spelled = {one.name for known in fields.values() for one in known.values()}
    nobody = (
        f"{next(iter(fields))} has no field"
        if len(fields) == 1
        else f"neither {' nor '.join(fields)} has a field"
    )
    guess = _meant(row.salesforce, spelled) or ", or the integration user may not see it"
    raise _Wrong("salesforce", f"{nobody} {row.salesforce}{guess}", "MAP-8")


def _meant(name: str, known: Mapping[str, object] | set[str]) -> str:
    spelled = {one.lower(): one for one in sorted(known)}
    close = get_close_matches(name.lower(), spelled, n=1)
    return f'; did you mean "{spelled[close[0]]}"?' if close else ""


# Whether the two go together.


def _go_together(row: FieldRule, mine: HubspotProperty, theirs: SalesforceField, on: str) -> None:
    kind = kind_of(mine.type, mine.field_type)
    place = f" on {on}" if on else ""
    if form_of(kind, theirs.type) is None:
        if theirs.type == "reference":
            what = f"a lookup to {' or '.join(theirs.refers_to) or 'another record'}"
            sentence = (
                f"{row.hubspot} is {kind}, which cannot be written to {theirs.name}{place}, {what}"
            )
        else:
            sentence = (
                f"{row.hubspot} is {kind}, {theirs.name}{place} is of type {theirs.type}; "
                f"{kind} goes with {types_for(kind)}"
            )
        raise _Wrong("salesforce", sentence, "MAP-7")
    if theirs.type == "reference" and not _ids(mine.options):
        sentence = (
            f"{theirs.name}{place} is a lookup, and no option of {row.hubspot} has a record's "
            f"{ID_LENGTH}-character id as its value"
        )
        raise _Wrong("hubspot", sentence, "MAP-7")
    if row.hubspot == LIFECYCLE_STAGE and (missing := missing_stages(mine.options, theirs.options)):
        sentence = (
            f"{theirs.name}{place} lacks {_listed(missing)}: its values must be the labels of "
            "HubSpot's lifecycle stages"
        )
        raise _Wrong("salesforce", sentence, "MAP-16")


def _may_be_written(
    row: FieldRule, mine: HubspotProperty, theirs: Sequence[SalesforceField]
) -> None:
    locked = next((one.name for one in theirs if one.is_read_only), "")
    sides = (
        (Side.HUBSPOT, "hubspot", "HubSpot", row.hubspot if mine.is_read_only else ""),
        (Side.SALESFORCE, "salesforce", "Salesforce", locked),
    )
    for side, key, called, name in sides:
        if name and row.update not in NEVER_WRITTEN[side]:
            policies = " or ".join(f'"{policy}"' for policy in NEVER_WRITTEN[side])
            sentence = (
                f"{name} cannot be written in {called}, so its update must be {policies}, not "
                f'"{row.update}"'
            )
            raise _Wrong(key, sentence, "MAP-8")


def _ids(options: Sequence[Option]) -> tuple[Option, ...]:
    return tuple(one for one in options if len(one.value) == ID_LENGTH and one.value.isalnum())


# What was learnt.


def _rule(row: FieldRule, mine: HubspotProperty, theirs: SalesforceField, name: str) -> FieldRule:
    form = form_of(kind_of(mine.type, mine.field_type), theirs.type)
    rule = replace(row, salesforce=theirs.name, form=form or FieldType.TEXT, objects=(name,))
    if form in _CHOOSING:
        is_lookup = theirs.type == "reference"
        restricted = theirs.is_restricted or is_lookup
        others = (
            tuple(Option(one.value, one.value) for one in _ids(mine.options))
            if is_lookup
            else theirs.options
        )
        return replace(
            rule,
            choices=pair_choices(mine.options, others, restricted=restricted),
            restricted=restricted,
        )
    if form is FieldType.NUMBER:
        return replace(rule, length=max(0, theirs.precision - theirs.scale), scale=theirs.scale)
    return replace(rule, length=theirs.length)


def _united(rules: Sequence[FieldRule]) -> tuple[FieldRule, ...]:
    """One rule for all objects where they have the same field (MAP-11); otherwise one for each."""
    first = rules[0]
    alike = {replace(rule, objects=()) for rule in rules}
    if len(alike) > 1:
        return tuple(rules)
    return (replace(first, objects=tuple(name for rule in rules for name in rule.objects)),)


def _unpaired(rule: FieldRule, mine: HubspotProperty, theirs: SalesforceField) -> str:
    """The choices that cannot cross, for a warning."""
    if rule.form not in _CHOOSING or theirs.type == "reference":
        return ""
    left = alone(mine.options, theirs.options, rule.choices)
    unpaired = [
        f"{_listed(left[side])} of {name}"
        for side, name in ((Side.HUBSPOT, rule.hubspot), (Side.SALESFORCE, rule.salesforce))
        if left[side] and rule.update not in NEVER_WRITTEN[side.other]
    ]
    return (
        f"{' and '.join(unpaired)} cannot cross: the other side has no such value"
        if unpaired
        else ""
    )


def _listed(labels: Sequence[str]) -> str:
    named = ", ".join(f'"{label}"' for label in labels[:_NAMED])
    return f"{named} and {len(labels) - _NAMED} more" if len(labels) > _NAMED else named


def match_objections(
    deals: DealSettings,
    properties: Mapping[str, HubspotProperty],
    fields: Mapping[str, SalesforceField],
) -> Iterator[tuple[str, str]]:
    """Why deals and opportunities cannot be matched by the two fields in the settings (CH-14).

    Yields the key of the settings at fault and a sentence; nothing where no matching is asked for.
    `fields` go by their names in lowercase. A value that several records may hold would pair
    strangers, so both sides must make sure that none holds it twice.
    """
    if not deals.match_hubspot:
        return
    mine, theirs = properties.get(deals.match_hubspot), fields.get(deals.match_salesforce.lower())
    if mine is None:
        yield "match_hubspot", f"HubSpot's deals have no property {deals.match_hubspot}"
    elif not mine.is_unique:
        sentence = (
            "deals need a property that demands unique values, which is said when a property is "
            "made"
        )
        yield (
            "match_hubspot",
            f"{deals.match_hubspot} may hold one value in several deals: to be matched, {sentence}",
        )
    if theirs is None:
        seen = "or the integration user may not see it"
        yield "match_salesforce", f"Opportunity has no field {deals.match_salesforce}, {seen}"
    elif not theirs.is_external_id:
        yield (
            "match_salesforce",
            (
                f"{theirs.name} is no external id: mark it as one, and as unique, in Salesforce's "
                "Object Manager"
            ),
        )
