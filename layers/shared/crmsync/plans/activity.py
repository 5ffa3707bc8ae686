"""Plan one activity and its task or event: facts and ruleset in, a `Plan` out.

As for contacts, the plan is made from what both sides show now, and effects are in the order in
which they must be applied.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from crmsync.model.changes import BY_HAND, Cause
from crmsync.model.concerns import KIND_OF
from crmsync.model.crm_names import HUBSPOT_CONTACT, HUBSPOT_OWNER, OPPORTUNITY
from crmsync.model.decisions import Decision, DecisionType
from crmsync.model.effects import RequestSync
from crmsync.model.facts import Facts
from crmsync.model.kinds.activities import (
    CONTACT_LISTS,
    About,
    ActivityFacts,
    ActivityFilter,
    ActivityKind,
    ActivityKindSettings,
    ActivityOwner,
    LeftAlone,
)
from crmsync.model.links import Link, LinkState
from crmsync.model.names import SALESFORCE_KEY
from crmsync.model.plan import Note, Plan, no_effects
from crmsync.model.records import Kind, Record, Ref, Side
from crmsync.rules.kinds.activity.about import (
    Compared,
    about_of,
    comparable,
    room_for_contacts,
    with_associations,
    with_contacts,
    with_exact_contacts,
)
from crmsync.rules.kinds.activity.creation import activity_creation, task_creation
from crmsync.rules.kinds.activity.deletions import Binned, kept_in_hubspot
from crmsync.rules.kinds.activity.inclusion import filtered, kind_of, left_alone_in_hubspot
from crmsync.rules.kinds.activity.outside import (
    OTHERS_REST,
    PEOPLE_REST,
    is_about_frozen_alone,
    people_rest,
    with_resting,
    without_frozen,
    without_people,
)
from crmsync.rules.kinds.activity.owners import record_of, record_owner
from crmsync.rules.kinds.activity.relations import about_in_salesforce
from crmsync.rules.kinds.activity.ruleset import ABOUT, CONTACTS, TYPES, WHO, contacts_of
from crmsync.rules.merge.baseline import rebased
from crmsync.rules.merge.change_limits import with_holds
from crmsync.rules.merge.ruleset import Ruleset
from crmsync.rules.pair.adoption import Creations, adopted, shows_creation
from crmsync.rules.pair.ended_pairs import released, with_late_writes
from crmsync.rules.pair.plan import plan_pair
from crmsync.rules.pair.successors import follow_moves, plan_counterpart_gone, plan_missing

GONE, DELETES = ("ACT-7",), ("ACT-8",)

_BESIDE_A_LEAD = (
    "what else it is about shows in HubSpot alone, as Salesforce takes nothing beside a lead"
)

MOST_WAITS = 5
"""How often an activity waits for the link of what it is about: some ten minutes in all. A link
that is made later has it synced as well.
"""


@dataclass(frozen=True, slots=True)
class ActivityPairFacts(Facts):
    """What was gathered about one activity and its task or event.

    Attributes:
        associated: The contacts, companies and deals of the HubSpot activity.
        across: Record -> the record that it is linked with, of either side, for all that the two
            are about.
        owners: The same records -> their owners' ids on their sides when they were last in step,
            "" for none.
        converted: The leads without a counterpart that tasks or events of pairs name and that were
            converted.
        binned: The task or event of the pair in the recycle bin, None if it is not there.
        frozen: Contacts outside the inclusion list, and their counterparts, each with the other
            one. They are not in `across`.
    """

    associated: tuple[Ref, ...] = ()
    across: Mapping[Ref, Ref] = field(default_factory=dict)
    owners: Mapping[Ref, str] = field(default_factory=dict)
    converted: frozenset[Ref] = frozenset()
    binned: Binned | None = None
    frozen: Mapping[Ref, Ref] = field(default_factory=dict)


def plan_activity(facts: ActivityPairFacts, ruleset: Ruleset) -> Plan:
    """Plan what happens for one activity and its task or event."""
    if reason := _not_crossing(facts, ruleset):
        return no_effects(reason, "ACT-1")
    if facts.link is not None:
        return _plan_linked(facts, facts.link, ruleset)
    if facts.named is None:
        return no_effects("the record is gone and was never linked")
    return _plan_unlinked(facts, facts.named, ruleset)


def _plan_unlinked(facts: ActivityPairFacts, named: Record, ruleset: Ruleset) -> Plan:
    if facts.counterpart_is_gone:
        return plan_counterpart_gone(facts, ruleset, *GONE)
    if facts.named_counterpart is not None:
        return _plan_new_pair(facts, named, facts.named_counterpart, ruleset)
    left = _left_alone(facts, named, ruleset)
    may_follow = left in {LeftAlone.UNLINKED, LeftAlone.OUTSIDE}
    if may_follow and (awaited := _awaited(facts, named, ruleset)):
        kind = KIND_OF[awaited.side][awaited.object]
        return Plan((RequestSync(awaited, kind, named.ref, ("ACT-5",)),))
    if left:
        return _alone(left)
    return _creation_plan(facts, named, ruleset)


def _not_crossing(facts: ActivityPairFacts, ruleset: Ruleset) -> str:
    """Why changes of this record's side do not cross; "" where they do. What a person asks for is
    brought in step from either side of a kind that syncs.
    """
    kind = ruleset.activity.activity
    sync = ruleset.connection.activities.of(kind).sync
    side = facts.change.ref.side
    if sync.goes_to(side.other):
        return ""
    is_asked = facts.link is not None and facts.change.cause is not Cause.EDITED
    if is_asked and sync.goes_to(side):
        return ""
    return f"{kind} do not cross to {side.other.label} by the settings"


def _plan_linked(facts: ActivityPairFacts, link: Link, ruleset: Ruleset) -> Plan:
    hubspot, salesforce = facts.hubspot, facts.salesforce
    if hubspot is None or salesforce is None:
        return _plan_gone(facts, link, ruleset)
    return _plan_pair(facts, link, (hubspot, salesforce), ruleset)


def _plan_gone(facts: ActivityPairFacts, link: Link, ruleset: Ruleset) -> Plan:
    """One of the two was deleted, or restored: by the settings the other one follows (ACT-8). Where
    it does not, the plan says why. Of what is about nobody nothing is made once more.
    """
    deletes, kept = _settings(ruleset).deletes_in, ""
    left = facts.hubspot or facts.salesforce
    if left is not None and link.state is LinkState.ACTIVE:
        kept = _why_kept(facts, left.ref.side, deletes)
    elif left is not None and not _is_about_something(facts, left):
        deletes = frozenset()
    plan = plan_missing(
        facts,
        link,
        ruleset,
        deletes=deletes if not kept else (),
        recreate=lambda record: _creation_plan(facts, record, ruleset),
        because=DELETES if deletes else GONE,
    )
    notes = (Note(f"is kept: {kept}", DELETES),) if kept else ()
    return replace(plan, notes=(*plan.notes, *notes))


def _why_kept(facts: ActivityPairFacts, side: Side, deletes: Collection[Side]) -> str:
    """Why the record that is left on a side stays; "" if it is deleted as its counterpart was."""
    if side not in deletes:
        return f"deletions do not cross to {side.label} by the settings"
    if _is_outside(facts):
        return "the contacts that it is about are outside the inclusion list"
    return str(kept_in_hubspot(facts.binned) or "") if side is Side.HUBSPOT else ""


def _plan_pair(
    facts: ActivityPairFacts,
    link: Link,
    pair: tuple[Record, Record],
    ruleset: Ruleset,
) -> Plan:
    if _is_outside(facts):
        return _alone(LeftAlone.OUTSIDE)
    activity, task = pair
    is_joined = link.joins(activity.ref, task.ref)
    here = with_holds(link if is_joined else follow_moves(link, activity, task, ruleset), facts)
    exact = with_exact_contacts(here, task)
    mapping, listing = ruleset.mapping_of(task), CONTACT_LISTS[task.ref.object]
    forms, theirs = mapping.hubspot_forms, mapping.salesforce_forms

    def shows(one: Record, name: str) -> bool | None:
        return ruleset.view(one, forms.only({name}), here).state(name).changed

    def is_agreed(one: Record) -> bool:
        is_here = one.ref.side is Side.HUBSPOT
        only, name = (forms, CONTACTS) if is_here else (theirs, listing)
        return ruleset.view(one, only.only({name}), exact).state(name).changed is False

    outside = [one for one in named_by(facts) if one in facts.frozen]
    known = facts.associated, facts.across, facts.frozen
    rests = bool(outside) and people_rest(
        activity, task, *known, is_news=lambda one: shows(one, WHO) is not False
    )
    if rests:
        ruleset = without_people(ruleset, about_of(task).who)
    left = [one for one in facts.associated if not (rests and one.object == HUBSPOT_CONTACT)]
    is_new = CONTACTS in forms and shows(activity, CONTACTS) is None
    is_past = about_of(task).who in facts.converted  # Nobody can choose a converted lead.
    compared = comparable(
        activity,
        task,
        left,
        facts.across,
        keeps_strangers=_settings(ruleset).sync.goes_to(Side.HUBSPOT),
        prevails=lambda one, name: bool(shows(one, name)) or (name == WHO and is_past),
        is_new=is_new,
    )
    if outside and not rests and CONTACTS in forms and listing in task.fields:
        compared = with_resting(compared, facts.associated, facts.frozen, is_agreed=is_agreed)
    shown = compared.activity
    plan = plan_pair(
        shown,
        compared.task,
        _agreed_on(compared, exact, ruleset),
        ruleset,
        always_save=here != link or not link.version,
        change=facts.change,
    )
    plan = with_contacts(plan, compared)
    plan = with_associations(plan, shown, facts.associated, facts.across, is_new=is_new)
    about = about_in_salesforce(facts.associated, facts.across, about_of(task))
    room = room_for_contacts(task, facts.across)
    left_out = len(contacts_of(about)[max(room, 1) :])
    texts: list[str] = []
    if outside:
        texts.append(PEOPLE_REST if rests else OTHERS_REST)
    if left_out:
        named = f"has room for {room} of them" if room else "names one"
        texts.append(
            f"{left_out} more of its contacts show in HubSpot alone, as Salesforce {named}"
        )
    if compared.leaves_out:
        texts.append(_BESIDE_A_LEAD)
    return replace(plan, notes=(*plan.notes, *(Note(text, ("ACT-5",)) for text in texts)))


def _agreed_on(compared: Compared, link: Link, ruleset: Ruleset) -> Link:
    """The link as if both sides had agreed on what HubSpot overrules, so that HubSpot's is news."""
    if not compared.overruled:
        return link
    mapping = ruleset.mapping_of(compared.task)
    prints = ruleset.fingerprinter.of(link.key)
    here = compared.overruled
    there = {ABOUT[name]: value for name, value in here.items()}
    return replace(
        link,
        hubspot_base=rebased(link.hubspot_base, mapping.hubspot_forms, here, prints),
        salesforce_base=rebased(link.salesforce_base, mapping.salesforce_forms, there, prints),
    )


