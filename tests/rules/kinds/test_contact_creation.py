"""What Salesforce records become in HubSpot, by the settings (SET-1, CH-17)."""

from __future__ import annotations

import pytest

from crmsync.model.settings import ContactSettings, CreateInHubspot, OutsideInclusionList
from crmsync.rules.kinds.contact.creation import leaves_some_alone


@pytest.mark.rule("SET-1")
@pytest.mark.parametrize(
    ("create", "expected"),
    [
        (CreateInHubspot.LEADS_AND_CONTACTS, False),
        (CreateInHubspot.LEADS_ONLY, True),
        (CreateInHubspot.CONTACTS_ONLY, True),
        (CreateInHubspot.NEVER, True),
    ],
)
def test_records_are_left_alone_unless_leads_and_contacts_make_contacts(
    create: CreateInHubspot, *, expected: bool
) -> None:
    """By default each of them makes a HubSpot contact."""
    assert leaves_some_alone(ContactSettings(create_in_hubspot=create)) is expected


@pytest.mark.rule("CH-17")
@pytest.mark.parametrize(
    ("inclusion_list", "outside", "expected"),
    [
        ("77", OutsideInclusionList.IGNORE, True),
        ("default", OutsideInclusionList.IGNORE, True),
        ("", OutsideInclusionList.IGNORE, False),
        ("77", OutsideInclusionList.FREEZE, False),
        ("77", OutsideInclusionList.SYNC, False),
    ],
)
def test_records_are_left_alone_where_those_outside_the_list_are_ignored(
    inclusion_list: str, outside: OutsideInclusionList, *, expected: bool
) -> None:
    """The setting says nothing without a list."""
    settings = ContactSettings(inclusion_list=inclusion_list, outside_inclusion_list=outside)
    assert leaves_some_alone(settings) is expected
