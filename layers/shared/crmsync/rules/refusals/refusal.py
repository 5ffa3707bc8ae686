"""An entry in the table of error codes. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from crmsync.errors import SyncError
from crmsync.model.effects import Category


class Fixer(StrEnum):
    """Who can do something about an error."""

    SALESFORCE_ADMIN = "Salesforce administrator"
    HUBSPOT_ADMIN = "HubSpot administrator"
    RECORD_OWNER = "owner of the record"
    OPERATOR = "operator of crmsync"
    NOBODY = "nobody: it passes by itself"


class Extent(StrEnum):
    """What an error is about if a whole call is refused with it."""

    RECORDS = "records"
    """The records of the call: other calls may succeed."""
    CALL = "call"
    """Perhaps the whole side: one record tries before the others."""
    SIDE = "side"
    """The whole side: every call of this app gets it."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """What an error code means.

    Attributes:
        error: The kind of error that follows from it.
        category: Its category in the error inbox.
        cause: What it means, a sentence.
        who: Who can do something about it.
        hint: What they can do, a sentence; "" if it passes by itself.
        wait: Seconds until it may work again, if the CRM does not say.
        soon: Whether a second try within the same call is worth it.
        extent: What it is about if a whole call is refused with it.
        status: The HTTP status that it comes with, where the same code means something else with
            another status; 0 for any.
    """

    error: type[SyncError]
    category: Category
    cause: str
    who: Fixer
    hint: str
    wait: float = 30.0
    soon: bool = False
    extent: Extent = Extent.CALL
    status: int = 0
