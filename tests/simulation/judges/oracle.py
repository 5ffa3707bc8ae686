"""Which values may stand in a pair at the end, worked out from what people edited and from the
policies of the specification (MAP-1 to MAP-4, CH-4, Q-21).

Nothing here knows plans, bases or rules: the oracle reads the ledger of both CRMs and walks a
field's edits in order. What may stand then is said by policy in `policies.py`.

- **Agreed**: once linked, both sides showed the same value, and it was crmsync or one side alone
  that brought them there. What people edited before has crossed then.
- **Open**: the last edit by a person on each side since they agreed.
"""

from __future__ import annotations

from dataclasses import replace

from crmsync.model.records import Ref, Side
from tests.simulation.judges.course import (
    Course,
    Row,
    Saved,
    plain,
    value_when,
)
from tests.simulation.judges.policies import judge
from tests.simulation.world.watched import Entry, Ledger


def course_of(
    ledger: Ledger,
    pair: tuple[Ref, Ref],
    row: Row,
    *,
    restarted: bool = False,
    connection: str = "",
) -> Course:
    """Walk a field of a pair through its history. What another connection has written counts as an
    edit.
    """
    hubspot, salesforce = pair
    linked = ledger.linked.get(pair, 0)
    names = {hubspot: row.hubspot, salesforce: row.salesforce}
    fresh = {ref for ref in pair if ledger.made_for(ref) == pair}
    entries = sorted(
        (
            one
            for entries in (ledger.rows, ledger.repeated)
            for ref in pair
            for one in entries.get(ref, ())
        ),
        key=lambda one: one.number,
    )
    looks, blind = (
        {ref.side: ledger.looks_at(ref, row.salesforce, resting=resting) for ref in pair}
        for resting in (False, True)
    )
    met = {ref.side: ledger.met.get(pair, {}).get(ref, linked) for ref in pair}
    links = ledger.saved.items()
    saved = [
        Saved(
            one.number,
            {ref.side: one.reads.get(ref, -1) for ref in pair},
            counts=not one.waits and row.salesforce not in one.resting,
        )
        for one in ledger.saved.get(pair, ())
    ]
    kept = {
        ref.side: [one.reads.get(ref, -1) for both, some in links if ref in both for one in some]
        for ref in pair
    }
    course, is_linked = (
        Course(restarted=restarted, looks=looks, blind=blind, kept=kept, met=met, saved=saved),
        False,
    )
    for one in entries:
        if not is_linked and one.number > linked:
            is_linked = True
            _agree(course, row)
        if one.ref == salesforce:
            course.touched.append(one)
        course.restarted |= not one.field and one.value == "back"
        if one.field != names[one.ref]:
            continue
        is_told = row.across is not None or bool(course.open)
        if is_linked and is_told and _were_synced(course, one.number):
            _agree(course, row)
        one = row.as_in_hubspot(one)  # noqa: PLW2901 - the same entry in other terms
        is_foreign = connection and one.connection not in {"", connection}
        if one.ours and (is_foreign or (not is_linked and one.ref not in fresh)):
            one = replace(one, ours=False)  # noqa: PLW2901 - it came from another pair
        other = salesforce if one.ref == hubspot else hubspot
        _take(course, one, other)
        if one.ours and not is_linked and not one.repeats:
            _make(course, one, other)
        # Where several values of one side are one of the other, equal ones need not be known yet.
        is_known = row.across is None and len(course.open) < len(Side)
        if is_linked and (one.ours or is_known):
            _agree(course, row)
    if not is_linked:
        _agree(course, row)
    return course


