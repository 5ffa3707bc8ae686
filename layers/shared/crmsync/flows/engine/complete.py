"""Apply the plans of a batch, and complete the births among them: what was just made is read back
and looked at as a pair.

Alike for every kind.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from crmsync.errors import TryAgain
from crmsync.flows.engine.apply import Applied, Rebase, RollUps, apply, no_roll_ups
from crmsync.flows.engine.change_limits import give_back
from crmsync.flows.engine.context import SyncContext
from crmsync.flows.engine.lifecycle import spread_stages
from crmsync.flows.engine.lifecycle_changes import changed_stages
from crmsync.flows.engine.overwriting import keep_overwritten
from crmsync.flows.engine.partial_writes import FieldRetries
from crmsync.flows.engine.results import AnyFacts
from crmsync.model import names
from crmsync.model.changes import Cause, Change
from crmsync.model.effects import CreateRecord, Plan
from crmsync.model.links import LONGEST_WRITE, Link, Slot
from crmsync.model.records import Record, Ref, Side, Value
from crmsync.rules.kinds.opportunity.tie_intents import may_still_be_told
from crmsync.rules.merge.baseline import rebased
from crmsync.rules.merge.intents import may_be_under_way
from crmsync.rules.merge.ruleset import Ruleset
from crmsync.rules.pair.refused_fields import left_apart, skips_fields, without

_AFTER_THEIR_END = round(LONGEST_WRITE.total_seconds())


def apply_and_complete(
    facts: list[AnyFacts],
    plans: list[Plan],
    context: SyncContext,
    ruleset: Ruleset,
    plan_all: Callable[[list[AnyFacts]], list[Plan]],
    roll_up: RollUps = no_roll_ups,
) -> list[Applied]:
    """Apply the plans, and for records that were just made look at the new pair at once, which also
    stores its link.

    A lifecycle stage that is news spreads first (LIFE-7): where that must be tried again, so must
    the plan, as nobody will tell of the stage once it is agreed on. The lists are brought up to
    date: for a newborn's pair they then hold its facts and both its plans as one.
    """
    rivals = _others_may_still_write(facts, context, ruleset)
    held = _spread(facts, plans, context, ruleset)
    rebase = rebase_from_response(ruleset)
    skips = skips_fields(ruleset)
    keep_overwritten(facts, plans, context, ruleset)
    applied = apply(
        plans, context, rebase, roll_up, FieldRetries(tuple(facts), ruleset) if skips else None
    )
    _tell(plans, applied)
    pairs = _completed(facts, plans, applied, context, ruleset)
    newborn = [pair for _, pair in pairs]
    second = plan_all(newborn)
    keep_overwritten(
        newborn, second, context, ruleset, {done.made for done in applied if done.made}
    )
    outcome = apply(
        second, context, rebase, roll_up, FieldRetries(tuple(newborn), ruleset) if skips else None
    )
    _tell(second, outcome)
    for (at, pair), plan, done in zip(pairs, second, outcome, strict=True):
        facts[at], applied[at] = pair, done
        plans[at] = replace(plan, effects=plans[at].effects + plan.effects)
    for at, error in held.items():
        applied[at].error = error
    give_back(facts, plans, applied, context, ruleset)
    # What came to nothing is looked at again anyway; two changes of one pair would otherwise have
    # each other looked at for ever.
    again = [change for at, change in rivals.items() if applied[at].error is None]
    if again:
        context.outbox.again([(change, _AFTER_THEIR_END) for change in again])
    return applied


def _tell(plans: list[Plan], applied: Sequence[Applied]) -> None:
    """Have the plans tell of the fields that were left out of their writes; they are in the inbox
    already.
    """
    for at, done in enumerate(applied):
        if done.left_out.reports:
            plans[at] = replace(plans[at], effects=(*plans[at].effects, *done.left_out.reports))


def _others_may_still_write(
    facts: Sequence[AnyFacts], context: SyncContext, ruleset: Ruleset
) -> dict[int, Change]:
    """The changes, by their places, of pairs to which another worker has announced a write that it
    may be about to make.

    It may come after ours and put an older value over it; nobody tells of our own writes, so the
    pair is looked at again when that worker has surely ended. A change that was put off meets its
    own announcement, not another's. A tie that was announced is asked for until it is known what
    has become of it.
    """
    now = context.now()
    return {
        at: replace(one.change, cause=Cause.AGAIN, at=now, waiting=())
        for at, one in enumerate(facts)
        if one.link and one.hubspot and one.salesforce
        if may_still_be_told(one.link, now)
        or (
            not (one.change.tries or one.change.held)
            and may_be_under_way(one.link, one.hubspot, one.salesforce, ruleset, now)
        )
    }


def _spread(
    facts: Sequence[AnyFacts], plans: list[Plan], context: SyncContext, ruleset: Ruleset
) -> dict[int, TryAgain]:
    """Spread the stages that are news; the plans that must wait for it are emptied, and told by
    their places.
    """
    failed = spread_stages(changed_stages(facts, plans, ruleset), context).failed
    held = {
        at: failed[one.hubspot.ref]
        for at, one in enumerate(facts)
        if one.hubspot and one.hubspot.ref in failed
    }
    for at in held:
        plans[at] = Plan()
    return held


def rebase_from_response(ruleset: Ruleset) -> Rebase:
    """Puts what HubSpot says that it now shows into a link's base; Salesforce does not say."""

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


