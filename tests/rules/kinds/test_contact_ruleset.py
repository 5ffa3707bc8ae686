"""The fields of a contact's mappings: which sync by default, and which do not."""

import pytest

from crmsync.model.fields import FieldRule, FieldType, Update
from crmsync.model.records import Side
from tests.builders import a_ruleset

RULESET = a_ruleset()
LEAD, CONTACT = RULESET.mappings["Lead"], RULESET.mappings["Contact"]


@pytest.mark.rule("OPT-1")
@pytest.mark.parametrize("mapping", [LEAD, CONTACT], ids=["lead", "contact"])
def test_the_opt_out_is_compared_in_every_mapping(mapping):
    """The opt-out is compared on both sides of every pair, without a row of the operator's."""
    assert mapping.hubspot_forms["hs_email_optout"].value_format is FieldType.BOOLEAN
    assert mapping.salesforce_forms["HasOptedOutOfEmail"].value_format is FieldType.BOOLEAN


@pytest.mark.rule("OPT-2")
def test_no_row_of_the_settings_removes_the_opt_out():
    """A row that names the opt-out changes nothing about it, even if it passed the check of the
    settings.
    """
    ruleset = a_ruleset(field=(FieldRule("hs_email_optout", "HasOptedOutOfEmail", Update.NEVER),))
    assert (
        ruleset.mappings["Lead"].hubspot_forms["hs_email_optout"].value_format is FieldType.BOOLEAN
    )


@pytest.mark.rule("FLD-1")
@pytest.mark.parametrize("mapping", [LEAD, CONTACT], ids=["lead", "contact"])
def test_the_lifecycle_stage_does_not_sync_by_default(mapping):
    """It has no counterpart in Salesforce, so that no mapping contains it unless the operator maps
    it.
    """
    assert "lifecyclestage" not in {rule.hubspot for rule in mapping.field_map}


@pytest.mark.rule("FLD-2")
def test_the_lifecycle_stage_syncs_with_a_custom_field():
    """With a custom field and a row in the settings, it syncs like any other field."""
    ruleset = a_ruleset(field=(FieldRule("lifecyclestage", "Lifecycle_Stage__c"),))
    assert all(
        "Lifecycle_Stage__c" in mapping.salesforce_forms for mapping in ruleset.mappings.values()
    )


@pytest.mark.rule("FLD-3")
@pytest.mark.rule("FLD-5")
@pytest.mark.rule("FLD-6")
@pytest.mark.rule("FLD-7")
def test_the_company_name_syncs_with_leads_only():
    """A lead has its company as text, while a contact has an account."""
    assert "company" in LEAD.hubspot_forms
    assert "Company" in LEAD.salesforce_forms
    assert "company" not in CONTACT.hubspot_forms
    assert not {"Company", "AccountId"} & {rule.salesforce for rule in CONTACT.field_map}


@pytest.mark.rule("MAP-11")
def test_one_row_serves_leads_and_contacts():
    """A field that both have under one API name needs only one row."""
    ruleset = a_ruleset(field=(FieldRule("favourite_colour", "Favourite_Colour__c"),))
    assert all(
        "Favourite_Colour__c" in fields for fields in ruleset.fields(Side.SALESFORCE).values()
    )
