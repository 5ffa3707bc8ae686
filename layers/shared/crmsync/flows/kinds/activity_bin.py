"""What Salesforce's recycle bin shows of tasks and events whose deletion may cross (ACT-8): two
reads for a batch that has any, none for others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from crmsync.flows.engine.context import SyncContext
from crmsync.model.links import LinkState
from crmsync.model.records import Ref, Side
from crmsync.plans.activity import ActivityPairFacts
from crmsync.rules.kinds.activity.about import named_in_salesforce
from crmsync.rules.kinds.activity.deletions import Binned
from crmsync.rules.merge.ruleset import Ruleset


def with_binned(
    facts: Sequence[ActivityPairFacts],
    once_linked: Callable[[Iterable[Ref]], frozenset[str]],
    context: SyncContext,
    ruleset: Ruleset,
) -> list[ActivityPairFacts]:
    """The facts; where the settings have an activity follow its deleted task or event, those with
    it as it is in the recycle bin, and what is left of all that the two were about. Usually nothing
    is read. `once_linked` gives the ids of the records that others are linked with, or were. Raises
    `SyncError`.
    """
    settings = context.connection.activities.of(ruleset.activity.activity)
    gone = [ref for one in facts if (ref := _task_gone(one))]
    if not gone or Side.HUBSPOT not in settings.deletes_in:
        return list(facts)
    about = context.activity_bin.in_bin(gone)
    found: list[ActivityPairFacts] = []
    for one in facts:
        ref = _task_gone(one)
        if ref and ref in about:
            binned = Binned(about[ref] | once_linked(one.associated))
            found.append(replace(one, binned=binned))
        else:
            found.append(one)
    named = {
        one: named_in_salesforce(one)
        for facts in found
        if facts.binned
        for one in facts.binned.about
    }
    records = [ref for ref in named.values() if ref]
    fields: Mapping[str, Sequence[str]] = {ref.object: () for ref in records}
    there = frozenset(
        ref.id for ref in (context.salesforce.read(records, fields) if records else ())
    )
    return [
        replace(one, binned=replace(one.binned, there=there & one.binned.about))
        if one.binned
        else one
        for one in found
    ]


def _task_gone(facts: ActivityPairFacts) -> Ref | None:
    """The task or event of an active pair that is no longer shown, while its activity is."""
    link = facts.link
    if link is None or link.state is not LinkState.ACTIVE or not facts.hubspot or facts.salesforce:
        return None
    return link.salesforce if isinstance(link.salesforce, Ref) else None
