"""The ruleset of a connection's accounts: which fields of companies and accounts count."""

from __future__ import annotations

from datetime import UTC, tzinfo
from types import MappingProxyType

from crmsync.model.crm_names import ACCOUNT, COMPANY, LIFECYCLE_STAGE
from crmsync.model.fields import FieldType
from crmsync.model.fingerprints import Fingerprinter
from crmsync.model.kinds.places import Places
from crmsync.model.records import Kind
from crmsync.model.settings import Connection
from crmsync.rules.fields.maps import DEFAULT_ACCOUNT_MAPS, FieldMap, in_zone, with_custom_rows
from crmsync.rules.merge.person_accounts import of_person
from crmsync.rules.merge.ruleset import AccountRules, ObjectMapping, Ruleset, object_mapping


def account_ruleset(
    connection: Connection,
    fingerprinter: Fingerprinter,
    our_user: str,
    our_app: str = "",
    *,
    person_accounts: bool = False,
    places: Places | None = None,
    zone: tzinfo = UTC,
) -> Ruleset:
    """The ruleset of a connection's accounts: the default map with the operator's rows, without
    those that never sync (MAP-4).

    In an org with person accounts these have a mapping of their own (PA-5). `places` are the
    countries and states that the org knows, `zone` is the time zone of the HubSpot account.
    """
    field_map = in_zone(
        with_custom_rows(DEFAULT_ACCOUNT_MAPS, connection.companies.field)[ACCOUNT], zone
    )
    return Ruleset(
        Kind.ACCOUNT,
        connection,
        COMPANY,
        MappingProxyType({ACCOUNT: _mapping(field_map)}),
        fingerprinter,
        our_user,
        our_app,
        person_accounts=person_accounts,
        places=places,
        account=AccountRules(_mapping(of_person(field_map)) if person_accounts else None),
    )


def _mapping(field_map: FieldMap) -> ObjectMapping:
    """The mapping of accounts.

    A company's new lifecycle stage is news although it does not cross: its contacts catch up with
    it (SET-8).
    """
    mapped = any(rule.hubspot == LIFECYCLE_STAGE for rule in field_map)
    return object_mapping(field_map, {} if mapped else {LIFECYCLE_STAGE: FieldType.TEXT}, {})
