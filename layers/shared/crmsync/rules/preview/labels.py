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
    EVENT,
    HUBSPOT_CALL,
    HUBSPOT_CONTACT,
    HUBSPOT_EMAIL,
    HUBSPOT_MAIL,
    HUBSPOT_MEETING,
    HUBSPOT_NOTE,
    HUBSPOT_TASK,
    LEAD,
    OPPORTUNITY,
    SALESFORCE_CONTACT,
    SALESFORCE_EMAIL,
    SALESFORCE_NAME,
    TASK,
    WEBSITE,
)
from crmsync.model.records import Record, Side
from crmsync.rules.fields.rich_text import text_of
from crmsync.rules.kinds.activity.subjects import first_line

_PERSON = ("FirstName", "LastName", SALESFORCE_EMAIL)

LABEL_FIELDS: Mapping[Side, Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        Side.HUBSPOT: {
            HUBSPOT_CONTACT: ("firstname", "lastname", HUBSPOT_EMAIL),
            COMPANY: ("name", DOMAIN),
            DEAL: ("dealname",),
            HUBSPOT_CALL: ("hs_call_title",),
            HUBSPOT_MAIL: ("hs_email_subject",),
            HUBSPOT_MEETING: ("hs_meeting_title",),
            HUBSPOT_NOTE: ("hs_note_body",),
            HUBSPOT_TASK: ("hs_task_subject",),
        },
        Side.SALESFORCE: {
            LEAD: _PERSON,
            SALESFORCE_CONTACT: _PERSON,
            ACCOUNT: (SALESFORCE_NAME, WEBSITE),
            OPPORTUNITY: (SALESFORCE_NAME,),
            TASK: ("Subject",),
            EVENT: ("Subject",),
        },
    }
)
"""The fields that name a record, by side and object."""


def label_of(record: Record) -> str:
    """``Ada Lang, ada@example.com``, as far as the record has it; "" if it has nothing. Of a note,
    which has no title, the beginning of its first line.
    """
    values = [
        str(record.fields.get(name) or "").strip()
        for name in LABEL_FIELDS[record.ref.side].get(record.ref.object, ())
    ]
    if record.ref.object in _PEOPLE:
        first, last, address = values
        values = [f"{first} {last}".strip(), address]
    if record.ref.object == HUBSPOT_NOTE:
        values = [first_line(text_of(one))[:_LONGEST] for one in values]
    return ", ".join(filter(None, values))


_LONGEST = 80
"""Characters of a note in a label."""

_PEOPLE = frozenset({HUBSPOT_CONTACT, LEAD, SALESFORCE_CONTACT})
