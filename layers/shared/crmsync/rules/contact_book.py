"""The rules of one connection's contacts, laid open for planning: settings, field maps and forms, worked out once per batch.

Nothing is decided here; the book only answers what applies to which Salesforce object.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from crmsync.model import names
from crmsync.model.fields import Form, Look, Update
from crmsync.model.links import Sealer
from crmsync.model.records import Ref, Side
from crmsync.model.settings import Connection
from crmsync.rules import inclusion, opt_out, owners
from crmsync.rules.field_maps import DEFAULT_CONTACT_MAPS, FieldMap, with_custom_rows
from crmsync.rules.owners import OwnerBook
from crmsync.rules.values import spelling

HUBSPOT_OBJECT = "contact"
SALESFORCE_OBJECTS = ("Contact", "Lead")


@dataclass(frozen=True, slots=True)
class Page:
    """One Salesforce object's page: its field map and, per side, how every field that counts is spelled."""

    field_map: FieldMap
    hubspot_forms: Mapping[str, Look]
    salesforce_forms: Mapping[str, Look]

    def forms(self, side: Side) -> Mapping[str, Look]:
        """Field name -> how that side spells its values, the opt-out included."""
        return self.hubspot_forms if side is Side.HUBSPOT else self.salesforce_forms


@dataclass(frozen=True, slots=True)
class ContactBook:
    """Everything that planning a contact needs besides its facts.

    ``our_user`` is the Salesforce id of the integration user, ``our_app`` HubSpot's name for us as the source of a value. ``members`` are
    those of the batch's HubSpot contacts that are in the inclusion list, ``owners`` is None where nobody had to be asked who owns what.
    """

    connection: Connection
    pages: Mapping[str, Page]
    sealer: Sealer
    our_user: str
    our_app: str = ""
    members: frozenset[Ref] = frozenset()
    owners: OwnerBook | None = None

    def fields(self, side: Side) -> Mapping[str, tuple[str, ...]]:
        """Which fields to read, by object name on `side`; always in the same order."""
        if side is Side.HUBSPOT:
            wanted = {name for page in self.pages.values() for name in page.hubspot_forms}
            return {HUBSPOT_OBJECT: tuple(sorted(wanted | _HUBSPOT_EXTRAS))}
        return {
            salesforce_object: tuple(sorted({*page.salesforce_forms, names.SALESFORCE_KEY, owners.SALESFORCE_FIELD}))
            for salesforce_object, page in self.pages.items()
        }

    def key_of(self, hubspot_id: str) -> str:
        """The value of our Salesforce field for a HubSpot contact of this connection."""
        return names.salesforce_key(self.connection.hubspot.portal_id, hubspot_id)


_HUBSPOT_EXTRAS = frozenset(
    {names.HUBSPOT_KEY, inclusion.STAGE, owners.HUBSPOT_FIELD, owners.SHOWN_ID, owners.SHOWN_NAME}
)


def contact_book(connection: Connection, sealer: Sealer, our_user: str, our_app: str = "") -> ContactBook:
    """Open the book of a connection: default maps with the operator's rows, without those that never sync (MAP-4)."""
    maps = with_custom_rows(DEFAULT_CONTACT_MAPS, connection.contacts.field)
    staged = connection.contacts.inclusion_list == inclusion.PRESET
    pages = {name: _page(field_map, staged=staged) for name, field_map in maps.items()}
    return ContactBook(connection, MappingProxyType(pages), sealer, our_user, our_app)


def _page(field_map: FieldMap, *, staged: bool) -> Page:
    """The page of one object. With the preset list a new lifecycle stage is news, though it crosses nowhere: it may thaw the pair."""
    rows = tuple(rule for rule in field_map if rule.update is not Update.NEVER)
    hubspot: dict[str, Look] = {rule.hubspot: spelling(rule, Side.HUBSPOT) for rule in rows}
    hubspot[opt_out.HUBSPOT_FIELD] = Form.BOOLEAN
    hubspot |= {inclusion.STAGE: Form.TEXT} if staged and inclusion.STAGE not in hubspot else {}
    salesforce: dict[str, Look] = {rule.salesforce: spelling(rule, Side.SALESFORCE) for rule in rows}
    salesforce[opt_out.SALESFORCE_FIELD] = Form.BOOLEAN
    return Page(rows, MappingProxyType(hubspot), MappingProxyType(salesforce))
