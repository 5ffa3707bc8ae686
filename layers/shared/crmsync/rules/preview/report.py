"""The result of a preview: counts per object and action, a few samples of each, conflicts,
refusals. Pure; filled plan by plan.

Its samples contain values of records: it is for the operator who asked, and is never stored or
logged.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from crmsync.model.conflicts import FieldConflict
from crmsync.model.crm_names import HUBSPOT_OWNER, SALESFORCE_OWNER
from crmsync.model.effects import Because, CreateRecord, Effect, Report, UpdateRecord, effect_line
from crmsync.model.facts import Facts
from crmsync.model.plan import Plan
from crmsync.model.records import Record, Ref, Side, Value
from crmsync.rules.preview.actions import WRITES, Action, PlannedAction, actions_of

SAMPLES = 3
"""Samples of each action per object, and records named per refusal."""

CONFLICTS = 20
"""The most conflicts that are shown; all are counted."""


@dataclass(frozen=True, slots=True)
class FieldDiff:
    """One field of a sample, before and after."""

    name: str
    before: Value
    after: Value


@dataclass(frozen=True, slots=True)
class Sample:
    """One write.

    Attributes:
        action: What is done.
        side: Where.
        object: To which object.
        record: The record whose sync does it.
        line: What is done, without values.
        fields: The fields before and after.
        because: The rules behind it.
    """

    action: Action
    side: Side
    object: str
    record: Ref
    line: str
    fields: tuple[FieldDiff, ...] = ()
    because: Because = ()


@dataclass(frozen=True, slots=True)
class ResolvedFields:
    """A conflict that would be resolved, and its record."""

    record: Ref
    conflict: FieldConflict


@dataclass(slots=True)
class RefusedRecords:
    """The same report about several records: how many, and a few of them."""

    report: Report
    count: int = 0
    records: list[Ref] = field(default_factory=list)


@dataclass(slots=True)
class PreviewReport:
    """The sum of all plans so far. A record counts once for each action.

    Attributes:
        counts: Side and object -> how often each action is done.
        samples: Side, object and action -> a few of them.
        conflicts: A few of the conflicts.
        conflict_count: How many conflicts there are.
        refusals: Category, text and field -> the records that it is reported about.
        cleared: A few of the records whose HubSpot owner would be cleared.
        cleared_count: How many there are.
    """

    counts: dict[tuple[Side, str], Counter[Action]] = field(default_factory=dict)
    samples: dict[tuple[Side, str, Action], list[Sample]] = field(default_factory=dict)
    conflicts: list[ResolvedFields] = field(default_factory=list)
    conflict_count: int = 0
    refusals: dict[tuple[str, str, str], RefusedRecords] = field(default_factory=dict)
    cleared: list[Ref] = field(default_factory=list)
    cleared_count: int = 0

    def add(self, facts: Facts, plan: Plan) -> None:
        """Add what a plan does for the record that it was made for."""
        ref = facts.change.ref
        known = (facts.hubspot, facts.salesforce, facts.named_counterpart, *facts.candidates)
        self._add(plan, ref, {one.ref: one for one in known if one})
        self.conflict_count += len(plan.conflicts)
        room = max(0, CONFLICTS - len(self.conflicts))
        self.conflicts += [ResolvedFields(ref, one) for one in plan.conflicts[:room]]
        if clears_owner(facts, plan):
            self.cleared_count += 1
            self.cleared += [ref] if len(self.cleared) < SAMPLES else []

    def add_effects(self, effects: Iterable[Effect], ref: Ref) -> None:
        """Add what else is done on behalf of a record."""
        rows = tuple(effects)
        if rows:
            self._add(Plan(rows), ref, {})

    def writes(self, side: Side) -> int:
        """All writes to a side."""
        return sum(
            n for (here, _), counts in self.counts.items() if here is side for n in _writes(counts)
        )

    def _add(self, plan: Plan, ref: Ref, known: Mapping[Ref, Record]) -> None:
        for done in actions_of(plan, ref):
            self.counts.setdefault((done.side, done.object), Counter())[done.action] += 1
            if isinstance(done.effect, Report):
                self._refuse(done.effect)
            elif done.action in WRITES:
                samples = self.samples.setdefault((done.side, done.object, done.action), [])
                samples += [_sample(done, ref, known)] if len(samples) < SAMPLES else []

    def _refuse(self, report: Report) -> None:
        key = (report.category, report.text, report.fieldname)
        refusal = self.refusals.setdefault(key, RefusedRecords(report))
        refusal.count += 1
        refusal.records += [report.ref] if len(refusal.records) < SAMPLES else []


def clears_owner(facts: Facts, plan: Plan) -> bool:
    """Whether the HubSpot record would lose its owner, as nobody in HubSpot stands for the owner in
    Salesforce (OWN-11, Q-18): in this plan, or because the record that it makes in Salesforce gets
    the owner that Salesforce gives it (OWN-9, OWN-13).
    """
    has_owner = facts.hubspot is not None and bool(facts.hubspot.fields.get(HUBSPOT_OWNER))
    return any(
        (
            isinstance(effect, UpdateRecord)
            and effect.side is Side.HUBSPOT
            and effect.fields.get(HUBSPOT_OWNER, effect) is None
        )
        or (
            has_owner
            and isinstance(effect, CreateRecord)
            and effect.side is Side.SALESFORCE
            and SALESFORCE_OWNER not in effect.fields
        )
        for effect in plan.effects
    )


def _writes(counts: Mapping[Action, int]) -> Iterable[int]:
    return (count for action, count in counts.items() if action in WRITES)


def _sample(done: PlannedAction, ref: Ref, known: Mapping[Ref, Record]) -> Sample:
    effect = done.effect
    if effect is None:
        return Sample(done.action, done.side, done.object, ref, "")
    place = effect.place if isinstance(effect, UpdateRecord) else None
    before = known.get(place) if isinstance(place, Ref) else None
    fields = effect.fields if isinstance(effect, CreateRecord | UpdateRecord) else {}
    wrote = tuple(
        FieldDiff(name, before.fields.get(name) if before else None, fields[name])
        for name in sorted(fields)
    )
    return Sample(
        done.action, done.side, done.object, ref, effect_line(effect), wrote, effect.because
    )
