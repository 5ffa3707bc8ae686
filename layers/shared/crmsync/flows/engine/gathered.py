"""What was gathered for a batch, before it is planned, and what of it is planned at once."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Generic

from crmsync.model.changes import Change, weight, with_ties
from crmsync.model.facts import AnyFacts, Facts
from crmsync.model.records import Ref
from crmsync.rules.merge.baseline import SideView


@dataclass(frozen=True, slots=True)
class Gathered(Generic[AnyFacts]):
    """What was gathered for a batch.

    Attributes:
        facts: one entry per record to plan.
        not_yet: changes that must wait until another record of the batch is planned.
        unchanged: how many records show nothing new.
        views: the records that were compared with their links' bases to find that out.
    """

    facts: list[AnyFacts]
    not_yet: list[Change]
    unchanged: int
    views: Mapping[Ref, SideView]


def one_plan_per_record(
    facts: Sequence[AnyFacts], identity: Callable[[AnyFacts], Hashable]
) -> tuple[list[AnyFacts], list[Change]]:
    """The facts to plan, each record and each unlinked `identity` once, and the changes that wait.

    Two plans for one person would both create a record, or write the same one. Of several changes
    of a pair the heaviest is planned, so a privacy deletion is never taken for an ordinary one
    (CH-9); that plan covers the others and gets their news of ties. Any other change that meets a
    record, candidate or identity of an earlier plan waits for it. Pairs go first, as their plans
    decide whether their records are free for others; then who may be linked with one that exists.
    """
    firsts: list[AnyFacts] = []
    not_yet: list[Change] = []
    seen: dict[object, int] = {}
    for one in sorted(facts, key=_precedence):
        met = (one.hubspot, one.salesforce, one.named_counterpart, *one.candidates)
        keys = {record.ref for record in met if record} | {identity(one)}
        earlier = {seen[key] for key in keys if key in seen}
        if not earlier:
            seen |= dict.fromkeys(keys, len(firsts))
            firsts.append(one)
        elif one.link is None or any(firsts[at].link != one.link for at in earlier):
            not_yet.append(one.change)
        else:
            for at in earlier:
                firsts[at] = replace(firsts[at], change=with_ties(firsts[at].change, one.change))
    return firsts, not_yet


def _precedence(facts: Facts) -> tuple[bool, int, bool]:
    return facts.link is None, -weight(facts.change), not facts.candidates
