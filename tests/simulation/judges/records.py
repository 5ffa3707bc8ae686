"""Whether every record is linked or told of, once, and none came back."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

from crmsync.model.effects import Category
from crmsync.model.records import Kind, Ref, Side
from crmsync.rules.pair.reports import privacy_place
from tests.simulation.judges.creation import stays_alone
from tests.simulation.judges.pairs import Wrong, is_widowed, pairs
from tests.simulation.people.records import contacts, people
from tests.simulation.world.deployment import Portal
from tests.simulation.world.lists import is_frozen
from tests.simulation.world.system import System


def living(system: System) -> Wrong:
    """A living link joins two records that are there, and each record is in one at most."""
    for portal in system.portals:
        held: Counter[Ref] = Counter()
        for _, here, there in pairs(system, portal):
            held.update((here, there))
            for ref, crm in ((here, portal.hubspot), (there, system.salesforce)):
                if not crm.is_live(ref):
                    yield f"links are true: a living link names {ref}, which is gone"
                elif crm.fields(ref).get("IsConverted"):
                    yield f"links are true: a living link names {ref}, which is converted"
        yield from (f"links are true: {ref} is linked twice" for ref, n in held.items() if n > 1)


def named(system: System) -> Wrong:
    """The records of a living pair show each other's ids (DUP-24). One of a Salesforce record that
    another account filled stays (TEN-1), and one that a converted lead keeps is given nobody else.
    """
    crm = system.salesforce
    kept = {
        crm.fields(lead).get("Crmsync_HubSpot_Id__c")
        for lead in crm.refs("Lead")
        if crm.fields(lead).get("IsConverted")
    }
    for portal in system.portals:
        for link, here, there in pairs(system, portal):
            if link.kind is Kind.ACTIVITY or is_frozen(system, portal, here):
                continue
            key = f"{portal.connection.hubspot.portal_id}-{here.id}"
            shown = str(crm.fields(there).get("Crmsync_HubSpot_Id__c") or "")
            is_ours = not shown or shown.partition("-")[0] == key.partition("-")[0]
            if portal.hubspot.fields(here).get("crmsync_salesforce_id") != there.id:
                yield f"pairs name each other: {here} does not show {there.id}"
            if shown != key and is_ours and key not in kept:
                yield f"pairs name each other: {there} does not show {key}"


def complete(system: System) -> Wrong:
    """Every record that syncs is linked, or told of; nothing waits without an end."""
    for name, queue in system.queues.items():
        if queue.waiting:
            yield f"everything is finished: {len(queue.waiting)} messages wait for {name}"
        if queue.dead:
            yield f"everything is finished: {len(queue.dead)} dead letters of {name}"
    for portal in system.portals:
        yield from _alone(system, portal)
        for one in system.inbox.parked(portal.name):
            if one.category in {Category.UNAVAILABLE, Category.INTERNAL}:
                yield f"everything is finished: {one.ref} is still {one.category}: {one.text}"


def _alone(system: System, portal: Portal) -> Wrong:
    """Records that are neither linked nor told of, and those that are gone and told of."""
    told = {one.ref for one in system.inbox.parked(portal.name)}
    linked = {
        place
        for link in system.links.all
        if link.connection == portal.name
        for place in (link.hubspot, link.salesforce)
    }
    everyone = {
        *contacts(portal),
        *people(system),
        *portal.hubspot.refs("deal"),
        *(ref for name in ("Account", "Opportunity") for ref in system.salesforce.refs(name)),
    }
    for ref in sorted(everyone - linked - told):
        is_left = is_widowed(system, portal, ref) and not _gets_another(system, portal, ref)
        if not is_left and not stays_alone(system, portal, ref):
            yield f"everything is finished: {ref} is neither linked nor told of"
    for ref in sorted(told - everyone):
        if ref.object in {"contact", "deal", "Lead", "Contact", "Account", "Opportunity"}:
            yield f"everything is finished: {ref} is gone and still told of"


def _gets_another(system: System, portal: Portal, ref: Ref) -> bool:
    """Whether crmsync itself has deleted the record of HubSpot that this one names, because of it:
    if it is there it was taken out of the recycle bin, and gets another one (DEL-1, Q-30).
    """
    named = str(system.salesforce.fields(ref).get("Crmsync_HubSpot_Id__c") or "").rpartition("-")[2]
    return any(
        [one.ours for one in system.ledger.rows[gone] if one.value == "gone"][-1:] == [True]
        for gone in portal.hubspot._rows
        if gone.id == named and ref.side is Side.SALESFORCE
    )


def single(system: System) -> Wrong:
    """Nothing was made twice: by address, and by what it was made of."""
    for portal in system.portals:
        crm = portal.hubspot
        held = Counter(one for ref in contacts(portal) for one in crm._addresses(crm._rows[ref]))
        yield from (f"no duplicate: {n} contacts have one address" for n in held.values() if n > 1)
    made: dict[str, list[Ref]] = {}
    for address, refs in _by_address(system).items():
        for ref in refs:
            entries = system.ledger.rows[ref]
            key = system.ledger.key_of(ref, system.salesforce.behaviour.key).rpartition("-")[2]
            # Two leads of two contacts that were merged since are left alone.
            is_merged = any(one.id == key for one in system.merged)
            # A person may have made the record without an address, or converted a lead into it.
            is_made = any(one.ours and one.value == "born" for one in entries if not one.field)
            given = [one.ours for one in entries if one.field == "Email"]
            if is_made and given == [True] and not is_merged:
                made.setdefault(address, []).append(ref)
    for refs in made.values():
        left = [
            ref
            for ref in refs
            if not _came_back_beside(system, ref, refs) and not _made_too_late(system, ref)
        ]
        if len(left) > 1:
            yield f"no duplicate: crmsync made {', '.join(map(str, left))} of one address"


def _came_back_beside(system: System, ref: Ref, others: list[Ref]) -> bool:
    """Whether a person restored a record after crmsync had made another one of the address."""
    rows = system.ledger.rows
    back = [one.number for one in rows[ref] if one.value == "back" and not one.field]
    born = [one.number for other in others if other != ref for one in rows[other][:1]]
    is_excused = any(first < last for first in born for last in back)
    system.seen["excused: a record was restored beside another"] += is_excused
    return is_excused


def _made_too_late(system: System, ref: Ref) -> bool:
    """Whether a record was made of a contact that had been deleted after its worker had read it,
    and is reported, as it must be while a contact of HubSpot has its address (CH-13).
    """
    born = system.ledger.rows[ref][0]
    key = system.ledger.key_of(ref, system.salesforce.behaviour.key).rpartition("-")[2]
    contact = Ref(Side.HUBSPOT, "contact", key)
    ended = [one.number for one in system.ledger.rows.get(contact, ()) if one.value == "gone"]
    if not ended or not born.read_of(contact) < ended[-1] < born.number:
        return False
    told = {one.ref for portal in system.portals for one in system.inbox.parked(portal.name)}
    if told & {ref, privacy_place(ref)}:
        system.seen["excused: made while its contact was deleted, and reported"] += 1
        return True
    address = str(system.salesforce.fields(ref)["Email"]).lower()
    is_taken = any(
        address in portal.hubspot._addresses(portal.hubspot._rows[one])
        for portal in system.portals
        for one in contacts(portal)
    )
    system.seen["excused: made while its contact was deleted, without another"] += not is_taken
    return not is_taken


def _by_address(system: System) -> dict[str, list[Ref]]:
    found: dict[str, list[Ref]] = {}
    for ref in people(system):
        address = str(system.salesforce.fields(ref).get("Email") or "").lower()
        if address:
            found.setdefault(address, []).append(ref)
    return found


def dead(system: System) -> Wrong:
    """What crmsync made of a record, it made once: what a person deleted does not come back, unless
    the record that it was made of was undeleted.

    Excused is a worker that began before the first one was linked: it cannot know of it, and a
    record that is gone refuses no other of the same key.
    """
    restored = Counter(ref.id for ref in system.ledger.rows if system.ledger.was_back(ref))
    for crm in (system.salesforce, *(portal.hubspot for portal in system.portals)):
        made: dict[tuple[str, str], list[Ref]] = {}
        for ref in crm._rows:
            key = system.ledger.key_of(ref, crm.behaviour.key)
            if key:
                made.setdefault((ref.object, key), []).append(ref)
        for (name, key), refs in made.items():
            known = [
                later
                for earlier, later in pairwise(refs)
                if system.ledger.linked_at(earlier) <= system.ledger.rows[later][0].began
            ]
            system.seen["excused: made before the first one was linked"] += (
                len(refs) - 1 - len(known)
            )
            if len(known) > restored[key.rpartition("-")[2]]:
                yield f"no resurrected record: {name} {key} was made {len(refs)} times"


def forgotten(system: System) -> Wrong:
    """No lead or contact makes a contact again that was deleted for privacy (CH-9), nor does the
    contact that its lead became (DUP-26).
    """
    for portal in system.portals:
        crm = portal.hubspot
        for gone in sorted(system.forgotten & crm._rows.keys()):
            ended = max(one.number for one in system.ledger.rows[gone] if one.value == "gone")
            left = {there: at for (here, there), at in system.ledger.linked.items() if here == gone}
            became = {_contact_of(system, lead): max(at, ended) for lead, at in left.items()}
            since = became | {there.id: ended for there in left}
            for ref in crm.refs("contact"):
                key = system.ledger.key_of(ref, crm.behaviour.key)
                if key in since and system.ledger.rows[ref][0].began > since[key]:
                    yield f"forgotten people stay forgotten: {ref} was made of {key} after {gone}"


def _contact_of(system: System, lead: Ref) -> str | None:
    """The id of the contact that a lead was converted to."""
    row = system.salesforce._rows.get(lead)
    return str(row.fields["ConvertedContactId"]) if row and row.fields.get("IsConverted") else None
