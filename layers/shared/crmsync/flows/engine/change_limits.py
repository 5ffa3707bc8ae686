"""Holds back what goes beyond an hour's limits, batch by batch: one call per counter, whatever the
number of records (Q-30).

Nobody is let through uncounted: what a batch wants is counted before anything is written, and given
back where it was not written after all. Records that are new, and looks that the operator asked
for, neither count nor wait.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace

from crmsync.errors import SyncError
from crmsync.flows.engine.apply import Applied
from crmsync.flows.engine.context import SyncContext
from crmsync.flows.engine.planning import Decide, plan_safely
from crmsync.flows.engine.results import AnyFacts
from crmsync.model.brakes import Counted, Hold
from crmsync.model.effects import Plan
from crmsync.model.facts import Facts
from crmsync.model.records import Kind
from crmsync.rules.merge.change_limits import FLOORS, auto, counts, limit_set
from crmsync.rules.merge.ruleset import Ruleset
from crmsync.rules.pair import reports


def hold_excess(
    facts: list[AnyFacts],
    plans: list[Plan],
    context: SyncContext,
    ruleset: Ruleset,
    decide: Decide[AnyFacts],
) -> None:
    """Plan anew, without what goes beyond the hour's limits, those that come last in the batch.
    Raises `SyncError`.

    A record that is not overwritten takes no part of what may be blanked, so changes are counted
    first.
    """
    counted_in = [counts(one, plan) for one, plan in zip(facts, plans, strict=True)]
    for counted in (Counted.DELETES, Counted.CHANGES, Counted.BLANKS):
        wanted: dict[Hold, list[int]] = defaultdict(list)
        for at, holds in enumerate(counted_in):
            for hold in holds:
                if hold.counted is counted:
                    wanted[hold].append(at)
        for hold, places in sorted(wanted.items()):
            for at in places[allowed(hold, len(places), context, ruleset.kind) :]:
                facts[at] = replace(facts[at], holds=facts[at].holds | {hold})
                plans[at] = (
                    _without_deletion(facts[at])
                    if counted is Counted.DELETES
                    else plan_safely(facts[at], ruleset, decide)
                )
                counted_in[at] = counts(facts[at], plans[at])


def give_back(
    facts: Sequence[Facts],
    plans: Sequence[Plan],
    applied: Sequence[Applied],
    context: SyncContext,
    ruleset: Ruleset,
) -> None:
    """Return to the counters what was let through and then not written."""
    unused: Counter[Hold] = Counter()
    for one, plan, done in zip(facts, plans, applied, strict=True):
        if done.error is not None:
            unused.update(counts(one, plan))
    for hold, number in unused.items():
        if _limit_at_least(hold, context, ruleset.kind):
            context.brake.give_back(
                context.connection.name, ruleset.kind, hold, number, context.now()
            )


def _without_deletion(facts: Facts) -> Plan:
    return Plan((reports.braked(facts.hubspot.ref if facts.hubspot else facts.change.ref),))


def allowed(hold: Hold, wanted: int, context: SyncContext, kind: Kind) -> int:
    """How many of those that come first may go on. How many pairs there are is asked only where the
    least that "auto" allows is used up.
    """
    name, now = context.connection.name, context.now()
    least = _limit_at_least(hold, context, kind)
    let = context.brake.pull(name, kind, hold, wanted, least, now)
    if let == wanted or limit_set(context.connection, kind, hold.counted) is not None:
        return let
    try:
        limit = auto(hold.counted, context.pairs(kind))
    except SyncError:
        # Nobody knows how many pairs there are: the least is allowed, and what is beyond it waits.
        return let
    if limit > least:
        let += context.brake.pull(name, kind, hold, wanted - let, limit, now)
    return let


def _limit_at_least(hold: Hold, context: SyncContext, kind: Kind) -> int:
    """The limit of the settings, or the least that "auto" allows; 0 is none."""
    limit = limit_set(context.connection, kind, hold.counted)
    return FLOORS[hold.counted] if limit is None else limit
