"""The default maps of contacts, and the operator's rows on top of them."""

from __future__ import annotations

import pytest

from crmsync.model.fields import FieldRule, FieldType, Update
from crmsync.rules.fields.maps import (
    CONTACT_CONTACT,
    CONTACT_LEAD,
    DEFAULT_CONTACT_MAPS,
    with_custom_rows,
)

MAPS = {"Lead": CONTACT_LEAD, "Contact": CONTACT_CONTACT}


def pairs(name: str) -> set[tuple[str, str]]:
    """The pairs of an object's default map."""
    return {(rule.hubspot, rule.salesforce) for rule in DEFAULT_CONTACT_MAPS[name]}


@pytest.mark.rule("FLD-1")
@pytest.mark.parametrize("name", DEFAULT_CONTACT_MAPS)
def test_the_lifecycle_stage_has_no_counterpart_by_default(name: str) -> None:
    """Salesforce has no field for it until an operator maps one."""
    assert "lifecyclestage" not in {rule.hubspot for rule in DEFAULT_CONTACT_MAPS[name]}


@pytest.mark.rule("FLD-2")
def test_the_lifecycle_stage_is_mapped_by_a_row() -> None:
    """With one row, and one custom field on lead and contact, the stage syncs."""
    row = FieldRule(
        "lifecyclestage", "Stage__c", form=FieldType.CHOICE, objects=("Lead", "Contact")
    )

    assert all(row in rows for rows in with_custom_rows(MAPS, [row]).values())


@pytest.mark.rule("FLD-3")
@pytest.mark.rule("FLD-7")
def test_a_lead_has_the_company_as_text() -> None:
    """HubSpot's company name syncs with the lead's company."""
    assert ("company", "Company") in pairs("Lead")


@pytest.mark.rule("FLD-5")
@pytest.mark.rule("FLD-6")
def test_a_contact_has_no_company_as_text() -> None:
    """A contact refers to an account instead, so that the company name syncs with none of its
    fields.
    """
    assert "company" not in {rule.hubspot for rule in CONTACT_CONTACT}
    assert "AccountId" not in {rule.salesforce for rows in MAPS.values() for rule in rows}


@pytest.mark.rule("MAP-11")
def test_a_row_serves_the_objects_that_have_its_field() -> None:
    """A row without known fields applies to both objects, and one whose field only leads have to
    leads alone.
    """
    both, lead = FieldRule("colour", "Colour__c"), FieldRule("hint", "Hint__c", objects=("Lead",))

    maps = with_custom_rows(MAPS, [both, lead])

    assert maps == {"Lead": (*CONTACT_LEAD, both, lead), "Contact": (*CONTACT_CONTACT, both)}


@pytest.mark.rule("MAP-12")
def test_a_row_for_a_default_pair_changes_only_its_policy() -> None:
    """The pair keeps its place, and no other map gets it."""
    row = FieldRule("city", "City", Update.NEVER)

    maps = with_custom_rows(MAPS, [row])

    changed = tuple(
        FieldRule("city", "City", Update.NEVER, length=40) if rule.salesforce == "City" else rule
        for rule in CONTACT_LEAD
    )
    assert maps == {"Lead": changed, "Contact": CONTACT_CONTACT}
