"""Values of activities that differ from org to org and from account to account: statuses of tasks,
and outcomes of calls (ACT-4).

Pure: what the push has found, and the values of a new org and account where it has found nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from crmsync.model.fields import Choices, FieldRule
from crmsync.model.kinds.activities import ActivityKind, ActivitySettings, TaskStatus
from crmsync.rules.kinds.activity.maps import (
    CALL_OUTCOME,
    CALL_STATUS,
    CALL_STATUSES,
    DONE,
    NEW_IN_SALESFORCE,
    NOT_STARTED,
    STATUS,
    TASK_STATUS,
    TASK_STATUSES,
)

STATUSES: Mapping[str, Choices] = MappingProxyType(
    {CALL_STATUS: CALL_STATUSES, TASK_STATUS: TASK_STATUSES}
)
"""Property -> its values with the statuses of a new org."""


def has_status(kind: ActivityKind) -> bool:
    """Whether a kind has a status in Salesforce: all but meetings, which are events."""
    return kind is not ActivityKind.MEETING


def has_outcome(kind: ActivityKind) -> bool:
    """Whether a kind has an outcome that the account defines."""
    return kind is ActivityKind.CALL


def with_org_values(rule: FieldRule, activities: ActivitySettings) -> FieldRule:
    """A row of a field map with the org's statuses or the account's outcomes, if it is of these."""
    if rule.hubspot in STATUSES and rule.salesforce == STATUS and activities.statuses:
        choices = statuses_of_org(STATUSES[rule.hubspot], activities.statuses)
    elif rule.hubspot == CALL_OUTCOME and activities.outcomes:
        choices = activities.outcomes
    else:
        return rule
    return replace(rule, choices=choices)


def new_status(kind: ActivityKind, statuses: Sequence[TaskStatus]) -> str:
    """The status of a new task of a kind that is done as soon as it is made; "" leaves it to the
    org, as for other kinds, and where the org has no closed status.
    """
    usual = str(NEW_IN_SALESFORCE[kind].get(STATUS) or "")
    return _one_of(statuses, is_closed=True) if usual and statuses else usual


def statuses_of_org(standard: Choices, statuses: Sequence[TaskStatus]) -> Choices:
    """HubSpot's statuses with those of an org, in which each status is closed or open.

    Those of a new org keep their meaning, unless the org's "Completed" is open. The org's default
    status, or the first, that is closed or open takes the place of one that the org lacks. In the
    other direction, any further status is done where it is closed, otherwise not started. Nothing
    goes with a status where the org has none of its sort.

    Args:
        standard: HubSpot's statuses with those of a new org.
        statuses: The org's, in its order.
    """
    known = {one.name: one.is_closed for one in statuses}
    kept = [
        (mine, theirs)
        for mine, theirs in standard
        if theirs in known and (theirs != DONE or known[theirs])
    ]
    having = {mine for mine, _ in kept}
    stand_ins = [
        (mine, other)
        for mine, theirs in standard
        if mine not in having and (other := _one_of(statuses, is_closed=theirs == DONE))
    ]
    done = next(mine for mine, theirs in standard if theirs == DONE)
    planned = next(mine for mine, theirs in standard if theirs == NOT_STARTED)
    named = {theirs for _, theirs in kept}
    own = [
        (done if one.is_closed else planned, one.name) for one in statuses if one.name not in named
    ]
    return tuple(dict.fromkeys((*kept, *stand_ins, *own)))


def unmapped(activities: ActivitySettings) -> Iterator[tuple[ActivityKind, str]]:
    """What cannot cross as the org has no status for it: the first kind that it concerns, and a
    sentence.
    """
    kinds = [kind for kind in activities.on if has_status(kind)]
    if not kinds or not activities.statuses:
        return
    if not _one_of(activities.statuses, is_closed=True):
        yield (
            kinds[0],
            (
                "the org has no closed status of tasks: what is done in HubSpot stays open in "
                "Salesforce; add one in Setup, Object Manager, Task, Status"
            ),
        )
    if not _one_of(activities.statuses, is_closed=False):
        yield (
            kinds[0],
            (
                "the org has no open status of tasks: a status of what is not done in HubSpot "
                "cannot cross; add one in Setup, Object Manager, Task, Status"
            ),
        )


def _one_of(statuses: Sequence[TaskStatus], *, is_closed: bool) -> str:
    """The status that stands for all that are closed, or open: that of a new org, otherwise the
    default one, otherwise the first; "" without one.
    """
    found = [one for one in statuses if one.is_closed is is_closed]
    usual = DONE if is_closed else NOT_STARTED
    ranked = sorted(found, key=lambda one: (one.name != usual, not one.is_default))
    return ranked[0].name if ranked else ""
