"""Validation rules and duplicate rules apply to every save."""

from __future__ import annotations

import pytest

from tests.simulators.salesforce.conftest import StartOrg
from tests.simulators.salesforce.orgs import CUSTOM_FIELDS, lead, refusal


def test_a_validation_rule_refuses_with_its_message(start_org: StartOrg) -> None:
    """The rules of the start data refuse every save of a record that breaks them."""
    rule = {
        "object": "Lead",
        "field": "Company",
        "contains": "forbidden",
        "message": "No such company",
    }
    org = start_org({"validation_rules": [rule]})
    expected = [
        {
            "message": "No such company",
            "errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION",
            "fields": ["Company"],
        }
    ]
    assert refusal(org, "POST", "/sobjects/Lead", lead(Company="The Forbidden Co")) == (
        400,
        expected,
    )


def test_a_duplicate_rule_names_its_matches_and_can_be_bypassed(start_org: StartOrg) -> None:
    """An alert rule returns the matching record; allowSave saves all the same."""
    org = start_org(
        {"duplicate_rules": [{"object": "Lead", "match": ["Email"], "action": "alert"}]}
    )
    record_id = org.product.Lead.create(lead(Email="a@x.test"))["id"]
    status, body = refusal(org, "POST", "/sobjects/Lead", lead(Email="A@x.test"))
    matches = body[0]["duplicateResult"]["matchResults"][0]
    assert (status, body[0]["errorCode"], body[0]["message"]) == (
        400,
        "DUPLICATES_DETECTED",
        "Use one of these records?",
    )
    assert (matches["size"], matches["matchRecords"][0]["record"]["Id"]) == (1, record_id)
    saved = org.call(
        "POST",
        "/sobjects/Lead",
        json=lead(Email="a@x.test"),
        headers={"Sforce-Duplicate-Rule-Header": "allowSave=true"},
    )
    assert saved.status_code == 201


@pytest.mark.parametrize("action", ["block", "alert"])
@pytest.mark.parametrize("header", [None, "allowSave=false", "allowSave=true"])
@pytest.mark.parametrize("call", ["create", "upsert", "update"])
def test_a_duplicate_rule_applies_to_every_save(
    start_org: StartOrg, action: str, header: str | None, call: str
) -> None:
    """Only the header passes an alert, in a create, an upsert and an update; nothing passes a
    block.
    """
    org = start_org(
        CUSTOM_FIELDS
        | {"duplicate_rules": [{"object": "Lead", "match": ["Email"], "action": action}]}
    )
    org.product.Lead.create(lead(Email="a@x.test"))
    other = org.product.Lead.create(lead(Email="b@x.test"))["id"]
    ways = {
        "create": ("POST", "/composite/sobjects", lead(Email="a@x.test")),
        "upsert": (
            "PATCH",
            "/composite/sobjects/Lead/Hub_Id__c",
            lead(Email="a@x.test", Hub_Id__c="one"),
        ),
        "update": ("PATCH", "/composite/sobjects", {"id": other, "Email": "a@x.test"}),
    }
    method, path, row = ways[call]

    answer = org.call(
        method,
        path,
        json={"allOrNone": False, "records": [{"attributes": {"type": "Lead"}, **row}]},
        headers={} if header is None else {"Sforce-Duplicate-Rule-Header": header},
    ).json()[0]

    saved = action == "alert" and header == "allowSave=true"
    assert (answer["success"], [error["statusCode"] for error in answer["errors"]]) == (
        saved,
        [] if saved else ["DUPLICATES_DETECTED"],
    )


def test_an_edit_of_other_fields_runs_no_duplicate_rule(start_org: StartOrg) -> None:
    """Two records that were duplicates before the rule can still be edited."""
    rule = {"object": "Lead", "match": ["Email"], "action": "block"}
    same = {"type": "Lead", **lead(Email="a@x.test")}
    org = start_org({"duplicate_rules": [rule], "records": [same, same]})
    (one, _) = org.product.query("SELECT Id FROM Lead")["records"]

    assert org.call("PATCH", f"/sobjects/Lead/{one['Id']}", json={"Phone": "1"}).status_code == 204
