"""Fields that both sides changed to different values: as a plan resolves them, and what is kept.

What is kept is the field, the policy, the winner and the time, never a value. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from crmsync.model.records import Side, Value

NEWEST = 10
"""Conflicts that are kept per pair."""

KEPT = timedelta(days=30)
"""How long a conflict is kept."""


@dataclass(frozen=True, slots=True)
class FieldConflict:
    """Both sides changed the same field to different values. For the audit trail.

    Attributes:
        hubspot: The property.
        salesforce: The field.
        hubspot_value: HubSpot's value.
        salesforce_value: Salesforce's value.
        policy: The policy that decided.
        winner: The side whose value counts; None where each side keeps its own.
    """

    hubspot: str
    salesforce: str
    hubspot_value: Value
    salesforce_value: Value
    policy: str
    winner: Side | None


@dataclass(frozen=True, slots=True)
class ResolvedConflict:
    """Both sides had changed a field to different values, and a policy decided.

    Attributes:
        at: When it was decided (UTC).
        hubspot: The property.
        salesforce: The field.
        policy: The policy that decided.
        winner: The side whose value was taken; None where each side kept its own.
    """

    at: datetime
    hubspot: str
    salesforce: str
    policy: str
    winner: Side | None


def kept(
    before: Sequence[ResolvedConflict], news: Sequence[ResolvedConflict]
) -> tuple[ResolvedConflict, ...]:
    """The conflicts of one pair to keep, newest first: the last few, none much older than the
    newest.
    """
    ordered = sorted((*news, *before), key=lambda one: one.at, reverse=True)
    return tuple(one for one in ordered[:NEWEST] if ordered[0].at - one.at < KEPT)
