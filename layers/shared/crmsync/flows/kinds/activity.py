"""Activities (calls, e-mails, meetings, notes, tasks) and Salesforce's tasks and events, batch by
batch: gather everything, plan each record, apply all plans together.

Each kind of activity has rules of its own, so a batch is planned kind by kind. Salesforce may have
no unique key on activities, so a task is claimed before it is made (decision 71).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial

from crmsync.errors import Refused, TryAgain
from crmsync.flows.engine.batches import sync_in_batches
from crmsync.flows.engine.change_limits import hold_excess
from crmsync.flows.engine.complete import RecordResult, apply_and_complete, retry_without_resting
from crmsync.flows.engine.context import SyncContext
from crmsync.flows.engine.gathered import Gathered
from crmsync.flows.engine.loader import BatchLoader
from crmsync.flows.engine.planning import (
    PlannedBatch,
    gather_existing_fields,
    owners_for,
    plan_batch,
)
from crmsync.flows.engine.results import Summary, process_results
from crmsync.flows.kinds.about_linked import queue_activities_of
from crmsync.flows.kinds.activity_bin import with_binned
from crmsync.flows.kinds.activity_frozen import with_frozen
from crmsync.model.changes import Change
from crmsync.model.concerns import objects_of
from crmsync.model.crm_names import COMPANY, DEAL, HUBSPOT_CONTACT, LEAD
from crmsync.model.effects import CreateRecord
from crmsync.model.kinds.activities import (
    KIND_OF_HUBSPOT,
    SALESFORCE_OBJECTS,
    ActivityKind,
    ActivityOwner,
)
from crmsync.model.links import LinkState
from crmsync.model.mail import TaskState, milliseconds
from crmsync.model.plan import Plan
from crmsync.model.records import Record, Ref, Side
from crmsync.plans.activity import ActivityPairFacts, plan_activity
from crmsync.rules.kinds.activity.about import about_of
from crmsync.rules.kinds.activity.inclusion import kind_of
from crmsync.rules.kinds.activity.relations import about_in_salesforce
from crmsync.rules.kinds.activity.ruleset import (
    WHO,
    activity_ruleset,
    marks_of,
    most_contacts,
    with_about,
)
from crmsync.rules.merge.ruleset import Ruleset

LEASE = timedelta(seconds=720)
"""How long a claim holds: Salesforce ends a request after ten minutes at most, and ours begins
within seconds of the claim.
"""

_KEPT = timedelta(days=15)
"""How long a claim is remembered: longer than any queue keeps a message (14 days)."""

_CLAIMED = TryAgain(
    "Another worker may be making its task.", code="CLAIMED", after=LEASE.total_seconds() / 4
)

Planned = PlannedBatch[ActivityPairFacts]


def sync_activities(changes: Sequence[Change], context: SyncContext) -> Summary:
    """Sync the named activities, tasks and events. Raises `SyncError` only when changes could not
    be queued again either.
    """
    return sync_in_batches(changes, context, _sync_pass)


# The order of the steps is the crash safety (see the one of contacts):
#
# 1. Queue the activities of contacts that have joined the inclusion list. Gather and plan the
#    others. Nothing is written.
# 2. Claim the tasks and events that are to be made. What another worker may be making waits.
# 3. Apply the plans; a new record is planned again as a pair.
# 4. Give records that a missing field has stopped another try without its mapping.
# 5. Release the claims of what Salesforce has refused, as it was surely not made.
# 6. Process the results; the SQS message is deleted only after that.
def _sync_pass(
    changes: list[Change], context: SyncContext, summary: Summary, *, is_last: bool
) -> list[Change]:
    """Sync the changes once, and return those to sync again at once."""
    again: list[Change] = []
    changes = queue_activities_of(changes, context)
    for activity, mine in _by_kind(changes, context).items():
        planned = _plan_kind(activity, mine, context)
        summary.counts["Quiet"] += planned.unchanged
        claims = _claim(planned, context)
        waiting = [
            RecordResult(planned.facts[at], Plan(), _CLAIMED, None, frozenset())
            for at in claims.taken
        ]
        free = [at for at in range(len(planned.plans)) if at not in claims.taken]
        ruleset = planned.ruleset
        results = apply_and_complete(
            [planned.facts[at] for at in free],
            [planned.plans[at] for at in free],
            context,
            ruleset,
            partial(plan_batch, context=context, ruleset=ruleset, decide=plan_activity),
        )
        results = retry_without_resting(results, ruleset, mine, context)
        _release(results, claims, context)
        at_once = process_results([*results, *waiting], context, summary, is_last=is_last)
        again += [*planned.not_yet, *at_once]
    return again


def gather_and_plan(changes: Sequence[Change], context: SyncContext) -> Planned:
    """Gather and plan; writes nothing. The ruleset is that of the last kind of activity among the
    changes. Raises `SyncError` when a side or a store does not answer.
    """
    batches = [
        _plan_kind(activity, mine, context) for activity, mine in _by_kind(changes, context).items()
    ]
    if not batches:
        ruleset = _ruleset(ActivityKind.TASK, context)
        return PlannedBatch([], [], ruleset, [], len(changes))
    return PlannedBatch(
        [one for batch in batches for one in batch.facts],
        [one for batch in batches for one in batch.plans],
        batches[-1].ruleset,
        [one for batch in batches for one in batch.not_yet],
        sum(batch.unchanged for batch in batches),
    )


def _by_kind(
    changes: Sequence[Change], context: SyncContext
) -> Mapping[ActivityKind, list[Change]]:
    """The changes by the kind of activity. That of a task or event is its link's, otherwise it is
    read. One that is left alone, or that is gone, is planned with a kind of its object, if possible
    one that syncs: its plan says why nothing is done.
    """
    found: dict[ActivityKind, list[Change]] = {}
    there = [one.ref for one in changes if one.ref.side is Side.SALESFORCE]
    kinds = _kinds_in_salesforce(there, context) if there else {}
    for change in changes:
        kind = kinds.get(change.ref) or KIND_OF_HUBSPOT.get(change.ref.object)
        if kind is not None:
            found.setdefault(kind, []).append(change)
    return found


def _kinds_in_salesforce(refs: Sequence[Ref], context: SyncContext) -> Mapping[Ref, ActivityKind]:
    links = context.links.find(context.connection.name, refs)
    alone = [ref for ref in refs if ref not in links]
    fields = {name: sorted(marks_of(context.connection, name)) for name in {*_TASKS}}
    records = context.salesforce.read(alone, fields) if alone else {}
    on = context.connection.activities.on
    found: dict[Ref, ActivityKind] = {}
    for ref in refs:
        link, record = links.get(ref), records.get(ref)
        kind = kind_of(record) if record else None
        if link is not None and isinstance(link.hubspot, Ref):
            found[ref] = KIND_OF_HUBSPOT[link.hubspot.object]
        elif isinstance(kind, ActivityKind):
            found[ref] = kind
        else:
            ours = (one for one in (*on, *ActivityKind) if SALESFORCE_OBJECTS[one] == ref.object)
            found[ref] = next(ours)
    return found


_TASKS = frozenset(SALESFORCE_OBJECTS.values())


def _ruleset(activity: ActivityKind, context: SyncContext) -> Ruleset:
    return activity_ruleset(
        context.connection,
        activity,
        context.fingerprinter,
        context.our_user,
        context.our_app,
        zone=context.zone(),
    )


def _plan_kind(activity: ActivityKind, changes: Sequence[Change], context: SyncContext) -> Planned:
    ruleset = _ruleset(activity, context)
    ruleset, gathered = gather_existing_fields(
        ruleset, changes, context, lambda ruleset: _gather(changes, context, ruleset)
    )
    if context.connection.activities.of(activity).owner is not ActivityOwner.INTEGRATION_USER:
        ruleset = replace(ruleset, owners=owners_for(gathered.facts, context))
    facts, plans = plan_batch(gathered.facts, context, ruleset, plan_activity)
    facts, plans = hold_excess(facts, plans, context, ruleset, plan_activity)
    return PlannedBatch(facts, plans, ruleset, gathered.not_yet, gathered.unchanged)


def _gather(
    changes: Sequence[Change], context: SyncContext, ruleset: Ruleset
) -> Gathered[ActivityPairFacts]:
    """Read all that the plans of these changes need: also whom and what an activity is associated
    with, and who is whose counterpart. Raises `SyncError` when a side or a store does not answer.
    """
    relations = _Relations(context)
    loader = BatchLoader(context, ruleset, ActivityPairFacts, relations.with_about)
    to_sync, unlinked = loader.load(changes)
    loader.resolve_named(unlinked)
    gathered = loader.facts_of(
        changes, to_sync, lambda facts: facts.link.hubspot if facts.link else facts.change.ref
    )
    tasks = [
        record
        for one in gathered.facts
        for record in (one.salesforce, one.named_counterpart)
        if record and record.ref.side is Side.SALESFORCE
    ]
    relations.find_links(
        ref
        for about in map(about_of, tasks)
        for ref in (about.who, about.what, *about.others)
        if ref
    )
    converted = relations.converted_leads(gathered.facts)
    found = [replace(relations.of(one), converted=converted) for one in gathered.facts]
    known = with_frozen(found, relations.across, context)
    return replace(gathered, facts=with_binned(known, relations.once_linked, context, ruleset))


class _Relations:
    """Whom and what the activities of a batch are about, and what the links of those say."""

    def __init__(self, context: SyncContext) -> None:
        self._context = context
        self._associated: dict[Ref, tuple[Ref, ...]] = {}
        self._asked: set[Ref] = set()
        self._across: dict[Ref, Ref] = {}
        self._owners: dict[Ref, str] = {}
        self._ended: dict[Ref, Ref] = {}

    def with_about(self, records: Mapping[Ref, Record]) -> Mapping[Ref, Record]:
        """The records, each HubSpot activity with whom and what it is about in Salesforce."""
        here = [ref for ref in records if ref.side is Side.HUBSPOT]
        if not here:
            return records
        wanted = objects_of(self._context.connection, Side.HUBSPOT)
        for name in (HUBSPOT_CONTACT, COMPANY, DEAL):
            if name in wanted:
                for ref, found in self._context.associations.of(here, name).items():
                    self._associated[ref] = (*self._associated.get(ref, ()), *found)
        self.find_links(one for ref in here for one in self._associated.get(ref, ()))
        room = most_contacts(self._context.connection)
        return {
            ref: with_about(
                record, about_in_salesforce(self._associated.get(ref, ()), self._across), room
            )
            if ref.side is Side.HUBSPOT
            else record
            for ref, record in records.items()
        }

    def find_links(self, refs: Iterable[Ref]) -> None:
        """Find the counterparts and owners of records that were not asked for yet."""
        new = [ref for ref in dict.fromkeys(refs) if ref not in self._asked]
        self._asked.update(new)
        found = self._context.links.find(self._context.connection.name, new) if new else {}
        for link in found.values():
            mine, theirs = link.hubspot, link.salesforce
            if not isinstance(mine, Ref) or not isinstance(theirs, Ref):
                continue
            if link.state is not LinkState.ACTIVE:
                self._ended |= {mine: theirs, theirs: mine}
            else:
                self._across |= {mine: theirs, theirs: mine}
                self._owners |= {
                    mine: link.hubspot_owner or "",
                    theirs: link.salesforce_owner or "",
                }

    def converted_leads(self, facts: Iterable[ActivityPairFacts]) -> frozenset[Ref]:
        """The leads without a counterpart that tasks or events name and that were converted, where
        HubSpot's activity is about somebody who is linked. Usually none is read.
        """
        named = [
            who for one in facts if (who := _lead_of(one)) is not None and who not in self._across
        ]
        read = self._context.salesforce.read(named, {LEAD: ()}) if named else {}
        return frozenset(ref for ref, lead in read.items() if lead.successor)

    def once_linked(self, refs: Iterable[Ref]) -> frozenset[str]:
        """The ids of the records that these are linked with, or were until one was deleted."""
        found = (self._across.get(one) or self._ended.get(one) for one in refs)
        return frozenset(one.id for one in found if one)

    @property
    def across(self) -> Mapping[Ref, Ref]:
        """Record -> the record that it is linked with, of either side, as far as asked for."""
        return self._across

    def of(self, facts: ActivityPairFacts) -> ActivityPairFacts:
        """The facts with what was found for their activity."""
        activity = facts.hubspot or facts.named_counterpart
        associated = self._associated.get(activity.ref, ()) if activity else ()
        return replace(facts, associated=associated, across=self._across, owners=self._owners)


def _lead_of(facts: ActivityPairFacts) -> Ref | None:
    """The lead that the task or event of a pair is about, while HubSpot shows somebody."""
    pair = [one for one in (facts.hubspot, facts.salesforce, facts.named_counterpart) if one]
    shown = {one.ref.side: one for one in pair}
    if len(shown) < len(Side) or not shown[Side.HUBSPOT].fields.get(WHO):
        return None
    who = about_of(shown[Side.SALESFORCE]).who
    return who if who is not None and who.object == LEAD else None


@dataclass(frozen=True, slots=True)
class _Claims:
    """The claims on the tasks and events that a batch makes.

    Attributes:
        ours: HubSpot activity -> our claim.
        taken: The places of the plans whose task another worker may be making.
    """

    ours: Mapping[Ref, TaskState] = field(default_factory=dict)
    taken: frozenset[int] = frozenset()


def _claim(planned: Planned, context: SyncContext) -> _Claims:
    """Claim what is to be made in Salesforce. What has got a link meanwhile, or may have been made
    by a worker that died, waits as well: it is read again. What is made once more, as its task was
    deleted, has the link and the task that are in the way. Raises `SyncError`.
    """
    makes = {
        at: one.change.ref
        for at, (one, plan) in enumerate(zip(planned.facts, planned.plans, strict=True))
        if any(isinstance(effect, CreateRecord) for effect in plan.effects)
        if one.change.ref.side is Side.HUBSPOT
    }
    if context.claims is None or not makes:
        return _Claims()
    name, now = context.connection.name, context.now()
    keys = {ref: f"{ref.object}#{ref.id}" for ref in makes.values()}
    known = context.claims.load(name, keys.values())
    wanted = [known.get(key, TaskState(key)) for key in keys.values()]
    claimed = context.claims.claim(
        name, wanted, milliseconds(now), milliseconds(now + LEASE), _KEPT
    )
    ours = {ref: claimed[key] for ref, key in keys.items() if key in claimed}
    linked = context.links.find(name, list(ours)) if ours else {}
    made = _made_before(
        {ref: one for ref, one in ours.items() if one.version > 1}, planned, context
    )
    once_more = {one.change.ref for one in planned.facts if one.link is not None}
    free = ours.keys() - ((linked.keys() | made) - once_more)
    return _Claims(ours, frozenset(at for at, ref in makes.items() if ref not in free))


def _made_before(tried: Collection[Ref], planned: Planned, context: SyncContext) -> frozenset[Ref]:
    """The activities, claimed once before, whose task was made then."""
    keys = {planned.ruleset.key_of(ref.id): ref for ref in tried}
    if not keys:
        return frozenset()
    (name,) = planned.ruleset.mappings
    return frozenset(keys[key] for key in context.salesforce.made_by({name: list(keys)}))


def _release(
    results: Sequence[RecordResult[ActivityPairFacts]], claims: _Claims, context: SyncContext
) -> None:
    """End the claims on what Salesforce has refused, so that a second try need not wait."""
    refused = [
        replace(claims.ours[one.facts.change.ref], until=0)
        for one in results
        if isinstance(one.error, Refused) and one.facts.change.ref in claims.ours
    ]
    if refused and context.claims is not None:
        context.claims.commit(context.connection.name, refused, _KEPT)
