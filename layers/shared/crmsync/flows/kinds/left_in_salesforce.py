"""Leads and contacts in Salesforce whose HubSpot contact is gone. They stay, and a new contact of
the address is linked with what is left.

Not if both happen while a worker makes the lead: it has read the contact before, and another worker
makes one of the new contact. So what is left is looked at once more (``LEFT``) when every worker of
the moment has ended in which

- it was found without its contact, if it had just been made (`look_again`),
- the contact of which it was made, and with which nobody linked it, was found to be gone, or
- another pair took its address, also if only its contact shows that (`look_at_address`).

Any look at what has another address than its pair agreed on decides as well, as nothing is noted of
a pair that ended.

If its address then belongs to a contact of another pair that was not made later than it, it is
reported until it no longer does (CH-13). So it is if its contact had another lead or contact before
it, which was deleted: it is in Salesforce again, and nobody else would tell (DEL-1). No other look
decides that: otherwise it would depend on what is read when.

What is left of a contact that was merged is looked at again when the survivor joins the inclusion
list (`look_at_merged`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from crmsync.flows.engine.context import SyncContext, merged_into
from crmsync.flows.engine.planning import makes_link
from crmsync.model.changes import BY_HAND, CUT_SHORT, OF_JOBS, Cause, Change
from crmsync.model.crm_names import (
    ADDITIONAL_EMAILS,
    HUBSPOT_CONTACT,
    HUBSPOT_EMAIL,
    LEAD,
    SALESFORCE_CONTACT,
    SALESFORCE_EMAIL,
)
from crmsync.model.effects import SaveLink, UpdateRecord
from crmsync.model.kinds.emails import normalise_email
from crmsync.model.links import LONGEST_WRITE, Link, LinkState
from crmsync.model.names import salesforce_key
from crmsync.model.plan import Plan
from crmsync.model.records import Kind, Record, Ref, Side
from crmsync.plans.contact import ContactFacts, address_of, is_frozen_outside, left_alone
from crmsync.rules.kinds.contact.creation import leaves_some_alone
from crmsync.rules.kinds.contact.inclusion import has_preset
from crmsync.rules.merge.baseline import view
from crmsync.rules.merge.ruleset import Ruleset
from crmsync.rules.pair.duplicates import is_opted_out
from crmsync.rules.pair.email_moves import addresses_of
from crmsync.rules.pair.matching import named_by
from crmsync.rules.pair.reports import privacy_place

_AFTER_OTHERS_END = round(LONGEST_WRITE.total_seconds())
"""Seconds after which every worker of now has ended."""

_HUBSPOT = {HUBSPOT_CONTACT: (HUBSPOT_EMAIL, ADDITIONAL_EMAILS)}
_SALESFORCE = dict.fromkeys((LEAD, SALESFORCE_CONTACT), (SALESFORCE_EMAIL,))


def with_contacts_of_the_address(
    facts: Sequence[ContactFacts], context: SyncContext, ruleset: Ruleset
) -> list[ContactFacts]:
    """The facts of what is left in Salesforce, with the linked contacts that have its address, and
    whether it was made again: when its link ends, at the look that was asked for, when its address
    is another one, and while there is a report. After a privacy deletion another report says what
    is to be done. Costs nothing where nothing is left. Raises `SyncError`.
    """
    left = {at: record for at, one in enumerate(facts) if (record := left_alone(one))}
    if not left:
        return list(facts)
    places = [place for one in left.values() for place in (one.ref, privacy_place(one.ref))]
    reported = set(context.inbox.reported(context.connection.name, places))
    looked_at = {
        at: record
        for at, record in left.items()
        if (
            _is_asked(facts[at])
            or _has_new_address(record, facts[at].link, ruleset)
            or record.ref in reported
        )
        if privacy_place(record.ref) not in reported
    }
    again = _made_again([one for at, one in looked_at.items() if not facts[at].link], context)
    facts = [
        replace(one, made_again=at in looked_at and looked_at[at].ref in again)
        for at, one in enumerate(facts)
    ]
    asked = {
        at: address
        for at, record in looked_at.items()
        if (address := normalise_email(address_of(record)))
    }
    if not asked:
        return facts
    found = context.hubspot.find(sorted(set(asked.values())), _HUBSPOT)
    others = _counterparts(found, context)
    sharing = {
        at: tuple(
            sorted(
                contact.ref
                for contact in found
                if address in addresses_of(contact)
                and (other := others.get(contact.ref))
                and (left[at].ref in reported or _may_be_of_others(other, left[at]))
            )
        )
        for at, address in asked.items()
    }
    return [replace(one, sharing=sharing.get(at, ())) for at, one in enumerate(facts)]


def _made_again(unlinked: Sequence[Record], context: SyncContext) -> set[Ref]:
    """Those of the records that name a contact whose first counterpart was deleted in Salesforce.
    What a converted lead became may show the contact's id as well: that lead was not deleted.
    """
    portal = context.connection.hubspot.portal_id
    named = {
        one.ref: contact
        for one in unlinked
        if (contact := named_by(one, portal, (HUBSPOT_CONTACT,)))
    }
    if not named:
        return set()
    links = context.links.find(context.connection.name, sorted(set(named.values())))
    ended = {
        contact
        for contact, link in links.items()
        if link.state is LinkState.TOMBSTONE and link.deleted_on is Side.SALESFORCE
    }
    return {ref for ref, contact in named.items() if contact in ended}


def _is_asked(facts: ContactFacts) -> bool:
    """Whether this look decides what is reported: it was asked for, or it finds the contact gone of
    a pair that was not synced since it was linked.
    """
    link = facts.link
    ends_new = link is not None and link.state is LinkState.ACTIVE and link.version == 1
    return ends_new or facts.change.cause is Cause.LEFT


def _has_new_address(left: Record, link: Link | None, ruleset: Ruleset) -> bool:
    """Whether somebody has given `left` another address than its pair agreed on."""
    if link is None:
        return False
    forms = ruleset.mapping_of(left).salesforce_forms.only({SALESFORCE_EMAIL})
    return view(left, forms, link, ruleset.fingerprinter).has_news_of(SALESFORCE_EMAIL)


def _counterparts(contacts: Sequence[Record], context: SyncContext) -> dict[Ref, Record]:
    """Contact -> its lead or contact in Salesforce, for those that are linked."""
    refs = [one.ref for one in contacts]
    links = context.links.find(context.connection.name, refs) if refs else {}
    places = {
        ref: link.salesforce
        for ref, link in links.items()
        if link.state is LinkState.ACTIVE and isinstance(link.salesforce, Ref)
    }
    shown = context.salesforce.read(list(places.values()), _SALESFORCE) if places else {}
    return {ref: shown[place] for ref, place in places.items() if place in shown}


def _may_be_of_others(other: Record, left: Record) -> bool:
    """Whether a worker that had looked for the address before `left` was made may have made the
    other record. One that was made later was made by somebody who could see what was there.
    """
    return other.created_at < left.created_at + LONGEST_WRITE


def look_again(facts: Sequence[ContactFacts], context: SyncContext) -> None:
    """Queue the second look at what is left in Salesforce: what was made a moment ago; and what was
    made of a contact that is gone and was never linked, where an earlier sync may have ended before
    it could link the two. Usually there is nothing. Raises `SyncError`.
    """
    now = context.now()
    left = [
        record.ref
        for one in facts
        if one.change.cause is not Cause.LEFT
        if (record := left_alone(one)) and now - record.created_at < LONGEST_WRITE
    ]
    _look_at(
        [*left, *_made_of([one.change.ref for one in facts if _may_have_made(one)], context)],
        context,
    )


def _may_have_made(facts: ContactFacts) -> bool:
    """Whether something may have been made of a contact that is gone: only its own link would tell,
    and it has none. Whoever made it has ended by now, or this change is what is left of that one.
    """
    is_gone = facts.link is None and facts.named is None
    return is_gone and facts.change.ref.side is Side.HUBSPOT and facts.change.tries > 0


def _made_of(contacts: Sequence[Ref], context: SyncContext) -> list[Ref]:
    """What was made in Salesforce of these contacts; it may be deleted."""
    if not contacts:
        return []
    portal = context.connection.hubspot.portal_id
    keys = [salesforce_key(portal, one.id) for one in contacts]
    return sorted(context.salesforce.made_by(dict.fromkeys(_SALESFORCE, keys)).values())


def look_at_address(
    facts: Sequence[ContactFacts], plans: Sequence[Plan], context: SyncContext, ruleset: Ruleset
) -> None:
    """Queue a look at the records of Salesforce that have no living pair and share an address that
    these plans give to one, or that its contact has got outside the inclusion list: what is left
    there, or what no contact was made of.

    Those that were found by the address already cost nothing. Salesforce is searched where a pair
    gets another address, where one of its own records is linked that was there before, and where
    the settings leave some of its records alone. Raises `SyncError`.
    """
    found = [
        other.ref
        for one, plan in zip(facts, plans, strict=True)
        if one.link is None and makes_link(one, plan)
        for other in one.candidates
        if other.ref.side is Side.SALESFORCE and other.ref not in one.taken
    ]
    addresses = {
        normalise_email(address)
        for one, plan in zip(facts, plans, strict=True)
        if (address := _taken_address(one, plan, context.now(), ruleset))
    }
    addresses |= _addresses_beside_ignored(facts, plans, context, ruleset)
    if addresses:
        found += [one.ref for one in context.salesforce.find(sorted(addresses), _SALESFORCE)]
    if not found:
        return
    planned = {ref for plan in plans for ref in _linked_by(plan, Side.SALESFORCE)}
    links = context.links.find(context.connection.name, found)
    _look_at(
        [
            ref
            for ref in dict.fromkeys(found)
            if ref not in planned
            if (link := links.get(ref)) is None or link.state is LinkState.TOMBSTONE
        ],
        context,
    )


def look_at_merged(
    facts: Sequence[ContactFacts], plans: Sequence[Plan], context: SyncContext, ruleset: Ruleset
) -> None:
    """Queue the ended pairs of the contacts that were merged into one that may have joined the
    inclusion list: while that one was outside, an opt-out of what they left in Salesforce did not
    reach it, and crosses now (OPT-7), although those records show nothing new.

    Costs nothing but for such contacts that are not opted out. Raises `SyncError`.
    """
    merged = [
        ref
        for one, plan in zip(facts, plans, strict=True)
        if one.hubspot and _may_have_joined(one, plan, ruleset)
        for ref in merged_into(one.hubspot)
    ]
    if not merged:
        return
    links = context.links.find(context.connection.name, merged)
    ended = [ref for ref in merged if ref in links and links[ref].state is LinkState.TOMBSTONE]
    name, now = context.connection.name, context.now()
    if ended:
        context.outbox.again(
            [(Change(name, Kind.CONTACT, ref, Cause.WOKEN, now), 0) for ref in ended]
        )


def _may_have_joined(facts: ContactFacts, plan: Plan, ruleset: Ruleset) -> bool:
    """Whether the subscribed contact of a living pair may have joined the inclusion list: the sweep
    of a list of HubSpot's queues it ``AGAIN``, and the stage that lets it join the preset is an
    edit.
    """
    link, contact = facts.link, facts.hubspot
    if link is None or link.state is not LinkState.ACTIVE or contact is None:
        return False
    is_edited = has_preset(ruleset.connection.contacts) and bool(plan.effects)
    if facts.change.cause not in CUT_SHORT and not is_edited:
        return False
    return not is_opted_out(contact) and not is_frozen_outside(contact, ruleset)


def _is_live(facts: ContactFacts) -> bool:
    """Whether this look is no part of an import, resync or comparison."""
    return facts.change.cause not in OF_JOBS | BY_HAND


def _taken_address(facts: ContactFacts, plan: Plan, now: datetime, ruleset: Ruleset) -> str:
    """The address that a plan gives to a pair beside records of Salesforce that were not looked
    for; "" for none. Beside a record that was made a moment ago only what was made at that time may
    be left, and that is looked at in any case. An import or resync is no moment to tell of it.
    """
    if facts.link is None:
        record = facts.salesforce
        if record is None or facts.hubspot or not makes_link(facts, plan):
            return ""
        is_old = now - record.created_at >= LONGEST_WRITE
        return str(address_of(record) or "") if _is_live(facts) and is_old else ""
    if _takes_address_outside(facts, ruleset):
        return str(address_of(facts.hubspot) or "") if facts.hubspot else ""
    email = {Side.HUBSPOT: HUBSPOT_EMAIL, Side.SALESFORCE: SALESFORCE_EMAIL}
    written = [
        str(one.fields[email[one.side]] or "")
        for one in plan.effects
        if isinstance(one, UpdateRecord) and email[one.side] in one.fields
    ]
    if written:
        return written[-1]
    before = facts.link.hubspot_base.fingerprint_of(HUBSPOT_EMAIL)
    saved = [one.link for one in plan.effects if isinstance(one, SaveLink)]
    is_new = any(one.hubspot_base.fingerprint_of(HUBSPOT_EMAIL) != before for one in saved)
    is_taken = is_new or makes_link(facts, plan)
    return str(address_of(facts.hubspot) or "") if facts.hubspot and is_taken else ""


def _takes_address_outside(facts: ContactFacts, ruleset: Ruleset) -> bool:
    """Whether the contact of a pair has an address that was not agreed on, and keeps it to itself
    as it is outside the inclusion list (INC-7). By default there is no list.

    Every live look at such a contact finds this, as nothing is noted of a pair that stays as it is;
    but not one that another record requested, as nobody need have touched the contact then, nor one
    at what was found in this way: that would have itself looked at for ever.
    """
    link, contact, there = facts.link, facts.hubspot, facts.salesforce
    if link is None or contact is None or there is None or not _is_live(facts):
        return False
    is_requested = facts.change.cause in {Cause.WOKEN, Cause.LEFT}
    if is_requested or not is_frozen_outside(contact, ruleset):
        return False
    forms = ruleset.mappings[there.ref.object].hubspot_forms.only({HUBSPOT_EMAIL})
    return view(contact, forms, link, ruleset.fingerprinter).has_news_of(HUBSPOT_EMAIL)


def _addresses_beside_ignored(
    facts: Sequence[ContactFacts], plans: Sequence[Plan], context: SyncContext, ruleset: Ruleset
) -> set[str]:
    """The addresses that were not looked for of the contacts that these plans link or make, where
    the settings leave some of Salesforce's records alone: such a record becomes a duplicate, and
    nothing tells until it is read again (CH-13). A contact may have more addresses than its
    counterpart, and gets others in a merge. Elsewhere this costs nothing. Raises `SyncError`.
    """
    if not leaves_some_alone(ruleset.connection.contacts):
        return set()
    linking = [(one, plan) for one, plan in zip(facts, plans, strict=True) if makes_link(one, plan)]
    linked = [
        ref
        for one, plan in linking
        for ref in ([one.hubspot.ref] if one.hubspot else _linked_by(plan, Side.HUBSPOT))
    ]
    shown = context.hubspot.read(linked, _HUBSPOT) if linked else {}
    found = {address for contact in shown.values() for address in addresses_of(contact)}
    made = {
        normalise_email(address_of(one.salesforce))
        for one, plan in linking
        if plan.new_link and one.salesforce
    }
    searched = {
        normalise_email(address_of(one.hubspot)) for one in facts if one.hubspot and not one.link
    }
    return (found | made) - searched


def _linked_by(plan: Plan, side: Side) -> list[Ref]:
    """The records of a side in the pairs that a plan saves."""
    saved = (one.link for one in plan.effects if isinstance(one, SaveLink))
    places = (one.on(side) for one in saved if one.state is LinkState.ACTIVE)
    return [place for place in places if isinstance(place, Ref)]


def _look_at(left: Sequence[Ref], context: SyncContext) -> None:
    name, now = context.connection.name, context.now()
    changes = [
        (Change(name, Kind.CONTACT, ref, Cause.LEFT, now), _AFTER_OTHERS_END) for ref in left
    ]
    if changes:
        context.outbox.again(changes)
