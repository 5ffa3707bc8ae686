"""Holds back changes beyond an hour's limits, batch by batch: one call per counter, however many
records there are (Q-30).

Every change is counted before anything is written, and given back if it was not written after all.
New records, and syncs that the operator requested, neither count nor wait.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from crmsync.errors import SyncError
from crmsync.flows.engine.context import SyncContext
from crmsync.flows.engine.planning import Decide, plan_safely
from crmsync.model.change_limits import ChangeLimit, Hold
from crmsync.model.facts import AnyFacts, Facts
from crmsync.model.plan import Plan
from crmsync.model.records import Kind
from crmsync.rules.merge.change_limits import FLOORS, auto, counts, limit_set
from crmsync.rules.merge.ruleset import Ruleset


def hold_excess(
    facts: Sequence[AnyFacts],
    plans: Sequence[Plan],
    context: SyncContext,
    ruleset: Ruleset,
    decide: Decide[AnyFacts],
) -> tuple[list[AnyFacts], list[Plan]]:
    """The facts and plans, those beyond the hour's limits planned again without what is over the
    limit; the last ones of the batch are held first. Raises `SyncError`.

    Deletions count first, then changes, then blanked values: a record that is not overwritten uses
    up none of what may be blanked.
    """
    facts, plans = list(facts), list(plans)
    counted_in = [counts(one, plan) for one, plan in zip(facts, plans, strict=True)]
    for counted in (ChangeLimit.DELETES, ChangeLimit.CHANGES, ChangeLimit.BLANKS):
        wanted: dict[Hold, list[int]] = defaultdict(list)
        for at, holds in enumerate(counted_in):
            for hold in holds:
                if hold.counted is counted:
                    wanted[hold].append(at)
        for hold, places in sorted(wanted.items()):
            for at in places[allowed(hold, len(places), context, ruleset.kind) :]:
                facts[at] = replace(facts[at], holds=facts[at].holds | {hold})
                plans[at] = plan_safely(facts[at], ruleset, decide)
                counted_in[at] = counts(facts[at], plans[at])
    return facts, plans


def return_unused(
    failed: Iterable[tuple[Facts, Plan]], context: SyncContext, ruleset: Ruleset
) -> None:
    """Return to the counters what was allowed and then not written: that of failed plans. Raises
    `SyncError`.
    """
    unused: Counter[Hold] = Counter()
    for one, plan in failed:
        unused.update(counts(one, plan))
    for hold, number in sorted(unused.items()):
        if _floor(hold, context, ruleset.kind):
            context.change_counts.return_unused(
                context.connection.name, ruleset.kind, hold, number, context.now()
            )


def allowed(hold: Hold, wanted: int, context: SyncContext, kind: Kind) -> int:
    """How many of the `wanted` changes may be made now. Raises `SyncError`.

    The number of linked pairs is asked for only when the floor of an "auto" limit is used up.
    """
    name, now = context.connection.name, context.now()
    floor = _floor(hold, context, kind)
    let = context.change_counts.reserve(name, kind, hold, wanted, floor, now)
    if let == wanted or limit_set(context.connection, kind, hold.counted) is not None:
        return let
    try:
        limit = auto(hold.counted, context.pairs(kind))
    except SyncError:
        # The number of pairs is not known now: the floor is allowed, and the rest waits.
        return let
    if limit > floor:
        let += context.change_counts.reserve(name, kind, hold, wanted - let, limit, now)
    return let


def _floor(hold: Hold, context: SyncContext, kind: Kind) -> int:
    """The limit in the settings, or the least that "auto" allows; 0 for no limit."""
    limit = limit_set(context.connection, kind, hold.counted)
    return FLOORS[hold.counted] if limit is None else limit
