"""External ids: records that are upserted, read, deleted and referred to by a key."""

from __future__ import annotations

from typing import Any

import pytest
from simple_salesforce.exceptions import (
    SalesforceMoreThanOneRecord,
)

from tests.simulators.salesforce.conftest import StartOrg
from tests.simulators.salesforce.orgs import CUSTOM_FIELDS, LiveOrg, lead, refusal


def test_upsert_creates_once_and_then_updates(start_org: StartOrg) -> None:
    """The first upsert by an external id returns 201, the second 200 with the same id."""
    org = start_org(CUSTOM_FIELDS)
    first = org.product.Lead.upsert("Hub_Id__c/a%2F1", lead(), raw_response=True)
    second = org.product.Lead.upsert("Hub_Id__c/a%2F1", {"FirstName": "Mia"}, raw_response=True)
    assert not isinstance(first, int)
    assert not isinstance(second, int)
    record_id = first.json()["id"]
    assert (first.status_code, first.json()) == (
        201,
        {"id": record_id, "success": True, "errors": [], "created": True},
    )
    assert (second.status_code, second.json()) == (
        200,
        {"id": record_id, "success": True, "errors": [], "created": False},
    )
    assert org.product.Lead.get_by_custom_id("Hub_Id__c", "a/1")["FirstName"] == "Mia"


def test_update_only_never_creates(start_org: StartOrg) -> None:
    """With updateOnly=true an unknown key is 404 and nothing is created."""
    org = start_org(CUSTOM_FIELDS)
    assert refusal(org, "PATCH", "/sobjects/Lead/Hub_Id__c/9?updateOnly=true", lead())[0] == 404
    assert org.product.query("SELECT COUNT() FROM Lead")["totalSize"] == 0


def test_an_ambiguous_key_returns_the_choices(start_org: StartOrg) -> None:
    """If an external id is not unique, upsert returns 300 and the records' URLs."""
    org = start_org(CUSTOM_FIELDS)
    urls = [
        f"/services/data/v66.0/sobjects/Lead/{org.product.Lead.create(lead(Loose__c='x'))['id']}"
        for _ in range(2)
    ]
    with pytest.raises(SalesforceMoreThanOneRecord) as caught:
        org.product.Lead.upsert("Loose__c/x", {"FirstName": "Mia"})
    assert caught.value.content == urls


def test_a_field_that_is_no_key_cannot_be_upserted_by(org: LiveOrg) -> None:
    """The path must name an external id field."""
    expected = [
        {
            "message": "Provided external ID field does not exist or is not accessible: Company",
            "errorCode": "NOT_FOUND",
        }
    ]
    assert refusal(org, "PATCH", "/sobjects/Lead/Company/Acme", {"LastName": "x"}) == (
        404,
        expected,
    )


def test_a_duplicate_value_names_the_other_record_by_its_short_id(start_org: StartOrg) -> None:
    """A unique value that is taken, in any case, is DUPLICATE_VALUE with the other record's
    15-character id.
    """
    org = start_org(CUSTOM_FIELDS)
    record_id = org.product.Lead.create(lead(Hub_Id__c="abc"))["id"]
    message = (
        f"duplicate value found: Hub_Id__c duplicates value on record with id: {record_id[:15]}"
    )
    expected = [{"message": message, "errorCode": "DUPLICATE_VALUE", "fields": []}]
    assert refusal(org, "POST", "/sobjects/Lead", lead(Hub_Id__c="ABC")) == (400, expected)


def test_a_parent_may_be_named_by_its_key(start_org: StartOrg) -> None:
    """A relationship with an external id replaces the parent's id."""
    org = start_org(
        {
            "custom_fields": {
                "Account": [
                    {"name": "Number__c", "type": "string", "externalId": True, "unique": True}
                ]
            }
        }
    )
    account = org.product.Account.create({"Name": "Acme", "Number__c": "7"})["id"]
    contact = org.product.Contact.create({"LastName": "Lang", "Account": {"Number__c": "7"}})["id"]
    assert org.product.Contact.get(contact)["AccountId"] == account


def test_a_key_reads_and_deletes_its_record(start_org: StartOrg) -> None:
    """The external-id path supports GET and DELETE; an ambiguous key returns 300, an unknown one
    404.
    """
    org = start_org(CUSTOM_FIELDS)
    for key in ("one", "two", "two"):
        org.product.Lead.create(lead(Loose__c=key))
    asked = [
        ("GET", "one"),
        ("GET", "two"),
        ("GET", "none"),
        ("DELETE", "two"),
        ("DELETE", "one"),
        ("GET", "one"),
    ]
    statuses = [
        org.call(method, f"/sobjects/Lead/Loose__c/{key}").status_code for method, key in asked
    ]
    assert statuses == [200, 300, 404, 404, 204, 404]


def test_a_parent_that_cannot_be_found_is_refused(start_org: StartOrg) -> None:
    """An unknown key, and a field that is no key, are INVALID_FIELD; a deleted parent is
    ENTITY_IS_DELETED.
    """
    org = start_org(
        {
            "custom_fields": {
                "Account": [{"name": "Number__c", "type": "string", "externalId": True}]
            }
        }
    )
    gone = org.product.Account.create({"Name": "Acme"})["id"]
    org.product.Account.delete(gone)
    parents: list[dict[str, Any]] = [
        {"Account": {"Number__c": "9"}},
        {"Account": {"Industry": "x"}},
        {"AccountId": gone},
    ]
    codes = [
        refusal(org, "POST", "/sobjects/Contact", {"LastName": "x"} | parent)[1][0]["errorCode"]
        for parent in parents
    ]
    assert codes == ["INVALID_FIELD", "INVALID_FIELD", "ENTITY_IS_DELETED"]
