"""What a person recognises a record by: the fields that name it, and how they are put together.

The names are personal data: they are read when an operator asks for them, shown, and never stored
or logged.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from crmsync.model.crm_names import (
    ACCOUNT,
    COMPANY,
    DEAL,
    DOMAIN,
    HUBSPOT_CONTACT,
    HUBSPOT_EMAIL,
    LEAD,
    OPPORTUNITY,
    SALESFORCE_CONTACT,
    SALESFORCE_EMAIL,
    SALESFORCE_NAME,
    WEBSITE,
)
from crmsync.model.records import Record, Side

_PERSON = ("FirstName", "LastName", SALESFORCE_EMAIL)

LABEL_FIELDS: Mapping[Side, Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        Side.HUBSPOT: {
            HUBSPOT_CONTACT: ("firstname", "lastname", HUBSPOT_EMAIL),
            COMPANY: ("name", DOMAIN),
            DEAL: ("dealname",),
        },
        Side.SALESFORCE: {
            LEAD: _PERSON,
            SALESFORCE_CONTACT: _PERSON,
            ACCOUNT: (SALESFORCE_NAME, WEBSITE),
            OPPORTUNITY: (SALESFORCE_NAME,),
        },
    }
)
"""The fields that name a record, by side and object."""


def label_of(record: Record) -> str:
    """``Ada Lang, ada@example.com``, as far as the record has it; "" if it has nothing."""
    values = [
        str(record.fields.get(name) or "").strip()
        for name in LABEL_FIELDS[record.ref.side].get(record.ref.object, ())
    ]
    if record.ref.object in _PEOPLE:
        first, last, address = values
        values = [f"{first} {last}".strip(), address]
    return ", ".join(filter(None, values))


_PEOPLE = frozenset({HUBSPOT_CONTACT, LEAD, SALESFORCE_CONTACT})
