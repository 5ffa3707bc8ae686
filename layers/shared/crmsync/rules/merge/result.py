"""The result of merging a pair: what its parts contribute, combined, and what the operator's
limits hold back of it. Nothing is decided here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from crmsync.model.change_limits import Hold
from crmsync.model.conflicts import FieldConflict
from crmsync.model.effects import Because
from crmsync.model.fields import FieldRule
from crmsync.model.records import Side, Value
from crmsync.rules.merge.deal_stages import StageDecision, StagePart
from crmsync.rules.merge.fields import FieldPart, MergedField
from crmsync.rules.merge.opt_out import OptOutDecision, OptOutPart
from crmsync.rules.merge.owners import OwnerDecision, OwnerPart
from crmsync.rules.merge.parents import ParentDecision, ParentPart
from crmsync.rules.merge.policies import joined


@dataclass(frozen=True, slots=True)
class HeldBack:
    """What a limit on changes keeps out of a merge (Q-30).

    Attributes:
        holds: The limits that keep something out.
        fields: The fields of each side that are kept out, or whose counterpart is.
        is_dropped: Whether the operator has discarded these changes, so that the two sides go on
            with different values. Otherwise the changes wait for the operator.
    """

    holds: frozenset[Hold] = frozenset()
    fields: Mapping[Side, frozenset[str]] = field(default_factory=dict)
    is_dropped: bool = False

    @property
    def waiting(self) -> frozenset[str]:
        """The fields of either side that wait for the operator."""
        return frozenset() if self.is_dropped else frozenset[str]().union(*self.fields.values())

    @property
    def dropped(self) -> Mapping[Side, frozenset[str]]:
        """The fields of each side in which the two go on with different values."""
        return self.fields if self.is_dropped else {}


@dataclass(frozen=True, slots=True)
class MergeResult:
    """The result of merging a pair.

    Attributes:
        to_hubspot: Values to write to the HubSpot record, by property.
        to_salesforce: Values to write to the Salesforce record, by field.
        because_hubspot: The rules by which HubSpot's record is written.
        because_salesforce: The rules by which Salesforce's record is written.
        conflicts: Fields that both sides changed, and which side won.
        incompatible: Mappings whose value the other side cannot take now.
        diverged: Mappings in which the two sides keep different values.
        truncated: Mappings in which one side holds a text that is too long for the other.
        merged_fields: Every mapping of the pair and how it was decided.
        opt_out: What becomes of the e-mail opt-out.
        owner: What becomes of the owners.
        owners: Both owners after the merge, HubSpot's first, as the link stores them.
        parents: What becomes of company and account.
        stage: What becomes of pipeline, record type and stage.
        own_fields: Fields of crmsync's own that are out of date, with their new values, by side:
            the other record's id, the Salesforce owner.
        unmatched: The fields of each side that do not show what its base has.
        undecided: Whether HubSpot's property history must be read before this can be decided.
        held_back: What the operator's limits keep out.
        has_news: Whether the link must be stored even if nothing is written.
    """

    to_hubspot: Mapping[str, Value]
    to_salesforce: Mapping[str, Value]
    because_hubspot: Because
    because_salesforce: Because
    conflicts: tuple[FieldConflict, ...]
    incompatible: tuple[FieldRule, ...]
    diverged: tuple[FieldRule, ...]
    truncated: tuple[FieldRule, ...]
    merged_fields: tuple[MergedField, ...]
    opt_out: OptOutDecision
    owner: OwnerDecision
    owners: tuple[str | None, str | None]
    parents: ParentDecision
    stage: StageDecision
    own_fields: Mapping[Side, Mapping[str, Value]]
    unmatched: Mapping[Side, frozenset[str]]
    undecided: bool
    held_back: HeldBack = field(default_factory=HeldBack)
    has_news: bool = False

    def writes(self, side: Side) -> Mapping[str, Value]:
        """The values to write to one side, by field."""
        return self.to_hubspot if side is Side.HUBSPOT else self.to_salesforce


def combine(
    fields: FieldPart,
    opt_out: OptOutPart,
    owners: OwnerPart,
    parents: ParentPart,
    stages: StagePart,
    *,
    own_fields: Mapping[Side, Mapping[str, Value]],
    unmatched: Mapping[Side, frozenset[str]],
) -> MergeResult:
    """Combine the parts of a merge, with nothing held back yet. No two parts write one field."""
    parts = (fields, opt_out, owners, parents, stages)
    return MergeResult(
        {name: value for part in parts for name, value in part.to_hubspot.items()},
        {name: value for part in parts for name, value in part.to_salesforce.items()},
        joined(*(part.because_hubspot for part in parts)),
        joined(*(part.because_salesforce for part in parts)),
        tuple(one for part in parts for one in part.conflicts),
        tuple(rule for part in parts for rule in part.incompatible),
        fields.diverged,
        fields.truncated,
        fields.merged_fields,
        opt_out.decision,
        owners.decision,
        owners.agreed,
        parents.decision,
        stages.decision,
        own_fields,
        unmatched,
        undecided=any(part.undecided for part in parts),
    )
