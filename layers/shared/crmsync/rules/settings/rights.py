"""Which mapped Salesforce fields the integration user cannot see or edit (PERM-1, PERM-2). Pure:
settings and described fields in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from crmsync.model.concerns import objects_of
from crmsync.model.crm_names import HUBSPOT_OPT_OUT, SALESFORCE_OPT_OUT
from crmsync.model.fields import FieldRule, Update
from crmsync.model.kinds.activities import SALESFORCE_OBJECTS
from crmsync.model.records import Side
from crmsync.model.schema import SalesforceField
from crmsync.model.settings import Connection
from crmsync.rules.fields.maps import (
    DEFAULT_ACCOUNT_MAPS,
    DEFAULT_CONTACT_MAPS,
    DEFAULT_OPPORTUNITY_MAPS,
    FieldMap,
    with_custom_rows,
)
from crmsync.rules.kinds.activity.field_map import activity_map
from crmsync.rules.settings.sections import ACTIVITY_SECTIONS, OBJECTS

_ONLY_READ = frozenset({Update.ALWAYS_SALESFORCE})
_OPT_OUT = (FieldRule(HUBSPOT_OPT_OUT, SALESFORCE_OPT_OUT),)


def all_rules(connection: Connection) -> Mapping[str, FieldMap]:
    """Salesforce object -> all its rows, with the opt-out, which no setting changes (OPT-2)."""
    merged = {
        **with_custom_rows(DEFAULT_CONTACT_MAPS, connection.contacts.field),
        **with_custom_rows(DEFAULT_ACCOUNT_MAPS, connection.companies.field),
        **with_custom_rows(DEFAULT_OPPORTUNITY_MAPS, connection.deals.field),
    }
    fixed: Mapping[str, FieldMap] = MappingProxyType(dict.fromkeys(DEFAULT_CONTACT_MAPS, _OPT_OUT))
    return {name: (*rules, *fixed.get(name, ())) for name, rules in merged.items()}


def rules_of(connection: Connection, section: str) -> Mapping[str, FieldMap]:
    """Salesforce object -> all rows of a section of the settings, with the opt-out."""
    kind = ACTIVITY_SECTIONS.get(section)
    if kind is not None:
        return {SALESFORCE_OBJECTS[kind]: activity_map(connection, kind)}
    rules = all_rules(connection)
    return {name: rules[name] for name in OBJECTS[section][1]}


def mapped_rules(connection: Connection) -> Mapping[str, FieldMap]:
    """Salesforce object that the connection syncs -> the rows of its fields that cross (SET-4,
    MAP-4).
    """
    rules = all_rules(connection)
    mapped = {
        name: tuple(rule for rule in rules[name] if rule.update is not Update.NEVER)
        for name in objects_of(connection, Side.SALESFORCE)
        if name in rules
    }
    return {**mapped, **activity_rules(connection)}


def activity_rules(connection: Connection) -> Mapping[str, FieldMap]:
    """Task or Event -> the rows that cross of all kinds of activities that sync with it. Kinds that
    only go to HubSpot are only read.
    """
    found: dict[str, FieldMap] = {}
    for kind in connection.activities.on:
        rows = activity_map(connection, kind)
        name = SALESFORCE_OBJECTS[kind]
        found[name] = (
            *found.get(name, ()),
            *(rule for rule in rows if rule.update is not Update.NEVER),
        )
    return found


def lacking(rules: Iterable[FieldRule], fields: Iterable[SalesforceField]) -> str:
    """The sentence about mapped fields that the integration user cannot see or edit, or ""."""
    known = {field.name.lower(): field for field in fields}
    lacks = dict.fromkeys(_lacks(rules, known))
    if not lacks:
        return ""
    return (
        f"{'; '.join(lacks)}: give the integration user access to it, or map it with "
        'update = "never" (PERM-2)'
    )


def _lacks(rules: Iterable[FieldRule], known: Mapping[str, SalesforceField]) -> Iterator[str]:
    for rule in rules:
        field = known.get(rule.salesforce.lower())
        if field is None:
            yield f"{rule.salesforce} cannot be seen"
        elif field.is_read_only and rule.update not in _ONLY_READ:
            yield f"{rule.salesforce} cannot be edited"
