"""Which HubSpot option goes with which Salesforce picklist value (MAP-7, MAP-16). Pure.

The lifecycle stage is an option list like any other once an operator has mapped it to a picklist
(FLD-2).

Two are the same choice when their values agree; else when HubSpot's label is Salesforce's value, as
it must be for the lifecycle stage; else when the labels agree. Case does not matter. Each picklist
value is paired once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from crmsync.model.crm_names import LIFECYCLE_STAGE
from crmsync.model.records import Side
from crmsync.model.schema import Option

Pairs = tuple[tuple[str, str], ...]
"""HubSpot's value and Salesforce's, in HubSpot's order."""

_Likeness = Callable[[Option, Option], bool]

_LIKE: tuple[_Likeness, ...] = (
    lambda mine, theirs: mine.value == theirs.value,
    lambda mine, theirs: mine.value.lower() == theirs.value.lower(),
    lambda mine, theirs: mine.label.lower() == theirs.value.lower(),
    lambda mine, theirs: mine.label.lower() == theirs.label.lower(),
)


def pair_choices(
    hubspot: Sequence[Option], salesforce: Sequence[Option], *, restricted: bool
) -> Pairs:
    """Pair the options of both sides.

    An option without counterpart stands for itself where the picklist takes other values.
    """
    found: dict[str, str] = {}
    free = list(salesforce)
    for alike in _LIKE:
        for mine in hubspot:
            match = (
                None
                if mine.value in found
                else next((one for one in free if alike(mine, one)), None)
            )
            if match is not None:
                found[mine.value] = match.value
                free.remove(match)
    if not restricted:
        found |= {one.value: one.value for one in hubspot if one.value not in found}
    return tuple((one.value, found[one.value]) for one in hubspot if one.value in found)


def alone(
    hubspot: Sequence[Option], salesforce: Sequence[Option], pairs: Pairs
) -> dict[Side, tuple[str, ...]]:
    """The labels of options without counterpart, by side."""
    mine, theirs = {pair[0] for pair in pairs}, {pair[1] for pair in pairs}
    return {
        Side.HUBSPOT: tuple(one.label for one in hubspot if one.value not in mine),
        Side.SALESFORCE: tuple(one.label for one in salesforce if one.value not in theirs),
    }


def missing_stages(hubspot: Sequence[Option], salesforce: Sequence[Option]) -> tuple[str, ...]:
    """The labels of lifecycle stages that are missing from the picklist, which must have all
    (MAP-16).
    """
    values = {one.value.lower() for one in salesforce}
    return tuple(one.label for one in hubspot if one.label.lower() not in values)


def moves_back(name: str, choices: Pairs, shown: str, coming: str) -> bool:
    """Whether HubSpot would ignore the value: its lifecycle stage moves only forward, except from
    blank and to blank (PLT-5).

    `choices` are the pairs of the mapped property `name` in HubSpot's order, which is the order of
    its stages.
    """
    order = [pair[0] for pair in choices]
    return (
        name == LIFECYCLE_STAGE
        and shown in order
        and coming in order
        and order.index(coming) < order.index(shown)
    )
