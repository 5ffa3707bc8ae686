"""The three-way merge: what both sides show now, against what each showed when they last agreed.

The outcome for a field is a *holder*: the side whose value shall stand on both, or nobody when both
may stay as they are. Different fields changed on the two sides never meet here, so both edits
survive; only the same field changed on both is a conflict. Neither side is favoured except by the
field's policy (MAP-1 to MAP-4).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from crmsync.model.effects import Because, FieldConflict
from crmsync.model.fields import FieldRule, Update
from crmsync.model.records import Record, Side, Value
from crmsync.rules.fields.values import is_blank


@dataclass(frozen=True, slots=True)
class FieldState:
    """What one side shows in one field: value, canonical form, and whether it differs from the base
    (None: no base).

    ``is_new_mapping`` says that the mapping is younger than the link and the field was never looked at
    since; ``diverged`` that it shows what it showed when the two sides were left with different values
    (MAP-6, CH-8).
    """

    value: Value
    canonical: Value
    changed: bool | None
    is_new_mapping: bool = False
    diverged: bool = False

    @property
    def has_news(self) -> bool:
        """Whether the value counts as news: changed since the two agreed, or never agreed on."""
        return self.changed is not False


@dataclass(frozen=True, slots=True)
class FieldDecision:
    """Whose value shall stand on both sides (None: leave both), by which rule, and whether there
    was a conflict to settle.
    """

    winner: Side | None
    because: str = ""
    conflict: bool = False


NO_CHANGE = FieldDecision(None)


def is_in_step(hubspot: FieldState, salesforce: FieldState) -> bool:
    """Whether a field needs no decision: both sides show the same, or neither shows news."""
    return hubspot.canonical == salesforce.canonical or not (
        hubspot.has_news or salesforce.has_news
    )


def merge_field(
    rule: FieldRule, hubspot: FieldState, salesforce: FieldState, newest: Side
) -> FieldDecision:
    """Decide one field. `newest` is the side whose value is the more recent one, used only where
    both have news.
    """
    if is_in_step(hubspot, salesforce):
        return NO_CHANGE
    return _POLICIES[rule.update](hubspot, salesforce, newest)


def _two_way(hubspot: FieldState, salesforce: FieldState, newest: Side) -> FieldDecision:
    """MAP-3: the most recent value wins, a deletion counts as a value; on the first meeting a value
    fills a blank.
    """
    if hubspot.changed and not salesforce.has_news:
        return FieldDecision(Side.HUBSPOT, "MAP-3")
    if salesforce.changed and not hubspot.has_news:
        return FieldDecision(Side.SALESFORCE, "MAP-3")
    if None in (hubspot.changed, salesforce.changed):
        if is_blank(salesforce.value):
            return FieldDecision(Side.HUBSPOT, "MAP-3")
        if is_blank(hubspot.value):
            return FieldDecision(Side.SALESFORCE, "MAP-3")
    return FieldDecision(newest, "MAP-3", conflict=True)


def _prefer(favourite: Side) -> Callable[[FieldState, FieldState, Side], FieldDecision]:
    """MAP-1: the favourite's value always overwrites, and so does its deletion; while it is blank
    the other side may fill it.
    """

    def decide(hubspot: FieldState, salesforce: FieldState, _newest: Side) -> FieldDecision:
        mine, theirs = (
            (salesforce, hubspot) if favourite is Side.SALESFORCE else (hubspot, salesforce)
        )
        conflict = bool(mine.changed and theirs.changed)
        if not is_blank(mine.value) or (mine.changed and not theirs.has_news):
            return FieldDecision(favourite, "MAP-1", conflict=conflict)
        return FieldDecision(favourite.other, "MAP-1", conflict=conflict)

    return decide


def _always(favourite: Side) -> Callable[[FieldState, FieldState, Side], FieldDecision]:
    """MAP-2: nothing of the other side ever passes; the favourite's value always overwrites, and so
    does its deletion.

    A blank that the favourite did not get by a deletion is neither: beside it the other side keeps
    what it shows, at a birth and a first meeting as after an edit or at a resync.
    """

    def decide(hubspot: FieldState, salesforce: FieldState, _newest: Side) -> FieldDecision:
        mine = salesforce if favourite is Side.SALESFORCE else hubspot
        if is_blank(mine.value) and not mine.changed:
            return NO_CHANGE
        return FieldDecision(
            favourite, "MAP-2", conflict=bool(hubspot.changed and salesforce.changed)
        )

    return decide


def _fill_blank(hubspot: FieldState, salesforce: FieldState, _newest: Side) -> FieldDecision:
    """CH-4: a value fills a blank on the other side and overwrites nothing."""
    if is_blank(salesforce.value):
        return FieldDecision(Side.HUBSPOT, "CH-4")
    if is_blank(hubspot.value):
        return FieldDecision(Side.SALESFORCE, "CH-4")
    return NO_CHANGE


def _never(_hubspot: FieldState, _salesforce: FieldState, _newest: Side) -> FieldDecision:
    """MAP-4: nothing passes, deletions neither."""
    return NO_CHANGE


_POLICIES: Mapping[Update, Callable[[FieldState, FieldState, Side], FieldDecision]] = (
    MappingProxyType(
        {
            Update.TWO_WAY: _two_way,
            Update.PREFER_SALESFORCE: _prefer(Side.SALESFORCE),
            Update.ALWAYS_SALESFORCE: _always(Side.SALESFORCE),
            Update.PREFER_HUBSPOT: _prefer(Side.HUBSPOT),
            Update.ALWAYS_HUBSPOT: _always(Side.HUBSPOT),
            Update.FILL_BLANK: _fill_blank,
            Update.NEVER: _never,
        }
    )
)

_MAY_CREATE: Mapping[Side, frozenset[Update]] = MappingProxyType(
    {
        Side.HUBSPOT: frozenset(Update) - {Update.NEVER, Update.ALWAYS_SALESFORCE},
        Side.SALESFORCE: frozenset(Update) - {Update.NEVER, Update.ALWAYS_HUBSPOT},
    }
)


def may_pass(rule: FieldRule, origin: Side) -> bool:
    """Whether the policy lets a value of `origin` go into a record that is new on the other
    side.
    """
    return rule.update in _MAY_CREATE[origin]


@dataclass(frozen=True, slots=True)
class MergePart:
    """What one part of a merge contributes: mapped fields, opt-out, owners, parents or stages.

    Attributes:
        to_hubspot: Values to write to the HubSpot record, by property.
        to_salesforce: Values to write to the Salesforce record, by field.
        because_hubspot: The rules by which HubSpot's record is written.
        because_salesforce: The rules by which Salesforce's record is written.
        conflicts: Fields that both sides changed, and which side won.
        incompatible: Mappings whose value the other side cannot take now.
        undecided: Whether HubSpot's property history must be read before this can be decided.
    """

    to_hubspot: Mapping[str, Value] = field(default_factory=dict)
    to_salesforce: Mapping[str, Value] = field(default_factory=dict)
    because_hubspot: Because = ()
    because_salesforce: Because = ()
    conflicts: tuple[FieldConflict, ...] = ()
    incompatible: tuple[FieldRule, ...] = ()
    undecided: bool = False


def newest_of(name: str, hubspot: Record, salesforce: Record, our_app: str) -> Side:
    """The side whose value of the HubSpot property `name` is the more recent one (Q-21).

    HubSpot's time of the property is compared with Salesforce's time of the record, as Salesforce
    keeps no time per field; Salesforce wins a tie. A value that `our_app` wrote to HubSpot is an
    echo and never the newer one.
    """
    origin = hubspot.origins.get(name)
    if origin and our_app and origin.by == our_app:
        return Side.SALESFORCE
    at = origin.at if origin else hubspot.modified_at
    return Side.HUBSPOT if at > salesforce.modified_at else Side.SALESFORCE


def joined(*lists: Because) -> Because:
    """All rules of the lists in their order, each rule once."""
    return tuple(dict.fromkeys(rule for rules in lists for rule in rules))
