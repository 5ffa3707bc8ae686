"""Where people see a record in its CRM."""

from __future__ import annotations

import pytest

from crmsync.model.concerns import KIND_OF
from crmsync.model.records import Ref, Side
from crmsync.rules.preview.addresses import address_of
from tests.builders import a_connection


@pytest.mark.parametrize(
    ("ref", "address"),
    [
        (
            Ref(Side.HUBSPOT, "contact", "81"),
            "https://app.hubspot.com/contacts/555001/record/0-1/81",
        ),
        (
            Ref(Side.HUBSPOT, "company", "9"),
            "https://app.hubspot.com/contacts/555001/record/0-2/9",
        ),
        (Ref(Side.HUBSPOT, "deal", "7"), "https://app.hubspot.com/contacts/555001/record/0-3/7"),
        *(
            (
                Ref(Side.HUBSPOT, name, "5"),
                f"https://app.hubspot.com/contacts/555001/record/{type_}/5",
            )
            for name, type_ in (
                ("task", "0-27"),
                ("note", "0-46"),
                ("meeting", "0-47"),
                ("call", "0-48"),
                ("email", "0-49"),
            )
        ),
        (Ref(Side.SALESFORCE, "Lead", "00Q1"), "https://acme.example.com/00Q1"),
    ],
)
def test_each_object_has_an_address(ref: Ref, address: str) -> None:
    """Of the connection's own account and org."""
    assert address_of(ref, a_connection()) == address


def test_every_object_that_syncs_has_an_address() -> None:
    """None has been forgotten."""
    for side, objects in KIND_OF.items():
        for name in objects:
            assert address_of(Ref(side, name, "1"), a_connection()).endswith("/1")
