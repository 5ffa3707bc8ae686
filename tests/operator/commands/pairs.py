"""Pairs for the tests of `crmsync links`, in the connections of two HubSpot accounts."""

from __future__ import annotations

from crmsync.model.links import Link
from crmsync.model.records import Kind, Ref, Side
from tests.config.files import MINIMAL

BETA = MINIMAL.replace('"acme"', '"beta"').replace("555001", "555002")
PORTAL = 555001
LEAD_ID = "00Q000000000001EAA"


def a_pair(contact: str = "81", lead: str = LEAD_ID, *, connection: str = "acme") -> Link:
    """A new link of a contact and a lead."""
    return Link(
        connection,
        Kind.CONTACT,
        Ref(Side.HUBSPOT, "contact", contact),
        Ref(Side.SALESFORCE, "Lead", lead),
    )
