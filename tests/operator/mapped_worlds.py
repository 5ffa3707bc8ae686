"""An account and an org with custom properties and fields, for tests of mapped fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def options(*pairs: str) -> list[dict[str, str]]:
    """Return the options or picklist values that are written ``value=label``."""
    return [
        {"value": value, "label": label}
        for value, _, label in (pair.partition("=") for pair in pairs)
    ]


LABELS = (
    *(
        "Subscriber",
        "Lead",
        "Marketing Qualified Lead",
        "Sales Qualified Lead",
        "Opportunity",
        "Customer",
        "Evangelist",
    ),
    "Other",
)

PORTAL: Mapping[str, Any] = {
    "properties": {
        "contacts": [
            {"name": "nickname"},
            {
                "name": "favourite_colour",
                "type": "enumeration",
                "options": options("red=Red", "dark_blue=Dark Blue"),
            },
            {
                "name": "interests",
                "type": "enumeration",
                "fieldType": "checkbox",
                "options": options("golf=Golf", "chess=Chess"),
            },
            {"name": "score", "type": "number", "calculated": True},
            {
                "name": "second_owner",
                "type": "enumeration",
                "externalOptions": True,
                "referencedObjectType": "OWNER",
            },
        ],
        "companies": [{"name": "rating"}],
        "deals": [{"name": "next_step"}, {"name": "order_number", "hasUniqueValue": True}],
    }
}
"""The account's start data."""

_BOTH = (
    {"name": "Nickname__c", "length": 10},
    {
        "name": "Favourite_Colour__c",
        "type": "picklist",
        "restrictedPicklist": True,
        "picklistValues": options("Red=Red", "DB=Dark blue"),
    },
    {"name": "Other_Colour__c", "type": "picklist", "picklistValues": options("Red=Red")},
    {
        "name": "Interests__c",
        "type": "multipicklist",
        "picklistValues": options("Golf=Golf", "Chess=Chess"),
    },
    {"name": "Points__c", "type": "double", "precision": 6, "scale": 1},
    {
        "name": "Formula__c",
        "type": "double",
        "calculated": True,
        "createable": False,
        "updateable": False,
    },
    {"name": "Sponsor__c", "type": "reference", "referenceTo": ["Account"]},
    {
        "name": "Stage__c",
        "type": "picklist",
        "picklistValues": [{"value": one, "label": one} for one in LABELS],
    },
)

ORG: Mapping[str, Any] = {
    "custom_fields": {
        "Lead": [*_BOTH, {"name": "Hint__c", "length": 80}],
        "Contact": [*_BOTH],
        "Account": [{"name": "Rating__c"}],
        "Opportunity": [
            {"name": "Next_Step__c"},
            {"name": "Order_Number__c", "externalId": True, "unique": True},
        ],
    }
}
"""The org's start data."""
