"""Inclusion lists: who joins and leaves them, and what may cross while a contact is outside (INC-2,
INC-6, INC-7, INC-22, Q-22, Q-23, CH-17).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from crmsync.model.effects import OptOut
from crmsync.model.links import LinkState
from crmsync.model.records import Kind, Ref, Side
from crmsync.ports.crm import Outcome
from tests.memory import MemoryAssociations, MemoryLists, MemoryPreferences
from tests.simulation.world.owners import FIELD as OWNER_FIELD
from tests.simulation.world.watched import Entry, Ledger, WatchedCrm

if TYPE_CHECKING:
    from tests.simulation.world.deployment import Portal
    from tests.simulation.world.system import System

LIST = "77"
"""The only list of a HubSpot account."""

PERSONAL: Mapping[Side, frozenset[str]] = {
    Side.HUBSPOT: frozenset(
        {
            *("phone", "mobilephone", "fax", "jobtitle", "firstname", "lastname", "email"),
            OWNER_FIELD[Side.HUBSPOT],
        }
    ),
    Side.SALESFORCE: frozenset(
        {
            *("Phone", "MobilePhone", "Fax", "Title", "FirstName", "LastName", "Email"),
            *("HasOptedOutOfEmail", "AccountId", OWNER_FIELD[Side.SALESFORCE]),
        }
    ),
}
"""What must not cross while a contact is outside: everything but crmsync's own fields (Q-22)."""


class LiveLists(MemoryLists):
    """Lists in memory that show no contact that is gone."""

    def __init__(self, crm: WatchedCrm, *, now: Callable[[], datetime]) -> None:
        """One list without members."""
        super().__init__(now=now)
        self._crm = crm
        self.make(LIST)

    def _list(self, list_id: str) -> dict[Ref, datetime]:
        return {ref: at for ref, at in super()._list(list_id).items() if self._crm.is_live(ref)}


class WatchedAssociations(MemoryAssociations):
    """Associations in memory; the ledger knows which of those with deals crmsync made or ended."""

    def __init__(self, crm: WatchedCrm, ledger: Ledger) -> None:
        """Nothing is associated."""
        super().__init__(crm)
        self._ledger = ledger

    def add_association(
        self, one: Ref, other: Ref, *, primary: bool = False, ours: bool = False
    ) -> None:
        """Associate two records."""
        if ours:
            self._ledger.tie(one, other)
        super().add_association(one, other, primary=primary, ours=ours)

    def remove_association(self, one: Ref, other: Ref, *, ours: bool = False) -> None:
        """Remove an association."""
        if ours:
            self._ledger.tie(one, other)
        super().remove_association(one, other, ours=ours)


class WatchedPreferences(MemoryPreferences):
    """Subscriptions in memory; the ledger knows when crmsync asked for an opt-out."""

    def __init__(self, crm: WatchedCrm, ledger: Ledger) -> None:
        """Nobody is opted out."""
        super().__init__(crm)
        self._ledger = ledger

    def opt_out(self, effects: Sequence[OptOut]) -> Sequence[Outcome]:
        """As the port says."""
        for one in effects:
            self._ledger.ask(one.email.lower())
        return super().opt_out(effects)


def is_outside(system: System, portal: Portal, contact: Ref) -> bool:
    """Whether there is a list, and a contact is not in it."""
    return bool(system.setting.outside) and contact not in portal.lists.current(LIST)


def is_frozen(system: System, portal: Portal, contact: Ref) -> bool:
    """Whether nothing may cross between a contact and its counterpart (INC-7)."""
    return system.setting.outside != "sync" and is_outside(system, portal, contact)


def was_frozen(system: System, pair: tuple[Ref, Ref]) -> bool:
    """Whether a pair stayed as it was when it was linked, so that its two records met later."""
    linked = system.ledger.linked.get(pair, 0)
    return bool(system.setting.outside) and system.ledger.was_outside(pair[0], 0, linked)


def follow_merge(system: System, portal: Portal, gone: Sequence[Ref], survivor: Ref) -> None:
    """The survivor of a merge is in the list if one of the merged contacts was."""
    if system.setting.outside and any(one in portal.lists._lists[LIST] for one in gone):
        join(system, portal, survivor)


