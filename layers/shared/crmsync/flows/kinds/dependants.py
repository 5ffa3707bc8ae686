"""Which deals and opportunities must be synced because a contact, or a company and its account, was
linked, or because the link of a contact ends; and which contacts must be added up again.

Before two records are linked, a contact role or an account could not be written to the other side
(OPP-9, OPP-12, Q-27), and nothing reports that now it can. Once a contact's link has ended, its
deals must forget it: otherwise its tie would count as removed by a person if it comes back (Q-29).
A contact whose link ends or moves may show sums that are not its own: those of a contact that was
merged into it, or of a Salesforce contact that is gone (ROLL-1). One that was frozen may show those
of before, and its deals may lack it; so may one that was in the recycle bin show those of before.
The deals are read and queued twice: before anything is written, with a delay, in case this worker
dies, and again when everything is written. If they cannot be read that time, the contacts,
companies and accounts themselves are queued for the sync of deals, which reads their deals when it
can.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from crmsync.errors import SyncError
from crmsync.flows.engine.complete import RecordResult
from crmsync.flows.engine.context import SyncContext
from crmsync.flows.engine.planning import ends_link, makes_link
from crmsync.flows.engine.waits import sums_again
from crmsync.model.changes import Cause, Change, coalesce
from crmsync.model.crm_names import (
    ACCOUNT,
    COMPANY,
    DEAL,
    HUBSPOT_CONTACT,
    LIFECYCLE_STAGE,
    OPPORTUNITY,
    SALESFORCE_CONTACT,
)
from crmsync.model.effects import CreateRecord, DropLink, SaveLink
from crmsync.model.facts import AnyFacts, Facts
from crmsync.model.links import Link, LinkState
from crmsync.model.plan import Plan
from crmsync.model.records import Kind, Ref, Side
from crmsync.rules.merge.baseline import view
from crmsync.rules.merge.ruleset import Ruleset

_SAFETY_DELAY = 30
"""Seconds after which the dependants are synced, whatever becomes of this worker."""

_WITH_DEALS = frozenset({HUBSPOT_CONTACT, COMPANY, SALESFORCE_CONTACT, ACCOUNT})
"""Objects that deals or opportunities name."""


def queue_dependants(
    facts: Sequence[AnyFacts], plans: Sequence[Plan], context: SyncContext
) -> list[Change]:
    """Changes of the deals and opportunities of records that these plans link, for the first time
    or to other records, and of contacts whose links end; also those that add up contacts again.
    They are queued already, with a delay.

    Costs two or three calls, and none if there are no such records or opportunities do not sync.
    Raises `SyncError`.
    """
    concerned = _concerned(facts, plans)
    changes = [
        *_dependants(concerned.places, context),
        *sums_again(concerned.with_old_sums, context),
    ]
    if changes:
        context.outbox.again([(change, _SAFETY_DELAY) for change in changes])
    return changes


def queue_dependants_again(
    results: Sequence[RecordResult[AnyFacts]], known: Sequence[Change], context: SyncContext
) -> None:
    """Queue the dependants once more, without a delay, now that the links are saved: the `known`
    ones, and those that came while this worker was at it, also those of records that it has made.
    A worker that synced one of those meanwhile could not see the link.

    Costs as much as the first time. If they cannot be read now, the sync of deals reads them
    (`queue_dependants_of`). Raises `SyncError` if nothing can be queued.
    """
    places = _concerned([one.facts for one in results], [one.plan for one in results]).places
    try:
        late = _dependants(places, context)
    except SyncError:
        late = _changes(places, Cause.AGAIN, context)
    changes = coalesce([*known, *late])
    if changes:
        context.outbox.again([(change, 0) for change in changes])


def queue_dependants_of(changes: Sequence[Change], context: SyncContext) -> list[Change]:
    """Queue the deals and opportunities of the contacts, companies and accounts among these changes
    of deals; returns the other changes. Usually that is all of them. Raises `SyncError`.

    A contact of HubSpot has the opportunities of its counterpart queued as well. One whose sums
    alone are to be added up again (``WOKEN``) is left out.
    """
    named = [change for change in changes if change.ref.object in _WITH_DEALS]
    if not named:
        return list(changes)
    places = [one.ref for one in named if one.cause is not Cause.WOKEN]
    found = _dependants(_with_counterparts(places, context), context)
    if found:
        context.outbox.again([(change, 0) for change in found])
    return [change for change in changes if change not in named]


def _with_counterparts(places: Sequence[Ref], context: SyncContext) -> list[Ref]:
    """These records, and the Salesforce records that sync with HubSpot's contacts among them."""
    contacts = [ref for ref in places if ref.object == HUBSPOT_CONTACT]
    links = context.links.find(context.connection.name, contacts) if contacts else {}
    theirs = (one.salesforce for one in links.values() if one.state is LinkState.ACTIVE)
    return list(dict.fromkeys([*places, *(one for one in theirs if isinstance(one, Ref))]))


