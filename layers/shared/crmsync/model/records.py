"""What a record is, whichever side it lives on.

A record is what one side showed when it was read, in that side's own field names and forms. Nothing
here knows which fields matter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

Value: TypeAlias = str | int | float | bool | None
"""A field's value as the side's API gives it: HubSpot always text, Salesforce JSON's own types;
None is blank.
"""


class Side(StrEnum):
    """One of the two CRMs. Neither is source or target: the roles swap with every change."""

    HUBSPOT = "hubspot"
    SALESFORCE = "salesforce"

    @property
    def other(self) -> Side:
        """The CRM across."""
        return Side.SALESFORCE if self is Side.HUBSPOT else Side.HUBSPOT


class Kind(StrEnum):
    """A concern: a kind of pair that is kept in step."""

    CONTACT = "contact"
    ACCOUNT = "account"
    OPPORTUNITY = "opportunity"


@dataclass(frozen=True, slots=True, order=True)
class Ref:
    """Where a record lives: the side, the object's name there (HubSpot ``contact``; Salesforce
    ``Lead``, ``Contact``) and its id there.
    """

    side: Side
    object: str
    id: str

    def __str__(self) -> str:
        """``hubspot:contact:81``, as logs and messages name it."""
        return f"{self.side}:{self.object}:{self.id}"


@dataclass(frozen=True, slots=True)
class Origin:
    """When and by whom a single property got its value (HubSpot property history); `by_user`: a
    user of HubSpot is named.
    """

    at: datetime
    by: str
    by_user: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """One record as it was read.

    ``fields`` holds the fields that were asked for. ``modified_at`` is UTC. ``modified_by`` is the
    Salesforce id of the user who wrote last, empty where the side does not say. ``origins`` has the
    age and source per property where they were asked for. ``successor`` is the record in which this
    one lives on (the contact of a converted lead), None while it is itself.
    """

    ref: Ref
    fields: Mapping[str, Value]
    created_at: datetime
    modified_at: datetime
    modified_by: str = ""
    origins: Mapping[str, Origin] = field(default_factory=dict)
    successor: Ref | None = None