def _plan_new_pair(
    facts: ActivityPairFacts, named: Record, match: Record, ruleset: Ruleset
) -> Plan:
    """Pair two records of which crmsync has made one for the other, and could not save the link."""
    match = released(match, facts.tombstones, ruleset)
    hubspot, salesforce = (named, match) if named.ref.side is Side.HUBSPOT else (match, named)
    link = Link(
        ruleset.connection.name,
        Kind.ACTIVITY,
        hubspot.ref,
        salesforce.ref,
        key=ruleset.fingerprinter.number,
        decided=(Decision(DecisionType.LINKED, because="ACT-2"),),
    )
    link = with_late_writes(link, facts, match.ref, salesforce, ruleset)
    if not shows_creation(hubspot, salesforce, ruleset):
        return _plan_pair(facts, link, (hubspot, salesforce), ruleset)
    made_of = _without_frozen(facts, hubspot, ruleset), _without_frozen(facts, salesforce, ruleset)
    creations = Creations(task_creation, activity_creation(made_of[1], ruleset))
    known = adopted(link, *made_of, creations, ruleset)
    plan = _plan_pair(facts, known.link, (hubspot, salesforce), ruleset)
    return replace(plan, undecided=plan.undecided or known.needs_history)


def _awaited(facts: ActivityPairFacts, named: Record, ruleset: Ruleset) -> Ref | None:
    """A record that the activity is about and that may be linked soon, as both were just made; None
    if there is none, or the activity has waited long enough.

    One that was woken does not ask for the record: its sync has woken the activity, and they would
    wake each other for ever where the record is refused.
    """
    cause = facts.change.cause
    if facts.change.tries >= MOST_WAITS or cause in BY_HAND or cause is Cause.WOKEN:
        return None
    about = about_of(named)
    refs = facts.associated if named.ref.side is Side.HUBSPOT else (about.who, about.what)
    kinds = ruleset.connection.kinds
    free = (one for one in refs if one and one not in facts.frozen)
    return next((one for one in free if KIND_OF[one.side].get(one.object) in kinds), None)


