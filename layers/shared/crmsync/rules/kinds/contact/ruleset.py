"""The ruleset of a connection's contacts: which fields of contacts and leads count, besides the
mapped ones.
"""

from __future__ import annotations

from datetime import UTC, tzinfo
from types import MappingProxyType

from crmsync.model.crm_names import (
    HUBSPOT_CONTACT,
    HUBSPOT_OPT_OUT,
    LEAD,
    LIFECYCLE_STAGE,
    PARENT_ACCOUNT,
    PRIMARY_COMPANY,
    SALESFORCE_CONTACT,
    SALESFORCE_OPT_OUT,
)
from crmsync.model.fields import FieldType, ValueFormat
from crmsync.model.fingerprints import Fingerprinter
from crmsync.model.kinds.places import Places
from crmsync.model.records import Kind, Side
from crmsync.model.settings import Connection
from crmsync.rules.fields.maps import DEFAULT_CONTACT_MAPS, FieldMap, in_zone, with_custom_rows
from crmsync.rules.kinds.contact.inclusion import PRESET
from crmsync.rules.merge.ruleset import ObjectMapping, Ruleset, object_mapping

SALESFORCE_OBJECTS = (SALESFORCE_CONTACT, LEAD)

_EXTRAS = MappingProxyType({Side.HUBSPOT: frozenset({LIFECYCLE_STAGE})})


def contact_ruleset(
    connection: Connection,
    fingerprinter: Fingerprinter,
    our_user: str,
    our_app: str = "",
    *,
    person_accounts: bool = False,
    places: Places | None = None,
    zone: tzinfo = UTC,
) -> Ruleset:
    """The ruleset of a connection's contacts: default maps with the operator's rows, without those
    that never sync (MAP-4).

    `person_accounts` says whether the org has them enabled, `places` are the countries and states
    that it knows, `zone` is the time zone of the HubSpot account.
    """
    maps = with_custom_rows(DEFAULT_CONTACT_MAPS, connection.contacts.field)
    mappings = {
        name: _mapping(connection, name, in_zone(field_map, zone))
        for name, field_map in maps.items()
    }
    return Ruleset(
        Kind.CONTACT,
        connection,
        HUBSPOT_CONTACT,
        MappingProxyType(mappings),
        fingerprinter,
        our_user,
        our_app,
        extras=_EXTRAS,
        person_accounts=person_accounts,
        places=places,
    )


def _mapping(connection: Connection, name: str, field_map: FieldMap) -> ObjectMapping:
    """The mapping of one object, with the fields that are compared although they have a rule of
    their own or are not mapped.

    A new lifecycle stage may bring a contact into the preset list, and spreads to the company where
    these sync (LIFE-7). There, too, a Salesforce contact's account goes with the company (FLD-8); a
    lead has none.
    """
    companies = connection.companies.sync
    staged = companies or connection.contacts.inclusion_list == PRESET
    mapped = any(rule.hubspot == LIFECYCLE_STAGE for rule in field_map)
    hubspot: dict[str, ValueFormat] = {HUBSPOT_OPT_OUT: FieldType.BOOLEAN}
    hubspot |= {LIFECYCLE_STAGE: FieldType.TEXT} if staged and not mapped else {}
    salesforce: dict[str, ValueFormat] = {SALESFORCE_OPT_OUT: FieldType.BOOLEAN}
    if companies and name == SALESFORCE_CONTACT:
        hubspot[PRIMARY_COMPANY] = FieldType.TEXT
        salesforce[PARENT_ACCOUNT] = FieldType.TEXT
    return object_mapping(field_map, hubspot, salesforce)
