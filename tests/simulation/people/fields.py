"""The fields that people edit, and the values that they give them.

Everything personal that they write has `CANARY` in it, so that a leak can be found.
"""

from __future__ import annotations

from collections.abc import Mapping

from crmsync.model.records import Side

CANARY = "canary"
ADDRESSES = tuple(f"{CANARY}{number}@example.com" for number in range(4))
NAMES = tuple(f"Canary {name}" for name in ("GmbH", "AG", "KG"))

PERSON_FIELDS: Mapping[Side, Mapping[str, str]] = {
    Side.HUBSPOT: {
        "phone": "phone",
        "mobilephone": "mobilephone",
        "fax": "fax",
        "jobtitle": "jobtitle",
        "firstname": "firstname",
        "lastname": "lastname",
    },
    Side.SALESFORCE: {
        "phone": "Phone",
        "mobilephone": "MobilePhone",
        "fax": "Fax",
        "jobtitle": "Title",
        "firstname": "FirstName",
        "lastname": "LastName",
    },
}
COMPANY_FIELDS: Mapping[Side, Mapping[str, str]] = {
    Side.HUBSPOT: {"name": "name", "phone": "phone", "city": "city", "description": "description"},
    Side.SALESFORCE: {
        "name": "Name",
        "phone": "Phone",
        "city": "BillingCity",
        "description": "Description",
    },
}
DEAL_FIELDS: Mapping[Side, Mapping[str, str]] = {
    Side.HUBSPOT: {"dealname": "dealname", "amount": "amount", "description": "description"},
    Side.SALESFORCE: {"dealname": "Name", "amount": "Amount", "description": "Description"},
}
NEEDED = frozenset({"lastname", "name", "dealname"})
"""What nobody leaves blank."""

STAGES = ("Prospecting", "Negotiation/Review", "Closed Won", "Closed Lost")
HUBSPOT_STAGES = ("appointmentscheduled", "contractsent", "closedwon", "closedlost")


def value_of(name: str, text: str) -> str | None:
    """A value of that field: ``"2"`` stands for the second one, "" for blank."""
    if not text:
        return f"Canary {name}" if name in NEEDED else None
    if name == "amount":
        return f"{int(text)}00"
    if name in {"phone", "mobilephone", "fax"}:
        return f"+49 30 901820{text}"
    return f"Canary {name} {text}"
