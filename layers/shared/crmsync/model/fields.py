"""One row of a field map: which property goes with which field, whose value counts, and how a value
crosses.

The rows themselves are data in `crmsync.rules.fields.maps` and in the operator's settings; both are
made of this type.
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
    """How a value looks on both sides, and so how it crosses."""

    TEXT = "text"
    EMAIL = "email"
    PHONE = "phone"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    DAY = "day"
    """A date in HubSpot, a moment in Salesforce; only the day counts, in the time zone of the
    HubSpot account.
    """
    DATED = "dated"
    """A moment in HubSpot, a date in Salesforce; only the day counts, in the time zone of the
    HubSpot account.
    """
    CHOICE = "choice"
    MULTI = "multi"
    DOMAIN = "domain"
    """The domain alone in HubSpot, a web address in Salesforce; only the domain counts."""


Choices: TypeAlias = tuple[tuple[str, str], ...]
"""HubSpot's values with Salesforce's, in HubSpot's order."""


@dataclass(frozen=True, slots=True)
class FieldRule:
    """HubSpot property ``hubspot`` goes with Salesforce field ``salesforce`` under the policy
    ``update``.

    What follows ``form`` is known for the default rows and learnt from both live schemas for an
    operator's own: ``objects`` are the Salesforce objects that the row serves (none named: every
    one, MAP-11); ``length`` is how many characters the field keeps, or how many digits before the
    point (0: no limit), ``scale`` how many behind it (-1: any number); ``choices`` pairs HubSpot's
    values with Salesforce's, in HubSpot's order; ``restricted`` says that Salesforce takes no other
    value.

    ``since`` (UTC) is when a row came into force on pairs that were linked before; None for one
    that was there from the start (MAP-6). It is no part of the operator's file: the push sets it.
    ``zone`` is the time zone in which a moment's day is told; the book sets it.
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
    """How one side spells the values of a field, so far as comparing them needs it.

    ``same`` leads from this side's spelling of a choice, in small letters, to the one that both
    sides are compared by. ``since`` is that of the row: what was agreed under an earlier row for
    the same field does not count for a newer one.
    """

    form: FieldType
    length: int = 0
    scale: int = -1
    same: Mapping[str, str] = field(default_factory=dict)
    since: datetime | None = None
    zone: tzinfo = UTC


ValueFormat: TypeAlias = FieldType | ComparedFormat
"""What comparing a field's values takes: its form at least."""
