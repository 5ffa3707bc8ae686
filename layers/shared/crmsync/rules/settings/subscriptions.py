"""Which HubSpot webhooks a connection needs (TRG-6, TRG-10, TRG-12, TRG-15, SET-4, SET-5). Pure.

A subscription only makes a sync happen sooner; sweeps find what no subscription reports. Our own
properties are never among them, as their changes are our own writes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import TypeAlias

from crmsync.model.concerns import objects_of
from crmsync.model.crm_names import (
    DEAL_STAGE,
    HUBSPOT_OPT_OUT,
    HUBSPOT_OWNER,
    LIFECYCLE_STAGE,
    PIPELINE,
)
from crmsync.model.fields import FieldRule, Update
from crmsync.model.records import Kind, Side
from crmsync.model.settings import Connection
from crmsync.rules.fields.maps import (
    CURRENCY,
    DEFAULT_ACCOUNT_MAPS,
    DEFAULT_CONTACT_MAPS,
    DEFAULT_OPPORTUNITY_MAPS,
    FieldMap,
    with_custom_rows,
)

Subscription: TypeAlias = tuple[str, str | None]
"""HubSpot's subscription type and, for property changes, the property
(docs/vendors.md#hubspot-webhooks).
"""

ALWAYS: Mapping[Kind, tuple[str, ...]] = MappingProxyType(
    {
        Kind.CONTACT: ("creation", "deletion", "merge", "privacyDeletion", "restore"),
        Kind.ACCOUNT: ("creation", "deletion", "merge", "restore"),
        Kind.OPPORTUNITY: ("creation", "deletion", "merge", "restore"),
        Kind.ACTIVITY: (),
    }
)
"""What happens to a record as a whole; only contacts have privacy deletions. Activities have no
subscriptions of their own.
"""

ASSOCIATION = "contact.associationChange"
"""Reports contacts and companies from either end, so one of the two types is enough (DUP-4, FLD-8).
"""

DEAL_ASSOCIATION = "deal.associationChange"
"""Reports a deal's contacts and companies (OPP-12)."""


DEFAULT_LIST = "default"
"""The preset inclusion list, which depends on the lifecycle stage (INC-4)."""

EVERY_CONTACT: Mapping[str, str] = MappingProxyType(
    {HUBSPOT_OPT_OUT: "OPT-3", HUBSPOT_OWNER: "TRG-12"}
)
"""Properties that matter whatever is mapped, each with its rule."""

EVERY_COMPANY: Mapping[str, str] = MappingProxyType(
    {HUBSPOT_OWNER: "OWN-17", LIFECYCLE_STAGE: "LIFE-4"}
)
"""The same for companies."""

EVERY_DEAL: Mapping[str, str] = MappingProxyType(
    {HUBSPOT_OWNER: "OWN-18", DEAL_STAGE: "OPP-5", PIPELINE: "OPP-6", CURRENCY.hubspot: "CUR-1"}
)
"""The same for deals."""


def subscriptions_of(connection: Connection) -> tuple[Subscription, ...]:
    """The subscriptions of a connection, sorted: those of the concerns that it has switched on."""
    found = set(_associations(connection))
    for name, kind in objects_of(connection, Side.HUBSPOT).items():
        found |= {(f"{name}.{what}", None) for what in ALWAYS[kind]}
        found |= {(f"{name}.propertyChange", one) for one in _PROPERTIES[kind](connection)}
    return tuple(sorted(found, key=lambda one: (one[0], one[1] or "")))


def _associations(connection: Connection) -> Iterator[Subscription]:
    if connection.kinds >= {Kind.CONTACT, Kind.ACCOUNT}:
        yield ASSOCIATION, None
    if Kind.OPPORTUNITY in connection.kinds:
        yield DEAL_ASSOCIATION, None


def _of_contacts(connection: Connection) -> frozenset[str]:
    """Every property of a contact whose change matters: its stage decides the default list and
    spreads to its company (LIFE-7).
    """
    staged = connection.contacts.inclusion_list == DEFAULT_LIST or connection.companies.sync
    mapped = _mapped(DEFAULT_CONTACT_MAPS, connection.contacts.field)
    return frozenset(mapped | ({LIFECYCLE_STAGE} if staged else set()) | EVERY_CONTACT.keys())


def _of_companies(connection: Connection) -> frozenset[str]:
    """Every property of a company whose change matters."""
    return frozenset(
        _mapped(DEFAULT_ACCOUNT_MAPS, connection.companies.field) | EVERY_COMPANY.keys()
    )


def _of_deals(connection: Connection) -> frozenset[str]:
    """Every property of a deal whose change matters (FLD-10), including the one that deals are
    matched by (CH-14).
    """
    matched = {connection.deals.match_hubspot} - {""}
    return frozenset(
        _mapped(DEFAULT_OPPORTUNITY_MAPS, connection.deals.field) | matched | EVERY_DEAL.keys()
    )


_PROPERTIES: Mapping[Kind, Callable[[Connection], frozenset[str]]] = MappingProxyType(
    {
        Kind.CONTACT: _of_contacts,
        Kind.ACCOUNT: _of_companies,
        Kind.OPPORTUNITY: _of_deals,
        Kind.ACTIVITY: lambda _connection: frozenset(),
    }
)


def _mapped(maps: Mapping[str, FieldMap], rows: Iterable[FieldRule]) -> set[str]:
    """The properties that cross; a mapping that never syncs needs none (MAP-4)."""
    merged = with_custom_rows(maps, rows)
    return {
        rule.hubspot
        for of_object in merged.values()
        for rule in of_object
        if rule.update is not Update.NEVER
    }
