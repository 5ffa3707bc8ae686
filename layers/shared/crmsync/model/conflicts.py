"""A field that both sides changed to different values, as a plan resolves it."""

from __future__ import annotations

from dataclasses import dataclass

from crmsync.model.records import Side, Value


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