def join(system: System, portal: Portal, contact: Ref) -> None:
    """A contact joins the list, of which no webhook tells."""
    portal.lists.add_to_list(LIST, contact)
    system.ledger.move(contact, is_in=True)


def leave(system: System, portal: Portal, contact: Ref) -> None:
    """A contact leaves the list."""
    portal.lists.remove_from_list(LIST, contact)
    system.ledger.move(contact, is_in=False)


def outsiders(system: System) -> Iterator[str]:
    """Nothing crosses to or from a contact that is outside the list, and it gets no lead or contact in
    Salesforce. A worker that began before it left may not know that yet.
    """
    if not system.setting.outside:
        return
    for portal in system.portals:
        yield from _made(system, portal)
    if system.setting.outside == "sync":
        return
    for link in system.links.all:
        contact, person = link.hubspot, link.salesforce
        is_pair = link.kind is Kind.CONTACT and link.state is LinkState.ACTIVE
        if is_pair and isinstance(contact, Ref) and isinstance(person, Ref):
            yield from _written(system.ledger, contact, person)
            yield from _unsubscribed(system.ledger, contact, person)
            yield from _tied(system, link.connection, contact, person)


def _made(system: System, portal: Portal) -> Iterator[str]:
    """Leads and contacts that were made of contacts outside the list (INC-2)."""
    ledger = system.ledger
    for ref in system.salesforce._rows:
        born = ledger.rows[ref][0]
        key = ledger.key_of(ref, system.salesforce.behaviour.key).rpartition("-")[2]
        contact = Ref(Side.HUBSPOT, "contact", key)
        is_person = ref.object in {"Lead", "Contact"} and contact in portal.hubspot._rows
        if is_person and ledger.was_outside(contact, born.began, born.number):
            yield f"nobody outside the list syncs: {ref} was made of {contact}"


def _written(ledger: Ledger, contact: Ref, person: Ref) -> Iterator[str]:
    """What was written to either record of a pair after it had been linked (INC-7)."""
    linked = ledger.linked[contact, person]
    for ref in (contact, person):
        for one in ledger.rows[ref]:
            is_later = one.ours and one.field in PERSONAL[ref.side] and one.began > linked
            if is_later and ledger.was_outside(contact, one.began, one.number):
                yield f"nobody outside the list syncs: {ref}.{one.field} of {contact} was written"


def _unsubscribed(ledger: Ledger, contact: Ref, person: Ref) -> Iterator[str]:
    """Requests to unsubscribe the address that a contact had (Q-22)."""
    linked = ledger.linked[contact, person]
    for number, began, address in ledger.asked:
        holds = str(_at(ledger, contact, "email", number) or "").lower() == address
        if holds and began > linked and ledger.was_outside(contact, began, number):
            yield f"nobody outside the list syncs: {contact} was unsubscribed"


def _tied(system: System, connection: str, contact: Ref, person: Ref) -> Iterator[str]:
    """Contact roles and associations with deals that were made or ended (Q-22). A role counts for
    whom it named then, and for the account whose worker wrote it.
    """
    ledger = system.ledger
    linked = ledger.linked[contact, person]
    written = [(one.number, one.began) for one in _roles_written(ledger, connection, person)]
    written += [(number, began) for number, began, tied in ledger.ties if tied == contact]
    for number, began in written:
        if began > linked and ledger.was_outside(contact, began, number):
            yield f"nobody outside the list syncs: {contact} was tied or untied"


def _roles_written(ledger: Ledger, connection: str, person: Ref) -> Iterator[Entry]:
    for ref, entries in ledger.rows.items():
        if ref.object != "OpportunityContactRole":
            continue
        for one in entries:
            is_whole = one.ours and one.value in {"born", "gone"} and not one.field
            names = _at(ledger, ref, "ContactId", one.number)
            if is_whole and one.connection == connection and names == person.id:
                yield one


def _at(ledger: Ledger, ref: Ref, name: str, number: int) -> object:
    """What a field showed after the entry of this number."""
    shown = [one.value for one in ledger.rows[ref] if one.field == name and one.number <= number]
    return shown[-1] if shown else None
