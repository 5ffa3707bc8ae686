"""The book of a connection's accounts: which fields of companies and accounts count."""

from __future__ import annotations

from datetime import UTC, tzinfo
from types import MappingProxyType

from crmsync.model.crm_names import ACCOUNT, COMPANY, LIFECYCLE_STAGE
from crmsync.model.fields import FieldType
from crmsync.model.links import Fingerprinter
from crmsync.model.records import Kind
from crmsync.model.settings import Connection
from crmsync.rules.fields.maps import DEFAULT_ACCOUNT_MAPS, FieldMap, in_zone, with_custom_rows
from crmsync.rules.merge.person_accounts import of_person
from crmsync.rules.merge.ruleset import ObjectMapping, Ruleset, page


def account_ruleset(
    connection: Connection,
    fingerprinter: Fingerprinter,
    our_user: str,
    our_app: str = "",
    *,
    person_accounts: bool = False,
    zone: tzinfo = UTC,
) -> Ruleset:
    """Open the book of a connection: the default map with the operator's rows, without those that
    never sync (MAP-4).

    In an org with person accounts these have a page of their own (PA-5). `zone` is the time zone of
    the HubSpot account.
    """
    field_map = in_zone(
        with_custom_rows(DEFAULT_ACCOUNT_MAPS, connection.companies.field)[ACCOUNT], zone
    )
    return Ruleset(
        Kind.ACCOUNT,
        connection,
        COMPANY,
        MappingProxyType({ACCOUNT: _page(field_map)}),
        fingerprinter,
        our_user,
        our_app,
        person_accounts=person_accounts,
        person_page=_page(of_person(field_map)) if person_accounts else None,
        zone=zone,
    )


def _page(field_map: FieldMap) -> ObjectMapping:
    """The page of accounts. A company's new lifecycle stage is news, though it crosses nowhere: its
    contacts catch up with it (SET-8).
    """
    mapped = any(rule.hubspot == LIFECYCLE_STAGE for rule in field_map)
    return page(field_map, {} if mapped else {LIFECYCLE_STAGE: FieldType.TEXT}, {})
