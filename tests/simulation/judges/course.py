"""What became of a field of a pair, as far as the ledger of both CRMs tells; and which of its edits
could leave no trace.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from crmsync.model.records import Side
from tests.simulation.world.watched import Entry

Shown = str | None


@dataclass(frozen=True)
class Row:
    """A property and a field that belong together, and whose value counts.

    Attributes:
        hubspot: The property.
        salesforce: The field.
        policy: Whose value counts.
        across: Salesforce's value -> HubSpot's, where the two do not name a thing alike; what is
            missing shows as blank in HubSpot. None where they name it alike.
    """

    hubspot: str
    salesforce: str
    policy: str = "two_way"
    across: Mapping[str, str] | None = None

    def on(self, side: Side) -> str:
        """The field's name on a side."""
        return self.hubspot if side is Side.HUBSPOT else self.salesforce

    def as_in_hubspot(self, one: Entry) -> Entry:
        """An entry with its values as HubSpot names them."""
        if self.across is None or one.ref.side is Side.HUBSPOT:
            return one
        value, before = (self.across.get(str(shown)) for shown in (one.value, one.before))
        return replace(one, value=value, before=before)


@dataclass(frozen=True)
class Saved:
    """A worker has saved the pair's link.

    Attributes:
        number: The last entry then.
        reads: Up to which entry it had read each side.
        counts: Whether what it had read of the field is decided: no limit holds anything of the
            pair back, and the mapping did not rest.
    """

    number: int
    reads: Mapping[Side, int]
    counts: bool


@dataclass
class Course:
    """What became of a field of a pair, from the first edit to the end.

    Attributes:
        shown: What each side shows.
        agreed: The value that both sides agreed on last.
        ever: Whether they ever agreed.
        open: The last edit of each side since.
        touched: When anything of the Salesforce record changed since.
        gaps: Edits since that a worker wrote over without having seen them, with another value or
            the same, as neither CRM compares before it writes
            (docs/decisions/0025-intent-first.md).
        written_over: The last edit of each side that a worker wrote over without having seen it, and
            the entry of that.
        excused: What was wrong and cannot be helped, by reason.
        written: All entries of crmsync.
        over: Entries of crmsync by workers that had read a value which a person had given there.
        by_us: Whether crmsync gave a side its value.
        values: All values of each side, with the numbers of their entries.
        crossed: A value that has filled a side's blank although it had changed on the other side
            between the worker's read and its write.
        replaced: The entry of crmsync on a side that has replaced a value on which both sides agreed,
            and which its worker had not seen; until a worker has seen both sides agree again.
        restarted: One of the records was gone and came back, or is what others were merged into.
        looks: Up to which entries workers have read each side's record.
        blind: Those of them when the field's mapping rested, so that nothing of it is kept.
        kept: Those of them by workers that have saved a link of the record afterwards.
        met: Up to which entry the worker that linked the pair had read each side's record.
        since: The last entry of the field when both sides agreed last.
        saved: When the link was saved.
    """

    shown: dict[Side, Shown] = field(default_factory=lambda: dict.fromkeys(Side))
    agreed: Shown = None
    ever: bool = False
    open: dict[Side, Entry] = field(default_factory=dict)
    touched: list[Entry] = field(default_factory=list)
    gaps: list[Entry] = field(default_factory=list)
    written_over: dict[Side, tuple[Entry, Entry]] = field(default_factory=dict)
    excused: Counter[str] = field(default_factory=Counter)
    written: list[Entry] = field(default_factory=list)
    over: list[Entry] = field(default_factory=list)
    by_us: dict[Side, bool] = field(default_factory=dict)
    values: dict[Side, list[tuple[int, Shown]]] = field(
        default_factory=lambda: {side: [] for side in Side}
    )
    crossed: dict[Side, Shown] = field(default_factory=dict)
    replaced: dict[Side, Entry] = field(default_factory=dict)
    restarted: bool = False
    looks: Mapping[Side, Sequence[int]] = field(default_factory=dict)
    blind: Mapping[Side, Sequence[int]] = field(default_factory=dict)
    kept: Mapping[Side, Sequence[int]] = field(default_factory=dict)
    met: Mapping[Side, int] = field(default_factory=dict)
    since: int = 0
    saved: Sequence[Saved] = ()


def plain(value: object) -> Shown:
    """A value as both sides' spellings compare: text, numbers without trailing zeros."""
    if value is None or value == "":
        return None
    text = str(value)
    try:
        return f"{float(text):g}" if text[0].isdigit() else text
    except ValueError:
        return text


