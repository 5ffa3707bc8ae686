"""The ruleset of a connection's opportunities: which fields of deals and opportunities count,
besides the mapped ones.

The contacts of a deal are not a property of it but are compared like one: they are added to the
record after it was read.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from types import MappingProxyType

from crmsync.model.crm_names import (
    AMOUNT,
    CLOSE_DATE,
    DEAL,
    DEAL_STAGE,
    OPPORTUNITY,
    PARENT_ACCOUNT,
    PIPELINE,
    PRIMARY_COMPANY,
    RECORD_TYPE_ID,
    STAGE_NAME,
)
from crmsync.model.fields import ComparedFormat, FieldType, Update, ValueFormat
from crmsync.model.fingerprints import Fingerprinter
from crmsync.model.kinds.pipelines import PipelineMap
from crmsync.model.records import Kind, Record, Side
from crmsync.model.settings import Connection
from crmsync.rules.fields.maps import (
    CURRENCY,
    DEFAULT_OPPORTUNITY_MAPS,
    FieldMap,
    in_zone,
    with_custom_rows,
)
from crmsync.rules.merge.ruleset import (
    ITEMISED,
    ObjectMapping,
    OpportunityRules,
    Ruleset,
    object_mapping,
)

CONTACTS = "associated contacts"
"""The name in a deal's record of the contacts that it is associated with: their ids, sorted and
separated by semicolons. Not a property.
"""

COUNTED: MappingProxyType[str, FieldType] = MappingProxyType(
    {AMOUNT: FieldType.NUMBER, CLOSE_DATE: FieldType.DATED}
)
"""What roll-ups are added up from, besides the stage: a change is news even where the field is not
mapped.
"""


def opportunity_ruleset(  # noqa: PLR0913 - what a ruleset is made of
    connection: Connection,
    fingerprinter: Fingerprinter,
    our_user: str,
    our_app: str = "",
    *,
    pipelines: PipelineMap,
    has_currencies: bool = False,
    since: datetime | None = None,
    zone: tzinfo = UTC,
) -> Ruleset:
    """The ruleset of a connection's opportunities: the default map with the operator's rows,
    without those that never sync (MAP-4, FLD-10).

    An opportunity that is older than `since` comes by import alone (OPP-4). `zone` is the time zone
    of the HubSpot account.
    """
    maps = {
        OPPORTUNITY: (
            *DEFAULT_OPPORTUNITY_MAPS[OPPORTUNITY],
            *((CURRENCY,) if has_currencies else ()),
        )
    }
    field_map = in_zone(with_custom_rows(maps, connection.deals.field)[OPPORTUNITY], zone)
    is_typed = any(any(mapped.record_types) for mapped in pipelines.pipelines)
    return Ruleset(
        Kind.OPPORTUNITY,
        connection,
        DEAL,
        MappingProxyType({OPPORTUNITY: _mapping(field_map, is_typed=is_typed)}),
        fingerprinter,
        our_user,
        our_app,
        extras=MappingProxyType({Side.SALESFORCE: frozenset({ITEMISED})}),
        opportunity=OpportunityRules(
            _mapping(_with_given_amount(field_map), is_typed=is_typed),
            frozenset({CONTACTS, PRIMARY_COMPANY}),
            pipelines,
            since,
            zone,
        ),
    )


def _with_given_amount(field_map: FieldMap) -> FieldMap:
    return tuple(
        replace(rule, update=Update.ALWAYS_SALESFORCE)
        if rule.salesforce == AMOUNT and rule.update is not Update.NEVER
        else rule
        for rule in field_map
    )


def _mapping(field_map: FieldMap, *, is_typed: bool) -> ObjectMapping:
    """The mapping of opportunities; a record type can be read only in an org that has some."""
    mapped = {rule.salesforce for rule in field_map if rule.update is not Update.NEVER}
    hubspot: dict[str, ValueFormat] = dict.fromkeys(
        (PIPELINE, DEAL_STAGE, PRIMARY_COMPANY, CONTACTS),
        FieldType.TEXT,
    )
    salesforce: dict[str, ValueFormat] = dict.fromkeys((STAGE_NAME, PARENT_ACCOUNT), FieldType.TEXT)
    salesforce |= {RECORD_TYPE_ID: FieldType.TEXT} if is_typed else {}
    salesforce |= {
        name: ComparedFormat(form) for name, form in COUNTED.items() if name not in mapped
    }
    return object_mapping(field_map, hubspot, salesforce)


def with_contacts(deal: Record, contacts: tuple[str, ...], company: str) -> Record:
    """A deal's record with the ids of its contacts and of its primary company ("" for none)
    added.
    """
    shown = {CONTACTS: ";".join(sorted(contacts)) or None, PRIMARY_COMPANY: company or None}
    return replace(deal, fields={**deal.fields, **shown})


def contacts_beside(deal: Record) -> tuple[str, ...]:
    """The ids of the contacts that a deal is associated with."""
    return tuple(one for one in str(deal.fields.get(CONTACTS) or "").split(";") if one)
