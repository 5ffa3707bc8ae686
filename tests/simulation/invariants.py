"""What must hold at the end of every history, by name."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from itertools import pairwise

from crmsync.model.effects import Category
from crmsync.model.fields import Update
from crmsync.model.links import Link, LinkState
from crmsync.model.names import TASK_COUNT
from crmsync.model.records import Kind, Ref, Side
from crmsync.rules.fields.values import compared_format
from crmsync.rules.merge.baseline import key_of
from crmsync.rules.merge.loops import LIMIT
from crmsync.rules.pair.reports import FIELD_LOOP, privacy_place
from tests.simulation.deployment import Portal
from tests.simulation.lists import is_frozen, outsiders, stays_alone, was_frozen
from tests.simulation.oracle import Row, course_of, judge
from tests.simulation.owners import FIELD, IN_HUBSPOT, SHOWN_ID, SHOWN_NAME, name_of
from tests.simulation.people import (
    CANARY,
    COMPANY_FIELDS,
    DEAL_FIELDS,
    PERSON_FIELDS,
    contacts,
    people,
)
from tests.simulation.system import System
from tests.simulation.undo import wrongly_put_back
from tests.simulation.waits import RETRIED

TABLES = {Kind.CONTACT: PERSON_FIELDS, Kind.ACCOUNT: COMPANY_FIELDS, Kind.OPPORTUNITY: DEAL_FIELDS}
Wrong = Iterator[str]

BACK = "excused: taken out of a recycle bin"
"""HubSpot does not say whether what is restored keeps its associations."""

DELETED_COMPANY = "excused: its company was deleted"
"""By default an association that is gone on one side stays on the other (Q-29)."""


def rows_of(system: System, kind: Kind) -> list[Row]:
    """The field pairs of a kind, with their policies."""
    policies = dict(system.setting.policies)
    table = TABLES[kind]
    return [
        Row(
            table[Side.HUBSPOT][name],
            table[Side.SALESFORCE][name],
            policies.get(name, "two_way") if kind is Kind.CONTACT else "two_way",
        )
        for name in table[Side.HUBSPOT]
    ]


ADDRESS = Row("email", "Email")
OWNER = Row(FIELD[Side.HUBSPOT], FIELD[Side.SALESFORCE], "owner", IN_HUBSPOT)


def pairs(system: System, portal: Portal) -> list[tuple[Link, Ref, Ref]]:
    """The living pairs of a connection."""
    found = []
    for link in system.links.all:
        if link.connection == portal.name and link.state is LinkState.ACTIVE:
            assert isinstance(link.hubspot, Ref)
            assert isinstance(link.salesforce, Ref)
            found.append((link, link.hubspot, link.salesforce))
    return found


Version = tuple[str, Ref, int]
"""A pair by connection and HubSpot record, with the version of its link."""


def versions(system: System) -> frozenset[Version]:
    """All pairs."""
    return frozenset(
        (portal.name, here, link.version)
        for portal in system.portals
        for link, here, _ in pairs(system, portal)
    )


def without_new_mappings(system: System) -> frozenset[Version]:
    """Those of the pairs that were not read since a mapping was pushed: the next read notes what both
    sides show in its fields (MAP-6).
    """
    found = []
    for portal in system.portals:
        fields = portal.connection.contacts.field
        rows = [row for row in fields if row.since and row.update is not Update.NEVER]
        keys = [key_of(row.hubspot, compared_format(row, Side.HUBSPOT)) for row in rows]
        found += [
            (portal.name, here, link.version)
            for link, here, _ in pairs(system, portal)
            if link.kind is Kind.CONTACT and not all(map(link.hubspot_base.knows, keys))
        ]
    return frozenset(found)


def values(system: System) -> Wrong:
    """Both sides agree by the rules, and no person's edit was lost."""
    survivors = set(system.merged.values())
    for portal in system.portals:
        parked = {one.ref for one in system.inbox.parked(portal.name)}
        stopped = stopped_fields(system, portal)
        for link, here, there in pairs(system, portal):
            if link.kind is Kind.CONTACT and is_frozen(system, portal, here):
                continue
            for row in rows_of(system, link.kind):
                if link.kind is Kind.CONTACT and (portal.name, row.hubspot) in system.pushed:
                    # What was edited under another policy stands as that one had it (MAP-6).
                    system.seen["excused: another policy was pushed"] += 1
                elif (here, row.hubspot) in stopped:
                    yield from _is_a_loop(system, here, there, row)
                else:
                    is_restarted = bool({here, there} & survivors)
                    is_restarted |= was_frozen(system, (here, there))
                    yield from _judged(system, portal, (here, there), row, restarted=is_restarted)
            if link.kind is Kind.CONTACT:
                address = portal.hubspot.fields(here).get("email")
                other = str(system.salesforce.fields(there).get("Email") or "").lower() or None
                is_apart = address != other and here not in parked
                if is_apart and not _is_dropped(system, portal, (here, there), ADDRESS):
                    yield f"both sides agree: {here} and {there} have different addresses"


