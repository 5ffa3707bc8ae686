"""Undo: which overwritten values are restored, which are left, and why.

Law: a mapping of a pair gets back the oldest value that was overwritten in it, on the side where
that value was, and only if this side still shows what was written there last; an edit made since
stays. If it repeats what was written, only what has crossed since can tell. The ordinary rules then
sync the value to the other side, so it is restored only where they would let it stand. The writes
to both sides count together: a value that crosses after an undo is not a mistake to undo. So do
those of other connections to the same Salesforce record: if one of them wrote something else since,
what we wrote shows again because somebody has entered it. A value belongs to the record that it was
overwritten in, not to what that record was converted or merged into.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType

from crmsync.model.decisions import Decision, DecisionType
from crmsync.model.facts import Facts
from crmsync.model.fields import FieldRule
from crmsync.model.fingerprints import tag
from crmsync.model.links import Link, LinkState
from crmsync.model.operations.overwritten import Overwrite, OverwrittenPair
from crmsync.model.records import Record, Ref, Side, Value
from crmsync.rules.fields.choices import moves_back
from crmsync.rules.fields.values import IncompatibleValueError, convert_mapped
from crmsync.rules.merge.baseline import SideView, view
from crmsync.rules.merge.intents import has_arrived
from crmsync.rules.merge.lost_writes import UNKNOWN_OWNER
from crmsync.rules.merge.policies import FieldState, merge_field
from crmsync.rules.merge.ruleset import Ruleset
from crmsync.rules.pair.overwriting import OWNER_ROW


class SkipReason(StrEnum):
    """Why a value is not restored."""

    BACK = "back"
    EDITED = "edited"
    MOVING = "moving"
    RETURNS = "returns"
    STAGE = "stage"
    UNMAPPED = "unmapped"
    GONE = "gone"
    UNLINKED = "unlinked"


REASONS: Mapping[SkipReason, str] = MappingProxyType(
    {
        SkipReason.BACK: "stand there already: they were put back, or never overwritten after all",
        SkipReason.EDITED: "show something else than was written: edited since",
        SkipReason.MOVING: "have an edit that has still to cross: it is looked at now; "
        "run the undo again afterwards",
        SkipReason.RETURNS: "would be overwritten again by the field's update policy: "
        "mend them on the other side",
        SkipReason.STAGE: "are lifecycle stages, which HubSpot lets nobody move back",
        SkipReason.UNMAPPED: "are of fields that are not mapped now",
        SkipReason.GONE: "are of records that were deleted, merged or converted since",
        SkipReason.UNLINKED: "are of records that are no pair any more",
    }
)
"""What the operator reads about values that are left, after their number."""


@dataclass(frozen=True, slots=True)
class WriteHistory:
    """Our writes to one mapping of a pair.

    Attributes:
        first: The oldest write.
        record: The record that it went to.
        last: The value that was written last on that side.
        crossed: The values that were written to the other side since then, oldest first.
        by_others: The values that other connections wrote to this field since then, oldest first.
    """

    first: Overwrite
    record: Ref
    last: Value = field(repr=False)
    crossed: tuple[Value, ...] = field(default=(), repr=False)
    by_others: tuple[Value, ...] = field(default=(), repr=False)

    @property
    def shown(self) -> tuple[Value, ...]:
        """What the field shows if nobody has edited it: all of these, which then are the same."""
        return self.last, *self.by_others[-1:]


WriteHistories = Mapping[tuple[str, str, Ref], WriteHistory]
"""The write histories of a pair, by the two fields of the mapping and the record that was first
written to. A pair of which a record was replaced has a history of each.
"""


def with_writes(before: WriteHistories, pair: OverwrittenPair) -> WriteHistories:
    """The histories of a pair with the writes of one more batch, which must be later than those in
    `before`.
    """
    histories = dict(before)
    for one in pair.fields:
        record = pair.hubspot if one.side is Side.HUBSPOT else pair.salesforce
        known = _continued(one, record, histories.values())
        if known is None:
            histories[*one.row, record] = WriteHistory(one, record, one.new)
        elif known.record == record:
            histories[*one.row, record] = replace(known, last=one.new, crossed=(), by_others=())
        else:
            crossed = (*known.crossed, one.new)
            histories[*one.row, known.record] = replace(known, crossed=crossed)
    return histories


def with_writes_of_another(before: WriteHistories, pair: OverwrittenPair) -> WriteHistories:
    """The histories of a pair with what another connection wrote to its Salesforce record, which
    must be later than what is in `before`.
    """
    written = {one.name: one.new for one in pair.fields if one.side is Side.SALESFORCE}
    return {
        key: replace(known, by_others=(*known.by_others, written[known.first.name]))
        if known.record == pair.salesforce and known.first.name in written
        else known
        for key, known in before.items()
    }


def _continued(
    one: Overwrite, record: Ref, histories: Iterable[WriteHistory]
) -> WriteHistory | None:
    """The latest history that a write to a record goes on with; None where it begins one.

    What crosses from a record that took the place of another one is no mistake to undo either.
    """
    found = [
        known
        for known in histories
        if known.first.row == one.row
        if known.record == record or known.first.side is not one.side
    ]
    return found[-1] if found else None


@dataclass(frozen=True, slots=True)
class Restoration:
    """What an undo does to one pair.

    Attributes:
        fields: The values to write to each side.
        link: The link to store before that, None where nothing is written.
        left: The mappings that are not restored, with the reason.
        crosses: Whether a restored value has still to cross to the other side.
    """

    fields: Mapping[Side, Mapping[str, Value]] = field(default_factory=dict, repr=False)
    link: Link | None = None
    left: tuple[tuple[WriteHistory, SkipReason], ...] = ()
    crosses: bool = False

    @property
    def waits(self) -> bool:
        """Whether an edit of the pair must cross first."""
        return any(why is SkipReason.MOVING for _, why in self.left)


def left_alone(histories: WriteHistories, why: SkipReason) -> Restoration:
    """The restoration that restores nothing, for one reason."""
    return Restoration(left=tuple((history, why) for history in histories.values()))


def restoration(histories: WriteHistories, facts: Facts, ruleset: Ruleset) -> Restoration:
    """What to restore in a pair, given what both records show now."""
    link, hubspot, salesforce = facts.link, facts.hubspot, facts.salesforce
    if link is None or link.state is not LinkState.ACTIVE:
        return left_alone(histories, SkipReason.UNLINKED)
    if (
        hubspot is None
        or salesforce is None
        or (link.hubspot, link.salesforce) != (hubspot.ref, salesforce.ref)
    ):
        return left_alone(histories, SkipReason.GONE)
    pair = _Pair(link, hubspot, salesforce, ruleset)
    records = {hubspot.ref, salesforce.ref}
    decided = [
        (one, pair.why_left(one) if one.record in records else SkipReason.GONE)
        for one in histories.values()
    ]
    if (
        any(why is None and one.first.side is Side.SALESFORCE for one, why in decided)
        and pair.has_edits
    ):
        # Salesforce shows only who edited a record last: after our write a person's edit would look
        # like our own.
        decided = [
            (one, SkipReason.MOVING if why is None and one.first.side is Side.SALESFORCE else why)
            for one, why in decided
        ]
    back = [one.first for one, why in decided if why is None]
    return Restoration(
        {side: {one.name: one.old for one in back if one.side is side} for side in Side},
        pair.marked(back) if back else None,
        tuple((one, why) for one, why in decided if why),
        bool(back)
        or any(why is SkipReason.BACK and pair.differs(one.first.row) for one, why in decided),
    )


class _Pair:
    """Both records of a pair compared with their base, mapping by mapping."""

    def __init__(self, link: Link, hubspot: Record, salesforce: Record, ruleset: Ruleset) -> None:
        mapping = ruleset.mapping_of(salesforce)
        self._link = link
        self._ruleset = ruleset
        self._fingerprinter = ruleset.fingerprinter
        self._records = {Side.HUBSPOT: hubspot, Side.SALESFORCE: salesforce}
        self._rules = {(rule.hubspot, rule.salesforce): rule for rule in mapping.field_map}
        self._forms = {side: mapping.forms(side) for side in Side}
        self._views: dict[Side, SideView] = {
            Side.HUBSPOT: view(hubspot, mapping.hubspot_forms, link, ruleset.fingerprinter),
            Side.SALESFORCE: view(
                salesforce,
                mapping.salesforce_forms,
                link,
                ruleset.fingerprinter,
                ruleset.our_user_in(salesforce),
            ),
        }

    @property
    def has_edits(self) -> bool:
        """Whether Salesforce shows anything that has not been synced."""
        shown = self._views[Side.SALESFORCE]
        return bool(shown.normalised) or any(one.changed for one in shown.states.values())

    def why_left(self, history: WriteHistory) -> SkipReason | None:
        """Why a mapping is not restored, None where it is."""
        one = history.first
        if one.row == OWNER_ROW:
            return self._why_owner_is_left(history)
        rule = self._rules.get(one.row)
        if rule is None:
            return SkipReason.UNMAPPED
        canonical = self._forms[one.side][one.name].canonical
        here, across = self._state(rule, one.side), self._state(rule, one.side.other)
        old = canonical(one.old)
        if here.canonical == old:
            return SkipReason.BACK
        comparable = self._forms[one.side.other][_name_on(one, one.side.other)].canonical
        crossed = [comparable(value) for value in history.crossed]
        written = map(canonical, history.shown)
        if any(here.canonical != value for value in written) or _shows_edit(crossed):
            return SkipReason.EDITED
        if here.has_news or across.has_news:
            return SkipReason.MOVING
        return _why_not_lasting(rule, one, FieldState(one.old, old, changed=True), here, across)

    def _why_owner_is_left(self, history: WriteHistory) -> SkipReason | None:
        one = history.first
        shown = str(self._records[one.side].fields.get(one.name) or "")
        if shown == str(one.old or ""):
            return SkipReason.BACK
        crossed = [str(value or "") for value in history.crossed]
        written = [str(value or "") for value in history.shown]
        if any(shown != value for value in written) or _shows_edit(crossed):
            return SkipReason.EDITED
        return SkipReason.MOVING if self._owner_changed else None

    @property
    def _owner_changed(self) -> bool:
        last = dict(zip(Side, (self._link.hubspot_owner, self._link.salesforce_owner), strict=True))
        names = dict(zip(Side, OWNER_ROW, strict=True))
        return any(
            str(self._records[side].fields.get(names[side]) or "") != last[side] for side in Side
        )

    def differs(self, row: tuple[str, str]) -> bool:
        """Whether the two sides show different values in a mapping."""
        rule = self._rules.get(row)
        if rule is None:
            return row == OWNER_ROW and self._owner_changed
        return (
            self._state(rule, Side.HUBSPOT).canonical
            != self._state(rule, Side.SALESFORCE).canonical
        )

    def marked(self, back: Sequence[Overwrite]) -> Link:
        """The link to store before these values are restored: each then counts as an edit of its
        side that is not our own. So it is none that a write of ours replaced, which a late one of
        the same field would have left.
        """
        link = self._link.deciding(
            *(Decision(DecisionType.RESTORED, one.side, one.name, "CH-29") for one in back)
        )
        for side in Side:
            names = [one.name for one in back if one.side is side and self._needs_mark(one)]
            base = link.base(side).with_pending(self._forms[side][name].key for name in names)
            link = (
                replace(link, hubspot_base=base)
                if side is Side.HUBSPOT
                else replace(link, salesforce_base=base)
            )
            if any(one.row == OWNER_ROW and one.side is side for one in back):
                link = (
                    replace(link, hubspot_owner=UNKNOWN_OWNER, overtaken_owner="")
                    if side is Side.HUBSPOT
                    else replace(link, salesforce_owner=UNKNOWN_OWNER)
                )
            restored = self._fingerprints([one for one in back if one.side is side])
            intent = link.intent(side)
            left = {key: ours - {restored.get(key, b"")} for key, ours in intent.replaces.items()}
            replaces = {key: ours for key, ours in left.items() if ours}
            link = link.announcing(side, replace(intent, replaces=replaces))
        writes_salesforce = any(one.side is Side.SALESFORCE for one in back)
        return replace(link, wrote=frozenset()) if writes_salesforce else link

    def _needs_mark(self, one: Overwrite) -> bool:
        """Whether only a mark in the base makes the restored value count as an edit.

        A mark also makes an edit of what is overwritten, if the restoring write then fails. Where
        both sides show the same, that changes nothing. Where they were left different, it would
        replace the other side's value; there the restored value differs from the base by itself,
        unless a write that has still to arrive makes it look like what that one left.
        """
        if one.row == OWNER_ROW:
            return False
        left_different = self._state(self._rules[one.row], one.side).diverged
        return not (
            left_different and has_arrived(self._records[one.side], self._link, self._ruleset)
        )

    def _fingerprints(self, back: Iterable[Overwrite]) -> Mapping[bytes, bytes]:
        """The fingerprints of values that are restored, by the tag of their field."""
        found = {}
        for one in back:
            is_owner = one.row == OWNER_ROW
            form = None if is_owner else self._forms[one.side][one.name]
            key = form.key if form else one.name
            value = form.canonical(one.old) if form else str(one.old or "")
            found[tag(key)] = self._fingerprinter.fingerprint(key, value)
        return found

    def _state(self, rule: FieldRule, side: Side) -> FieldState:
        return self._views[side].state(rule.on(side))


def _name_on(one: Overwrite, side: Side) -> str:
    hubspot, salesforce = one.row
    return hubspot if side is Side.HUBSPOT else salesforce


def _shows_edit(crossed: Sequence[Value]) -> bool:
    """Whether what has crossed from a side since our last write there shows that it was edited.

    Of two different values one is not what we wrote. If the side shows again what we wrote,
    somebody has entered it, such as after an earlier undo. A single value may just have been
    written over an edit of the other side.
    """
    return any(one != crossed[0] for one in crossed)


def _why_not_lasting(
    rule: FieldRule, one: Overwrite, then: FieldState, here: FieldState, across: FieldState
) -> SkipReason | None:
    """Why a restored value would not last, by the rules that decide after the undo; None where it
    lasts.

    `then` is the state of its side with the value restored, `here` and `across` are the present
    states of its side and of the other.
    """
    in_hubspot = one.side is Side.HUBSPOT
    decision = (
        merge_field(rule, then, across, one.side)
        if in_hubspot
        else merge_field(rule, across, then, one.side)
    )
    if decision.winner is one.side.other:
        return SkipReason.RETURNS
    shown = here if in_hubspot else across
    try:
        coming = one.old if in_hubspot else convert_mapped(rule, Side.HUBSPOT, one.old).value
    except IncompatibleValueError:
        return None
    is_stage = moves_back(rule.hubspot, rule.choices, str(shown.value or ""), str(coming or ""))
    return SkipReason.STAGE if is_stage else None