def _creation_plan(facts: ActivityPairFacts, named: Record, ruleset: Ruleset) -> Plan:
    """Make the counterpart of a record. Who is to own it and cannot is told."""
    owner, why_nobody = "", ""
    if _settings(ruleset).owner is ActivityOwner.RECORD_OWNER:
        back = None if named.ref.side is Side.HUBSPOT else facts.across
        record = record_of(_about(facts, named), back)
        owner, why_nobody = record_owner(record, facts.owners, ruleset.owners)
    create = task_creation if named.ref.side is Side.HUBSPOT else activity_creation
    creation = create(_without_frozen(facts, named, ruleset), ruleset, owner)
    notes = (
        (Note(f"is made without an owner of its own: it {why_nobody}", ("ACT-6",)),)
        if why_nobody
        else ()
    )
    return Plan((creation.create,), new_link=creation.link, notes=notes)


def _settings(ruleset: Ruleset) -> ActivityKindSettings:
    return ruleset.connection.activities.of(ruleset.activity.activity)


def _is_about_something(facts: ActivityPairFacts, named: Record) -> bool:
    """Whether anybody or anything that an activity or task is about is linked."""
    about = _about(facts, named)
    return any(one in facts.across for one in (about.who, about.what) if one)


def named_by(facts: ActivityPairFacts) -> tuple[Ref, ...]:
    """All that the two records of a pair are about, of either side."""
    pair = (facts.hubspot, facts.salesforce, facts.named_counterpart)
    tasks = [about_of(one) for one in pair if one and one.ref.side is Side.SALESFORCE]
    there = [ref for one in tasks for ref in (one.who, one.what, *one.others) if ref]
    return (*facts.associated, *there)


