"""One row of a field map: which property goes with which field, whose value counts, and how a value
crosses.

The rows are data in `crmsync.rules.fields.maps` and in the operator's settings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from typing import TypeAlias

from crmsync.model.records import Side


class Update(StrEnum):
    """Whose value counts (MAP-1 to MAP-4; the last three go beyond HubSpot's own connector)."""

    TWO_WAY = "two_way"
    PREFER_SALESFORCE = "prefer_salesforce"
    ALWAYS_SALESFORCE = "always_salesforce"
    PREFER_HUBSPOT = "prefer_hubspot"
    ALWAYS_HUBSPOT = "always_hubspot"
    FILL_BLANK = "fill_blank"
    NEVER = "never"


class FieldType(StrEnum):
    """The format of a value on both sides, and so how it crosses."""

    TEXT = "text"
    EMAIL = "email"
    PHONE = "phone"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    DAY = "day"
    """A date in HubSpot, a moment in Salesforce. Only the day counts, in the time zone of the
    HubSpot account.
    """
    DATED = "dated"
    """A moment in HubSpot, a date in Salesforce. Only the day counts, in the time zone of the
    HubSpot account.
    """
    CHOICE = "choice"
    MULTI = "multi"
    DOMAIN = "domain"
    """The domain alone in HubSpot, a web address in Salesforce; only the domain counts."""
    HTML = "html"
    """HTML in HubSpot, text in Salesforce. Only its words and lines count."""
    LINES = "lines"
    """The text that goes with HTML, for comparing alone."""
    DURATION = "duration"
    """Milliseconds in HubSpot, seconds in Salesforce. Only whole seconds count."""


Choices: TypeAlias = tuple[tuple[str, str], ...]
"""Pairs of HubSpot's value and Salesforce's value, in HubSpot's order."""


@dataclass(frozen=True, slots=True)
class FieldRule:
    """A HubSpot property goes with a Salesforce field under a policy.

    What follows ``form`` is known for the default rows; for an operator's own it is read from both
    live schemas.

    Attributes:
        hubspot: The property.
        salesforce: The field.
        update: The policy: whose value counts.
        form: The format of the values.
        objects: The Salesforce objects that the row serves; empty for all of them (MAP-11).
        length: How many characters the field keeps, or how many digits before the point; 0 for no
            limit.
        scale: How many digits after the point; -1 for any number.
        choices: HubSpot's values with Salesforce's.
        restricted: Salesforce takes no other values than those.
        since: When the row came into force for pairs that were linked before (UTC); None for a row
            that was there from the start (MAP-6). Not in the operator's file: the push sets it.
        zone: The time zone in which the day of a moment is read; the ruleset sets it.
    """

    hubspot: str
    salesforce: str
    update: Update = Update.TWO_WAY
    form: FieldType = FieldType.TEXT
    objects: tuple[str, ...] = ()
    length: int = 0
    scale: int = -1
    choices: Choices = ()
    restricted: bool = False
    since: datetime | None = None
    zone: tzinfo = UTC

    def __str__(self) -> str:
        """``favourite_colour / Favourite_Colour__c``."""
        return f"{self.hubspot} / {self.salesforce}"

    def on(self, side: Side) -> str:
        """The field's name on `side`."""
        return self.hubspot if side is Side.HUBSPOT else self.salesforce

    def serves(self, salesforce_object: str) -> bool:
        """Whether the row counts for that Salesforce object (MAP-11)."""
        return not self.objects or salesforce_object in self.objects


@dataclass(frozen=True, slots=True)
class ComparedFormat:
    """How one side spells the values of a field, as far as comparing them needs it.

    Attributes:
        form: The format of the values.
        length: As in `FieldRule`.
        scale: As in `FieldRule`.
        same: This side's spelling of a choice, in lowercase -> the spelling by which both sides are
            compared.
        since: As in `FieldRule`. What was agreed under an earlier row for the field does not count
            for a newer one.
        zone: As in `FieldRule`.
    """

    form: FieldType
    length: int = 0
    scale: int = -1
    same: Mapping[str, str] = field(default_factory=dict, hash=False)
    since: datetime | None = None
    zone: tzinfo = UTC


ValueFormat: TypeAlias = FieldType | ComparedFormat
"""What comparing the values of a field needs: at least its type."""
