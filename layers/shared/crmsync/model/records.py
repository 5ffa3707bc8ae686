"""A record is what one side showed when it was read, in that side's own field names and formats.

Nothing here knows which fields matter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

Value: TypeAlias = str | int | float | bool | None
"""A field's value as the side's API gives it: always text in HubSpot, JSON's types in Salesforce;
None is blank.
"""


class Side(StrEnum):
    """One of the two CRMs. Neither is source or target: the roles swap with every change."""

    HUBSPOT = "hubspot"
    SALESFORCE = "salesforce"

    @property
    def other(self) -> Side:
        """The other CRM."""
        return Side.SALESFORCE if self is Side.HUBSPOT else Side.HUBSPOT

    @property
    def label(self) -> str:
        """Its name, for people."""
        return "HubSpot" if self is Side.HUBSPOT else "Salesforce"


SIDES = (Side.HUBSPOT, Side.SALESFORCE)
"""Both sides, HubSpot first; going through it is cheaper than through the class."""


class Kind(StrEnum):
    """A concern: a kind of pair that is kept in sync."""

    CONTACT = "contact"
    ACCOUNT = "account"
    OPPORTUNITY = "opportunity"
    ACTIVITY = "activity"

    @property
    def plural(self) -> str:
        """Its name for several of them."""
        return f"{self.removesuffix('y')}ies" if self.endswith("y") else f"{self}s"


@dataclass(frozen=True, slots=True, order=True)
class Ref:
    """Where a record is.

    Attributes:
        side: Its CRM.
        object: The object's name there: HubSpot ``contact``, Salesforce ``Lead`` or ``Contact``.
        id: Its id there.
    """

    side: Side
    object: str
    id: str

    def __str__(self) -> str:
        """``hubspot:contact:81``, as logs and messages name it."""
        return f"{self.side}:{self.object}:{self.id}"


@dataclass(frozen=True, slots=True)
class Origin:
    """How a property got its value (HubSpot's property history).

    Attributes:
        at: When.
        by: The source.
        by_user: Whether the source names a user of HubSpot.
    """

    at: datetime
    by: str
    by_user: bool = False


@dataclass(frozen=True, slots=True)
class PastValue:
    """One value that a property has had (HubSpot's property history).

    Attributes:
        at: Since when.
        value: The value; None for blank.
        by: The source, as in `Origin`.
    """

    at: datetime
    value: Value
    by: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """One record as it was read.

    Attributes:
        ref: Where it is.
        fields: The fields that were asked for.
        created_at: UTC.
        modified_at: UTC.
        modified_by: The Salesforce id of the user who wrote last; "" where the side does not say.
        origins: Age and source per property, where they were asked for.
        past: Former values and the present one per property, oldest first, likewise.
        successor: The record that has replaced this one (the contact of a converted lead); None
            where nothing has.
    """

    ref: Ref
    fields: Mapping[str, Value]
    created_at: datetime
    modified_at: datetime
    modified_by: str = ""
    origins: Mapping[str, Origin] = field(default_factory=dict)
    past: Mapping[str, tuple[PastValue, ...]] = field(default_factory=dict)
    successor: Ref | None = None
