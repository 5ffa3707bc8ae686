"""Whom and what the two records of a pair are about, so that they compare, and what a change of it
means for HubSpot's associations (ACT-5).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace

from crmsync.model.crm_names import LEAD, SALESFORCE_CONTACT, WHAT_ID, WHO_ID
from crmsync.model.effects import Associate, Dissociate, Effect, UpdateRecord
from crmsync.model.fingerprints import tag
from crmsync.model.kinds.activities import CONTACT_LISTS, MOST_CONTACTS, About
from crmsync.model.links import Link
from crmsync.model.plan import Plan
from crmsync.model.records import Record, Ref, Side, Value
from crmsync.rules.kinds.activity.relations import about_in_salesforce, associations_in_hubspot
from crmsync.rules.kinds.activity.ruleset import (
    ABOUT,
    CONTACTS,
    WHAT,
    WHO,
    contacts_of,
    listed,
    with_about,
)
from crmsync.rules.pair.matching import PREFIXES

_BECAUSE = ("ACT-5",)

_NAMES = frozenset({*ABOUT, CONTACTS})


def named_in_salesforce(value: Value) -> Ref | None:
    """The record that an id of Salesforce names; None for a blank one, and for an object that
    crmsync does not know (docs/vendors.md#salesforce-objects).
    """
    name = PREFIXES.get(str(value or "")[:3])
    return Ref(Side.SALESFORCE, name, str(value)) if name else None


def about_of(task: Record) -> About:
    """Whom and what a task or event is about, as far as crmsync knows the objects."""
    who = named_in_salesforce(task.fields.get(WHO_ID))
    people = records_in(task.fields.get(CONTACT_LISTS.get(task.ref.object, "")))
    return About(
        who,
        named_in_salesforce(task.fields.get(WHAT_ID)),
        tuple(one for one in people if one.object == SALESFORCE_CONTACT and one != who),
    )


def records_in(value: Value) -> tuple[Ref, ...]:
    """The records that ids of Salesforce name, with semicolons between them, in their order."""
    named = (named_in_salesforce(one) for one in str(value or "").split(";"))
    return tuple(one for one in named if one)


def room_for_contacts(task: Record, across: Mapping[Ref, Ref]) -> int:
    """How many of HubSpot's contacts a task or event may name in its field for all of them: none
    where it has no such field, otherwise as many as those without a counterpart leave.
    """
    if CONTACT_LISTS[task.ref.object] not in task.fields:
        return 0
    return MOST_CONTACTS - sum(one not in across for one in about_of(task).others)


@dataclass(frozen=True, slots=True)
class Compared:
    """The two records of a pair as they compare.

    Attributes:
        activity: The HubSpot activity, with whom and what it is about as ids of Salesforce.
        task: The task or event.
        kept: Further contacts that a task or event has and keeps: those that HubSpot cannot show,
            and all of them while the two sides have never agreed on further contacts.
        overruled: `WHO` and `WHAT`, where the task or event names what cannot cross to HubSpot and
            has to give way to HubSpot's all the same -> the id there.
        leaves_out: Whether HubSpot's activity is also about what cannot cross, as the task or event
            keeps a lead.
        resting: Contacts in both lists that are written to neither side.
    """

    activity: Record
    task: Record
    kept: tuple[Ref, ...]
    overruled: Mapping[str, Value]
    leaves_out: bool = False
    resting: frozenset[Ref] = frozenset()


def comparable(
    activity: Record,
    task: Record,
    associated: Collection[Ref],
    across: Mapping[Ref, Ref],
    *,
    keeps_strangers: bool,
    prevails: Callable[[Record, str], bool],
    is_new: bool,
) -> Compared:
    """The HubSpot activity and its task or event as they compare in whom and what they are about.

    What the task is about already stays as long as it is as good as any other. A contact that
    nobody is linked with yet is taken for the conversion of the lead, whose link follows. Someone
    or something without a counterpart cannot cross to HubSpot and stays, so the task shows what
    HubSpot does: always where HubSpot has nobody to put in its place, otherwise where
    `keeps_strangers`, until HubSpot's `prevails`. Beside a lead it cannot stay, and beside a lead
    that stays there can be nothing else, so that shows in HubSpot alone. Further contacts without a
    counterpart stay beside any contact, and leave the less room for HubSpot's. A list that lacks
    the person in ``WhoId`` is not the whole one, and changes nothing in HubSpot.

    Args:
        activity: The HubSpot activity.
        task: Its task or event.
        associated: The contacts, companies and deals of the activity.
        across: Record -> the record that it is linked with, of either side.
        keeps_strangers: Whether changes cross to HubSpot.
        prevails: Whether what the activity shows in `WHO` or `WHAT` takes the place of what HubSpot
            cannot show: it is new there, or nobody can have chosen the other.
        is_new: Whether the two sides have never agreed on further contacts.
    """
    present = about_of(task)
    contacts, theirs = CONTACT_LISTS[task.ref.object], dict(task.fields)
    overruled: dict[str, Value] = {}
    kept = tuple(one for one in present.others if is_new or one not in across)
    about = about_in_salesforce(associated, across, present)
    shown = with_about(activity, about, room_for_contacts(task, across))
    if contacts in theirs:
        shows_all = present.who in (None, *records_in(theirs[contacts]))
        known = (one for one in contacts_of(present) if one in across)
        theirs[contacts] = listed(known) if shows_all else shown.fields[CONTACTS]
    if _is_converted(present.who, shown, across):
        taken = {name: theirs.get(field) for name, field in (*ABOUT.items(), (CONTACTS, contacts))}
        shown = replace(shown, fields={**shown.fields, **taken})
        return Compared(shown, replace(task, fields=theirs), kept, {})
    keeps_lead = False
    for name, there in ((WHO, present.who), (WHAT, present.what)):
        mine, value = shown.fields[name], task.fields.get(ABOUT[name])
        if not value or there in across:
            continue
        moves_to_lead = name == WHAT and _is_lead(shown.fields[WHO]) and prevails(shown, WHO)
        if moves_to_lead or (mine and prevails(shown, name)):
            overruled[name] = value
        elif keeps_strangers or not mine:
            theirs[ABOUT[name]] = mine
            keeps_lead = keeps_lead or _is_lead(value)
    leaves_out = keeps_lead and _is_about_more(shown)
    if keeps_lead:
        nothing = {WHAT: theirs.get(WHAT_ID), CONTACTS: theirs.get(contacts)}
        shown = replace(shown, fields={**shown.fields, **nothing})
    return Compared(shown, replace(task, fields=theirs), kept, overruled, leaves_out)


def _is_about_more(activity: Record) -> bool:
    """Whether an activity is about more than one person."""
    others = {one.id for one in records_in(activity.fields[CONTACTS])} - {activity.fields[WHO]}
    return bool(activity.fields[WHAT] or others)


def _is_converted(who: Ref | None, shown: Record, across: Mapping[Ref, Ref]) -> bool:
    """Whether a task names a contact whose link is still that of the lead."""
    is_unknown = who is not None and who.object == SALESFORCE_CONTACT and who not in across
    return is_unknown and _is_lead(shown.fields[WHO])


def _is_lead(value: Value) -> bool:
    named = named_in_salesforce(value)
    return named is not None and named.object == LEAD


def with_contacts(plan: Plan, compared: Compared) -> Plan:
    """The plan with whom a task or event is about written as a whole, where any of it is: the
    person first, and all contacts, also those that HubSpot cannot show. Where nobody is left in
    HubSpot, the first of those takes the place of ``WhoId``, as Salesforce would have it [D].

    Args:
        plan: The plan of the pair.
        compared: The two records.
    """
    contacts, fields = CONTACT_LISTS[compared.task.ref.object], compared.task.fields
    if contacts not in fields:
        return plan
    effects: list[Effect] = []
    for effect in plan.effects:
        names = effect.fields.keys() if isinstance(effect, UpdateRecord) else ()
        if isinstance(effect, UpdateRecord) and not {WHO_ID, contacts}.isdisjoint(names):
            written = {**fields, **effect.fields}
            who = named_in_salesforce(written.get(WHO_ID))
            ours = (one for one in records_in(written.get(contacts)) if one not in compared.resting)
            others = () if _is_lead(written.get(WHO_ID)) else (*ours, *compared.kept)
            people = tuple(dict.fromkeys(one for one in (who, *others) if one))[:MOST_CONTACTS]
            first = people[0].id if people else None
            changed = {**effect.fields, WHO_ID: first, contacts: listed(people)}
            effects.append(replace(effect, fields=changed))
        else:
            effects.append(effect)
    return replace(plan, effects=tuple(effects))


def with_exact_contacts(link: Link, task: Record) -> Link:
    """The link as if we had not written the contacts: Salesforce keeps them as they are, so that
    those which differ from ours are news, also where ours were the last write.
    """
    exact = tag(CONTACT_LISTS[task.ref.object])
    return replace(link, wrote=type(link.wrote)(one for one in link.wrote if one != exact))


def with_associations(
    plan: Plan,
    activity: Record,
    associated: Collection[Ref],
    across: Mapping[Ref, Ref],
    *,
    is_new: bool,
) -> Plan:
    """The plan with associations in place of what HubSpot has no property for.

    Args:
        plan: The plan of the pair.
        activity: The HubSpot activity as it was compared.
        associated: Its contacts, companies and deals.
        across: Record -> the record that it is linked with, of either side.
        is_new: Whether the two sides have never agreed on further contacts: then none is removed.
    """
    effects: list[Effect] = []
    for effect in plan.effects:
        if isinstance(effect, UpdateRecord) and not _NAMES.isdisjoint(effect.fields):
            effects += _associations(effect, activity, associated, across, is_new=is_new)
            kept = {name: one for name, one in effect.fields.items() if name not in _NAMES}
            effects.append(replace(effect, fields=kept))
        else:
            effects.append(effect)
    return replace(plan, effects=tuple(effects))


def _associations(
    effect: UpdateRecord,
    activity: Record,
    associated: Collection[Ref],
    across: Mapping[Ref, Ref],
    *,
    is_new: bool,
) -> list[Effect]:
    before = {name: activity.fields.get(name) for name in _NAMES}
    who, what, contacts = (
        records_in(effect.fields.get(name, before[name])) for name in (WHO, WHAT, CONTACTS)
    )
    wanted = About(next(iter(who), None), next(iter(what), None), contacts)
    removable = (WHO, WHAT) if is_new else (WHO, WHAT, CONTACTS)
    named = [one for name in removable for one in records_in(before[name])]
    agreed = [across[one] for one in named if one in across]
    added, removed = associations_in_hubspot(wanted, across, associated, agreed)
    return [
        *(Associate(activity.ref, one, because=_BECAUSE) for one in added),
        *(Dissociate(activity.ref, one, _BECAUSE) for one in removed),
    ]
