"""Helpers of the stories about contacts: settings files, records found by address, and rarer
actions of people.
"""

from __future__ import annotations

import re
from typing import Any

from simple_salesforce.format import format_soql

from local.people import People
from local.stack import Stack
from tests.flows.conftest import SETTINGS

SWEEP = 16 * 60
"""Seconds within which every schedule has run (TRG-1)."""

WITHOUT_RULES = {"Sforce-Auto-Assign": "FALSE"}
"""The header with which a client writes a lead without the org's assignment rules."""

LIST = "77"


def with_contacts(*lines: str) -> str:
    """A settings file with these lines under ``[connection.contacts]``."""
    return "\n".join([SETTINGS, "[connection.contacts]", *lines, ""])


def rows(people: People, object_: str, address: str, *fields: str) -> list[dict[str, Any]]:
    """The Salesforce records with an address, without converted leads."""
    living = " AND IsConverted = FALSE" if object_ == "Lead" else ""
    names = ", ".join(fields or ("Id",))
    # The names are the test's own; only the address is a value.
    query = f"SELECT {names} FROM {object_} WHERE Email = {{}}{living} ORDER BY CreatedDate, Id"  # noqa: S608
    return people.records(format_soql(query, address))


def lead(people: People, address: str, *fields: str) -> dict[str, Any]:
    """Fields of the one lead with an address."""
    (row,) = rows(people, "Lead", address, *fields)
    return row


def lead_id(people: People, address: str) -> str:
    """The id of the one lead with an address."""
    return str(lead(people, address)["Id"])


def record(people: People, object_: str, record_id: str, *fields: str) -> dict[str, Any]:
    """Fields of a Salesforce record."""
    found = getattr(people.salesforce, object_).get(record_id)
    return {name: found[name] for name in fields}


def contact_id(people: People, address: str) -> str:
    """The id of the HubSpot contact with an address; asserts that it exists."""
    contact = people.contact_with(address)
    assert contact is not None, f"HubSpot has no contact {address}"
    return contact


def linked_pair(stack: Stack, people: People, address: str, **properties: str) -> tuple[str, str]:
    """Make a HubSpot contact that becomes a lead; the ids of both."""
    contact = people.new_contact(
        **({"lastname": "Lang", "company": "Example GmbH"} | properties), email=address
    )
    stack.settle()
    return contact, lead_id(people, address)


def writes(stack: Stack) -> int:
    """The number of the product's writes to both CRMs so far."""
    figures = stack.stats()
    return int(figures["hubspot"]["writes"] + figures["salesforce"]["writes"])


def open_errors(stack: Stack) -> int:
    """Let the stack finish its work; the number of records parked then."""
    return int(stack.settle()["open_errors"])


def join_list(people: People, *contacts: str) -> None:
    """Add contacts to the inclusion list."""
    people.hubspot.crm.lists.memberships_api.add(LIST, list(contacts))


def leave_list(people: People, *contacts: str) -> None:
    """Remove contacts from the inclusion list."""
    people.hubspot.crm.lists.memberships_api.remove(LIST, list(contacts))


def merge_contacts(people: People, primary: str, other: str) -> str:
    """Merge two HubSpot contacts; the survivor's id."""
    ids = {"primaryObjectId": primary, "objectIdToMerge": other}
    return str(people.hubspot.crm.contacts.basic_api.merge(ids).id)


def assert_linked(stack: Stack, people: People, contact: str, object_: str, record_id: str) -> None:
    """Assert that an edit on either side arrives on the other."""
    people.edit_contact(contact, phone=f"+49 {contact}")
    people.edit_record(object_, record_id, Title=f"No. {contact}")
    stack.settle()
    assert record(people, object_, record_id, "Phone", "Title") == {
        "Phone": f"+49 {contact}",
        "Title": f"No. {contact}",
    }
    assert people.contact(contact, "phone", "jobtitle", "crmsync_salesforce_id") == {
        "phone": f"+49 {contact}",
        "jobtitle": f"No. {contact}",
        "crmsync_salesforce_id": record_id,
    }


def convert(stack: Stack, lead_id: str, **more: Any) -> str:
    """Convert a lead; the id of the contact it became."""
    action = {"side": "salesforce", "do": "convert_lead", "lead_id": lead_id, "account_id": None}
    return str(stack.person(action | {"create_opportunity": False} | more)["contact_id"])


def merge_records(stack: Stack, object_: str, winner: str, *losers: str) -> None:
    """Merge Salesforce records."""
    stack.person(
        {
            "side": "salesforce",
            "do": "merge",
            "object": object_,
            "winner": winner,
            "losers": list(losers),
        }
    )


def undelete(stack: Stack, *ids: str) -> None:
    """Restore Salesforce records from the recycle bin."""
    stack.person({"side": "salesforce", "do": "undelete", "ids": list(ids)})


def act_as_contact(stack: Stack, do: str, address: str) -> None:
    """Let the contact itself ``unsubscribe`` or ``resubscribe``."""
    stack.person({"side": "hubspot", "do": do, "email": address})


def metric_values(stack: Stack, function: str, metric: str, after: int = 0) -> list[float]:
    """The values that a function has logged for a metric, in order, from an offset of its output
    on.
    """
    found = re.findall(rf'"{metric}":\s?\[([^\]]*)\]', stack.output(function)[after:])
    return [float(value) for one in found for value in one.split(",")]
