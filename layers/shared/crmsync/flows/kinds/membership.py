"""The contacts of companies and accounts, by which these find their counterparts (DUP-2): for one
batch of companies and accounts without a link, everything read once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from crmsync.flows.engine.context import SyncContext
from crmsync.flows.kinds.counterparts import CounterpartIndex
from crmsync.model.crm_names import HUBSPOT_CONTACT, PARENT_ACCOUNT, PRIMARY_COMPANY
from crmsync.model.records import Ref, Side
from crmsync.rules.kinds.account.creation import Member
from crmsync.rules.kinds.contact.inclusion import is_frozen, needs_membership, qualifies
from crmsync.rules.merge.parents import account_of, company_of


class CompanyMembers:
    """The contacts of companies and accounts, and the counterparts that they vote for."""

    def __init__(self, context: SyncContext) -> None:
        """Read from `context`; nothing is read yet."""
        self._context = context
        self._index = CounterpartIndex(context)
        self._of_company: dict[Ref, tuple[Ref, ...]] = {}
        self._included: frozenset[Ref] = frozenset()

    def votes(self, refs: Sequence[Ref]) -> dict[Ref, Counter[Ref]]:
        """Company -> the accounts that its contacts belong to, and account -> the companies; each
        with the number of contacts. Raises `SyncError`.
        """
        companies = [ref for ref in refs if ref.side is Side.HUBSPOT]
        accounts = [ref for ref in refs if ref.side is Side.SALESFORCE]
        self._load(companies)
        votes: dict[Ref, Counter[Ref]] = {}
        for company in companies:
            named = (account_of(member.account) for member in self.members(company))
            votes[company] = Counter(account for account in named if account)
        if accounts:
            contacts = self._context.accounts.contacts_of([ref.id for ref in accounts])
            self._index.load(Side.SALESFORCE, [ref for refs in contacts.values() for ref in refs])
            for account in accounts:
                votes[account] = Counter(self._companies(contacts.get(account.id, ())))
        return votes

    def members(self, company: Ref) -> tuple[Member, ...]:
        """The contacts of a company whose votes were asked for, as the rules about creating
        accounts need them.
        """
        return tuple(
            self._member(ref)
            for ref in self._of_company.get(company, ())
            if self._votes_for(ref, company)
        )

    def _load(self, companies: Iterable[Ref]) -> None:
        """Read the contacts of companies and their counterparts."""
        new = [ref for ref in dict.fromkeys(companies) if ref not in self._of_company]
        if not new:
            return
        found = self._context.associations.of(new, HUBSPOT_CONTACT)
        self._of_company.update((ref, found.get(ref, ())) for ref in new)
        contacts = list(dict.fromkeys(ref for refs in found.values() for ref in refs))
        self._index.load(Side.HUBSPOT, contacts)
        settings = self._context.connection.contacts
        if contacts and needs_membership(settings):
            self._included |= self._context.lists.members(settings.inclusion_list, contacts)

    def _companies(self, contacts: Iterable[Ref]) -> Iterable[Ref]:
        """The company of each Salesforce contact's counterpart in HubSpot."""
        for ref in contacts:
            record = self._index.record(self._index.counterpart_of(ref) or ref)
            company = company_of(record.fields.get(PRIMARY_COMPANY)) if record else None
            if company:
                yield company

    def _votes_for(self, contact: Ref, company: Ref) -> bool:
        """Whether a contact counts for a company: its primary one, or if it has none, every company
        that it is associated with.
        """
        record = self._index.record(contact)
        return record is not None and (
            company_of(record.fields.get(PRIMARY_COMPANY)) in {None, company}
        )

    def _member(self, contact: Ref) -> Member:
        record = self._index.record(contact)
        counterpart = self._index.counterpart_of(contact)
        shown = self._index.record(counterpart) if counterpart else None
        account = str(shown.fields.get(PARENT_ACCOUNT) or "") if shown else ""
        settings = self._context.connection.contacts
        included = record is not None and qualifies(record, settings, self._included)
        is_synced = self._index.is_linked(contact) and not is_frozen(settings, included=included)
        return Member(contact, counterpart, account, included or is_synced)
