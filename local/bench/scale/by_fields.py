"""How the cost of a change grows with the number of mapped fields.

Law: a thousand contacts, all of whose mapped fields are filled in; one of them is edited. Fields
beyond the default map are custom texts on both sides.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from local.bench.contacts import CONTACTS_ONLY, PORTAL, Contacts
from local.bench.counts import Reading
from local.bench.edits import EDITS, measure_edits
from local.bench.scale.growth import Axis, axis_of
from local.stack import Stack

SIZES = (10, 40, 200)
CONTACTS = 1_000
DEFAULTS = {
    "firstname": "Ada",
    "jobtitle": "Engineer",
    "mobilephone": "+1 202 555 0100",
    "city": "Springfield",
    "country": "United States",
    "website": "https://example.com",
    "company": "Example Inc",
}
"""Properties of the default map that get a value, besides e-mail, last name and phone."""

LEFT_OUT = (
    ("salutation", "Salutation"),
    ("fax", "Fax"),
    ("address", "Street"),
    ("state", "State"),
    ("zip", "PostalCode"),
    ("industry", "Industry"),
    ("annualrevenue", "AnnualRevenue"),
)
"""The rest of the default map, which is switched off."""

KEPT = len(DEFAULTS) + 3

UNITS = {
    **EDITS,
    "Import": "calls",
    "Processor time of the import": "ms of the contact function",
    "Writes of a new pair": "units",
}


def measure(sizes: Sequence[int] = SIZES, contacts: int = CONTACTS) -> Axis:
    """Return the figures for a thousand changes, or for a thousand new pairs. Raises
    `BenchError`.
    """
    points: dict[int, dict[str, float]] = {}
    for size in sizes:
        print(f"{size} fields", file=sys.stderr, flush=True)
        custom = range(size - KEPT)
        with Stack(settings_of(custom), world_of(custom)) as stack:
            before = Reading.of(stack)
            made = Contacts(stack, contacts, more=partial(_values, custom))
            used = Reading.of(stack) - before
            points[size] = {
                **measure_edits(stack, made, 0),
                "Import": used.calls * 1000 / contacts,
                "Processor time of the import": used.processor["contact_sync"] * 1e6 / contacts,
                "Writes of a new pair": used.writes * 1000 / contacts,
            }
    return axis_of("fields", points, UNITS)


def settings_of(custom: Sequence[int]) -> str:
    """Return the settings that map the fields with values and these custom ones."""
    rows = [
        f'[[connection.contacts.field]]\nhubspot = "{hubspot}"\nsalesforce = "{salesforce}"\n'
        for hubspot, salesforce in [
            *LEFT_OUT,
            *((_property(number), _field(number)) for number in custom),
        ]
    ]
    off = [f'{row}update = "never"\n' for row in rows[: len(LEFT_OUT)]]
    return "".join([CONTACTS_ONLY, *off, *rows[len(LEFT_OUT) :]])


def world_of(custom: Sequence[int]) -> dict[str, Any]:
    """Return the world whose CRMs have the custom fields."""
    fields = [{"name": _field(number), "length": 80} for number in custom]
    properties = [{"name": _property(number)} for number in custom]
    return {
        "hubspot": [{"portal_id": PORTAL, "properties": {"contacts": properties}}],
        "salesforce": {"custom_fields": {"Lead": fields, "Contact": fields}},
    }


def _values(custom: Sequence[int], number: int) -> Mapping[str, str]:
    return {
        **DEFAULTS,
        "phone": f"+1 202 000 {number:05}",
        **{_property(one): f"value {one} of {number}" for one in custom},
    }


def _property(number: int) -> str:
    return f"customer_attribute_{number:03}"


def _field(number: int) -> str:
    return f"Customer_Attribute_{number:03}__c"
