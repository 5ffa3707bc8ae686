"""What plans come to, in the few words that a preview counts by: which record would be made,
changed, left alone or refused, and on which side.

Names only; what a plan does is in its effects, and nothing is decided here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from crmsync.model.effects import (
    Associate,
    Category,
    CreateRecord,
    DeleteRecord,
    Dissociate,
    Effect,
    EndRole,
    OptOut,
    Report,
    RequestSync,
    RollUp,
    SaveLink,
    UpdateRecord,
)
from crmsync.model.links import LinkState
from crmsync.model.plan import Plan
from crmsync.model.records import Ref, Side


class Action(StrEnum):
    """What is done to a record, or why nothing is.

    ``MARK`` writes nothing but fields of our own, such as the other side's id. The last five write
    to no CRM: ``LINK`` makes two records a pair, ``BURY`` ends a pair, ``WAIT`` and ``REFUSE`` are
    what would be reported, ``NOTHING`` stands for a record that is in step or left alone by a rule.
    """

    CREATE = "create"
    UPDATE = "update"
    MARK = "mark"
    ASSOCIATE = "associate"
    DISSOCIATE = "dissociate"
    END_ROLE = "end_role"
    ROLL_UP = "roll_up"
    OPT_OUT = "opt_out"
    DELETE = "delete"
    LINK = "link"
    BURY = "bury"
    WAIT = "wait"
    REFUSE = "refuse"
    NOTHING = "nothing"


WRITES = frozenset(Action) - {Action.LINK, Action.BURY, Action.WAIT, Action.REFUSE, Action.NOTHING}
"""The actions that write to a CRM."""

_ACTIONS: Mapping[type[Effect], Action] = MappingProxyType(
    {
        CreateRecord: Action.CREATE,
        UpdateRecord: Action.UPDATE,
        DeleteRecord: Action.DELETE,
        Associate: Action.ASSOCIATE,
        Dissociate: Action.DISSOCIATE,
        EndRole: Action.END_ROLE,
        RollUp: Action.ROLL_UP,
        OptOut: Action.OPT_OUT,
        Report: Action.REFUSE,
    }
)


@dataclass(frozen=True, slots=True)
class PlannedAction:
    """One action of a plan.

    Attributes:
        action: What is done.
        side: The side it counts for.
        object: The object it counts for.
        effect: The effect that it comes from; None where nothing is done.
    """

    action: Action
    side: Side
    object: str
    effect: Effect | None = None


def actions_of(plan: Plan, ref: Ref) -> list[PlannedAction]:
    """All that a plan for the record `ref` does, in order.

    An action counts for the object that is written, or for that of `ref` where none is. A plan
    without any action counts as one `Action.NOTHING`.
    """
    actions = [
        PlannedAction(action, effect.side or ref.side, effect.object or ref.object, effect)
        for effect in plan.effects
        if (action := action_of(effect))
    ]
    return actions or [PlannedAction(Action.NOTHING, ref.side, ref.object)]


def action_of(effect: Effect) -> Action | None:
    """What an effect does; None where it does nothing that a preview counts."""
    match effect:
        case UpdateRecord(best_effort=True):
            return Action.MARK
        case SaveLink() if effect.link.state is not LinkState.ACTIVE:
            return Action.BURY
        case SaveLink():
            return None if effect.link.version else Action.LINK
        case RequestSync():
            return Action.WAIT if effect.waiting else None
        case Report(category=Category.WAITING):
            return Action.WAIT
        case _:
            return _ACTIONS.get(type(effect))
