"""What surrounds the records of a CRM in memory: preferences, the recycle bin, lists, owners,
accounts by their domains.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from crmsync.errors import Refused
from crmsync.model.effects import DeleteRecord, OptOut
from crmsync.model.owners import Owners
from crmsync.model.records import Ref, Side
from crmsync.ports.crm import Outcome, Written
from crmsync.ports.listing import ChangedRecord
from crmsync.rules.fields.domains import host_of
from tests.memory.crm import MemoryCrm


class MemoryPreferences:
    """Implements `Preferences`: the set of addresses that are out of all e-mail, which shows on the
    contacts of `crm`.
    """

    def __init__(self, crm: MemoryCrm | None = None) -> None:
        """Nobody is out; unless it `shows` them at once, opt-outs are only kept. `asked` are the
        addresses in order.
        """
        self.opted_out: set[str] = set()
        self.requests: list[str] = []
        self.updates_contacts = True
        self._crm = crm

    def opt_out(self, effects: Sequence[OptOut]) -> Sequence[Outcome]:
        """As the port says."""
        return [self._opt_out(effect.email.lower()) for effect in effects]

    def _opt_out(self, address: str) -> Outcome:
        if "@" not in address:
            return Refused("The address is not valid.", code="VALIDATION_ERROR")
        self.opted_out.add(address)
        self.requests.append(address)
        if self._crm is not None and self.updates_contacts:
            for record in self._crm.find([address], {"contact": ()}):
                self._crm.edit(record.ref, {"hs_email_optout": "true"})
        return Written(Ref(Side.HUBSPOT, "contact", ""), {})


class MemoryDeleter:
    """Implements `Deleter` for the records of `crm`."""

    def __init__(self, crm: MemoryCrm) -> None:
        """Nothing was deleted yet."""
        self.deleted: list[Ref] = []
        self._crm = crm

    def delete(self, effects: Sequence[DeleteRecord]) -> Sequence[Outcome]:
        """As the port says."""
        for effect in effects:
            if effect.ref in self._crm.read([effect.ref], {}):
                self._crm.delete(effect.ref)
                self.deleted.append(effect.ref)
        return [Written(effect.ref, {}) for effect in effects]


class MemoryLists:
    """Implements `Lists`; whoever works beside us makes lists and puts contacts into them."""

    def __init__(self, *, now: Callable[[], datetime]) -> None:
        """No list; `now` is the clock."""
        self._now = now
        self._lists: dict[str, dict[Ref, datetime]] = {}

    def members(self, list_id: str, refs: Iterable[Ref]) -> frozenset[Ref]:
        """As the port says."""
        wanted = list(refs)
        return (
            frozenset(ref for ref in wanted if ref in self._list(list_id))
            if wanted
            else frozenset()
        )

    def joined_since(self, list_id: str, since: datetime) -> Iterator[Sequence[ChangedRecord]]:
        """As the port says, all on one page."""
        rows = sorted(self._list(list_id).items(), key=lambda row: row[1], reverse=True)
        page = [ChangedRecord(ref, at, deleted=False) for ref, at in rows if at >= since]
        if page:
            yield page

    def make(self, list_id: str = "") -> str:
        """A person makes a list; answers its id, which is a new one unless said."""
        made = list_id or str(77 + len(self._lists))
        self._lists[made] = {}
        return made

    def add_to_list(self, list_id: str, ref: Ref) -> None:
        """A person puts a contact into a list."""
        self._lists[list_id].setdefault(ref, self._now())

    def remove_from_list(self, list_id: str, ref: Ref) -> None:
        """A person takes a contact out of a list."""
        self._lists[list_id].pop(ref, None)

    def _list(self, list_id: str) -> dict[Ref, datetime]:
        if list_id not in self._lists:
            raise Refused(f"HubSpot has no list {list_id}.", code="LIST_NOT_FOUND")
        return self._lists[list_id]


class MemoryDirectory:
    """Implements `Directory`; what it knows may be changed."""

    def __init__(self, known: Owners | None = None) -> None:
        """Know these owners."""
        self.known = known or Owners()

    def owners(self) -> Owners:
        """As the port says."""
        return self.known


class MemoryCompanies:
    """Implements `Companies` for the companies of `crm`, without a lag."""

    def __init__(self, crm: MemoryCrm) -> None:
        """Look into `crm`."""
        self._crm = crm

    def companies_by_domain(self, domains: Iterable[str]) -> Mapping[str, str]:
        """As the port says."""
        return _one_each(self._crm, "company", "domain", domains)


class MemoryAccounts:
    """Implements `Accounts` for the accounts of `crm`."""

    def __init__(self, crm: MemoryCrm) -> None:
        """Look into `crm`."""
        self._crm = crm

    def accounts_by_domain(self, domains: Iterable[str]) -> Mapping[str, str]:
        """As the port says."""
        return _one_each(self._crm, "Account", "Website", domains)

    def contacts_of(self, accounts: Iterable[str]) -> Mapping[str, tuple[Ref, ...]]:
        """As the port says."""
        found: dict[str, list[Ref]] = {}
        for ref in sorted(self._crm.refs("Contact")):
            found.setdefault(str(self._crm.fields(ref).get("AccountId")), []).append(ref)
        return {account: tuple(found[account]) for account in accounts if account in found}

    def places(self) -> None:
        """The org takes any text."""

    def has_person_accounts(self) -> bool:
        """As the port says."""
        return self._crm.has_person_accounts


def _one_each(crm: MemoryCrm, name: str, field: str, domains: Iterable[str]) -> Mapping[str, str]:
    """Domain -> the id of the one record of the object that has it in the field."""
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
