"""The recipients of e-mails: address -> HubSpot contact -> link. The contact is the one that the
e-mail was sent to (TASK-4).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from crmsync.model.crm_names import (
    ADDITIONAL_EMAILS,
    HUBSPOT_CONTACT,
    HUBSPOT_EMAIL,
    LIFECYCLE_STAGE,
)
from crmsync.model.links import Link
from crmsync.model.records import Ref
from crmsync.model.settings import Connection
from crmsync.ports.crm import Crm
from crmsync.ports.listing import Lists
from crmsync.ports.stores import Links
from crmsync.rules.kinds.contact.inclusion import is_frozen, needs_membership, qualifies
from crmsync.rules.pair.email_moves import addresses_of

MAX_KNOWN = 5000
"""Recipients kept in memory during a run, so that those of a page need not be read again for the
next.
"""


@dataclass(frozen=True, slots=True)
class Recipient:
    """A person who was sent an e-mail.

    Attributes:
        link: The link of the HubSpot contact, or None.
        frozen: Whether the contact does not sync (INC-7).
    """

    link: Link | None = None
    frozen: bool = False


@dataclass(slots=True)
class Recipients:
    """Finds recipients, and keeps them for the rest of the run.

    Attributes:
        connection: The connection.
        hubspot: HubSpot's contacts.
        links: The stored links.
        lists: HubSpot's lists.
    """

    connection: Connection
    hubspot: Crm
    links: Links
    lists: Lists
    _known: dict[str, Recipient] = field(default_factory=dict)

    def find(self, addresses: Iterable[str]) -> Mapping[str, Recipient]:
        """The recipients by address (in lowercase); one without a contact has no link.

        Raises `SyncError`.
        """
        if len(self._known) > MAX_KNOWN:
            self._known.clear()
        wanted = list(dict.fromkeys(addresses))
        unknown = [one for one in wanted if one not in self._known]
        if unknown:
            self._known |= dict.fromkeys(unknown, Recipient()) | self._read(unknown)
        return {one: self._known[one] for one in wanted}

    def _read(self, addresses: list[str]) -> dict[str, Recipient]:
        contacts = self.connection.contacts
        found = self.hubspot.find(
            addresses, {HUBSPOT_CONTACT: (HUBSPOT_EMAIL, ADDITIONAL_EMAILS, LIFECYCLE_STAGE)}
        )
        links = self.links.find(self.connection.name, [record.ref for record in found])
        linked = [record.ref for record in found if record.ref in links]
        members = frozenset[Ref]()
        if linked and needs_membership(contacts):
            members = self.lists.members(contacts.inclusion_list, linked)
        recipients: dict[str, Recipient] = {}
        for record in found:
            link = links.get(record.ref)
            frozen = link is not None and is_frozen(
                contacts, included=qualifies(record, contacts, members)
            )
            recipients |= dict.fromkeys(addresses_of(record), Recipient(link, frozen))
        return {one: recipients[one] for one in addresses if one in recipients}
