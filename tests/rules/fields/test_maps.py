"""The default maps of contacts, and an operator's rows on top of them."""

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
    """Salesforce has no field for it, so it does not appear there until an operator maps it."""
    assert "lifecyclestage" not in {rule.hubspot for rule in DEFAULT_CONTACT_MAPS[name]}


@pytest.mark.rule("FLD-2")
def test_the_lifecycle_stage_is_mapped_by_a_row() -> None:
    """One row and one custom field on lead and contact, and the stage goes over."""
    row = FieldRule(
        "lifecyclestage", "Stage__c", form=FieldType.CHOICE, objects=("Lead", "Contact")
    )

    assert all(row in rows for rows in with_custom_rows(MAPS, [row]).values())


@pytest.mark.rule("FLD-3")
@pytest.mark.rule("FLD-7")
def test_a_lead_has_the_company_as_text() -> None:
    """The company's name goes with the lead's company."""
    assert ("company", "Company") in pairs("Lead")


@pytest.mark.rule("FLD-5")
@pytest.mark.rule("FLD-6")
def test_a_contact_has_no_company_as_text() -> None:
    """A contact refers to an account instead, so the company's name does not go there in any
    field.
    """
    assert "company" not in {rule.hubspot for rule in CONTACT_CONTACT}
    assert "AccountId" not in {rule.salesforce for rows in MAPS.values() for rule in rows}


@pytest.mark.rule("MAP-11")
def test_a_row_serves_the_objects_that_have_its_field() -> None:
    """A row of which nothing is known serves both; one whose field only leads have serves only
    leads.
    """
    both, lead = FieldRule("colour", "Colour__c"), FieldRule("hint", "Hint__c", objects=("Lead",))

    maps = with_custom_rows(MAPS, [both, lead])

    assert maps == {"Lead": (*CONTACT_LEAD, both, lead), "Contact": (*CONTACT_CONTACT, both)}


@pytest.mark.rule("MAP-12")
def test_a_row_that_names_a_default_pair_changes_only_its_policy() -> None:
    """The pair keeps its place, and no other map gains it."""
    row = FieldRule("city", "City", Update.NEVER)

    maps = with_custom_rows(MAPS, [row])

    changed = tuple(
        FieldRule("city", "City", Update.NEVER, length=40) if rule.salesforce == "City" else rule
        for rule in CONTACT_LEAD
    )
    assert maps == {"Lead": changed, "Contact": CONTACT_CONTACT}
