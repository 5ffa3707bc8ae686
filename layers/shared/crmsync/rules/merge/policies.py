"""The three-way merge: what both sides show now, compared with what each showed when they last
agreed.

The result for a field is a *winner*: the side whose value is to stand on both, or None where both
keep their values. Edits of different fields never compete, so both survive; only the same field
changed on both sides is a conflict. Neither side is favoured except by the field's policy (MAP-1 to
MAP-4).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from crmsync.model.conflicts import FieldConflict
from crmsync.model.effects import Because
from crmsync.model.fields import FieldRule, Update
from crmsync.model.names import HUBSPOT_KEY
from crmsync.model.records import Record, Side, Value
from crmsync.rules.fields.values import is_blank


@dataclass(frozen=True, slots=True)
class FieldState:
    """What one side shows in one field.

    Attributes:
        value: The value as it was read.
        canonical: The value in the form in which it is compared.
        changed: Whether it differs from the base; None where the base has no value of the field.
        is_new_mapping: Whether the mapping is younger than the link, and this is the field's first
            sync since (MAP-6).
        diverged: Whether the field still shows the value with which the two sides were left
            different (CH-8).
        undelivered: Whether our write of the value was lost on its way to the other side, where an
            older one has left another value, or came too late.
    """

    value: Value
    canonical: Value
    changed: bool | None
    is_new_mapping: bool = False
    diverged: bool = False
    undelivered: bool = False

    @property
    def has_news(self) -> bool:
        """Whether the value has changed since the two sides agreed, or was never agreed on."""
        return self.changed is not False


@dataclass(frozen=True, slots=True)
class FieldDecision:
    """What a policy decides about one field.

    Attributes:
        winner: The side whose value is to stand on both; None: both keep theirs.
        because: The rule.
        conflict: Whether both sides had changed the field.
    """

    winner: Side | None
    because: str = ""
    conflict: bool = False


NO_CHANGE = FieldDecision(None)


def is_in_sync(hubspot: FieldState, salesforce: FieldState) -> bool:
    """Whether a field needs no decision: both sides show the same, or neither has news."""
    return hubspot.canonical == salesforce.canonical or not (
        hubspot.has_news or salesforce.has_news
    )


def merge_field(
    rule: FieldRule, hubspot: FieldState, salesforce: FieldState, newest: Side
) -> FieldDecision:
    """Decide one field. `newest` is the side with the more recent value; it counts only where both
    have news.
    """
    if is_in_sync(hubspot, salesforce):
        return NO_CHANGE
    return _POLICIES[rule.update](hubspot, salesforce, newest)


def _two_way(hubspot: FieldState, salesforce: FieldState, newest: Side) -> FieldDecision:
    """MAP-3: the more recent value wins, and a deletion counts as a value. Where the two sides
    never agreed, a value fills a blank.
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


def _is_nobodys(mine: FieldState, theirs: FieldState) -> bool:
    """Whether a side shows what a write of ours that was overtaken has left there, and the other
    side another value. A blank over there does not count: it replaces nothing.
    """
    return theirs.undelivered and not mine.has_news and not is_blank(theirs.value)


def _prefer(favourite: Side) -> Callable[[FieldState, FieldState, Side], FieldDecision]:
    """MAP-1: the favourite's value always overwrites the other, and so does its deletion. While it
    is blank, the other side may fill it.

    What a write of ours that was overtaken has left on the favourite's side is not its value, so
    another value replaces it; a blank does not.
    """

    def decide(hubspot: FieldState, salesforce: FieldState, _newest: Side) -> FieldDecision:
        mine, theirs = (
            (salesforce, hubspot) if favourite is Side.SALESFORCE else (hubspot, salesforce)
        )
        conflict = bool(mine.changed and theirs.changed)
        if not _is_nobodys(mine, theirs) and (
            not is_blank(mine.value) or (mine.changed and not theirs.has_news)
        ):
            return FieldDecision(favourite, "MAP-1", conflict=conflict)
        return FieldDecision(favourite.other, "MAP-1", conflict=conflict)

    return decide


def _always(favourite: Side) -> Callable[[FieldState, FieldState, Side], FieldDecision]:
    """MAP-2: the other side's value never crosses; the favourite's always overwrites it, and so
    does its deletion.

    A blank that did not come from a deletion overwrites nothing: the other side keeps its value, in
    a new pair as well as after an edit or in a resync.
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
    """CH-4: a value fills a blank on the other side and overwrites nothing. What a write of ours
    that was overtaken has left is nobody's value, so another value replaces it like a blank.
    """
    if is_blank(salesforce.value) or _is_nobodys(salesforce, hubspot):
        return FieldDecision(Side.HUBSPOT, "CH-4")
    if is_blank(hubspot.value) or _is_nobodys(hubspot, salesforce):
        return FieldDecision(Side.SALESFORCE, "CH-4")
    return NO_CHANGE


def _never(_hubspot: FieldState, _salesforce: FieldState, _newest: Side) -> FieldDecision:
    """MAP-4: nothing crosses, not even a deletion."""
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
    """Whether the policy lets a value of `origin` into a new record on the other side."""
    return rule.update in _MAY_CREATE[origin]


@dataclass(frozen=True, slots=True)
class MergePart:
    """What one part of a merge returns: mapped fields, opt-out, owners, parents or stages.

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


def combined(parts: Sequence[MergePart]) -> MergePart:
    """Several parts as one. No two parts write one field."""
    return MergePart(
        {name: value for part in parts for name, value in part.to_hubspot.items()},
        {name: value for part in parts for name, value in part.to_salesforce.items()},
        joined(*(part.because_hubspot for part in parts)),
        joined(*(part.because_salesforce for part in parts)),
        tuple(one for part in parts for one in part.conflicts),
        tuple(rule for part in parts for rule in part.incompatible),
        undecided=any(part.undecided for part in parts),
    )


def first_rules(parts: Sequence[MergePart]) -> Mapping[str, str]:
    """The fields that these parts write, on either side -> the first rule behind it."""
    writes = [
        *((part.to_hubspot, part.because_hubspot) for part in parts if part.to_hubspot),
        *((part.to_salesforce, part.because_salesforce) for part in parts if part.to_salesforce),
    ]
    return {name: because[0] for names, because in writes for name in names}


def newest_of(
    name: str, hubspot: Record, salesforce: Record, our_app: str, *, is_first: bool = False
) -> Side:
    """The side with the more recent value of the HubSpot property `name` (Q-21).

    HubSpot's time of the property is compared with Salesforce's time of the record, as Salesforce
    keeps no time per field; Salesforce wins a tie. A value that `our_app` wrote to HubSpot is an
    echo and never the newer one, unless another Salesforce record, in whose place this one came,
    brought it before the two met (`is_first`).
    """
    origin = hubspot.origins.get(name)
    is_ours = origin is not None and our_app and origin.by == our_app
    if is_ours and not (is_first and _names_another(hubspot, salesforce)):
        return Side.SALESFORCE
    at = origin.at if origin else hubspot.modified_at
    return Side.HUBSPOT if at > salesforce.modified_at else Side.SALESFORCE


def _names_another(hubspot: Record, salesforce: Record) -> bool:
    """Whether a HubSpot record still has the id of another Salesforce record than this one."""
    return hubspot.fields.get(HUBSPOT_KEY) not in {None, "", salesforce.ref.id}


def joined(*lists: Because) -> Because:
    """The rules of all lists in order, each rule once."""
    return tuple(dict.fromkeys(rule for rules in lists for rule in rules))
