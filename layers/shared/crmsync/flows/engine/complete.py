"""Applies the plans of a batch, and completes the creations among them: a record that was just
created is read back and planned as a pair, which also stores its link. Alike for every kind.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Generic, TypeAlias

from crmsync.errors import Conflict, Drifted, SyncError, TryAgain
from crmsync.flows.engine.applied import Applied
from crmsync.flows.engine.apply import Rebase, RollUps, apply, no_roll_ups
from crmsync.flows.engine.change_limits import return_unused
from crmsync.flows.engine.context import SyncContext
from crmsync.flows.engine.lifecycle import spread_stages
from crmsync.flows.engine.partial_writes import FieldRetries
from crmsync.flows.engine.planning import changed_stages
from crmsync.flows.engine.resting_mappings import note_refused
from crmsync.model import names
from crmsync.model.changes import Cause, Change
from crmsync.model.decisions import Decision, DecisionType
from crmsync.model.effects import CreateRecord, Report
from crmsync.model.facts import AnyFacts, Facts
from crmsync.model.links import LONGEST_WRITE, Intent, Link, Slot
from crmsync.model.operations.overwritten import OverwrittenBatch
from crmsync.model.plan import Plan
from crmsync.model.records import Kind, Record, Ref, Side, Value
from crmsync.rules.kinds.opportunity.tie_intents import may_events_follow
from crmsync.rules.merge.baseline import rebased
from crmsync.rules.merge.intents import writes_may_follow, written
from crmsync.rules.merge.ruleset import Ruleset
from crmsync.rules.pair.overwriting import overwritten
from crmsync.rules.pair.refused_fields import diverged_link, without
from crmsync.rules.pair.reports import NO_ADDRESS
from crmsync.rules.timing.sweeps import SLOW

_AFTER_OTHERS_END = round(LONGEST_WRITE.total_seconds())
"""Seconds after which a write that another worker has announced is surely over."""

PlanAll: TypeAlias = Callable[[Sequence[AnyFacts]], tuple[list[AnyFacts], list[Plan]]]
"""Plans records; returns their facts, completed by what planning has read, and their plans."""


@dataclass(frozen=True, slots=True)
class RecordResult(Generic[AnyFacts]):
    """What became of one record of a batch.

    Attributes:
        facts: what was gathered. For a record that was created, the facts of the new pair.
        plan: what was planned. For a new pair, the effects of both its plans.
        error: the error that stopped the plan, or None.
        saved: the pair's link as it is stored now, if the plan saved it.
        reported: the records about which something was reported while the plan was applied.
    """

    facts: AnyFacts
    plan: Plan
    error: SyncError | None
    saved: Link | None
    reported: frozenset[Ref]


def apply_and_complete(
    facts: Sequence[AnyFacts],
    plans: Sequence[Plan],
    context: SyncContext,
    ruleset: Ruleset,
    plan_all: PlanAll[AnyFacts],
    roll_up: RollUps = no_roll_ups,
) -> list[RecordResult[AnyFacts]]:
    """Apply the plans, and plan and apply the new pairs among them; returns one result per plan.
    Raises `SyncError`.

    A changed lifecycle stage spreads first (LIFE-7). Where spreading must be retried, so must the
    plan: once the pair has agreed on the stage, nothing reports it again.
    """
    shared = _maybe_written_by_others(facts, context, ruleset)
    later = (
        shared
        | _maybe_linked_by_others(facts)
        | _maybe_made_with_an_address(facts, plans, context.now())
    )
    not_spread: dict[int, TryAgain] = {}
    if changed := changed_stages(facts, plans, ruleset):
        plans, not_spread = _spread_stages(changed, facts, plans, context)
    plans, applied = _apply(facts, plans, context, ruleset, roll_up)
    pairs, unreadable = _new_pairs(facts, plans, applied, context, ruleset)
    made = {done.made for done in applied if done.made}
    pair_facts, pair_plans = plan_all(list(pairs.values()))
    pair_plans, pairs_applied = _apply(pair_facts, pair_plans, context, ruleset, roll_up, made)

    all_facts = list(facts)
    for (at, pair), plan, done in zip(pairs.items(), pair_plans, pairs_applied, strict=True):
        all_facts[at], applied[at] = pair, done
        plans[at] = replace(plan, effects=plans[at].effects + plan.effects)
    for at, error in {**unreadable, **not_spread}.items():
        applied[at] = replace(applied[at], error=error)
    results = [
        RecordResult(one, plan, done.error, done.saved, frozenset(done.left_out.reported))
        for one, plan, done in zip(all_facts, plans, applied, strict=True)
    ]
    _note_written(results, shared, context, ruleset)
    failed = [(one.facts, one.plan) for one in results if one.error]
    if failed:
        return_unused(failed, context, ruleset)
    # Failed plans are retried anyway; without this, two changes of one pair would queue each other
    # for ever.
    again = [
        (change, _AFTER_OTHERS_END) for at, change in later.items() if results[at].error is None
    ]
    again += [(change, 0) for change in _saved_late(facts, results, context)]
    if again:
        context.outbox.again(again)
    return results


def retry_without_resting(
    results: Sequence[RecordResult[AnyFacts]],
    ruleset: Ruleset,
    changes: Sequence[Change],
    context: SyncContext,
) -> list[RecordResult[AnyFacts]]:
    """The results, with a conflict in place of each refusal of a missing field whose mapping rests
    from now on: a conflict is synced again at once. Usually no field is missing. Raises
    `SyncError`.
    """
    refused = [one.error for one in results if isinstance(one.error, Drifted)]
    if not refused:
        return list(results)
    resting = note_refused(refused, ruleset, changes, context)
    return [
        replace(
            one,
            error=Conflict(f"The mapping of {one.error.fieldname} rests.", code=one.error.code),
        )
        if isinstance(one.error, Drifted) and one.error.fieldname in resting
        else one
        for one in results
    ]


def _apply(
    facts: Sequence[AnyFacts],
    plans: Sequence[Plan],
    context: SyncContext,
    ruleset: Ruleset,
    roll_up: RollUps,
    made: Collection[Ref] = (),
) -> tuple[list[Plan], list[Applied]]:
    """Apply plans, and return them with the reports about fields that were left out of their
    writes. These reports are in the error inbox already.
    """
    keep_overwritten(facts, plans, context, ruleset, made)
    retries = FieldRetries(tuple(facts), ruleset)
    applied = apply(plans, context, rebase_from_response(ruleset), roll_up, retries)
    reported = [
        replace(plan, effects=(*plan.effects, *done.left_out.reports))
        if done.left_out.reports
        else plan
        for plan, done in zip(plans, applied, strict=True)
    ]
    return reported, applied


def keep_overwritten(
    facts: Sequence[Facts],
    plans: Sequence[Plan],
    context: SyncContext,
    ruleset: Ruleset,
    made: Collection[Ref] = (),
) -> None:
    """Keep the values that plans are about to overwrite, in one call; records in `made` are new and
    lose nothing. Makes no call unless the connection keeps values (`undo.hours`); of activities
    none are kept.

    A value that could not be kept is not overwritten: raises `SyncError`. Values may be kept of a
    write that then fails; undoing compares with what the record shows.
    """
    hours = context.connection.undo.hours
    if context.overwrites is None or not hours or ruleset.kind is Kind.ACTIVITY:
        return
    found = (overwritten(one, plan, ruleset, made) for one, plan in zip(facts, plans, strict=True))
    pairs = tuple(one for one in found if one)
    if pairs:
        batch = OverwrittenBatch(context.connection.name, ruleset.kind, context.now(), pairs)
        context.overwrites.keep(batch, timedelta(hours=hours))


def _maybe_written_by_others(
    facts: Sequence[AnyFacts], context: SyncContext, ruleset: Ruleset
) -> dict[int, Change]:
    """Place -> a change to sync once more, for pairs to which another worker has announced a write
    that may still be on its way.

    That write may come after ours and replace it by an older value. Nothing reports our own writes,
    so the pair is synced again when that worker has surely ended. A tie that was announced is
    checked until it is known what has become of it.
    """
    now = context.now()
    return {
        at: replace(one.change, cause=Cause.AGAIN, at=now, waiting=())
        for at, one in enumerate(facts)
        if writes_may_follow(one, ruleset, now)
        or (
            (one.link and one.hubspot and one.salesforce)
            and (one.link.tying.replaces and may_events_follow(one.link, now))
        )
    }


def _saved_late(
    facts: Sequence[AnyFacts], results: Sequence[RecordResult[AnyFacts]], context: SyncContext
) -> list[Change]:
    """A change to sync once more at once, for linked pairs whose links a slow worker has saved.

    Somebody may have set an edit back in between. Until the link was saved the record then showed
    what was agreed on, so nobody else found anything new, and no event follows.
    """
    name, now = context.connection.name, context.now()
    return [
        Change(name, one.change.kind, place, Cause.AGAIN, now)
        for one, result in zip(facts, results, strict=True)
        if one.link and result.saved and result.error is None
        if one.since and now - one.since >= SLOW
        if isinstance(place := result.saved.on(one.change.ref.side), Ref)
    ]


def _note_written(
    results: Sequence[RecordResult[AnyFacts]],
    shared: Collection[int],
    context: SyncContext,
    ruleset: Ruleset,
) -> None:
    """Note in the links at the places in `shared` that their writes have arrived, in one call.

    Another worker's older write may still come, and replace the revision by which it would be seen.
    A link that was saved by others meanwhile needs no note: they have read what was written.
    """
    links: list[Link] = []
    for one in (results[at] for at in sorted(shared)):
        hubspot, salesforce = one.facts.hubspot, one.facts.salesforce
        if one.error or one.reported or not (one.saved and hubspot and salesforce):
            continue
        link = written(one.saved, one.plan, (hubspot, salesforce), ruleset)
        if link != one.saved:
            links.append(link)
    if links:
        context.links.save(links)


def _maybe_linked_by_others(facts: Sequence[AnyFacts]) -> dict[int, Change]:
    """Place -> a change to sync once more, for records that are gone and have no link, or whose
    link goes with its hashes as the contact asked to be forgotten (CH-9).

    Another worker may have read or made the record before, and be about to link it. HubSpot tells
    of a deletion once, and Salesforce twice at most; the link would stay, with a record that is
    gone. By the second time that worker has surely ended. A tombstone needs no second time: its
    version refuses the link of such a worker.
    """
    return {
        at: replace(one.change, tries=1)
        for at, one in enumerate(facts)
        if one.change.cause is Cause.FORGOTTEN
        or (one.link is None and one.change.cause is not Cause.WOKEN)
        if one.named is None and not one.change.tries
    }


def _maybe_made_with_an_address(
    facts: Sequence[AnyFacts], plans: Sequence[Plan], now: datetime
) -> dict[int, Change]:
    """Place -> a change to sync once more, for records without a link that wait for an address and
    were edited a moment ago.

    Another worker may have read such a record before its address was removed, and be about to make
    and link its counterpart with the old values. By the second time that worker has surely ended.
    A record that was not edited since its creation never had an address.
    """
    return {
        at: replace(one.change, cause=Cause.AGAIN, at=now, waiting=())
        for at, (one, plan) in enumerate(zip(facts, plans, strict=True))
        if one.link is None and one.named is not None
        if one.named.created_at < one.named.modified_at
        if now - one.named.modified_at < LONGEST_WRITE
        if any(isinstance(effect, Report) and effect.code == NO_ADDRESS for effect in plan.effects)
    }


def _spread_stages(
    changed: Mapping[Ref, str],
    facts: Sequence[AnyFacts],
    plans: Sequence[Plan],
    context: SyncContext,
) -> tuple[list[Plan], dict[int, TryAgain]]:
    """Spread changed stages; returns the plans, empty where spreading must be retried first, and by
    their places the errors of those.
    """
    failed = spread_stages(changed, context).failed
    errors = {
        at: failed[one.hubspot.ref]
        for at, one in enumerate(facts)
        if one.hubspot and one.hubspot.ref in failed
    }
    return [Plan() if at in errors else plan for at, plan in enumerate(plans)], errors


def rebase_from_response(ruleset: Ruleset) -> Rebase:
    """A function that puts the values of HubSpot's response into a link's base; Salesforce's
    response has none.
    """

    def rebase(link: Link, side: Side, fields: Mapping[str, Value]) -> Link:
        if not isinstance(link.salesforce, Ref) or side is not Side.HUBSPOT:
            return link
        forms = ruleset.mappings[link.salesforce.object].hubspot_forms
        return replace(
            link,
            hubspot_base=rebased(
                link.hubspot_base, forms, fields, ruleset.fingerprinter.of(link.key)
            ),
        )

    return rebase


def _new_pairs(
    facts: Sequence[AnyFacts],
    plans: Sequence[Plan],
    applied: Sequence[Applied],
    context: SyncContext,
    ruleset: Ruleset,
) -> tuple[dict[int, AnyFacts], dict[int, TryAgain]]:
    """The pairs whose second record was just created, as facts to plan, and the errors of those
    whose new record cannot be read yet; both by their places in the batch.

    New Salesforce records are read back, as assignment rules and triggers may have changed them.
    HubSpot's response already shows the new record.
    """
    made = [(at, done.made) for at, done in enumerate(applied) if done.made and plans[at].new_link]
    in_salesforce = [ref for _, ref in made if ref.side is Side.SALESFORCE]
    shown = context.salesforce.read(in_salesforce, ruleset.fields(Side.SALESFORCE)) if made else {}
    pairs: dict[int, AnyFacts] = {}
    unreadable: dict[int, TryAgain] = {}
    for at, ref in made:
        link = plans[at].new_link
        new = (
            shown.get(ref)
            if ref.side is Side.SALESFORCE
            else _from_response(plans[at], applied[at], ref, ruleset, context.now())
        )
        if new is None or link is None:
            unreadable[at] = TryAgain("the new record cannot be read back yet")
            continue
        link = replace(
            link,
            hubspot=ref if isinstance(link.hubspot, Slot) else link.hubspot,
            salesforce=ref if isinstance(link.salesforce, Slot) else link.salesforce,
        ).deciding(_creation(plans[at], ref))
        pair = replace(
            facts[at],
            link=link,
            hubspot=facts[at].hubspot or new,
            salesforce=facts[at].salesforce or new,
        )
        if (left := applied[at].left_out.of_new) and pair.salesforce:
            unmarked = link.announcing(ref.side, Intent())
            pair = replace(pair, link=diverged_link(unmarked, *left, new, pair.salesforce, ruleset))
        pairs[at] = pair
    return pairs, unreadable


def _creation(plan: Plan, ref: Ref) -> Decision:
    """That a plan has created this record, and by which rule."""
    because = next((one.because for one in plan.effects if isinstance(one, CreateRecord)), ())
    return Decision(DecisionType.CREATED, ref.side, because=next(iter(because), ""))


def _from_response(
    plan: Plan, applied: Applied, ref: Ref, ruleset: Ruleset, now: datetime
) -> Record | None:
    """A new HubSpot record as HubSpot's response shows it."""
    create = next((effect for effect in plan.effects if isinstance(effect, CreateRecord)), None)
    if create is None:
        return None
    fields = (*ruleset.fields(Side.HUBSPOT)[ref.object], *ruleset.associations)
    if applied.left_out.of_new:
        create = replace(create, fields=without(create, applied.left_out.of_new[1]).fields)
    shown: Mapping[str, Value] = {
        **create.fields,
        names.HUBSPOT_KEY: create.key,
        **applied.shown.get(Side.HUBSPOT, {}),
    }
    return Record(ref, {name: shown.get(name) for name in fields}, now, now)
