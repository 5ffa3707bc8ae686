"""Which fields of a refused write are left out, and what a link says then."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crmsync.errors import Refused
from crmsync.model.changes import Cause
from crmsync.model.effects import Category, CreateRecord, Report, UpdateRecord
from crmsync.model.kinds.pipelines import PipelineMap
from crmsync.model.links import Slot
from crmsync.model.records import Ref, Side
from crmsync.model.settings import ContactSettings, OnRefusedField
from crmsync.rules.kinds.opportunity.ruleset import opportunity_ruleset
from crmsync.rules.merge.baseline import view
from crmsync.rules.merge.record import merge_pair
from crmsync.rules.pair import reports
from crmsync.rules.pair.refused_fields import (
    diverged_link,
    is_outdated,
    left_out,
    names_in_reports,
    report,
    skips_fields,
)
from tests.builders import (
    ACCOUNT_ID,
    CONTACT_ID,
    FINGERPRINTER,
    LEAD_ID,
    OUR_USER,
    a_change,
    a_contact,
    a_lead,
    a_link,
    a_ruleset,
)

LEAD = Ref(Side.SALESFORCE, "Lead", LEAD_ID)
RULESET = a_ruleset()
REVISION = {"Crmsync_Revision_555001__c": "0123456789"}


def refusal(*fields: str, code: str = "FIELD_CUSTOM_VALIDATION_EXCEPTION") -> Refused:
    """A refusal that names these fields."""
    error = Refused("no", code=code)
    error.naming(fields)
    return error


@pytest.mark.rule("CH-8")
@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (["Phone"], {"Phone"}),
        (["phone"], {"Phone"}),
        (["Phone", "Budget__c"], {"Phone"}),
        (["StateCode"], {"State", "Country"}),
        (["Country"], {"State", "Country"}),
        (["Address"], {"State", "Country"}),
        (["OwnerId"], set()),
        (["HasOptedOutOfEmail"], set()),
        (["Budget__c"], set()),
        ([], set()),
    ],
    ids=lambda one: str(sorted(one) if isinstance(one, set | frozenset) else one),
)
def test_only_mapped_fields_that_were_named_are_left_out(
    told: list[str], expected: set[str]
) -> None:
    """Other fields that the CRM names are not mapped, or are too important to leave out."""
    fields = {
        "Phone": "1",
        "State": "x",
        "Country": "y",
        "OwnerId": "005",
        "HasOptedOutOfEmail": True,
        **REVISION,
    }
    assert (
        left_out(UpdateRecord(LEAD, Side.SALESFORCE, fields), refusal(*told), LEAD, RULESET)
        == expected
    )


@pytest.mark.rule("CH-8")
def test_nothing_is_left_out_if_no_field_would_remain() -> None:
    """The revision alone is not worth a write, and a missing permission does not concern a single
    value.
    """
    alone = UpdateRecord(LEAD, Side.SALESFORCE, {"Phone": "1", **REVISION})
    both = UpdateRecord(LEAD, Side.SALESFORCE, {"Phone": "1", "City": "Graz", **REVISION})
    assert left_out(alone, refusal("Phone"), LEAD, RULESET) == frozenset()
    assert left_out(both, refusal("Phone", code="INVALID_FIELD"), LEAD, RULESET) == frozenset()


@pytest.mark.rule("PA-3")
@pytest.mark.rule("CH-8")
@pytest.mark.parametrize("told", ["PersonMobilePhone", "MobilePhone", "mobilephone"])
def test_fields_of_a_person_account_are_known_by_both_names(told: str) -> None:
    """The contact is written through its account, and Salesforce may name the field of either."""
    write = UpdateRecord(
        Ref(Side.SALESFORCE, "Account", ACCOUNT_ID),
        Side.SALESFORCE,
        {"PersonMobilePhone": "1", "Phone": "2"},
    )
    contact = Ref(Side.SALESFORCE, "Contact", CONTACT_ID)
    assert left_out(write, refusal(told), contact, RULESET) == {"PersonMobilePhone"}

    alone = replace(
        write, fields={"PersonMobilePhone": "1", "Crmsync_Revision_555001__pc": "0123456789"}
    )
    assert left_out(alone, refusal(told), contact, RULESET) == frozenset()


@pytest.mark.rule("CUR-1")
@pytest.mark.rule("CH-8")
def test_an_amount_and_its_currency_are_not_separated() -> None:
    """1,200 yen must not become 1,200 dollars; an amount alone may be left out."""
    ruleset = opportunity_ruleset(
        RULESET.connection, FINGERPRINTER, OUR_USER, pipelines=PipelineMap(), has_currencies=True
    )
    there = Ref(Side.SALESFORCE, "Opportunity", "006000000000001AAA")
    both = UpdateRecord(
        there, Side.SALESFORCE, {"Name": "Pumps", "Amount": 1200, "CurrencyIsoCode": "JPY"}
    )
    alone = UpdateRecord(there, Side.SALESFORCE, {"Name": "Pumps", "Amount": 1200})
    assert left_out(both, refusal("CurrencyIsoCode"), there, ruleset) == frozenset()
    assert left_out(both, refusal("Amount"), there, ruleset) == frozenset()
    assert left_out(both, refusal("Name"), there, ruleset) == {"Name"}
    assert left_out(alone, refusal("Amount"), there, ruleset) == {"Amount"}


@pytest.mark.rule("CH-8")
def test_a_new_record_is_not_created_without_its_address() -> None:
    """A record without an address could not be matched; any other field may be missing."""
    create = CreateRecord(
        Side.SALESFORCE, "Lead", "555001-81", {"Email": "a@b.co", "Phone": "1"}, Slot("new")
    )
    assert left_out(create, refusal("Email"), None, RULESET) == frozenset()
    assert left_out(create, refusal("Phone"), None, RULESET) == {"Phone"}


@pytest.mark.rule("CH-8")
def test_a_field_that_was_left_out_is_unchanged_and_a_resync_tries_it_again() -> None:
    """Afterwards neither value is news; the next edit of either side is, and a resync tries the
    refused value again.
    """
    hubspot, salesforce = a_contact({"phone": "666"}), a_lead({"Phone": "111"}, by=OUR_USER)
    agreed = a_link(hubspot, a_lead({"Phone": "666"}), RULESET, wrote=("Phone",))
    write = UpdateRecord(LEAD, Side.SALESFORCE, {"Phone": "666", "City": "Graz"})
    link = diverged_link(agreed, write, {"Phone"}, salesforce, salesforce, RULESET)
    mapping = RULESET.mappings["Lead"]

    assert view(hubspot, mapping.hubspot_forms, link, FINGERPRINTER).unchanged
    assert view(salesforce, mapping.salesforce_forms, link, FINGERPRINTER, OUR_USER).unchanged
    assert not link.has_written("Phone")

    resync = a_change(hubspot.ref, Cause.RESYNC)
    still = merge_pair(hubspot, salesforce, link, RULESET)
    assert (still.to_salesforce, still.to_hubspot, [one.hubspot for one in still.diverged]) == (
        {},
        {},
        ["phone"],
    )
    assert merge_pair(hubspot, salesforce, link, RULESET, change=resync).to_salesforce == {
        "Phone": "666"
    }
    assert merge_pair(a_contact({"phone": "222"}), salesforce, link, RULESET).to_salesforce == {
        "Phone": "222"
    }
    assert merge_pair(hubspot, a_lead({"Phone": "333"}), link, RULESET).to_hubspot == {
        "phone": "333"
    }


@pytest.mark.rule("CH-8")
@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (report(LEAD, refusal(), {"Phone", "State"}), True),
        (report(LEAD, refusal(), {"State", "Street"}), False),
        (report(LEAD, refusal(), {"MailingStreet"}), False),
        (report(LEAD, refusal(), {"PersonMailingStreet"}), False),
        (reports.incompatible(LEAD, "address"), False),
        (Report(LEAD, Category.BRAKE, "It waits.", "address", because=("Q-30",)), True),
        (Report(LEAD, Category.UNAVAILABLE, "Locked.", "Street"), True),
        (Report(LEAD, Category.VALIDATION, "no", "Street", because=("CH-5",)), True),
    ],
    ids=lambda one: one.category + " " + one.fieldname if isinstance(one, Report) else str(one),
)
def test_only_a_report_about_a_field_that_still_differs_stays(
    one: Report, *, expected: bool
) -> None:
    """Both sides of a pair differ in the street. A lead's street has another name in the contact or
    account that the lead has become.
    """
    streets = [rule for rule in RULESET.mappings["Contact"].field_map if rule.hubspot == "address"]
    assert is_outdated(one, names_in_reports(streets, RULESET)) is expected


def test_the_setting_is_that_of_the_kind() -> None:
    """Contacts may wait where companies leave the field out."""
    held = ContactSettings(on_refused_field=OnRefusedField.BLOCK)
    ruleset = replace(RULESET, connection=replace(RULESET.connection, contacts=held))
    assert (skips_fields(RULESET), skips_fields(ruleset)) == (True, False)
