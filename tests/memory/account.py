"""What belongs to the records of a CRM in memory: preferences, deletion, lists, owners, companies
and accounts by domain.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from crmsync.errors import Refused
from crmsync.model.crm_names import WHAT_ID, WHO_ID
from crmsync.model.effects import DeleteRecord, OptOut
from crmsync.model.kinds.owners import Owners
from crmsync.model.records import Ref, Side
from crmsync.ports.crm import Outcome, Written
from crmsync.ports.listing import ChangedRecord
from crmsync.rules.fields.domains import host_of
from tests.memory.crm import MemoryCrm


class MemoryPreferences:
    """Implements `Preferences`: a set of addresses that are opted out, which shows on the contacts
    of `crm`.
    """

    def __init__(self, crm: MemoryCrm | None = None) -> None:
        """No address is opted out.

        Attributes: `requests` has the addresses in order. With `updates_contacts` off, opt-outs do
        not show on contacts.
        """
        self.opted_out: set[str] = set()
        self.requests: list[str] = []
        self.updates_contacts = True
        self._crm = crm

    def opt_out(self, effects: Sequence[OptOut]) -> Sequence[Outcome]:
        """See the port."""
        return [self._opt_out(effect.email.lower()) for effect in effects]

    def _opt_out(self, address: str) -> Outcome:
        if "@" not in address:
            return Refused("The address is not valid.", code="VALIDATION_ERROR")
        self.opted_out.add(address)
        self.requests.append(address)
        if self._crm is not None and self.updates_contacts:
            for record in self._crm.find([address], {"contact": ("hs_email_optout",)}):
                if record.fields.get("hs_email_optout") != "true":
                    self._crm.edit(record.ref, {"hs_email_optout": "true"})
        return Written(Ref(Side.HUBSPOT, "contact", ""), {})


class MemoryDeleter:
    """Implements `Deleter` for the records of `crm`."""

    def __init__(self, crm: MemoryCrm) -> None:
        """No record is deleted."""
        self.deleted: list[Ref] = []
        self._crm = crm

    def delete(self, effects: Sequence[DeleteRecord]) -> Sequence[Outcome]:
        """See the port."""
        for effect in effects:
            if effect.ref in self._crm.read([effect.ref], {}):
                self._crm.delete(effect.ref, ours=True)
                self.deleted.append(effect.ref)
        return [Written(effect.ref, {}) for effect in effects]


class MemoryActivityBin(MemoryDeleter):
    """Implements `ActivityBin` for the tasks and events of `crm`."""

    def in_bin(self, refs: Iterable[Ref]) -> Mapping[Ref, frozenset[str]]:
        """See the port."""
        self._crm.calls["in_bin"] += 1
        found: dict[Ref, frozenset[str]] = {}
        for ref in refs:
            if ref in self._crm.recycle_bin(ref.object):
                fields = self._crm.fields(ref, deleted_too=True)
                about = (fields.get(name) for name in (WHO_ID, WHAT_ID))
                found[ref] = frozenset(str(one) for one in about if one)
        return found


class MemoryLists:
    """Implements `Lists`; tests create lists and change their members."""

    def __init__(self, *, now: Callable[[], datetime]) -> None:
        """There are no lists; `now` is the clock."""
        self._now = now
        self._lists: dict[str, dict[Ref, datetime]] = {}
        self.changes: dict[str, int] = {}
        """How often members of each list have joined or left."""

    def current(self, list_id: str) -> Sequence[Ref]:
        """The contacts in a list."""
        return list(self._list(list_id))

    def members(self, list_id: str, refs: Iterable[Ref]) -> frozenset[Ref]:
        """See the port."""
        wanted = list(refs)
        return (
            frozenset(ref for ref in wanted if ref in self._list(list_id))
            if wanted
            else frozenset()
        )

    def joined_since(self, list_id: str, since: datetime) -> Iterator[Sequence[ChangedRecord]]:
        """See the port, all on one page."""
        rows = sorted(self._list(list_id).items(), key=lambda row: row[1], reverse=True)
        page = [ChangedRecord(ref, at, deleted=False) for ref, at in rows if at >= since]
        if page:
            yield page

    def make(self, list_id: str = "") -> str:
        """Create a list; return its id, which is new unless given."""
        made = list_id or str(77 + len(self._lists))
        self._lists[made] = {}
        self.changes[made] = 0
        return made

    def add_to_list(self, list_id: str, ref: Ref) -> None:
        """Add a contact to a list."""
        self._lists[list_id].setdefault(ref, self._now())
        self.changes[list_id] += 1

    def remove_from_list(self, list_id: str, ref: Ref) -> None:
        """Remove a contact from a list."""
        self._lists[list_id].pop(ref, None)
        self.changes[list_id] += 1

    def _list(self, list_id: str) -> dict[Ref, datetime]:
        if list_id not in self._lists:
            raise Refused(f"HubSpot has no list {list_id}.", code="LIST_NOT_FOUND")
        return self._lists[list_id]


class MemoryDirectory:
    """Implements `Directory`; `known` may be changed."""

    def __init__(self, known: Owners | None = None) -> None:
        """Return these owners."""
        self.known = known or Owners()

    def owners(self) -> Owners:
        """See the port."""
        return self.known


class MemoryCompanies:
    """Implements `Companies` for the companies of `crm`, without a lag."""

    def __init__(self, crm: MemoryCrm) -> None:
        """Search in `crm`."""
        self._crm = crm

    def companies_by_domain(self, domains: Iterable[str]) -> Mapping[str, str]:
        """See the port."""
        return _by_domain(self._crm, "company", "domain", domains)


class MemoryAccounts:
    """Implements `Accounts` for the accounts of `crm`."""

    def __init__(self, crm: MemoryCrm) -> None:
        """Search in `crm`."""
        self._crm = crm

    def accounts_by_domain(self, domains: Iterable[str]) -> Mapping[str, str]:
        """See the port."""
        return _by_domain(self._crm, "Account", "Website", domains)

    def contacts_of(self, accounts: Iterable[str]) -> Mapping[str, tuple[Ref, ...]]:
        """See the port."""
        found: dict[str, list[Ref]] = {}
        for ref in sorted(self._crm.refs("Contact")):
            found.setdefault(str(self._crm.fields(ref).get("AccountId")), []).append(ref)
        return {account: tuple(found[account]) for account in accounts if account in found}

    def leads_of(self, contacts: Iterable[Ref]) -> Mapping[Ref, tuple[Ref, ...]]:
        """See the port."""
        self._crm.calls["leads_of"] += 1
        found: dict[str, list[Ref]] = {}
        for ref in sorted(self._crm.refs("Lead")):
            found.setdefault(str(self._crm.fields(ref).get("ConvertedContactId")), []).append(ref)
        return {one: tuple(found[one.id]) for one in contacts if one.id in found}

    def places(self) -> None:
        """The org has no lists of countries and states."""

    def has_person_accounts(self) -> bool:
        """See the port."""
        return self._crm.has_person_accounts


def _by_domain(crm: MemoryCrm, name: str, field: str, domains: Iterable[str]) -> Mapping[str, str]:
    """Return the id of the only record with each domain in the field."""
    holders: dict[str, list[str]] = {}
    for ref in crm.refs(name):
        if crm.fields(ref).get("LastName"):
            continue  # a person account
        holders.setdefault(host_of(str(crm.fields(ref).get(field) or "")), []).append(ref.id)
    wanted = [domain.strip().lower() for domain in domains]
    return {
        domain: holders[domain][0]
        for domain in wanted
        if domain and len(holders.get(domain, ())) == 1
    }
