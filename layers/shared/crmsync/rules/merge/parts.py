"""What the parts of a merge have in common: each returns what it contributes and changes nothing
that it was given.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from crmsync.model.effects import Because, FieldConflict
from crmsync.model.fields import FieldRule
from crmsync.model.records import Record, Side, Value


@dataclass(frozen=True, slots=True)
class MergePart:
    """What one part of a merge contributes: mapped fields, opt-out, owners, parents or stages.

    Attributes:
        to_hubspot: Values to write to the HubSpot record, by property.
        to_salesforce: Values to write to the Salesforce record, by field.
        because_hubspot: The rules by which HubSpot's record is written.
        because_salesforce: The rules by which Salesforce's record is written.
        conflicts: Fields that both sides changed, and which side won.
        incompatible: Mappings whose value the other side cannot take now.
        undecided: Whether HubSpot's property history must be read before this can be decided.
    """

    to_hubspot: Mapping[str, Value] = field(default_factory=dict)
    to_salesforce: Mapping[str, Value] = field(default_factory=dict)
    because_hubspot: Because = ()
    because_salesforce: Because = ()
    conflicts: tuple[FieldConflict, ...] = ()
    incompatible: tuple[FieldRule, ...] = ()
    undecided: bool = False


def newest_of(name: str, hubspot: Record, salesforce: Record, our_app: str) -> Side:
    """The side whose value of the HubSpot property `name` is the more recent one (Q-21).

    HubSpot's time of the property is compared with Salesforce's time of the record, as Salesforce
    keeps no time per field; Salesforce wins a tie. A value that `our_app` wrote to HubSpot is an
    echo and never the newer one.
    """
    origin = hubspot.origins.get(name)
    if origin and our_app and origin.by == our_app:
        return Side.SALESFORCE
    at = origin.at if origin else hubspot.modified_at
    return Side.HUBSPOT if at > salesforce.modified_at else Side.SALESFORCE


def joined(*lists: Because) -> Because:
    """All rules of the lists in their order, each rule once."""
    return tuple(dict.fromkeys(rule for rules in lists for rule in rules))