def value_when(course: Course, side: Side, number: int) -> Shown:
    """What a side showed after the entry of this number."""
    return next((value for at, value in reversed(course.values[side]) if at <= number), None)


def was_read(course: Course, deletion: Entry) -> bool:
    """Whether a worker has read what a person took away, while the field's mapping did not rest, and
    has saved the link then. Of what a worker has read that died before nothing is kept.
    """
    side, since = deletion.ref.side, deletion.number
    for at, value in reversed(course.values[side]):
        if at < since:
            if value is None:
                break
            since = at
    was_read, was_seen = _looks_at(course, deletion, since)
    if was_seen and not was_read:
        course.excused["removed while its mapping rested"] = 1
    was_saved = any(since <= at < deletion.number for at in course.kept[side])
    if was_read and not was_saved:
        course.excused["removed before a link was saved"] = 1
    return was_read and was_saved


def _looks_at(course: Course, deletion: Entry, since: int) -> tuple[bool, bool]:
    """Whether a worker has read a record after an entry and before a deletion: while the field's
    mapping did not rest, and while it did.
    """
    was_read, was_seen = (
        any(since <= at < deletion.number for at in looks[deletion.ref.side])
        for looks in (course.looks, course.blind)
    )
    return was_read, was_seen


def _has_rested(course: Course, deletion: Entry) -> bool:
    """Whether workers have read the very value that a person took away only while the field's
    mapping rested.
    """
    since = max(
        (at for at, _ in course.values[deletion.ref.side] if at < deletion.number), default=0
    )
    return _looks_at(course, deletion, since) == (False, True)


def without_traceless(course: Course, overruled: Side | None) -> Iterator[tuple[str, Course]]:
    """The course without one of the edits that could leave no trace, and why it could. `overruled`
    is the side whose value the policy has overwritten by the other one's.

    - **Edited between read and write**: to the very value that a worker had read on the other side,
      and was about to write to this one, even if the write never arrived; back to that value once
      it has, on either side; or back to the one that it was to overrule.
    - **Removed while its mapping rested**: nothing is kept of a value that could not cross.
    - **Read at two moments**: to what a worker had read on the other side just before.
    """
    for side, edit in course.open.items():
        left = {other: one for other, one in course.open.items() if other is not side}
        without = replace(course, open=left)
        agreed = replace(without, agreed=plain(edit.value), ever=True)
        if _was_announced(course, edit):
            yield from (("edited between read and write", one) for one in (agreed, without))
        elif _was_announced(course, edit, is_back=True) and (
            side is overruled or _was_brought(course, edit)
        ):
            yield "edited between read and write", agreed
        if plain(edit.value) is None and _has_rested(course, edit):
            yield "removed while its mapping rested", without
        if _looked_agreed(course, edit):
            yield from (("read at two moments", one) for one in (agreed, without))


def _was_brought(course: Course, edit: Entry) -> bool:
    """Whether crmsync had brought the value of an edit to the other side since both agreed."""
    return any(
        one.ref.side is edit.ref.side.other and plain(one.value) == plain(edit.value)
        for one in course.written
        if course.since < one.number < edit.number
    )


def _looked_agreed(course: Course, edit: Entry) -> bool:
    """Whether a worker that has saved the link had read an edit, and its value on the other side as
    well, where somebody had changed it between the worker's read and the edit.
    """
    side, value = edit.ref.side, plain(edit.value)
    earlier = [at for at, _ in course.values[side.other] if at < edit.number]
    return bool(earlier) and any(
        one.counts
        and one.reads[side.other] < earlier[-1]
        and edit.number <= one.reads[side]
        and value == value_when(course, side.other, one.reads[side.other])
        and value == value_when(course, side, one.reads[side])
        for one in course.saved
    )


def _was_announced(course: Course, edit: Entry, *, is_back: bool = False) -> bool:
    """Whether a person's edit gives a side what the last worker that saved the link and had not
    read the edit was about to write there, and crmsync has written nothing else there by then; or,
    if it `is_back`, what that was to overrule, once more, and nothing was written.
    """
    side, value = edit.ref.side, plain(edit.value)
    unread = [one for one in course.saved if one.counts and one.reads[side] < edit.number]
    if not unread:
        return False
    last = unread[-1]
    shown, coming = (value_when(course, one, last.reads[one]) for one in (side, side.other))
    written = [
        one.number
        for one in course.written
        if one.ref.side is side and (is_back or plain(one.value) != value)
    ]
    is_same = shown != coming and value == (shown if is_back else coming)
    return is_same and not any(last.number < at < edit.number for at in written)
