"""Keeps what a batch of plans is about to overwrite, before the first of them is applied. Costs
nothing where nobody wants it.

What could not be kept is not overwritten: the error goes to the caller, and the batch waits.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta

from crmsync.flows.engine.context import SyncContext
from crmsync.model.effects import Plan
from crmsync.model.facts import Facts
from crmsync.model.overwritten import OverwrittenBatch
from crmsync.model.records import Ref
from crmsync.rules.merge.ruleset import Ruleset
from crmsync.rules.pair.overwriting import overwritten


def keep_overwritten(
    facts: Sequence[Facts],
    plans: Sequence[Plan],
    context: SyncContext,
    ruleset: Ruleset,
    made: Collection[Ref] = (),
) -> None:
    """Keep the values that these plans overwrite, all in one go; records in `made` are new. Raises
    `SyncError` where that did not work.

    A write that fails afterwards makes no difference: whoever puts values back looks whether the
    record shows what was written.
    """
    hours = context.connection.undo.hours
    if context.overwrites is None or not hours:
        return
    found = (overwritten(one, plan, ruleset, made) for one, plan in zip(facts, plans, strict=True))
    pairs = tuple(one for one in found if one)
    if pairs:
        batch = OverwrittenBatch(context.connection.name, ruleset.kind, context.now(), pairs)
        context.overwrites.keep(batch, timedelta(hours=hours))
