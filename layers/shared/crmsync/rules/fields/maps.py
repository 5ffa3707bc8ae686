"""The default field maps, as data (MAP-12). An operator's own rows come on top.

Rows only; what a row means is decided in `crmsync.rules.merge.policies`. The opt-out pair is not
here: it has a rule of its own that no setting can touch (OPT-2, `crmsync.rules.merge.opt_out`). Nor
is the lifecycle stage, which has no counterpart in Salesforce (FLD-1).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import tzinfo
from types import MappingProxyType
from typing import TypeAlias

from crmsync.model.crm_names import ACCOUNT, LEAD, OPPORTUNITY, SALESFORCE_CONTACT
from crmsync.model.fields import FieldRule, FieldType
from crmsync.rules.fields.standard_choices import ACCOUNT_TYPES, INDUSTRIES, OPPORTUNITY_TYPES

FieldMap: TypeAlias = tuple[FieldRule, ...]

_BOTH = (
    FieldRule("email", "Email", form=FieldType.EMAIL, length=80),
    FieldRule("firstname", "FirstName", length=40),
    FieldRule("lastname", "LastName", length=80),
    FieldRule("salutation", "Salutation", length=40),
    FieldRule("jobtitle", "Title", length=128),
    FieldRule("phone", "Phone", form=FieldType.PHONE, length=40),
    FieldRule("mobilephone", "MobilePhone", form=FieldType.PHONE, length=40),
    FieldRule("fax", "Fax", form=FieldType.PHONE, length=40),
)
"""Lengths here and below as Salesforce's Object Reference gives them for Lead and Contact: those of
names, addresses and e-mail [D], the others [M]. Salutation and Industry are picklists that take
other values as well [M].
"""

CONTACT_LEAD: FieldMap = (
    *_BOTH,
    FieldRule("address", "Street", length=255),
    FieldRule("city", "City", length=40),
    FieldRule("state", "State", length=80),
    FieldRule("zip", "PostalCode", length=20),
    FieldRule("country", "Country", length=80),
    FieldRule("website", "Website", length=255),
    FieldRule("industry", "Industry", length=255),
    FieldRule("annualrevenue", "AnnualRevenue", form=FieldType.NUMBER, length=18, scale=0),
    FieldRule("company", "Company", length=255),
)
"""HubSpot contact and Salesforce lead; only a lead has a company in plain text (FLD-3, FLD-7)."""

CONTACT_CONTACT: FieldMap = (
    *_BOTH,
    FieldRule("address", "MailingStreet", length=255),
    FieldRule("city", "MailingCity", length=40),
    FieldRule("state", "MailingState", length=80),
    FieldRule("zip", "MailingPostalCode", length=20),
    FieldRule("country", "MailingCountry", length=80),
)
"""HubSpot contact and Salesforce contact; the company name does not cross, a contact has an account
instead (FLD-5, FLD-6).
"""

DEFAULT_ACCOUNT_MAP: FieldMap = (
    FieldRule("name", "Name", length=255),
    FieldRule("domain", "Website", form=FieldType.DOMAIN, length=255),
    FieldRule("phone", "Phone", form=FieldType.PHONE, length=40),
    FieldRule("address", "BillingStreet", length=255),
    FieldRule("city", "BillingCity", length=40),
    FieldRule("state", "BillingState", length=80),
    FieldRule("zip", "BillingPostalCode", length=20),
    FieldRule("country", "BillingCountry", length=80),
    FieldRule("industry", "Industry", form=FieldType.CHOICE, choices=INDUSTRIES),
    FieldRule("type", "Type", form=FieldType.CHOICE, choices=ACCOUNT_TYPES),
    FieldRule("numberofemployees", "NumberOfEmployees", form=FieldType.NUMBER, length=8, scale=0),
    FieldRule("annualrevenue", "AnnualRevenue", form=FieldType.NUMBER, length=18, scale=0),
    FieldRule("description", "Description", length=32_000),
)
"""HubSpot company and Salesforce account; lengths and picklists as the Object Reference gives them
[M].

The website goes with ``domain``, not with ``website``: the domain is what every company has that
HubSpot made by itself, what HubSpot knows companies by, and what it makes a company's ``website``
from [M]. HubSpot's second address line has no field of its own in Salesforce, a company has no fax
number.
"""

DEFAULT_OPPORTUNITY_MAP: FieldMap = (
    FieldRule("dealname", "Name", length=120),
    FieldRule("closedate", "CloseDate", form=FieldType.DATED),
    FieldRule("dealtype", "Type", form=FieldType.CHOICE, choices=OPPORTUNITY_TYPES),
    FieldRule("description", "Description", length=32_000),
    FieldRule("amount", "Amount", form=FieldType.NUMBER, length=16, scale=2),
)
"""HubSpot deal and Salesforce opportunity (OPP-5). Owner, stage and pipeline have rules of their
own; lengths as the Object Reference gives them [M].
"""

CURRENCY = FieldRule("deal_currency_code", "CurrencyIsoCode", form=FieldType.CHOICE)
"""An opportunity has a currency of its own only where the org has several
(docs/vendors.md#salesforce-objects).
"""

DEFAULT_CONTACT_MAPS: Mapping[str, FieldMap] = MappingProxyType(
    {LEAD: CONTACT_LEAD, SALESFORCE_CONTACT: CONTACT_CONTACT}
)
DEFAULT_ACCOUNT_MAPS: Mapping[str, FieldMap] = MappingProxyType({ACCOUNT: DEFAULT_ACCOUNT_MAP})
DEFAULT_OPPORTUNITY_MAPS: Mapping[str, FieldMap] = MappingProxyType(
    {OPPORTUNITY: DEFAULT_OPPORTUNITY_MAP}
)


def with_custom_rows(
    maps: Mapping[str, FieldMap], rows: Iterable[FieldRule]
) -> Mapping[str, FieldMap]:
    """The maps with the operator's rows: one row serves every object that has the field (MAP-11).

    A row that names a default pair only changes its policy.
    """
    rows = tuple(rows)
    default_pairs = {
        (rule.hubspot, rule.salesforce) for field_map in maps.values() for rule in field_map
    }
    return {
        name: _merged(field_map, tuple(row for row in rows if row.serves(name)), default_pairs)
        for name, field_map in maps.items()
    }


_ZONED = frozenset({FieldType.DAY, FieldType.DATED})


def asks_for_zone(rows: Iterable[FieldRule]) -> bool:
    """Whether a row pairs a day with a moment, so that a time zone is needed."""
    return any(row.form in _ZONED for row in rows)


def in_zone(field_map: FieldMap, zone: tzinfo) -> FieldMap:
    """The map with `zone` as the time zone in which the day of a moment is read."""
    return tuple(replace(row, zone=zone) if row.form in _ZONED else row for row in field_map)


def _merged(
    field_map: FieldMap, rows: tuple[FieldRule, ...], default_pairs: Collection[tuple[str, str]]
) -> FieldMap:
    named = {(row.hubspot, row.salesforce): row for row in rows}
    kept = (_overruled(rule, named.get((rule.hubspot, rule.salesforce))) for rule in field_map)
    added = (row for row in rows if (row.hubspot, row.salesforce) not in default_pairs)
    return (*kept, *added)


def _overruled(rule: FieldRule, row: FieldRule | None) -> FieldRule:
    return rule if row is None else replace(rule, update=row.update, since=row.since)
