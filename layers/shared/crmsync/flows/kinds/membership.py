"""Who is in which company and in which account, for one batch of companies and accounts without a
link. Everything is asked once.

Contacts that are not linked yet speak already: whoever they will be linked with by their address
(DUP-1), or by a conversion (DUP-26), is theirs, as companies and accounts may well be looked at
before the contacts are (CH-15).
"""

from __future__ import annotations

from collections import Counter
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
from crmsync.model.emails import normalise_email
from crmsync.model.links import Link, LinkState
from crmsync.model.records import Record, Ref, Side
from crmsync.rules.kinds.account.creation import Member
from crmsync.rules.kinds.contact.inclusion import is_frozen, needs_membership, qualifies
from crmsync.rules.merge.parents import account_of, company_of
from crmsync.rules.pair.matching import choose_match

_EMAIL = {Side.HUBSPOT: HUBSPOT_EMAIL, Side.SALESFORCE: SALESFORCE_EMAIL}
_FIELDS: Mapping[Side, Mapping[str, Sequence[str]]] = {
    Side.HUBSPOT: {HUBSPOT_CONTACT: (_EMAIL[Side.HUBSPOT], PRIMARY_COMPANY, LIFECYCLE_STAGE)},
    Side.SALESFORCE: {
        SALESFORCE_CONTACT: (_EMAIL[Side.SALESFORCE], PARENT_ACCOUNT),
        LEAD: (_EMAIL[Side.SALESFORCE],),
    },
}


