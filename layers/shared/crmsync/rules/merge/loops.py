"""The loop breaker (CH-5): a field that crmsync and somebody else keep writing in turn is stopped.

A workflow, a flow or another HubSpot account may set a field again each time crmsync has written
it. Each write of ours that is followed by such a change within an hour counts once. At the fifth in
a row, neither side's value crosses any more. The field is tried again once the operator retries the
record, or once somebody edits one of the two records an hour later; then a single further change
stops it again.

An opt-out is never stopped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from crmsync.model.crm_names import (
    DEAL_STAGE,
    HUBSPOT_OPT_OUT,
    HUBSPOT_OWNER,
    PIPELINE,
    SALESFORCE_OWNER,
)
from crmsync.model.fields import FieldType
from crmsync.model.fingerprints import PENDING, tag
from crmsync.model.links import Link, LoopState
from crmsync.model.records import Record, Side
from crmsync.rules.fields.maps import CURRENCY
from crmsync.rules.merge.baseline import SideView
from crmsync.rules.merge.intents import has_arrived
from crmsync.rules.merge.lost_writes import counterparts
from crmsync.rules.merge.ruleset import Ruleset

LIMIT = 5
"""Changes in a row at which a field is stopped."""

WINDOW = timedelta(hours=1)
"""A change this soon after our write counts, and a stopped field rests at least as long."""

_OWNERS = (HUBSPOT_OWNER, SALESFORCE_OWNER)


@dataclass(frozen=True, slots=True)
class LoopBreak:
    """What the loop breaker says about a merge.

    Attributes:
        loops: What the link is to remember; see `Link.loops`.
        stopped: The fields of each side that are not written.
        reported: The HubSpot names of the fields that loop.
    """

    loops: Mapping[bytes, LoopState] = field(default_factory=dict)
    stopped: Mapping[Side, frozenset[str]] = field(default_factory=dict)
    reported: frozenset[str] = frozenset()

    def is_news_to(self, link: Link) -> bool:
        """Whether the link must be stored because of it. A count that has expired can wait until
        the link is stored for another reason.
        """
        stored = {
            key: state
            for key, state in link.loops.items()
            if key in self.loops or state.count >= LIMIT
        }
        return self.loops != stored


def break_loops(
    link: Link,
    hubspot: SideView,
    salesforce: SideView,
    ruleset: Ruleset,
    writes: Mapping[Side, frozenset[str]],
    *,
    is_retry: bool,
) -> LoopBreak:
    """Count who has changed our last writes, and stop the fields that loop.

    `writes` are the fields that the merge would write to each side; what would not be written needs
    no stop and is forgotten. `is_retry` is whether the operator asks for another try.
    """
    latest = max(hubspot.record.modified_at, salesforce.record.modified_at)
    loops: dict[bytes, LoopState] = {}
    stopped: dict[Side, set[str]] = {side: set() for side in Side}
    reported: set[str] = set()
    pairs = dict(_pairs(salesforce.record, ruleset))
    for mine, theirs in pairs.items():
        key = tag(mine)
        state = link.loops.get(key)
        was_stopped = state is not None and state.count >= LIMIT
        has_rested = state is not None and latest - state.at >= WINDOW
        if was_stopped and (has_rested or is_retry):
            state = LoopState(LIMIT - 1, latest)
        elif not was_stopped:
            sides = _written((hubspot, mine), (salesforce, theirs), link, ruleset)
            written_at = _changed_back(sides, link, ruleset, state)
            if written_at is not None:
                state = LoopState(state.count + 1 if state else 1, max(latest, written_at))
            elif has_rested and all(has_arrived(one.record, link, ruleset) for one, *_ in sides):
                state = None
        is_written = mine in writes[Side.HUBSPOT] or theirs in writes[Side.SALESFORCE]
        if state is None or (state.count >= LIMIT - 1 and was_stopped and not is_written):
            continue
        if state.count >= LIMIT and not is_written:
            # There is nothing to stop yet: the next change back is the one to stop.
            state = LoopState(LIMIT - 1, state.at)
        loops[key] = state
        if state.count >= LIMIT and is_written:
            reported.add(mine)
    for mine in _together(reported, pairs, writes, salesforce.record, ruleset):
        stopped[Side.HUBSPOT].add(mine)
        stopped[Side.SALESFORCE].add(pairs[mine])
    return LoopBreak(
        loops,
        {side: frozenset(names) for side, names in stopped.items() if names},
        frozenset(reported),
    )


def _pairs(salesforce: Record, ruleset: Ruleset) -> Iterator[tuple[str, str]]:
    """The fields that may loop: HubSpot's name and Salesforce's."""
    for mine, theirs in counterparts(Side.HUBSPOT, salesforce, ruleset).items():
        if mine != HUBSPOT_OPT_OUT:
            yield mine, theirs
    yield _OWNERS


def _written(
    mine: tuple[SideView, str], theirs: tuple[SideView, str], link: Link, ruleset: Ruleset
) -> Sequence[tuple[SideView, str, str]]:
    """The sides whose last write of ours had the field, with the field's name and key there. What
    only a write before it can leave says nothing: that was withdrawn, and may never have arrived.
    """
    mapping = ruleset.mapping_of(theirs[0].record)
    found = []
    for view, name in (mine, theirs):
        forms = mapping.forms(view.side)
        key = forms[name].key if name in forms else name
        intent = link.intent(view.side)
        known = intent.replaces.get(tag(key), frozenset())
        if intent.earlier and not intent.arrived:
            known -= intent.earlier.values.get(tag(key), frozenset())
        if known:
            found.append((view, name, key))
    return found


def _changed_back(
    sides: Sequence[tuple[SideView, str, str]],
    link: Link,
    ruleset: Ruleset,
    counted: LoopState | None,
) -> datetime | None:
    """When our last write of a field was announced, if it had arrived, was followed by another
    value within the hour, and was not `counted` before. It does not matter how late crmsync reads
    that value: a side may be down.

    The link is saved when a change is counted, and then no longer has the write in flight; unless
    an earlier one may still arrive. Then any further edit of the record would count.
    """
    times = (
        intent.at
        for view, name, key in sides
        if (intent := link.intent(view.side)).at is not None
        and view.record.modified_at - intent.at <= WINDOW
        and not (intent.earlier and counted and intent.at <= counted.at)
        and _has_changed(view, name, key, link)
        and has_arrived(view.record, link, ruleset)
    )
    return max(times, default=None)


def _has_changed(view: SideView, name: str, key: str, link: Link) -> bool:
    """Whether somebody has changed the field since the two sides agreed."""
    owner, last = _owner(view.side, link)
    if name == owner:
        return last not in {None, str(view.record.fields.get(name) or "")}
    state = view.states.get(name)
    # A write that never arrived leaves the other side's field marked as changed: nobody edited it.
    is_marked = link.base(view.side).fingerprint_of(key) in PENDING
    return state is not None and state.changed is True and not is_marked


def _owner(side: Side, link: Link) -> tuple[str, str | None]:
    """The field of a side's owner, and its owner at the last sync."""
    if side is Side.HUBSPOT:
        return HUBSPOT_OWNER, link.hubspot_owner
    return SALESFORCE_OWNER, link.salesforce_owner


def _together(
    reported: set[str],
    pairs: Mapping[str, str],
    writes: Mapping[Side, frozenset[str]],
    salesforce: Record,
    ruleset: Ruleset,
) -> set[str]:
    """The HubSpot names of the fields to stop: with a stage its pipeline, and amounts together with
    a currency that would be written (CUR-1).
    """
    found = set(reported)
    stage = {DEAL_STAGE, PIPELINE}
    if found & stage:
        found |= stage & pairs.keys()
    rules = ruleset.mapping_of(salesforce).field_map
    amounts = {one.hubspot for one in rules if one.form is FieldType.NUMBER}
    amounts.add(CURRENCY.hubspot)
    is_written = (
        CURRENCY.hubspot in writes[Side.HUBSPOT] or CURRENCY.salesforce in writes[Side.SALESFORCE]
    )
    if is_written and found & amounts:
        found |= amounts & pairs.keys()
    return found
