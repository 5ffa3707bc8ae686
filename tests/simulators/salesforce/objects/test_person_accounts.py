"""Person accounts: accounts of persons, each with a hidden contact."""

from __future__ import annotations

from typing import Any

import pytest
from simple_salesforce.exceptions import SalesforceMalformedRequest

from simulators.salesforce.refusals import RefusalError
from tests.simulators.salesforce.conftest import StartOrg
from tests.simulators.salesforce.orgs import rows


def test_a_person_account_has_a_hidden_contact(start_org: StartOrg) -> None:
    """An account with a last name is a person; the org has a contact behind it (PA-3)."""
    org = start_org({"person_accounts": True})
    account_id = org.product.Account.create(
        {"LastName": "Lang", "FirstName": "Fritz", "PersonEmail": "f@x.test"}
    )["id"]
    account = org.product.Account.get(account_id)
    assert (account["Name"], account["IsPersonAccount"]) == ("Fritz Lang", True)
    (contact,) = org.product.query(
        "SELECT Id, Name, Email, AccountId, IsPersonAccount FROM Contact"
    )["records"]
    assert [contact[name] for name in ("Id", "Name", "Email", "AccountId", "IsPersonAccount")] == [
        account["PersonContactId"], "Fritz Lang", "f@x.test", account_id, True,
    ]  # fmt: skip
    org.product.Account.update(account_id, {"PersonEmail": "new@x.test"})
    assert (
        org.product.query("SELECT COUNT() FROM Contact WHERE Email = 'new@x.test'")["totalSize"]
        == 1
    )
    told = {(header["entityName"], header["changeType"]) for header in org.headers_of_change()}
    assert told == {
        ("Account", "CREATE"),
        ("Contact", "CREATE"),
        ("Account", "UPDATE"),
        ("Contact", "UPDATE"),
    }


def test_a_person_account_has_no_further_contacts(start_org: StartOrg) -> None:
    """It refuses other contacts (PA-2), and the hidden one cannot be written."""
    org = start_org({"person_accounts": True})
    account_id = org.product.Account.create({"LastName": "Lang"})["id"]
    hidden = org.product.Account.get(account_id)["PersonContactId"]
    with pytest.raises(SalesforceMalformedRequest, match="FIELD_INTEGRITY_EXCEPTION"):
        org.product.Contact.create({"LastName": "x", "AccountId": account_id})
    with pytest.raises(SalesforceMalformedRequest, match="INVALID_FIELD_FOR_INSERT_UPDATE"):
        org.product.Contact.update(hidden, {"LastName": "x"})


def test_merging_person_accounts_merges_their_contacts(start_org: StartOrg) -> None:
    """The loser's contact is deleted with the winner's as its master, and its related records move;
    a business account cannot take part.
    """
    org = start_org({"person_accounts": True})
    accounts = [org.product.Account.create({"LastName": name})["id"] for name in ("Lang", "Moe")]
    winner, loser = (org.product.Account.get(account)["PersonContactId"] for account in accounts)
    task = org.product.Task.create({"WhoId": loser, "Subject": "Email"})["id"]
    org.sim.person(
        {"do": "merge", "object": "Account", "winner": accounts[0], "losers": [accounts[1]]}
    )
    soql = "SELECT Id, IsDeleted, MasterRecordId, AccountId FROM Contact ORDER BY Name"
    names = ("Id", "IsDeleted", "MasterRecordId", "AccountId")
    assert rows(org.product.query_all(soql, include_deleted=True), *names) == [
        (winner, False, None, accounts[0]),
        (loser, True, winner, accounts[1]),
    ]
    assert org.product.Task.get(task)["WhoId"] == winner
    business = org.product.Account.create({"Name": "Acme"})["id"]
    with pytest.raises(RefusalError, match="cannot be merged"):
        org.sim.person(
            {"do": "merge", "object": "Account", "winner": accounts[0], "losers": [business]}
        )


KEY_FIELD = {"name": "Hub_Id__c", "type": "string", "externalId": True, "unique": True}


