"""Which contact of the other side a contact syncs with, or will sync with, for one batch of
companies and accounts. Every record and link is read once.

Companies and accounts may be synced before their contacts are (CH-15). So for a contact without a
link the counterpart is the one that it is going to be linked with: by its address (DUP-1), or
because its lead was converted (DUP-26).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from crmsync.flows.engine.context import SyncContext
from crmsync.model.crm_names import (
    HUBSPOT_CONTACT,
    HUBSPOT_EMAIL,
    LEAD,
    LIFECYCLE_STAGE,
    PARENT_ACCOUNT,
    PRIMARY_COMPANY,
    SALESFORCE_CONTACT,
    SALESFORCE_EMAIL,
)
from crmsync.model.kinds.emails import normalise_email
from crmsync.model.links import Link, LinkState
from crmsync.model.records import Record, Ref, Side
from crmsync.rules.pair.matching import choose_match

_EMAIL = {Side.HUBSPOT: HUBSPOT_EMAIL, Side.SALESFORCE: SALESFORCE_EMAIL}
_FIELDS: Mapping[Side, Mapping[str, Sequence[str]]] = {
    Side.HUBSPOT: {HUBSPOT_CONTACT: (HUBSPOT_EMAIL, PRIMARY_COMPANY, LIFECYCLE_STAGE)},
    Side.SALESFORCE: {
        SALESFORCE_CONTACT: (SALESFORCE_EMAIL, PARENT_ACCOUNT),
        LEAD: (SALESFORCE_EMAIL,),
    },
}


class CounterpartIndex:
    """The contacts and leads of a batch, and who belongs to whom."""

    def __init__(self, context: SyncContext) -> None:
        """Read from `context`; nothing is read yet."""
        self._context = context
        self._records: dict[Ref, Record] = {}
        self._asked: set[Ref] = set()
        self._counterparts: dict[Ref, Ref] = {}
        self._linked: set[Ref] = set()

    def record(self, contact: Ref) -> Record | None:
        """A contact or lead as it was read; None if it does not exist."""
        return self._records.get(contact)

    def counterpart_of(self, contact: Ref) -> Ref | None:
        """The record that a loaded contact syncs with or will sync with."""
        return self._counterparts.get(contact)

    def is_linked(self, contact: Ref) -> bool:
        """Whether a loaded contact has a counterpart in the link table."""
        return contact in self._linked

    def load(self, side: Side, contacts: Iterable[Ref]) -> None:
        """Read contacts of one side and their counterparts. Raises `SyncError`."""
        new = [ref for ref in dict.fromkeys(contacts) if ref not in self._counterparts]
        if not new:
            return
        links = self._active_links(new)
        unlinked = [ref for ref in new if ref not in links]
        linked = {
            ref: place
            for ref, link in links.items()
            if isinstance(place := link.on(side.other), Ref)
        }
        self._read(side, new if side is Side.HUBSPOT else unlinked)
        self._read(side.other, linked.values())
        self._counterparts |= linked
        self._linked |= linked.keys()
        self._match_by_address(side, unlinked)
        if side is Side.HUBSPOT:
            self._follow_conversions(new)

    def _match_by_address(self, side: Side, unlinked: Sequence[Ref]) -> None:
        """Find counterparts for contacts without a link among those with the same address."""
        addresses = {ref: _address(self._records[ref]) for ref in unlinked if ref in self._records}
        wanted = sorted({one for one in addresses.values() if one})
        if not wanted:
            return
        found = self._context.crm(side.other).find(wanted, _FIELDS[side.other])
        for one in found:
            self._records.setdefault(one.ref, one)
        links = self._active_links([one.ref for one in found])
        leads = [
            place
            for link in links.values()
            if isinstance(place := link.on(side), Ref) and place.object == LEAD
        ]
        self._read(side, leads)
        owners = {one.ref: self._owner_of(links.get(one.ref), side) for one in found}
        for ref, address in addresses.items():
            same_address = [one for one in found if _address(one) == address]
            taken = [one for one, owner in owners.items() if owner not in {None, ref}]
            match = choose_match(same_address, taken)
            if match and address:
                self._counterparts[ref] = match.ref

    def _owner_of(self, link: Link | None, side: Side) -> Ref | None:
        """The record of a side that a link belongs to now: if its lead was converted, the contact
        that the lead became. None without a link.
        """
        place = link.on(side) if link else None
        if not isinstance(place, Ref):
            return None
        record = self._records.get(place)
        return record.successor if record and record.successor else place

    def _follow_conversions(self, contacts: Iterable[Ref]) -> None:
        """Where the lead of a HubSpot contact was converted, its counterpart is the contact that
        the lead became (DUP-26).
        """
        converted: dict[Ref, Ref] = {}
        for ref in contacts:
            record = self._records.get(self._counterparts.get(ref, ref))
            if record and record.successor:
                converted[ref] = record.successor
        self._read(Side.SALESFORCE, converted.values())
        self._counterparts |= converted

    def _read(self, side: Side, refs: Iterable[Ref]) -> None:
        new = [
            ref
            for ref in dict.fromkeys(refs)
            if ref not in self._asked and ref not in self._records
        ]
        if new:
            self._asked.update(new)
            self._records.update(self._context.crm(side).read(new, _FIELDS[side]))

    def _active_links(self, refs: Sequence[Ref]) -> dict[Ref, Link]:
        found = self._context.links.find(self._context.connection.name, refs) if refs else {}
        return {ref: link for ref, link in found.items() if link.state is LinkState.ACTIVE}


def _address(record: Record) -> str:
    return normalise_email(record.fields.get(_EMAIL[record.ref.side]))