def _judged(
    system: System, portal: Portal, pair: tuple[Ref, Ref], row: Row, *, restarted: bool
) -> Wrong:
    """What the oracle finds wrong with a field of a pair."""
    here, there = pair
    course = course_of(system.ledger, pair, row, restarted=restarted, connection=portal.name)
    found = judge(course, row)
    if found and _is_dropped(system, portal, pair, row):
        system.seen["dropped, and different since"] += 1
        return
    for reason, count in (+course.excused).items():
        system.seen[f"excused: {reason}"] += count
    for one in found:
        yield f"{one.name}: {here} and {there}, {row.hubspot} ({row.policy}): {one.text}"


def _is_dropped(system: System, portal: Portal, pair: tuple[Ref, Ref], row: Row) -> bool:
    """Whether the operator has dropped what a person did to a field: then both sides stay as they
    are until somebody edits one of them (Q-30).
    """
    ledger = system.ledger
    names = {ref: row.on(ref.side) for ref in pair}
    entries = [one for ref in pair for one in ledger.rows[ref] if one.field == names[ref]]
    return any(
        one.ref.side.other in drop.sides and not one.ours and one.number <= drop.done
        for drop in ledger.drops
        if drop.connection == portal.name and drop.ref in pair
        if not any(it.number > (drop.decided if it.ours else drop.done) for it in entries)
        for one in entries
    )


def stopped_fields(system: System, portal: Portal) -> set[tuple[Ref, str]]:
    """The contacts and properties that the loop breaker has stopped (CH-5)."""
    return {
        (one.ref, name)
        for one in system.inbox.parked(portal.name)
        if one.code == FIELD_LOOP
        for name in one.fieldname.split(", ")
    }


def _is_a_loop(system: System, here: Ref, there: Ref, row: Row) -> Wrong:
    """Whether a stopped field was written often enough to be stopped, in the records that were
    converted into these or merged into them as well.
    """
    system.seen["the loop breaker stopped a field"] += 1
    names = {here: row.hubspot, there: row.salesforce}
    for old in system.merged:
        now = old
        while system.merged.get(now, now) != now:
            now = system.merged[now]
        if now in {here, there}:
            names[old] = row.on(old.side)
    written = sum(
        one.ours and one.field == names[ref] for ref in names for one in system.ledger.rows[ref]
    )
    if written < LIMIT:
        yield (
            f"only loops are stopped: {here} and {there}, {row.hubspot} was written {written} times"
        )


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


def prompt(system: System) -> Wrong:
    """Whatever waits follows soon after nothing stands in its way, no record is given up because a
    side is down, and one that was given up otherwise is tried again within hours (RTY-1).
    """
    for (_, ref), waited in system.waits.late.items():
        minutes = waited // timedelta(minutes=1)
        yield f"changes follow soon: {ref} waited {minutes} minutes with nothing in its way"
    for _, ref in sorted(system.inbox.given_up):
        yield f"changes follow soon: {ref} was given up because a side was down"
    for ref in system.unavailable:
        yield f"changes follow soon: {ref} is still unavailable after {RETRIED}"


