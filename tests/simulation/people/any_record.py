"""What people do to records of every kind: edit, delete, restore, merge, and give to others."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from crmsync.model.changes import Cause
from crmsync.model.records import Side
from tests.simulation.histories.steps import News, Person
from tests.simulation.people.fields import value_of
from tests.simulation.people.records import contacts, crm_of, holder, one_of, portal_of, records
from tests.simulation.world.lists import follow_merge
from tests.simulation.world.owners import FIELD as OWNER_FIELD
from tests.simulation.world.owners import chosen
from tests.simulation.world.system import System


def edit(kind: str, table: Mapping[Side, Mapping[str, str]]) -> Callable[[System, Person], bool]:
    def edit(system: System, step: Person) -> bool:
        ref = one_of(records(system, step, kind), step.who)
        names = sorted(table[step.side])
        name = step.what if step.what in names else names[0]
        crm = crm_of(system, step)
        if ref is None:
            return False
        value = value_of(name, step.value)
        field = table[step.side][name]
        if str(crm.fields(ref).get(field)) == str(value):
            return False
        crm.edit(
            ref,
            {
                field: float(value)
                if name == "amount" and value and step.side is Side.SALESFORCE
                else value
            },
        )
        system.tell(ref, news=step.news)
        return True

    return edit


def delete(kind: str) -> Callable[[System, Person], bool]:
    def delete(system: System, step: Person) -> bool:
        ref, crm = one_of(records(system, step, kind), step.who), crm_of(system, step)
        if ref is None:
            return False
        before = {one for one in crm._rows if crm.is_live(one)}
        if ref.object == "company":
            ties = portal_of(system, step).associations
            system.without_company |= {
                one for one in contacts(portal_of(system, step)) if ties.primary(one) == ref
            }
        forgets = step.what == "forget" and step.side is Side.HUBSPOT and kind == "person"
        (crm.purge if forgets else crm.delete)(ref)
        system.forgotten |= {ref} if forgets else set()
        for one in sorted(one for one in before if not crm.is_live(one)):
            cause = Cause.FORGOTTEN if forgets else Cause.DELETED
            # HubSpot repeats a call for a day, and a person's right to be forgotten is no edit.
            system.tell(one, cause, News.LATE if forgets and step.news is News.LOST else step.news)
        return True

    return delete


def undelete(system: System, step: Person) -> bool:
    crm = crm_of(system, step)
    gone = [
        ref
        for ref, row in crm._rows.items()
        if row.is_deleted and ref not in crm._merged and ref not in crm._purged
        if row.deleted_with_record is None and ref.object != "OpportunityContactRole"
    ]
    ref = one_of(gone, step.who)
    if ref is None:
        return False
    if step.side is Side.HUBSPOT and ref.object == "contact":
        # HubSpot restores no contact while another one has an address of it.
        portal = portal_of(system, step)
        if any(holder(portal, address) for address in crm._addresses(crm._rows[ref])):
            return False
    before = {one for one in crm._rows if crm.is_live(one)}
    crm.restore(ref)
    for one in sorted(one for one in crm._rows if crm.is_live(one) and one not in before):
        system.tell(one, Cause.RESTORED, News.LATE if step.news is News.LOST else step.news)
    return True


def merge(kind: str) -> Callable[[System, Person], bool]:
    def merge(system: System, step: Person) -> bool:
        found = records(system, step, kind)
        winner = one_of(found, step.who)
        alike = [ref for ref in found if winner and ref != winner and ref.object == winner.object]
        loser = one_of(alike, step.other)
        if winner is None or loser is None:
            return False
        crm = crm_of(system, step)
        moved = [child for child, _ in crm._children_of(loser)]
        survivor = crm.merge(winner, loser)
        system.merged[winner] = system.merged[loser] = survivor
        if survivor.object == "contact":
            follow_merge(system, portal_of(system, step), (winner, loser), survivor)
        for ref in dict.fromkeys((survivor, winner, loser, *moved)):
            system.tell(ref, news=step.news)
        return True

    return merge


def give(kind: str) -> Callable[[System, Person], bool]:
    """A record gets another owner; in HubSpot perhaps none."""

    def give(system: System, step: Person) -> bool:
        ref, crm = one_of(records(system, step, kind), step.who), crm_of(system, step)
        if ref is None:
            return False
        owner = chosen(step.side, step.value)
        before = crm.owner_of(ref) if step.side is Side.SALESFORCE else None
        if (before or crm.fields(ref).get(OWNER_FIELD[step.side])) == owner:
            return False
        crm.edit(ref, {OWNER_FIELD[step.side]: owner})
        system.tell(ref, news=step.news)
        return True

    return give
