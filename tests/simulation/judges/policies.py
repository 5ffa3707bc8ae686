"""What may stand in a field at the end, by its policy (MAP-1 to MAP-4, CH-4, Q-21), given the
course that it took.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from crmsync.model.records import Side
from tests.simulation.judges.course import (
    Course,
    Row,
    Shown,
    plain,
    value_when,
    was_read,
    without_traceless,
)
from tests.simulation.world.owners import after_edit_in_hubspot

SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Finding:
    """What is wrong with a field: the invariant, and a sentence."""

    name: str
    text: str


def judge(course: Course, row: Row) -> list[Finding]:
    """What is wrong at the end, unless it is right without an edit that could leave no trace."""
    found = _JUDGES[row.policy](course)
    if not found or row.policy not in _MERGED:
        return found
    for reason, traceless in without_traceless(course, _OVERRULED.get(row.policy)):
        if not _JUDGES[row.policy](traceless):
            course.excused[reason] += 1
            return []
    return found


def _said(course: Course, allowed: Iterable[Shown]) -> str:
    return (
        f"HubSpot {course.shown[Side.HUBSPOT]!r}, Salesforce {course.shown[Side.SALESFORCE]!r}, "
        f"may be {sorted(map(repr, allowed))}"
    )


def _both(course: Course, allowed: set[Shown]) -> list[Finding]:
    """Both sides must show the same value, one of those."""
    here, there = course.shown[Side.HUBSPOT], course.shown[Side.SALESFORCE]
    if here != there:
        return [Finding("both sides agree", _said(course, allowed))]
    if here in allowed or course.restarted:
        return []
    if course.gaps:
        return []
    return [Finding("no lost update", _said(course, allowed))]


def _value(course: Course, side: Side) -> Shown:
    """What a person gave a side last, or what both agreed on since."""
    edit = course.open.get(side)
    return plain(edit.value) if edit else course.agreed


def _two_way(course: Course) -> list[Finding]:
    """MAP-3: the more recent edit; where they never agreed, a value before a blank. A value that was
    removed after the worker that linked the pair had read it is an edit like any other.
    """
    here, there = course.open.get(Side.HUBSPOT), course.open.get(Side.SALESFORCE)
    if here is None or there is None:
        edit = here or there
        allowed = {plain(edit.value) if edit else course.agreed}
        return _both(course, allowed)
    values = {Side.HUBSPOT: plain(here.value), Side.SALESFORCE: plain(there.value)}
    if course.ever and course.agreed in values.values():
        # Set back before anybody saw it, an edit leaves no trace.
        return _both(course, set(values.values()))
    allowed = set()
    if not course.ever and None in values.values():
        removed = here if values[Side.HUBSPOT] is None else there
        if removed.number <= course.met[removed.ref.side] or not was_read(course, removed):
            known = {value for value in values.values() if value is not None}
            return _both(course, known or {None})
    if there.at < here.at + SECOND:
        allowed.add(values[Side.HUBSPOT])
    if any(one.at + SECOND >= here.at for one in course.touched):
        allowed.add(values[Side.SALESFORCE])
    return _both(course, allowed)


def _has_lost(course: Course, favourite: Side) -> bool:
    """Whether a worker has read the other side's edit beside a value of the favourite that was
    deleted afterwards, and saved the link, or has replaced the edit by that value: it has won, so
    its deletion crosses (MAP-1).
    """
    deletion, edit = course.open.get(favourite), course.open.get(favourite.other)
    if deletion is None or edit is None:
        return False
    if any(
        one.ref == edit.ref and edit.number <= one.read_of(one.ref) and plain(one.value) is not None
        for one in course.written
    ):
        return True
    return any(
        one.counts
        and edit.number <= one.reads[favourite.other]
        and course.since <= one.reads[favourite] < deletion.number
        and value_when(course, favourite, one.reads[favourite]) is not None
        for one in course.saved
    )


def _prefer(favourite: Side) -> Callable[[Course], list[Finding]]:
    """MAP-1: the favourite's value; while it is blank, the other side's; its deletion crosses.

    A value that has filled the favourite's blank is the favourite's, even if it was changed or
    taken back on the other side while it crossed. Where an older write has replaced the favourite's
    value, and somebody edits the other side before a worker has seen either, it is nowhere. The older
    value may stand then, or the edit, but no blank.
    """

    def judge_it(course: Course) -> list[Finding]:
        mine, theirs = _value(course, favourite), _value(course, favourite.other)
        if course.crossed.get(favourite) is not None:
            course.excused["changed while it crossed"] = 1
            mine = course.crossed[favourite]
        is_nowhere = favourite in course.replaced and favourite not in course.open
        if is_nowhere and favourite.other in course.open and mine is not None:
            course.excused["replaced on one side, edited on the other"] = 1
            allowed = {mine, plain(course.replaced[favourite].value), theirs} - {None}
            return _both(course, allowed)
        if mine is not None:
            return _both(course, {mine})
        if _has_lost(course, favourite):
            return _both(course, {None})
        if not course.ever:
            return _both(course, {theirs})
        if favourite.other in course.open:
            # A deletion that was seen before the other side's edit has crossed, and the edit fills
            # the blank afterwards. Set back before anybody saw it, an edit leaves no trace.
            return _both(course, {theirs, None} if theirs == course.agreed else {theirs})
        return _both(course, {None})

    return judge_it


def _always(favourite: Side) -> Callable[[Course], list[Finding]]:
    """MAP-2: nothing crosses to the favourite; its values, and its deletions, always do.

    A value that was filled in and taken back before anybody read it leaves no trace, so the other
    side keeps what a person gave it.
    """

    def judge_it(course: Course) -> list[Finding]:
        wrong = [one for one in course.written if one.ref.side is favourite]
        if wrong and not course.restarted:
            return [Finding("no lost update", f"{favourite} was written under always_{favourite}")]
        mine, theirs = course.shown[favourite], course.shown[favourite.other]
        if mine is not None:
            return _both(course, {mine})
        deletion, edit = course.open.get(favourite), course.open.get(favourite.other)
        if theirs is None or course.restarted or not course.ever or deletion is None:
            return []
        if edit is not None and edit.number > deletion.number:
            return []
        is_ours = course.by_us.get(favourite.other, False)
        if course.agreed is None and not is_ours and not was_read(course, deletion):
            return []
        return [Finding("both sides agree", _said(course, {None}))]

    return judge_it


def _fill_blank(course: Course) -> list[Finding]:
    """CH-4: a value fills a blank and overwrites nothing, except what was entered where the worker had
    read a blank. What such a write has put in place of a value that both sides agreed on is nobody's,
    so the other side's value replaces it.
    """
    here, there = course.shown[Side.HUBSPOT], course.shown[Side.SALESFORCE]
    if course.over:
        return [Finding("no lost update", "a value was overwritten under fill_blank")]
    for side in course.replaced:
        if side.other in course.open:
            course.excused["replaced on one side, edited on the other"] = 1
        if here != there:
            return [Finding("both sides agree", _said(course, {course.shown[side.other]}))]
    if (here is None) != (there is None):
        return [Finding("both sides agree", _said(course, {here or there}))]
    return []


def _never(course: Course) -> list[Finding]:
    """MAP-4: nothing crosses."""
    return [Finding("no lost update", "written under never")] if course.written else []


def _late(course: Course) -> set[Shown]:
    """The owner that crmsync gave Salesforce last, if HubSpot showed it when the worker read it, and
    another one when it wrote.
    """
    one = next((one for one in reversed(course.written) if one.ref.side is Side.SALESFORCE), None)
    if one is None:
        return set()
    read = max((at for ref, at in one.reads.items() if ref.side is Side.HUBSPOT), default=-1)
    then, now = (value_when(course, Side.HUBSPOT, at) for at in (read, one.number))
    return {then} if then == plain(one.value) != now else set()


def _owner(course: Course) -> list[Finding]:
    """OWN-6 to OWN-19: Salesforce's owner crosses, HubSpot's where that person works in Salesforce;
    of two new owners the more recent one counts. At a first meeting Salesforce's stays. What HubSpot
    shows beside an owner whom it does not know is nobody (Q-18).
    """
    if course.restarted or course.gaps:
        return []
    here, there = course.open.get(Side.HUBSPOT), course.open.get(Side.SALESFORCE)
    known = course.agreed if course.ever else course.shown[Side.SALESFORCE]
    theirs = plain(there.value) if there else known
    by_salesforce = {(theirs, theirs)}
    if here is None:
        # An owner that a worker had read in HubSpot crosses though HubSpot shows another by then.
        late = {after_edit_in_hubspot(course.shown[Side.HUBSPOT], one) for one in _late(course)}
        allowed = by_salesforce | late
    else:
        mine = plain(here.value)
        # An earlier owner in HubSpot may have crossed, and counts as Salesforce's then.
        past = {one for at, one in course.values[Side.HUBSPOT] if course.since < at < here.number}
        by_hubspot = {after_edit_in_hubspot(mine, one) for one in {theirs, *past}}
        if not course.ever:
            allowed = by_salesforce | by_hubspot | {(mine, theirs)}
        elif there is None:
            allowed = by_hubspot
        else:
            is_back = course.agreed in {mine, theirs}  # which may leave no trace
            is_later = any(one.at + SECOND >= here.at for one in course.touched)
            allowed = by_hubspot if there.at < here.at + SECOND or is_back else set()
            allowed |= by_salesforce if is_later or is_back else set()
    shown = course.shown[Side.HUBSPOT], course.shown[Side.SALESFORCE]
    if shown in allowed:
        return []
    return [Finding("owners follow", f"{shown}, may be {sorted(map(str, allowed))}")]


_MERGED = frozenset({"two_way", "prefer_salesforce", "prefer_hubspot"})
"""Policies by which edits of both sides compete."""

_OVERRULED = {"prefer_salesforce": Side.HUBSPOT, "prefer_hubspot": Side.SALESFORCE}
"""Policy -> the side whose value a value of the other side overwrites."""

_JUDGES: Mapping[str, Callable[[Course], list[Finding]]] = {
    "two_way": _two_way,
    "prefer_salesforce": _prefer(Side.SALESFORCE),
    "prefer_hubspot": _prefer(Side.HUBSPOT),
    "always_salesforce": _always(Side.SALESFORCE),
    "always_hubspot": _always(Side.HUBSPOT),
    "fill_blank": _fill_blank,
    "never": _never,
    "owner": _owner,
}
