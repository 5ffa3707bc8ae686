"""Whether both sides of a pair show what they may, and how often fields were written."""

from __future__ import annotations

from collections import Counter

from crmsync.model.records import Kind, Ref, Side
from crmsync.rules.merge.loops import LIMIT
from crmsync.rules.pair.reports import FIELD_LOOP
from tests.simulation.judges.course import Row
from tests.simulation.judges.oracle import course_of
from tests.simulation.judges.pairs import (
    ADDRESS,
    DROPPED,
    OWNER,
    TABLES,
    Wrong,
    is_dropped,
    pairs,
    rows_of,
)
from tests.simulation.judges.policies import judge
from tests.simulation.people.records import contacts
from tests.simulation.world.deployment import Portal
from tests.simulation.world.lists import is_frozen, was_frozen
from tests.simulation.world.owners import FIELD, SHOWN_ID, SHOWN_NAME, name_of
from tests.simulation.world.system import System


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
                if is_apart and not is_dropped(system, portal, (here, there), ADDRESS):
                    yield f"both sides agree: {here} and {there} have different addresses"


def _judged(
    system: System, portal: Portal, pair: tuple[Ref, Ref], row: Row, *, restarted: bool
) -> Wrong:
    """What the oracle finds wrong with a field of a pair."""
    here, there = pair
    course = course_of(system.ledger, pair, row, restarted=restarted, connection=portal.name)
    found = judge(course, row)
    if found and is_dropped(system, portal, pair, row):
        system.seen[DROPPED] += 1
        return
    for reason, count in (+course.excused).items():
        system.seen[f"excused: {reason}"] += count
    for one in found:
        yield f"{one.name}: {here} and {there}, {row.hubspot} ({row.policy}): {one.text}"


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
    ledger = system.ledger
    entries = ((ref, *ledger.rows[ref], *ledger.repeated.get(ref, ())) for ref in names)
    written = sum(one.ours and one.field == names[ref] for ref, *some in entries for one in some)
    if written < LIMIT:
        yield (
            f"only loops are stopped: {here} and {there}, {row.hubspot} was written {written} times"
        )


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
