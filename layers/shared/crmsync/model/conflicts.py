"""A field that both sides changed to different values: as a plan resolves it, and as it is kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from crmsync.model.decisions import Decision
from crmsync.model.records import Kind, Ref, Side, Value


@dataclass(frozen=True, slots=True)
class FieldConflict:
    """Both sides changed the same field to different values. It has values and is not stored.

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
class LoggedConflict:
    """A conflict that was decided. It has ids and names, and no values.

    Attributes:
        kind: The kind of the pair.
        hubspot: Its HubSpot record.
        salesforce: Its Salesforce record.
        decision: What was decided about which field, and by which rule.
        at: When (UTC); None until it is logged.
    """

    kind: Kind
    hubspot: Ref
    salesforce: Ref
    decision: Decision
    at: datetime | None = None