def queue_dependants_of_joined(
    facts: Sequence[AnyFacts], plans: Sequence[Plan], context: SyncContext, ruleset: Ruleset
) -> None:
    """Have those contacts added up again, and their deals and activities synced, that may have
    joined the preset list with the stage that they have now: their sums and ties stayed as they
    were while they were outside (Q-22), and no opportunity or activity need have news since. The
    sweep does this for a list of HubSpot's. Raises `SyncError`.
    """
    joined = {
        one.hubspot.ref: one.salesforce.ref.object
        for one, plan in zip(facts, plans, strict=True)
        if plan.effects and one.hubspot and one.salesforce and has_new_stage(one, ruleset)
    }
    changes = sums_again(
        [ref for ref, name in joined.items() if name == SALESFORCE_CONTACT], context
    )
    if context.connection.activities.on:
        name, now = context.connection.name, context.now()
        changes += [Change(name, Kind.ACTIVITY, ref, Cause.AGAIN, now) for ref in joined]
    if changes:
        context.outbox.again([(replace(change, cause=Cause.AGAIN), 0) for change in changes])


def has_new_stage(facts: Facts, ruleset: Ruleset) -> bool:
    """Whether the contact of a pair shows a stage that was not agreed on, also for want of a base:
    a pair that was frozen from the beginning has none.
    """
    link, there = facts.link, facts.salesforce
    if link is None or facts.hubspot is None or there is None or there.ref != link.salesforce:
        return False
    forms = ruleset.mappings[there.ref.object].hubspot_forms.only({LIFECYCLE_STAGE})
    shown = view(facts.hubspot, forms, link, ruleset.fingerprinter)
    return shown.has_news_of(LIFECYCLE_STAGE)


@dataclass(frozen=True, slots=True)
class _Concerned:
    """Whose deals and opportunities the plans of a batch concern.

    Attributes:
        places: The records of the links that are made or end.
        with_old_sums: HubSpot contacts that may show sums which are not their own.
    """

    places: tuple[Ref, ...]
    with_old_sums: tuple[Ref, ...]


def _concerned(facts: Sequence[AnyFacts], plans: Sequence[Plan]) -> _Concerned:
    places: list[Ref] = []
    contacts: list[Ref] = []
    for one, plan in zip(facts, plans, strict=True):
        link = _ended(one, plan) or _newly_linked(one, plan) or _dropped(plan)
        if link is not None:
            places += [place for place in (link.hubspot, link.salesforce) if isinstance(place, Ref)]
            contacts += _with_old_sums(one, link)
        if _is_restored(one):
            contacts.append(one.change.ref)
    return _Concerned(tuple(places), tuple(contacts))


def _dependants(places: Sequence[Ref], context: SyncContext) -> list[Change]:
    """Changes of the deals and opportunities of these records; none while they do not sync."""
    since = context.opportunities_since
    if since is None or Kind.OPPORTUNITY not in context.connection.kinds:
        return []
    opportunities = _to_sync(_opportunities(places, context), since, context)
    return _changes([*_deals(places, context), *opportunities], Cause.WOKEN, context)


def _changes(refs: Iterable[Ref], cause: Cause, context: SyncContext) -> list[Change]:
    name, now = context.connection.name, context.now()
    return [Change(name, Kind.OPPORTUNITY, ref, cause, now) for ref in dict.fromkeys(refs)]