def _is_outside(facts: ActivityPairFacts) -> bool:
    return is_about_frozen_alone(named_by(facts), facts.across, facts.frozen)


def _alone(reason: LeftAlone) -> Plan:
    is_frozen = reason is LeftAlone.OUTSIDE
    return no_effects(f"is left alone: {reason}", "ACT-3", *(("INC-7",) if is_frozen else ()))


def _without_frozen(facts: ActivityPairFacts, record: Record, ruleset: Ruleset) -> Record:
    if not facts.frozen:
        return record
    return without_frozen(record, facts.associated, facts.across, facts.frozen, ruleset)


def _about(facts: ActivityPairFacts, named: Record) -> About:
    """Whom and what an activity or task is about in Salesforce."""
    if named.ref.side is Side.HUBSPOT:
        return about_in_salesforce(facts.associated, facts.across)
    return about_of(named)


def _left_alone(facts: ActivityPairFacts, named: Record, ruleset: Ruleset) -> LeftAlone | None:
    """Why an activity without a counterpart gets none, None for one that does."""
    kind = ruleset.activity.activity
    about = _about(facts, named)
    if named.ref.side is Side.HUBSPOT:
        if left := left_alone_in_hubspot(named):
            return left
    else:
        if named.fields.get(SALESFORCE_KEY):
            return LeftAlone.OTHER_ACCOUNT
        found = kind_of(named)
        if not isinstance(found, ActivityKind):
            return found
    settings = ruleset.connection.activities.of(kind)
    is_here = named.ref.side is Side.HUBSPOT
    wanted = ActivityFilter(
        frozenset(settings.owners if is_here else ()),
        frozenset(settings.types if is_here else ()),
        settings.only_with_opportunity,
        settings.since.replace(microsecond=0)
        if settings.since and facts.change.cause not in BY_HAND
        else None,
    )
    known = ActivityFacts(
        str(named.fields.get(HUBSPOT_OWNER) or ""),
        str(named.fields.get(TYPES.get(kind, "")) or ""),
        named.created_at,
        has_opportunity=about.what is not None
        and about.what.object == OPPORTUNITY
        and (is_here or about.what in facts.across),
    )
    if (left := filtered(known, wanted)) or _is_about_something(facts, named):
        return left
    if _is_outside(facts):
        return LeftAlone.OUTSIDE
    is_alone = not (facts.associated if is_here else (about.who or about.what))
    return LeftAlone.NOBODY if is_alone else LeftAlone.UNLINKED
