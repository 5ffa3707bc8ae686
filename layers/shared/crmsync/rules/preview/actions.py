"""What plans come to, in the few words that a preview counts by: which record, where, would be
made, changed, left alone or refused.

Names only; what a plan does is in its effects, and nothing is decided here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from crmsync.model.crm_names import HUBSPOT_CONTACT
from crmsync.model.effects import (
    Associate,
    Category,
    CreateRecord,
    DeleteRecord,
    Dissociate,
    DropLink,
    Effect,
    EndRole,
    OptOut,
    Plan,
    Report,
    RequestSync,
    RollUp,
    SaveLink,
    UpdateRecord,
)
from crmsync.model.links import LinkState, Place
from crmsync.model.records import Ref, Side


class Action(StrEnum):
    """What is done to a record, or why nothing is.

    ``MARK`` writes nothing but fields of our own, such as the other side's id. The last five write
    to no CRM: ``LINK`` makes two records a pair, ``BURY`` ends one, ``WAIT`` and ``REFUSE`` are
    what people would be told of, ``NOTHING`` is in step or left alone by a rule.
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
"""What is written to a CRM."""

_CONTACT = (Side.HUBSPOT, HUBSPOT_CONTACT)


@dataclass(frozen=True, slots=True)
class Done:
    """One deed of a plan: to which object of which side, and the effect it comes from (None:
    nothing is done).
    """

    deed: Action
    side: Side
    object: str
    effect: Effect | None = None


def done_by(plan: Plan, looked_at: Ref) -> list[Done]:
    """All that a plan does, in order; a plan that does nothing for anybody is one `Action.NOTHING` of
    the record looked at.
    """
    deeds = [done for effect in plan.effects for done in _deeds(effect, looked_at)]
    return deeds or [Done(Action.NOTHING, looked_at.side, looked_at.object)]


def _deeds(effect: Effect, looked_at: Ref) -> Iterator[Done]:
    deed = _DEED[type(effect)](effect)
    if deed is not None:
        side, name = _where(effect, looked_at)
        yield Done(deed, side, name, effect)


def _of_link(effect: Effect) -> Action | None:
    if not isinstance(effect, SaveLink):
        return None
    if effect.link.state is LinkState.TOMBSTONE:
        return Action.BURY
    return None if effect.link.version else Action.LINK


def _always(deed: Action) -> Callable[[Effect], Action]:
    return lambda _effect: deed


_DEED: Mapping[type[Effect], Callable[[Effect], Action | None]] = MappingProxyType(
    {
        CreateRecord: _always(Action.CREATE),
        UpdateRecord: lambda one: (
            Action.MARK if isinstance(one, UpdateRecord) and one.best_effort else Action.UPDATE
        ),
        DeleteRecord: _always(Action.DELETE),
        Associate: _always(Action.ASSOCIATE),
        Dissociate: _always(Action.DISSOCIATE),
        EndRole: _always(Action.END_ROLE),
        RollUp: _always(Action.ROLL_UP),
        OptOut: _always(Action.OPT_OUT),
        SaveLink: _of_link,
        DropLink: lambda _: None,
        RequestSync: lambda one: (
            Action.WAIT if isinstance(one, RequestSync) and one.waiting else None
        ),
        Report: lambda one: (
            Action.WAIT
            if isinstance(one, Report) and one.category is Category.WAITING
            else Action.REFUSE
        ),
    }
)


def _where(effect: Effect, looked_at: Ref) -> tuple[Side, str]:
    """The object that a deed counts for: the one that is written, else the one that was looked
    at.
    """
    match effect:
        case CreateRecord():
            return effect.side, effect.object
        case UpdateRecord() | Associate() | Dissociate():
            return effect.side, _object(effect.place, looked_at)
        case DeleteRecord() | EndRole():
            return effect.side, effect.ref.object
        case OptOut() | RollUp():
            return _CONTACT
        case _:
            return looked_at.side, looked_at.object


def _object(place: Place, looked_at: Ref) -> str:
    return place.object if isinstance(place, Ref) else looked_at.object
