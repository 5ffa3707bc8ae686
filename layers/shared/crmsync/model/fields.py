"""One row of a field map: which property goes with which field, whose value counts, and how a value crosses.

The rows themselves are data in `crmsync.rules.field_maps` and in the operator's settings; both are made of this type.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Update(StrEnum):
    """Whose value counts (MAP-1 to MAP-4; the last three go beyond HubSpot's own connector)."""

    TWO_WAY = "two_way"
    PREFER_SALESFORCE = "prefer_salesforce"
    ALWAYS_SALESFORCE = "always_salesforce"
    PREFER_HUBSPOT = "prefer_hubspot"
    ALWAYS_HUBSPOT = "always_hubspot"
    FILL_BLANK = "fill_blank"
    NEVER = "never"


class Form(StrEnum):
    """How a value looks on both sides, and so how it crosses."""

    TEXT = "text"
    EMAIL = "email"
    PHONE = "phone"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    MULTI = "multi"


@dataclass(frozen=True, slots=True)
class FieldRule:
    """HubSpot property ``hubspot`` goes with Salesforce field ``salesforce`` under the policy ``update``."""

    hubspot: str
    salesforce: str
    update: Update = Update.TWO_WAY
    form: Form = Form.TEXT
