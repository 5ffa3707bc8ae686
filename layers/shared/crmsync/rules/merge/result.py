"""What a merge of two records comes to, filled in by the modules that merge a part of them each.
Decides nothing but what is newer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from crmsync.model.brakes import Hold
from crmsync.model.effects import Because, FieldConflict
from crmsync.model.fields import FieldRule
from crmsync.model.records import Record, Side, Value
from crmsync.rules.merge.deal_stages import KEEP as NO_STAGE_MOVES
from crmsync.rules.merge.deal_stages import StageDecision
from crmsync.rules.merge.opt_out import AS_IT_IS, OptOutDecision
from crmsync.rules.merge.owners import NOBODY_MOVES, OwnerDecision
from crmsync.rules.merge.parents import ParentDecision
from crmsync.rules.merge.ruleset import Ruleset


@dataclass(slots=True)
class MergeResult:
    """What came of a merge.

    ``has_news`` says whether the base must be stored anew even if nothing is written; ``marks`` are
    what fields of our own should show: the other side's id, the Salesforce owner. ``unmatched`` are
    the fields that do not show what the base has sealed, ``apart`` rows whose values stay
    different, ``undecided`` says that HubSpot's history must be read first (MAP-6). ``held`` are
    the fields of either side that a brake keeps from crossing, by what is in ``holds``; where that
    ``is_dropped``, the two sides go on with different values in them.
    """

    has_news: bool = False
    to_hubspot: dict[str, Value] = field(default_factory=dict)
    to_salesforce: dict[str, Value] = field(default_factory=dict)
    opt_out_in_hubspot: bool = False
    conflicts: tuple[FieldConflict, ...] = ()
    unfit: tuple[FieldRule, ...] = ()
    cut: tuple[FieldRule, ...] = ()
    unmatched: Mapping[Side, frozenset[str]] = field(default_factory=dict)
    apart: tuple[FieldRule, ...] = ()
    undecided: bool = False
    because_hubspot: Because = ()
    because_salesforce: Because = ()
    because_opt_out: Because = ()
    owners: tuple[str | None, str | None] = (None, None)
    marks: dict[Side, dict[str, Value]] = field(
        default_factory=lambda: {Side.SALESFORCE: {}, Side.HUBSPOT: {}}
    )
    refused: frozenset[str] = frozenset()
    parents: ParentDecision = field(default_factory=ParentDecision)
    owner_verdict: OwnerDecision = NOBODY_MOVES
    opt_out_verdict: OptOutDecision = AS_IT_IS
    stage_verdict: StageDecision = NO_STAGE_MOVES
    held: Mapping[Side, frozenset[str]] = field(default_factory=dict)
    holds: frozenset[Hold] = frozenset()
    is_dropped: bool = False

    def writes(self, side: Side) -> dict[str, Value]:
        """What a side is to get, by field."""
        return self.to_hubspot if side is Side.HUBSPOT else self.to_salesforce

    @property
    def unagreed(self) -> frozenset[str]:
        """The fields of either side that wait for the operator."""
        return frozenset() if self.is_dropped else frozenset[str]().union(*self.held.values())

    @property
    def dropped(self) -> Mapping[Side, frozenset[str]]:
        """The fields of either side in which the two go on with different values, as the operator
        has thrown the change away.
        """
        return self.held if self.is_dropped else {}


def newest_of(name: str, hubspot: Record, salesforce: Record, ruleset: Ruleset) -> Side:
    """Q-21: HubSpot's time of the property against Salesforce's time of the record, as Salesforce
    has none per field; a tie goes to it.

    A value that we put there ourselves is an echo and never the newer one.
    """
    origin = hubspot.origins.get(name)
    if origin and ruleset.our_app and origin.by == ruleset.our_app:
        return Side.SALESFORCE
    at = origin.at if origin else hubspot.modified_at
    return Side.HUBSPOT if at > salesforce.modified_at else Side.SALESFORCE


def joined(one: Because, two: Because) -> Because:
    """Both lists of rules, each rule once."""
    return one + tuple(rule for rule in two if rule not in one)
