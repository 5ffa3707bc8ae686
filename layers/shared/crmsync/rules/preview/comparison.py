"""How a record stands to its counterpart, judged by the very plan that a sync would make of it
(CH-31).

A plan that would write something means that the record is not in step, unless the error inbox or
the time of its last edit explains it. What a plan only does for the link itself, such as another
key for its fingerprints, is no difference.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from crmsync.model.effects import (
    Category,
    CreateRecord,
    DropLink,
    Effect,
    Report,
    RequestSync,
    RollUp,
    SaveLink,
    effect_line,
)
from crmsync.model.facts import Facts
from crmsync.model.links import Link, LinkState
from crmsync.model.operations.comparison import FINDINGS, Standing
from crmsync.model.plan import Plan
from crmsync.model.records import Ref
from crmsync.rules.preview.actions import WRITES, action_of

LONGEST_REASON = 160
"""Characters of a reason that are kept."""

LEFT_ALONE = frozenset({"INC-7", "OPP-23"})
"""Rules by which a linked pair is left as it is."""

OF_REPORTS: Mapping[Category, Standing] = MappingProxyType(
    {
        Category.WAITING: Standing.OUTSIDE,
        Category.UNAVAILABLE: Standing.WAITING,
        Category.HELD: Standing.WAITING,
    }
)
"""How a record stands that is in the error inbox; with any other category it is parked."""

SETTLES_AFTER = timedelta(minutes=30)
"""How long an edit may take to be seen: two sweeps of HubSpot, one for its index to catch up."""

TWICE = "two links name its Salesforce record; crmsync links drop forgets one of them"
LOST = (
    "its link is not found from Salesforce; crmsync links drop and then crmsync links rebuild "
    "make it whole"
)
BEHIND = "can be decided only once another record of the same address or company is done"


@dataclass(frozen=True, slots=True)
class Judgement:
    """How a record, or both records of a pair, stand.

    Attributes:
        standing: How.
        reason: Why it is not in step, without any value; "" where it is.
    """

    standing: Standing
    reason: str = ""

    @property
    def is_finding(self) -> bool:
        """Whether nothing explains it."""
        return self.standing in FINDINGS


def judge(
    facts: Facts,
    plan: Plan,
    *,
    parked: Category | None,
    settled_at: datetime,
    wrong_sums: Collection[Ref] = (),
) -> Judgement:
    """How the record of the facts stands.

    Args:
        facts: What was gathered about it.
        plan: What a sync would do.
        parked: The category of its entry, or of its counterpart's, in the error inbox.
        settled_at: What was edited after that may still be on its way (UTC).
        wrong_sums: HubSpot contacts that show other sums than their opportunities have.
    """
    if parked is not None:
        return Judgement(OF_REPORTS.get(parked, Standing.PARKED), f"in the error inbox: {parked}")
    link = facts.link if facts.link and facts.link.state is LinkState.ACTIVE else None
    open_effects = [one for one in plan.effects if _is_open(one, link, wrong_sums)]
    if not open_effects:
        return _at_rest(plan, link)
    told = [one for one in open_effects if isinstance(one, Report)]
    if len(told) == len(open_effects) and (standing := OF_REPORTS.get(told[0].category)):
        return Judgement(standing, _reason(told))
    edited = [one.modified_at for one in (facts.hubspot, facts.salesforce) if one]
    if any(at > settled_at for at in edited):
        return Judgement(Standing.WAITING, "was edited a short while ago")
    is_pair = link is not None and facts.hubspot and facts.salesforce
    is_whole = is_pair and not facts.survivor_is_linked
    return Judgement(Standing.DIFFERENT if is_whole else Standing.MISSING, _reason(open_effects))


def settled_before(
    now: datetime, looked: Iterable[datetime | None], waiting: Iterable[datetime]
) -> datetime:
    """The time before which the sync has seen every edit that it can see by itself.

    That is half an hour ago: by then a sweep has found what a webhook lost. It is earlier while a
    side's sweeps fail, `looked` being when each last succeeded, and while changes are put off,
    `waiting` being when the oldest of each kind happened. All times are UTC.
    """
    return min([now, *(at for at in looked if at), *waiting]) - SETTLES_AFTER


def _at_rest(plan: Plan, link: Link | None) -> Judgement:
    """How a record stands about which nothing is left to do."""
    because = {rule for note in plan.notes for rule in note.because}
    if link is not None and because.isdisjoint(LEFT_ALONE):
        return Judgement(Standing.IN_STEP)
    return Judgement(Standing.OUTSIDE, plan.notes[0].text if plan.notes else "")


def _is_open(effect: Effect, link: Link | None, wrong_sums: Collection[Ref]) -> bool:
    """Whether an effect shows that something is not in step."""
    match effect:
        case RollUp():
            return not effect.contacts.isdisjoint(wrong_sums)
        case SaveLink():
            return _changes_the_pair(effect.link, link)
        case DropLink():
            return link is not None
        case RequestSync():
            return link is None and effect.waiting is not None
        case Report():
            return True
        case _:
            return action_of(effect) in WRITES


def _changes_the_pair(after: Link, link: Link | None) -> bool:
    """Whether a link is new, ends, or gets another record. One that ends for a record without an
    active link only remembers a deletion.
    """
    is_active = after.state is LinkState.ACTIVE
    if link is None:
        return is_active
    return not is_active or (after.hubspot, after.salesforce) != (link.hubspot, link.salesforce)


def _reason(effects: Iterable[Effect]) -> str:
    text = "; ".join(dict.fromkeys(_line(one) for one in _telling(list(effects))))
    return text if len(text) <= LONGEST_REASON else f"{text[: LONGEST_REASON - 4]} ..."


def _line(effect: Effect) -> str:
    """What an effect does and why; of a link that ends, what has happened."""
    if isinstance(effect, SaveLink) and effect.link.state is not LinkState.ACTIVE:
        return f"a record of its link is gone, so the link ends ({', '.join(effect.because)})"
    return effect_line(effect)


def _telling(effects: list[Effect]) -> Iterator[Effect]:
    """The effects that say most: what is written, or else what becomes of the link."""
    writes = [one for one in effects if not isinstance(one, SaveLink | DropLink)]
    creates = [one for one in writes if isinstance(one, CreateRecord)]
    yield from creates or writes or effects