class Membership:
    """The contacts of companies and accounts, as far as they decide which of these belong
    together.
    """

    def __init__(self, context: SyncContext) -> None:
        """Ask `context`; nothing is read yet."""
        self._world = context
        self._of_company: dict[Ref, tuple[Ref, ...]] = {}
        self._people: dict[Ref, Record] = {}
        self._asked: set[Ref] = set()
        self._across: dict[Ref, Ref] = {}
        self._synced: set[Ref] = set()
        self._included: frozenset[Ref] = frozenset()

    def look_at(self, companies: Iterable[Ref]) -> None:
        """Read the contacts of companies, and whom in Salesforce they sync or will sync with."""
        new = [ref for ref in dict.fromkeys(companies) if ref not in self._of_company]
        if not new:
            return
        found = self._world.associations.of(new, HUBSPOT_CONTACT)
        self._of_company.update((ref, found.get(ref, ())) for ref in new)
        refs = list(dict.fromkeys(ref for refs in found.values() for ref in refs))
        self._find_across(refs)
        if refs and needs_membership(self._world.connection.contacts):
            list_id = self._world.connection.contacts.inclusion_list
            self._included |= self._world.lists.members(list_id, refs)

    def members(self, company: Ref) -> tuple[Member, ...]:
        """The contacts of a company, as the rules about making accounts want them."""
        refs = (ref for ref in self._of_company.get(company, ()) if ref in self._people)
        return tuple(self._member(ref) for ref in refs if self._speaks_for(ref, company))

    def votes_for(self, company: Ref) -> Counter[Ref]:
        """The accounts that the contacts of a company name, each as often as it is named
        (DUP-2).
        """
        named = (account_of(member.account) for member in self.members(company))
        return Counter(ref for ref in named if ref)

    def votes_of_accounts(self, accounts: Sequence[Ref]) -> dict[Ref, Counter[Ref]]:
        """The companies that the contacts of each account name in HubSpot, each as often as it is
        named (DUP-2).
        """
        if not accounts:
            return {}
        of_account = self._world.accounts.contacts_of([ref.id for ref in accounts])
        self._find_across([ref for refs in of_account.values() for ref in refs])
        return {
            account: Counter(self._companies(of_account.get(account.id, ())))
            for account in accounts
        }

    def _companies(self, contacts: Iterable[Ref]) -> Iterable[Ref]:
        for ref in contacts:
            across = self._people.get(self._across.get(ref, ref))
            company = company_of(across.fields.get(PRIMARY_COMPANY)) if across else None
            if company:
                yield company

    def _speaks_for(self, contact: Ref, company: Ref) -> bool:
        """A contact speaks for its primary company; one that has none, for every company that it is
        associated with.
        """
        primary = company_of(self._people[contact].fields.get(PRIMARY_COMPANY))
        return primary in {None, company}

    def _member(self, ref: Ref) -> Member:
        across = self._across.get(ref)
        record = self._people.get(across) if across else None
        account = str(record.fields.get(PARENT_ACCOUNT) or "") if record else ""
        settings = self._world.connection.contacts
        included = qualifies(self._people[ref], settings, self._included)
        is_synced = ref in self._synced and not is_frozen(settings, included=included)
        return Member(ref, across, account, included or is_synced)

    def _find_across(self, refs: Sequence[Ref]) -> None:
        """Find out with whom contacts of one side sync, or will sync: by their links, and those
        without one by their addresses.
        """
        new = [ref for ref in dict.fromkeys(refs) if ref not in self._across]
        if not new:
            return
        side = new[0].side
        links = self._linked(new)
        alone = [ref for ref in new if ref not in links]
        places = {
            ref: place
            for ref, link in links.items()
            if isinstance(place := link.on(side.other), Ref)
        }
        self._read(side, new if side is Side.HUBSPOT else alone)
        self._read(side.other, places.values())
        self._across |= places
        self._synced |= places.keys()
        self._find_by_address(side, alone)
        self._follow_conversions(side, new)

    def _find_by_address(self, side: Side, alone: Sequence[Ref]) -> None:
        addresses = {ref: _address(self._people[ref]) for ref in alone if ref in self._people}
        wanted = sorted({one for one in addresses.values() if one})
        if not wanted:
            return
        found = self._world.crm(side.other).find(wanted, _FIELDS[side.other])
        self._people.update((one.ref, one) for one in found if one.ref not in self._people)
        taken = self._linked([one.ref for one in found])
        leads = [
            place
            for link in taken.values()
            if isinstance(place := link.on(side), Ref) and place.object == LEAD
        ]
        self._read(side, leads)
        for ref, address in addresses.items():
            others = [
                one.ref
                for one in found
                if self._becomes(taken.get(one.ref), side) not in {None, ref}
            ]
            match = choose_match([one for one in found if _address(one) == address], others)
            if match and address:
                self._across[ref] = match.ref

    def _becomes(self, link: Link | None, side: Side) -> Ref | None:
        """Whose counterpart a linked record is on a side by now, as the lead of the link may have
        been converted; None for nobody's.
        """
        place = link.on(side) if link else None
        record = self._people.get(place) if isinstance(place, Ref) else None
        if record and record.successor:
            return record.successor
        return place if isinstance(place, Ref) else None

    def _follow_conversions(self, side: Side, refs: Iterable[Ref]) -> None:
        """Have the contacts of HubSpot whose lead was converted speak for the account of its
        contact (DUP-26).
        """
        heirs = {
            ref: heir
            for ref in refs
            if side is Side.HUBSPOT
            and (across := self._people.get(self._across.get(ref, ref)))
            and (heir := across.successor)
        }
        self._read(Side.SALESFORCE, heirs.values())
        self._across |= heirs

    def _read(self, side: Side, refs: Iterable[Ref]) -> None:
        new = [
            ref for ref in dict.fromkeys(refs) if ref not in self._asked and ref not in self._people
        ]
        if new:
            self._asked.update(new)
            self._people.update(self._world.crm(side).read(new, _FIELDS[side]))

    def _linked(self, refs: Sequence[Ref]) -> dict[Ref, Link]:
        found = self._world.links.find(self._world.connection.name, refs) if refs else {}
        return {ref: link for ref, link in found.items() if link.state is LinkState.ACTIVE}


def _address(record: Record) -> str:
    return normalise_email(record.fields.get(_EMAIL[record.ref.side]))