def _to_sync(
    opportunities: Mapping[Ref, Sequence[Ref]], since: datetime, context: SyncContext
) -> list[Ref]:
    """The opportunities that are linked or may be linked next. Older ones wait for their import; of
    these, one per contact is synced so that the contact's roll-ups are added up.
    """
    refs = list(dict.fromkeys(one for of_one in opportunities.values() for one in of_one))
    links = context.links.find(context.connection.name, refs) if refs else {}
    alone = [ref for ref in refs if ref not in links]
    shown = context.salesforce.read(alone, {OPPORTUNITY: ()}) if alone else {}
    older = {
        ref
        for ref in alone
        if ref in shown and shown[ref].created_at < since.replace(microsecond=0)
    }
    firsts = {
        of_one[0]
        for ref, of_one in opportunities.items()
        if ref.object == SALESFORCE_CONTACT and older.issuperset(of_one)
    }
    return [ref for ref in refs if ref not in older or ref in firsts]


def _ended(facts: Facts, plan: Plan) -> Link | None:
    """The link with a Salesforce contact that a plan ends."""
    link = facts.link
    if link is None or not ends_link(facts, plan):
        return None
    return link if _has_salesforce_contact(link) else None


def _newly_linked(facts: Facts, plan: Plan) -> Link | None:
    """The link that a plan creates or moves, unless its Salesforce record is a lead: a lead has no
    opportunities.
    """
    saved = [effect.link for effect in plan.effects if isinstance(effect, SaveLink)]
    link = saved[-1] if saved else plan.new_link
    if link is None or not makes_link(facts, plan):
        return None
    if isinstance(link.salesforce, Ref):
        object_ = link.salesforce.object
    else:
        created = (one.object for one in plan.effects if isinstance(one, CreateRecord))
        object_ = next(created, "")
    return link if object_ in {SALESFORCE_CONTACT, ACCOUNT} else None


def _dropped(plan: Plan) -> Link | None:
    """The link with a Salesforce contact, gone by now, that a plan drops in favour of another: the
    roles of that contact have ended with it, also where the new link is with a lead.
    """
    dropped = (one.link for one in plan.effects if isinstance(one, DropLink))
    return next((link for link in dropped if _has_salesforce_contact(link)), None)


def _has_salesforce_contact(link: Link) -> bool:
    return isinstance(link.salesforce, Ref) and link.salesforce.object == SALESFORCE_CONTACT


def _with_old_sums(facts: Facts, link: Link) -> list[Ref]:
    """The HubSpot contact of a link that is made or ends, if it or what was merged into it was
    linked with a Salesforce contact before: it may still show the sums of that one.
    """
    if not any(_has_salesforce_contact(one) for one in (facts.link, *facts.tombstones) if one):
        return []
    made = link.hubspot if facts.link is None else None
    contact = facts.hubspot.ref if facts.hubspot else made
    return [contact] if isinstance(contact, Ref) else []


def _is_restored(facts: Facts) -> bool:
    """Whether a change takes a HubSpot contact out of the recycle bin. While it was there its sums
    could not be written, so it shows those of before, whether or not it is linked again.
    """
    change = facts.change
    return change.cause is Cause.RESTORED and change.ref.object == HUBSPOT_CONTACT


def _deals(places: Sequence[Ref], context: SyncContext) -> list[Ref]:
    here = [ref for ref in places if ref.side is Side.HUBSPOT]
    found = context.associations.of(here, DEAL) if here else {}
    return [deal for deals in found.values() for deal in deals]


def _opportunities(places: Sequence[Ref], context: SyncContext) -> Mapping[Ref, Sequence[Ref]]:
    """Contact -> its opportunities; those of all accounts are listed under the first account."""
    contacts = [ref for ref in places if ref.object == SALESFORCE_CONTACT]
    accounts = [ref for ref in places if ref.object == ACCOUNT]
    ties = context.opportunities.of_contacts(contacts) if contacts else {}
    tied = {
        ref: [Ref(Side.SALESFORCE, OPPORTUNITY, tie.opportunity) for tie in mine]
        for ref, mine in ties.items()
    }
    owned = context.opportunities.of_accounts(accounts) if accounts else ()
    return {**tied, **({accounts[0]: owned} if owned else {})}
