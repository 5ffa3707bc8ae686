"""Who is in which company and in which account, for one batch of companies and accounts without a link. Everything is asked once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from crmsync.flows.world import World
from crmsync.model.links import Link, LinkState
from crmsync.model.records import Record, Ref
from crmsync.rules.account_births import Member
from crmsync.rules.inclusion import STAGE, is_frozen, needs_membership, qualifies
from crmsync.rules.parents import HUBSPOT_FIELD, SALESFORCE_FIELD, account_of, company_of

CONTACT = "contact"

_CONTACT_FIELDS = {CONTACT: (HUBSPOT_FIELD, STAGE)}
_ACCOUNT_FIELDS = {"Contact": (SALESFORCE_FIELD,)}


class Membership:
    """The contacts of companies and accounts, as far as they decide which of these belong together."""

    def __init__(self, world: World) -> None:
        """Ask `world`; nothing is read yet."""
        self._world = world
        self._of_company: Mapping[Ref, tuple[Ref, ...]] = {}
        self._contacts: dict[Ref, Record] = {}
        self._links: dict[Ref, Link] = {}
        self._accounts: dict[Ref, str] = {}
        self._included: frozenset[Ref] = frozenset()

    def look_at(self, companies: Sequence[Ref]) -> None:
        """Read the contacts of companies, their links, and the accounts of the Salesforce contacts that they sync with."""
        if not companies:
            return
        self._of_company = self._world.associations.of(companies, CONTACT)
        refs = list(dict.fromkeys(ref for refs in self._of_company.values() for ref in refs))
        self._contacts = dict(self._world.hubspot.read(refs, _CONTACT_FIELDS))
        self._links = self._linked(refs)
        if refs and needs_membership(self._world.connection.contacts):
            list_id = self._world.connection.contacts.inclusion_list
            self._included = self._world.lists.members(list_id, refs)
        across = [place for link in self._links.values() if isinstance(place := link.salesforce, Ref)]
        contacts = [ref for ref in across if ref.object == "Contact"]
        read = self._world.salesforce.read(contacts, _ACCOUNT_FIELDS) if contacts else {}
        self._accounts = {ref: str(one.fields.get(SALESFORCE_FIELD) or "") for ref, one in read.items()}

    def members(self, company: Ref) -> tuple[Member, ...]:
        """The contacts of a company, as the rules about making accounts want them."""
        refs = (ref for ref in self._of_company.get(company, ()) if ref in self._contacts)
        return tuple(self._member(ref) for ref in refs if self._speaks_for(ref, company))

    def votes_for(self, company: Ref) -> Counter[Ref]:
        """The accounts that the contacts of a company name, each as often as it is named (DUP-2)."""
        named = (account_of(member.account) for member in self.members(company))
        return Counter(ref for ref in named if ref)

    def votes_of_accounts(self, accounts: Sequence[Ref]) -> dict[Ref, Counter[Ref]]:
        """The companies that the contacts of each account name through their links, each as often as it is named (DUP-2)."""
        if not accounts:
            return {}
        of_account = self._world.accounts.contacts_of([ref.id for ref in accounts])
        links = self._linked([ref for refs in of_account.values() for ref in refs])
        contacts = [place for link in links.values() if isinstance(place := link.hubspot, Ref)]
        read = self._world.hubspot.read(contacts, _CONTACT_FIELDS) if contacts else {}
        companies = {
            ref: company_of(read[place].fields.get(HUBSPOT_FIELD))
            for ref, link in links.items()
            if isinstance(place := link.hubspot, Ref) and place in read
        }
        return {
            account: Counter(one for ref in of_account.get(account.id, ()) if (one := companies.get(ref)))
            for account in accounts
        }

    def _speaks_for(self, contact: Ref, company: Ref) -> bool:
        """A contact speaks for its primary company; one that has none, for every company that it is associated with."""
        primary = company_of(self._contacts[contact].fields.get(HUBSPOT_FIELD))
        return primary in {None, company}

    def _member(self, ref: Ref) -> Member:
        link = self._links.get(ref)
        across = link.salesforce if link and isinstance(link.salesforce, Ref) else None
        settings = self._world.connection.contacts
        included = qualifies(self._contacts[ref], settings, self._included)
        return Member(
            ref,
            across,
            self._accounts.get(across, "") if across else "",
            included or (across is not None and not is_frozen(settings, included=included)),
        )

    def _linked(self, refs: Iterable[Ref]) -> dict[Ref, Link]:
        wanted = list(dict.fromkeys(refs))
        found = self._world.links.find(self._world.connection.name, wanted) if wanted else {}
        return {ref: link for ref, link in found.items() if link.state is LinkState.ACTIVE}