def test_a_person_account_has_the_custom_fields_of_its_contact(start_org: StartOrg) -> None:
    """A contact's custom field is the account's as __pc: it is written there, read on both, and
    unique among all contacts.
    """
    org = start_org({"person_accounts": True, "custom_fields": {"Contact": [KEY_FIELD]}})
    account_id = org.product.Account.create({"LastName": "Lang", "Hub_Id__pc": "1"})["id"]
    hidden = org.product.Account.get(account_id)["PersonContactId"]
    assert org.product.Contact.get(hidden)["Hub_Id__c"] == "1"
    org.product.Account.update(account_id, {"Hub_Id__pc": "2"})
    assert rows(org.product.query("SELECT Id FROM Contact WHERE Hub_Id__c = '2'"), "Id") == [
        (hidden,)
    ]
    other = org.product.Contact.create({"LastName": "Moe", "Hub_Id__c": "3"})["id"]
    with pytest.raises(SalesforceMalformedRequest, match="DUPLICATE_VALUE"):
        org.product.Contact.update(other, {"Hub_Id__c": "2"})
    with pytest.raises(SalesforceMalformedRequest, match="DUPLICATE_VALUE"):
        org.product.Account.update(account_id, {"Hub_Id__pc": "3"})
    with pytest.raises(SalesforceMalformedRequest, match="bad field names"):
        org.product.Account.create({"Name": "Acme", "Hub_Id__pc": "4"})


def test_without_person_accounts_no_account_has_fields_of_contacts(start_org: StartOrg) -> None:
    """An account has no __pc field."""
    org = start_org({"custom_fields": {"Contact": [KEY_FIELD]}})
    with pytest.raises(SalesforceMalformedRequest, match="No such column 'Hub_Id__pc'"):
        org.product.Account.create({"Name": "Acme", "Hub_Id__pc": "1"})


def test_a_custom_field_of_contacts_is_hidden_on_person_accounts_until_it_is_granted(
    start_org: StartOrg,
) -> None:
    """A field created by the Tooling API appears on both once a permission set grants it on
    Contact, and disappears from both with it.
    """
    org = start_org({"person_accounts": True})
    metadata = {"type": "Text", "label": "Hub", "length": 40}
    asked = {"FullName": "Contact.Hub__c", "Metadata": metadata}
    made = org.call("POST", "/tooling/sobjects/CustomField", json=asked).json()["id"]
    with pytest.raises(SalesforceMalformedRequest, match="No such column 'Hub__pc'"):
        org.product.Account.create({"LastName": "Lang", "Hub__pc": "1"})
    permissions = org.product.PermissionSet.create({"Name": "Hub", "Label": "Hub"})["id"]
    grant = {
        "SobjectType": "Contact",
        "Field": "Contact.Hub__c",
        "PermissionsRead": True,
        "PermissionsEdit": True,
    }
    org.product.FieldPermissions.create(grant | {"ParentId": permissions})
    org.product.PermissionSetAssignment.create(
        {"AssigneeId": org.sim.integration_user_id, "PermissionSetId": permissions}
    )
    account_id = org.product.Account.create({"LastName": "Lang", "Hub__pc": "1"})["id"]
    assert (
        org.product.Contact.get(org.product.Account.get(account_id)["PersonContactId"])["Hub__c"]
        == "1"
    )
    assert org.call("DELETE", f"/tooling/sobjects/CustomField/{made}").status_code == 204
    assert "Hub__pc" not in org.product.Account.get(account_id)


@pytest.mark.parametrize(("company", "person"), [("Acme", False), (None, True)])
def test_a_lead_without_company_becomes_a_person_account(
    start_org: StartOrg, company: str | None, *, person: bool
) -> None:
    """A lead needs no company with person accounts, and the company decides what it becomes (PA-8,
    PA-9).
    """
    org = start_org({"person_accounts": True})
    record_id = org.product.Lead.create(
        {"LastName": "Lang", "Email": "f@x.test", "Company": company}
    )["id"]
    made = org.sim.person({"do": "convert_lead", "lead_id": record_id})
    account = org.product.Account.get(made["account_id"])
    assert account["IsPersonAccount"] is person
    assert org.product.Contact.get(made["contact_id"])["Email"] == "f@x.test"


@pytest.mark.parametrize(
    ("values", "bad"),
    [
        ({"Name": "Acme", "PersonEmail": "a@x.test"}, "PersonEmail"),
        ({"Name": "Acme", "LastName": "Lang"}, "LastName"),
        ({"LastName": "Lang", "ParentId": None, "Website": "x.test"}, None),
    ],
)
def test_a_business_account_has_no_fields_of_a_person(
    start_org: StartOrg, values: dict[str, Any], bad: str | None
) -> None:
    """Person fields on a business account are refused by name."""
    org = start_org({"person_accounts": True})
    answer = org.call("POST", "/sobjects/Account", json=values)
    if bad is None:
        assert answer.status_code == 201
    else:
        message = f"Account: bad field names on insert/update call: {bad}"
        assert answer.json() == [
            {"message": message, "errorCode": "INVALID_FIELD_FOR_INSERT_UPDATE", "fields": [bad]}
        ]