def _completed(
    facts: Sequence[AnyFacts],
    plans: Sequence[Plan],
    applied: Sequence[Applied],
    context: SyncContext,
    ruleset: Ruleset,
) -> list[tuple[int, AnyFacts]]:
    """The pairs whose second record has just been made, as facts to plan: their places in the
    batch, and what the new records show.

    Salesforce's new records are read back, as rules and triggers may have given them an owner or
    changed a value; HubSpot says what it made.
    """
    made = [(at, done.made) for at, done in enumerate(applied) if done.made and plans[at].new_link]
    shown = (
        context.salesforce.read(
            [ref for _, ref in made if ref.side is Side.SALESFORCE], ruleset.fields(Side.SALESFORCE)
        )
        if made
        else {}
    )
    pairs: list[tuple[int, AnyFacts]] = []
    for at, ref in made:
        new = (
            shown.get(ref)
            if ref.side is Side.SALESFORCE
            else _made(plans[at], applied[at], ref, ruleset, context.now())
        )
        link = plans[at].new_link
        if new is None or link is None:
            applied[at].error = TryAgain("the new record cannot be read back yet")
            continue
        here = {
            place: ref if isinstance(place, Slot) else place
            for place in (link.hubspot, link.salesforce)
        }
        link = replace(link, hubspot=here[link.hubspot], salesforce=here[link.salesforce])
        pair = replace(
            facts[at],
            link=link,
            hubspot=facts[at].hubspot or new,
            salesforce=facts[at].salesforce or new,
        )
        if (left := applied[at].left_out.of_new) and pair.salesforce:
            pair = replace(pair, link=left_apart(link, *left, new, pair.salesforce, ruleset))
        pairs.append((at, pair))
    return pairs


def _made(plan: Plan, applied: Applied, ref: Ref, ruleset: Ruleset, now: datetime) -> Record | None:
    """A HubSpot record as HubSpot says that it made it."""
    create = next((effect for effect in plan.effects if isinstance(effect, CreateRecord)), None)
    if create is None:
        return None
    fields = (*ruleset.fields(Side.HUBSPOT)[ref.object], *ruleset.opportunity.associations)
    if applied.left_out.of_new:
        create = replace(create, fields=without(create, applied.left_out.of_new[1]).fields)
    told: Mapping[str, Value] = {
        **create.fields,
        names.HUBSPOT_KEY: create.key,
        **applied.shown.get(Side.HUBSPOT, {}),
    }
    return Record(ref, {name: told.get(name) for name in fields}, now, now)
