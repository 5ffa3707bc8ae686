"""Every mapping row of a connection, the default ones included, with what both CRMs say about its
two fields (MAP-1 to MAP-11).

Pure: settings and both schemas in, rows out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from crmsync.model.crm_names import HUBSPOT_OPT_OUT
from crmsync.model.fields import FieldRule, FieldType, Update
from crmsync.model.records import Side
from crmsync.model.schema import HubspotProperty, SalesforceField
from crmsync.rules.fields.choices import alone
from crmsync.rules.fields.types import kind_of
from crmsync.rules.settings.checks import row_objections
from crmsync.rules.settings.mappings import Objection, is_pair
from crmsync.rules.settings.schemas import Properties, SalesforceFields, check_row
from crmsync.rules.settings.sections import DEFAULT_ROWS, called

CROSSES: Mapping[Update, tuple[Side, ...]] = MappingProxyType(
    {
        Update.TWO_WAY: (Side.HUBSPOT, Side.SALESFORCE),
        Update.PREFER_SALESFORCE: (Side.HUBSPOT, Side.SALESFORCE),
        Update.ALWAYS_SALESFORCE: (Side.SALESFORCE,),
        Update.PREFER_HUBSPOT: (Side.HUBSPOT, Side.SALESFORCE),
        Update.ALWAYS_HUBSPOT: (Side.HUBSPOT,),
        Update.FILL_BLANK: (Side.HUBSPOT, Side.SALESFORCE),
        Update.NEVER: (),
    }
)
"""The sides whose values cross under a policy."""

_CHOOSING = frozenset({FieldType.CHOICE, FieldType.MULTI})


@dataclass(frozen=True, slots=True)
class FieldRow:
    """A mapping row and its two fields.

    Attributes:
        rule: The row.
        objects: The Salesforce objects that it serves.
        is_default: Whether crmsync maps the two by itself, perhaps under another policy.
        types: What HubSpot's users call the property's type, and Salesforce's type of the field; ""
            where it is not known.
        trouble: Why the two cannot be mapped; "" where they can.
        because: The id of the rule behind that.
        alone: The labels of choices without a counterpart on the other side, by side.
    """

    rule: FieldRule
    objects: tuple[str, ...]
    is_default: bool
    types: tuple[str, str] = ("", "")
    trouble: str = ""
    because: str = ""
    alone: Mapping[Side, tuple[str, ...]] | None = None


def field_rows(
    section: str,
    maps: Mapping[str, Sequence[FieldRule]],
    properties: Properties | None,
    fields: SalesforceFields | None,
) -> list[FieldRow]:
    """The rows of a section of the settings, in their order.

    Args:
        section: Its name, as "contacts".
        maps: Salesforce object -> all its rows.
        properties: HubSpot's properties; None where HubSpot did not answer.
        fields: The fields of each of those objects; None where Salesforce did not answer.
    """
    return [
        _row(section, rule, objects, properties, fields)
        for rule, objects in _with_objects(maps).items()
    ]


def candidate_row(
    section: str,
    candidate: FieldRule,
    rows: Sequence[FieldRule],
    properties: Properties | None,
    fields: SalesforceFields | None,
) -> FieldRow:
    """What the operator's `rows` would get with one more, `candidate`: whether and why it cannot be
    mapped. It may be one of the rows.
    """
    above = tuple(row for row in rows if not is_pair(row, candidate))
    found = row_objections(section, (*above, candidate))
    objection = next((one for one in found if one.row == len(above)), None)
    shown = _row(section, candidate, tuple(fields or ()), properties, fields)
    return shown if objection is None else _objected(shown, objection)


def _with_objects(
    maps: Mapping[str, Sequence[FieldRule]],
) -> Mapping[FieldRule, tuple[str, ...]]:
    """Each row once, with the objects that have it."""
    found: dict[FieldRule, tuple[str, ...]] = {}
    for name, rules in maps.items():
        for rule in rules:
            found[rule] = (*found.get(rule, ()), name)
    return found


def _row(
    section: str,
    rule: FieldRule,
    objects: tuple[str, ...],
    properties: Properties | None,
    fields: SalesforceFields | None,
) -> FieldRow:
    is_default = rule.hubspot == HUBSPOT_OPT_OUT or any(
        is_pair(rule, one) for one in DEFAULT_ROWS[section]
    )
    row = FieldRow(rule, objects, is_default)
    mine = (properties or {}).get(rule.hubspot)
    theirs = _fields(rule, objects, fields or {})
    row = replace(row, types=(_hubspot_type(mine), "/".join(_types(theirs))))
    if properties is None or fields is None:
        return row
    wanted = {name: fields[name] for name in objects if name in fields}
    checked = check_row(rule, 0, properties, wanted, called=called(section))
    missing = mine is None or not theirs
    if checked.objection is not None and (missing or not row.is_default):
        return _objected(row, checked.objection)
    pairs = [
        rule.choices if row.is_default else one.choices
        for one in ((rule,) if row.is_default else checked.rules)
        if one.form in _CHOOSING
    ]
    if not pairs or mine is None:
        return row
    return replace(row, alone=alone(mine.options, theirs[0].options, pairs[0]))


def _objected(row: FieldRow, objection: Objection) -> FieldRow:
    return replace(row, trouble=objection.sentence, because=objection.rule)


def _fields(
    rule: FieldRule, objects: Iterable[str], fields: SalesforceFields
) -> list[SalesforceField]:
    name = rule.salesforce.lower()
    return [fields[one][name] for one in objects if name in fields.get(one, {})]


def _hubspot_type(mine: HubspotProperty | None) -> str:
    return "" if mine is None else kind_of(mine.type, mine.field_type)


def _types(theirs: Iterable[SalesforceField]) -> Iterator[str]:
    yield from dict.fromkeys(one.type for one in theirs)