def _take(course: Course, one: Entry, other: Ref) -> None:
    """A new value on one side, or the same one once more."""
    side, value = one.ref.side, plain(one.value)
    edit = course.open.get(side)
    if one.repeats:
        if one.ours and edit is not None and edit.number > one.read_of(one.ref):
            course.gaps.append(edit)
        return
    course.shown[side] = value
    course.crossed.pop(side, None)
    course.values[side].append((one.number, value))
    if not one.ours:
        course.open[side], course.by_us[side] = one, False
        course.replaced.pop(side, None)
        course.written_over.pop(side, None)
        _see_what_replaced(course, side.other, one)
        return
    was = value_when(course, side.other, one.read_of(other))
    if plain(one.before) is None and value == was != course.shown[side.other]:
        course.crossed[side] = value
    earlier = [at for at, _ in course.values[side][:-1]]
    is_unseen = bool(earlier) and earlier[-1] > one.read_of(one.ref)
    if is_unseen and plain(one.before) == course.agreed is not None:
        course.replaced[side] = one
    # A creation makes a new record, so it writes over nothing.
    if not one.call.endswith(".create"):
        if edit is not None and edit.number > one.read_of(one.ref):
            course.gaps.append(edit)
            course.written_over[side] = edit, one
        if _had_read_a_persons_value(course, one):
            course.over.append(one)
    _bring_what_was_written_over(course, one, other)
    course.written.append(one)
    course.by_us[side] = True


def _bring_what_was_written_over(course: Course, one: Entry, other: Ref) -> None:
    """A worker writes an edit of the other side that it has read, and that another one has written
    over since: the edit still counts.
    """
    edit, late = course.written_over.get(other.side, (None, None))
    if edit is None or late is None or plain(edit.value) != plain(one.value):
        return
    if edit.number <= one.read_of(other) < late.number:
        course.open[other.side] = edit


def _had_read_a_persons_value(course: Course, one: Entry) -> bool:
    """Whether a person had given a field its value, by what the worker that wrote it had read there;
    where it had not read the record, by what it wrote over. An edit counts as ours if a write that
    had not seen it has brought the same value.
    """
    read = one.read_of(one.ref)
    known = [row for row in course.values[one.ref.side][:-1] if read < 0 or row[0] <= read]
    if not known:
        return False
    number, value = known[-1]
    ours = (*course.written, *course.gaps)
    return value is not None and all(number != other.number for other in ours)


def _see_what_replaced(course: Course, side: Side, edit: Entry) -> None:
    """Somebody edits the other side. If a worker had seen before that both showed what an overtaken
    write has left on a side, they have agreed on it.
    """
    late = course.replaced.get(side)
    if late is None or course.agreed != plain(late.value):
        return
    if any(
        one.number < edit.number and all(read >= late.number for read in one.reads.values())
        for one in course.saved
    ):
        del course.replaced[side]


def _were_synced(course: Course, number: int) -> bool:
    """Whether a worker had read all open edits when it saved the link before an entry."""
    return any(
        one.number < number
        and all(edit.number <= one.reads[side] for side, edit in course.open.items())
        for one in course.saved
    )


def _make(course: Course, one: Entry, other: Ref) -> None:
    """A record was made with this value: the two agree on what the worker had read of the other, or
    of the lead that has become the other since.
    """
    course.agreed, course.ever = plain(one.value), True
    seen = one.reads.get(other, max(one.reads.values(), default=-1))
    edit = course.open.get(other.side)
    if edit is not None and edit.number <= seen:
        del course.open[one.ref.side.other]


def _agree(course: Course, row: Row) -> None:
    """Both sides agree, if they show the same value and it is one that may stand."""
    if course.shown[Side.HUBSPOT] == course.shown[Side.SALESFORCE] and not judge(course, row):
        course.agreed, course.ever = course.shown[Side.HUBSPOT], True
        course.since = max((at for side in Side for at, _ in course.values[side]), default=0)
        course.excused["edited between read and write"] += len(course.gaps)
        for part in (course.open, course.touched, course.gaps, course.crossed):
            part.clear()
        # Where an overtaken write brought the value that the other side shows, no worker knows yet.
        for side, late in list(course.replaced.items()):
            if course.agreed != plain(late.value):
                del course.replaced[side]
