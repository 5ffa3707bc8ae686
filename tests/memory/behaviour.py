"""Differences between the two CRMs in memory, as data: names, required fields, id prefixes,
precision of times, parents.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from crmsync.model.names import HUBSPOT_KEY, SALESFORCE_KEY
from crmsync.model.records import Side

OUR_USER = "005000000000001AAA"
PERSON = "005000000000009AAA"


@dataclass(frozen=True, slots=True)
class SideBehaviour:
    """How a side differs from the other."""

    key: str
    key_taken: str
    email: str
    unique_email: bool
    answers_with_values: bool
    lists_deleted: bool
    stamp: timedelta
    required: Mapping[str, tuple[str, ...]]
    prefixes: Mapping[str, str]
    by: Mapping[bool, str]
    """The author of a write, by whether it was us: HubSpot's source, Salesforce's user id."""


BEHAVIOUR = {
    Side.HUBSPOT: SideBehaviour(
        key=HUBSPOT_KEY,
        key_taken="CONFLICTING_UNIQUE_VALUE",
        email="email",
        unique_email=True,
        answers_with_values=True,
        lists_deleted=False,
        stamp=timedelta(milliseconds=1),
        required={},
        prefixes={},
        by={True: "INTEGRATION/990077", False: "CRM_UI/userId:1"},
    ),
    Side.SALESFORCE: SideBehaviour(
        key=SALESFORCE_KEY,
        key_taken="DUPLICATE_VALUE",
        email="Email",
        unique_email=False,
        answers_with_values=False,
        lists_deleted=True,
        stamp=timedelta(seconds=1),
        required={
            "Lead": ("LastName", "Company"),
            "Contact": ("LastName",),
            "Opportunity": ("Name", "StageName", "CloseDate"),
            "OpportunityContactRole": ("OpportunityId", "ContactId"),
            "Event": ("StartDateTime", "EndDateTime"),
        },
        prefixes={
            "Lead": "00Q",
            "Contact": "003",
            "Account": "001",
            "Opportunity": "006",
            "OpportunityContactRole": "00K",
            "Task": "00T",
            "Event": "00U",
        },
        by={True: OUR_USER, False: PERSON},
    ),
}

CHILDREN = {
    "Account": (("Contact", "AccountId"), ("Opportunity", "AccountId")),
    "Contact": (("OpportunityContactRole", "ContactId"),),
    "Opportunity": (("OpportunityContactRole", "OpportunityId"),),
}
"""Child objects that Salesforce deletes with a record and moves to the winner of a merge, each with
the field that names the parent.
"""

ABOUT = {
    "Lead": (("Task", "WhoId"), ("Event", "WhoId")),
    "Contact": (("Task", "WhoId"), ("Event", "WhoId")),
    "Account": (("Task", "WhatId"), ("Event", "WhatId")),
    "Opportunity": (("Task", "WhatId"), ("Event", "WhatId")),
}
"""Objects that Salesforce moves to the winner of a merge, or to the contact of a converted lead,
each with the field that names the record.
"""

PARENTS = tuple(
    dict.fromkeys((parent, name) for parent, ways in CHILDREN.items() for _, name in ways)
)
"""Objects that Salesforce's lookups name, each with the field."""


PERSON_CONTACT = "PersonContactId"


def contact_field_of(name: str) -> str:
    """Return the contact's name of an account's field, or "" if it belongs only to the account."""
    if name in {"FirstName", "LastName", "Phone", "Description", "OwnerId"}:
        return name
    if name.endswith("__pc"):
        return f"{name.removesuffix('__pc')}__c"
    return (
        name.removeprefix("Person") if name.startswith("Person") and name != PERSON_CONTACT else ""
    )
