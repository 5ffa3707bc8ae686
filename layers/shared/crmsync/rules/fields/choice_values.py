"""The values of choices: how one side's is compared with the other's, and how one crosses."""

from __future__ import annotations

from crmsync.model.fields import ComparedFormat, FieldRule
from crmsync.model.records import Side


def several(text: str) -> set[str]:
    """The choices of a multiple choice."""
    return {choice.strip() for choice in text.split(";")} - {""}


def same_choice(shape: ComparedFormat, text: str) -> str:
    """The spelling by which both sides are compared."""
    return shape.same.get(text.lower(), text)


def same_choices(shape: ComparedFormat, text: str) -> str:
    """The same for a multiple choice, in whichever order it is given."""
    return ";".join(sorted(same_choice(shape, one) for one in several(text)))


def choice_across(rule: FieldRule, to: Side, text: str) -> str | None:
    """The other side's value of a choice: by this side's exact spelling, otherwise
    case-insensitively. None for one that the other side does not take.

    HubSpot never takes a value that is not an option; Salesforce does where its picklist is not
    restricted.
    """
    pairs = (
        rule.choices
        if to is Side.SALESFORCE
        else tuple((theirs, mine) for mine, theirs in rule.choices)
    )
    exact = (theirs for mine, theirs in pairs if mine == text)
    alike = (theirs for mine, theirs in pairs if mine.lower() == text.lower())
    across = next(exact, None)
    across = next(alike, None) if across is None else across
    if across is None and rule.choices and (to is Side.HUBSPOT or rule.restricted):
        return None
    return text if across is None else across