def still_unavailable(system: System) -> list[Ref]:
    """The records that were given up and not tried with success since."""
    return [
        one.ref
        for portal in system.portals
        for one in system.inbox.parked(portal.name)
        if one.category is Category.UNAVAILABLE
    ]


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
        if not _is_widowed(system, portal, ref) and not stays_alone(system, portal, ref):
            yield f"everything is finished: {ref} is neither linked nor told of"
    for ref in sorted(told - everyone):
        if ref.object in {"contact", "deal", "Lead", "Contact", "Account", "Opportunity"}:
            yield f"everything is finished: {ref} is gone and still told of"


def _is_widowed(system: System, portal: Portal, ref: Ref) -> bool:
    """Whether a record names a counterpart of this connection that is gone: an edit does not bring
    that one back.
    """
    crm = portal.hubspot if ref.side is Side.HUBSPOT else system.salesforce
    fields = crm.fields(ref)
    named = str(fields.get("crmsync_salesforce_id") or fields.get("Crmsync_HubSpot_Id__c") or "")
    account, _, named = named.rpartition("-")
    if account and account != str(portal.connection.hubspot.portal_id):
        return False
    other = system.salesforce if ref.side is Side.HUBSPOT else portal.hubspot
    return bool(named) and not any(one.id == named and other.is_live(one) for one in other._rows)


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
            given = [one.ours for one in entries if one.field == "Email"]
            if given == [True] and not is_merged:
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
    and is reported.
    """
    born = system.ledger.rows[ref][0]
    key = system.ledger.key_of(ref, system.salesforce.behaviour.key).rpartition("-")[2]
    contact = Ref(Side.HUBSPOT, "contact", key)
    ended = [one.number for one in system.ledger.rows.get(contact, ()) if one.value == "gone"]
    told = {one.ref for portal in system.portals for one in system.inbox.parked(portal.name)}
    is_excused = (
        bool(ended)
        and born.read_of(contact) < ended[-1] < born.number
        and bool(told & {ref, privacy_place(ref)})
    )
    system.seen["excused: made while its contact was deleted, and reported"] += is_excused
    return is_excused


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
    """No lead or contact makes a contact again that was deleted for privacy (CH-9)."""
    for portal in system.portals:
        crm = portal.hubspot
        for gone in sorted(system.forgotten & crm._rows.keys()):
            ended = max(one.number for one in system.ledger.rows[gone] if one.value == "gone")
            left = {there.id for here, there in system.ledger.linked if here == gone}
            for ref in crm.refs("contact"):
                key = system.ledger.key_of(ref, crm.behaviour.key)
                if key in left and system.ledger.rows[ref][0].began > ended:
                    yield f"forgotten people stay forgotten: {ref} was made of {key} after {gone}"


def opted_out(system: System) -> Wrong:
    """Whoever is out of all e-mail stays out, on both sides."""
    for portal in system.portals:
        out = portal.preferences.opted_out
        linked = {here: there for _, here, there in pairs(system, portal)}
        parked = {one.ref for one in system.inbox.parked(portal.name)}
        for ref in contacts(portal):
            fields = portal.hubspot.fields(ref)
            is_out = fields.get("email") in out
            if is_out and fields.get("hs_email_optout") != "true":
                yield f"opt-outs are sticky: {ref} is out and does not show it"
            if is_frozen(system, portal, ref):
                continue
            if ref in linked and ref not in parked and fields.get("email"):
                box = bool(system.salesforce.fields(linked[ref]).get("HasOptedOutOfEmail"))
                if box != (fields.get("hs_email_optout") == "true"):
                    yield f"opt-outs are sticky: {ref} shows {not box}, {linked[ref]} shows {box}"


def owned(system: System) -> Wrong:
    """A pair belongs to whom the rules of owners say, and HubSpot shows who owns the Salesforce
    record (Q-18).
    """
    survivors = set(system.merged.values())
    for portal in system.portals:
        parked = {one.ref for one in system.inbox.parked(portal.name)}
        for _, here, there in pairs(system, portal):
            if parked & {here, there} or is_frozen(system, portal, here):
                continue
            is_restarted = bool({here, there} & survivors) or was_frozen(system, (here, there))
            yield from _judged(system, portal, (here, there), OWNER, restarted=is_restarted)
            shown, user = portal.hubspot.fields(here), system.salesforce.owner_of(there)
            if (shown.get(SHOWN_ID), shown.get(SHOWN_NAME)) != (user, name_of(user)):
                yield f"owners follow: {here} does not show {user}, who owns {there}"


def private(system: System) -> Wrong:
    """Nothing personal is in queues, logs, the inbox or the link table."""
    texts = {
        "queues": [body for queue in system.queues.values() for body in queue.sent],
        "logs": system.logs,
        "inbox": [
            f"{one.text} {one.hint} {one.fieldname}"
            for portal in system.portals
            for one in system.inbox.parked(portal.name)
        ],
        "links": [str(link) for link in system.links.all],
        "metrics": list(system.seen),
    }
    pattern = re.compile(f"{CANARY}|30 901820", re.IGNORECASE)
    for place, found in texts.items():
        if any(pattern.search(text) for text in found):
            yield f"nothing personal leaks: a canary is in the {place}"


def bounded(system: System) -> Wrong:
    """Each edit of a field is written at most once on the other side; calls are bounded."""
    for ref, entries in system.ledger.rows.items():
        ours = Counter(one.field for one in entries if one.ours and one.field)
        for name, count in ours.items():
            if name.lower().startswith("crmsync") or name in _OWN:
                continue
            edits = sum(
                not one.ours
                for rows in system.ledger.rows.values()
                for one in rows
                if one.field and _same(one.field) == _same(name)
            )
            if count > edits + 2 + _of_rivals(system, edits):
                yield f"one write per edit: {ref}.{name} was written {count} times after {edits} edits"


def _of_rivals(system: System, edits: int) -> int:
    """How often two accounts may overwrite each other's value before one of them is stopped: five
    times each, and once more each after every edit (CH-5).
    """
    return 2 * (LIMIT + edits) if len(system.portals) > 1 else 0


_OWN = frozenset({"associatedcompanyid", "AccountId", "lifecyclestage"})
_SAME = {
    table[Side.HUBSPOT][name].lower(): name
    for table in TABLES.values()
    for name in table[Side.HUBSPOT]
} | {
    table[Side.SALESFORCE][name].lower(): name
    for table in TABLES.values()
    for name in table[Side.SALESFORCE]
}


_SAME |= {"dealstage": "stage", "stagename": "stage", "pipeline": "stage"}
_SAME |= {name.lower(): "owner" for name in FIELD.values()}


def _same(name: str) -> str:
    return _SAME.get(name.lower(), name.lower())


def parents(system: System) -> Wrong:
    """The company of a contact and its account are a pair, or somebody took it out of one (FLD-8,
    Q-29).
    """
    for portal in system.portals:
        counterpart = {there: here for _, here, there in pairs(system, portal)}
        gone = {
            place
            for link in system.links.all
            if link.state is LinkState.TOMBSTONE
            for place in (link.hubspot, link.salesforce)
        }
        parked = {one.ref for one in system.inbox.parked(portal.name)}
        for there, here in counterpart.items():
            is_left = bool(parked & {here, there}) or is_frozen(system, portal, here)
            if there.object != "Contact" or is_left:
                continue
            company = portal.associations.primary(here)
            account_id = system.salesforce.fields(there).get("AccountId")
            account = Ref(Side.SALESFORCE, "Account", str(account_id)) if account_id else None
            if {company, account} & gone or any(
                one and _is_widowed(system, portal, one) for one in (company, account)
            ):
                continue
            expected = counterpart.get(account) if account else None
            if company == expected or {here, there} & system.parted:
                continue
            if company is None and here in system.without_company:
                system.seen[DELETED_COMPANY] += 1
                continue
            if any(one and system.ledger.was_back(one) for one in (here, company, expected)):
                system.seen[BACK] += 1
                continue
            yield f"companies follow: {here} is in {company}, {there} in {account} ({expected})"


def ties(system: System) -> Wrong:
    """Who is tied to a deal has a role in its opportunity, and the other way round (OPP-9, OPP-12)."""
    for portal in system.portals:
        counterpart = {there: here for _, here, there in pairs(system, portal)}
        for link, deal, opportunity in pairs(system, portal):
            if link.kind is not Kind.OPPORTUNITY:
                continue
            tied = set(portal.associations.of([deal], "contact").get(deal, ()))
            roles = {
                Ref(Side.SALESFORCE, "Contact", str(system.salesforce.fields(ref)["ContactId"]))
                for ref in system.salesforce.refs("OpportunityContactRole")
                if system.salesforce.fields(ref)["OpportunityId"] == opportunity.id
            }
            linked = {here for there, here in counterpart.items() if there.object == "Contact"}
            with_role = {counterpart[one] for one in roles if one in counterpart}
            back = {
                one for one in (deal, opportunity, *tied, *with_role) if system.ledger.was_back(one)
            }
            apart = (tied & linked) ^ with_role
            apart = {one for one in apart if not is_frozen(system, portal, one)}
            if apart and back:
                system.seen[BACK] += 1
            elif apart and (system.setting.removes or not {deal, opportunity} & system.untied):
                yield f"roles follow: {', '.join(map(str, sorted(apart)))} of {deal} and {opportunity}"


def sums(system: System) -> Wrong:
    """The roll-ups of a contact are what its roles come to (ROLL-2, ROLL-6)."""
    crm = system.salesforce
    rows = [crm.fields(ref) for ref in crm.refs("OpportunityContactRole")]
    for portal in system.portals:
        for link, here, there in pairs(system, portal):
            is_person = link.kind is Kind.CONTACT and there.object == "Contact"
            if not is_person or is_frozen(system, portal, here):
                continue
            ids = {str(row["OpportunityId"]) for row in rows if row["ContactId"] == there.id}
            live = [
                ref for one in ids if crm.is_live(ref := Ref(Side.SALESFORCE, "Opportunity", one))
            ]
            total = sum(float(crm.fields(ref).get("Amount") or 0) for ref in live)
            shown = portal.hubspot.fields(here)
            count = int(float(str(shown.get("crmsync_num_associated_deals") or 0)))
            revenue = float(str(shown.get("crmsync_total_revenue") or 0))
            if (count, revenue) != (len(live), total):
                yield f"roll-ups add up: {here} shows {count} and {revenue}, {there} has {len(live)} and {total}"


def tasks(system: System) -> Wrong:
    """An e-mail event is in one task at most, and no task was made twice."""
    rows, keys = system.tasks.rows, system.tasks._ids
    if len(rows) > len(keys):
        yield f"one task per event: {len(rows)} tasks of {len(keys)} keys"
    counted = sum(int(str(row.get(TASK_COUNT) or 0)) for row in rows.values())
    events = sum(len(portal.mail_log.rows) for portal in system.portals)
    if counted > events:
        yield f"one task per event: {counted} events are in tasks, there were {events}"


INVARIANTS: Mapping[str, Callable[[System], Wrong]] = {
    "both sides agree, no lost update, only loops are stopped": values,
    "links are true": living,
    "everything is finished": complete,
    "changes follow soon": prompt,
    "no duplicate": single,
    "no resurrected record": dead,
    "forgotten people stay forgotten": forgotten,
    "opt-outs are sticky": opted_out,
    "owners follow": owned,
    "nothing personal leaks": private,
    "one write per edit": bounded,
    "companies follow": parents,
    "roles follow": ties,
    "roll-ups add up": sums,
    "one task per event": tasks,
    "nobody outside the list syncs": outsiders,
    "undo puts back what was there": wrongly_put_back,
}
