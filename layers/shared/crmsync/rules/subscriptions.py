"""Which HubSpot webhooks a connection needs (TRG-6, TRG-10, TRG-12, TRG-15): pure, settings and field maps in, subscriptions out.

A subscription only makes a look come sooner; sweeps find what no subscription tells. Our own properties are never among them: their changes
are our own writes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TypeAlias

from crmsync.model.fields import Update
from crmsync.model.settings import Connection
from crmsync.rules import opt_out
from crmsync.rules.field_maps import DEFAULT_CONTACT_MAPS, with_custom_rows
from crmsync.rules.mapping_checks import OWNER_HUBSPOT

Subscription: TypeAlias = tuple[str, str | None]
"""HubSpot's subscription type and, for property changes, the property (platforms 1.1)."""

ALWAYS = ("contact.creation", "contact.deletion", "contact.merge", "contact.privacyDeletion", "contact.restore")
"""What happens to a contact as a whole."""

ASSOCIATION = "contact.associationChange"
PROPERTY_CHANGE = "contact.propertyChange"
LIFECYCLE = "lifecyclestage"

DEFAULT_LIST = "default"
"""The preset inclusion list, which looks at the lifecycle stage (INC-4)."""

EVERY_CONTACT: Mapping[str, str] = MappingProxyType({opt_out.HUBSPOT_FIELD: "OPT-3", OWNER_HUBSPOT: "TRG-12"})
"""Properties that matter whatever is mapped, and the rule that says so."""


def subscriptions_of(connection: Connection) -> tuple[Subscription, ...]:
    """The subscriptions of a connection, sorted; none where its contacts do not sync."""
    if not connection.contacts.sync:
        return ()
    return tuple(sorted(_subscriptions(connection), key=lambda one: (one[0], one[1] or "")))


def _subscriptions(connection: Connection) -> Iterator[Subscription]:
    yield from ((name, None) for name in ALWAYS)
    if connection.companies.sync:
        yield ASSOCIATION, None
    yield from ((PROPERTY_CHANGE, name) for name in _properties(connection))


def _properties(connection: Connection) -> frozenset[str]:
    """Every property whose change matters; a mapping that never syncs needs none (MAP-4)."""
    maps = with_custom_rows(DEFAULT_CONTACT_MAPS, connection.contacts.field)
    mapped = {rule.hubspot for rows in maps.values() for rule in rows if rule.update is not Update.NEVER}
    staged = {LIFECYCLE} if connection.contacts.inclusion_list == DEFAULT_LIST else set()
    return frozenset(mapped | staged | EVERY_CONTACT.keys())
