"""What people and the org's own automation do: owners, assignment, conversion, merge, undelete,
person accounts, opportunities.
"""

from __future__ import annotations

from typing import Any

import pytest
from simple_salesforce.exceptions import SalesforceMalformedRequest

from simulators.salesforce.refusals import RefusalError
from tests.simulators.salesforce.conftest import StartOrg
from tests.simulators.salesforce.orgs import LiveOrg, lead, quoted, rows, soql, typed

TEAM = {
    "users": [
        {"Name": "Olga Owner", "Email": "olga@x.test"},
        {"Name": "Ina Inactive", "Email": "ina@x.test", "IsActive": False},
        {"Name": "Paul Partner", "Email": "paul@x.test", "UserType": "PowerPartner"},
    ],
    "queues": [{"Name": "Inbound"}],
}


def _user(org: LiveOrg, email: str) -> str:
    return str(
        org.product.query(soql("SELECT Id FROM User WHERE Email =", quoted(email)))["records"][0][
            "Id"
        ]
    )


def _queue(org: LiveOrg) -> str:
    return str(org.product.query("SELECT Id FROM Group WHERE Type = 'Queue'")["records"][0]["Id"])


def test_users_and_queues_of_the_world_can_be_listed(start_org: StartOrg) -> None:
    """Owner candidates are active users of the standard type; queues name their objects."""
    org = start_org(TEAM)
    users = org.product.query(
        "SELECT Name FROM User WHERE IsActive = true AND UserType = 'Standard' ORDER BY Name"
    )
    assert rows(users, "Name") == [("Integration User",), ("Olga Owner",), ("Pat Person",)]
    queues = org.product.query("SELECT Queue.Name, SobjectType FROM QueueSobject")["records"]
    assert [(row["Queue"]["Name"], row["SobjectType"]) for row in queues] == [("Inbound", "Lead")]


def test_an_inactive_owner_is_refused_and_a_queue_owns_leads_only(start_org: StartOrg) -> None:
    """A lead may belong to a queue, a contact may not."""
    org = start_org(TEAM)
    with pytest.raises(SalesforceMalformedRequest, match="INACTIVE_OWNER_OR_USER"):
        org.product.Lead.create(lead(OwnerId=_user(org, "ina@x.test")))
    record_id = org.product.Lead.create(lead(OwnerId=_queue(org)))["id"]
    (found,) = org.product.query(
        soql("SELECT Owner.Name, Owner.Type FROM Lead WHERE Id =", quoted(record_id))
    )["records"]
    assert (found["Owner"]["Name"], found["Owner"]["Type"]) == ("Inbound", "Group")
    with pytest.raises(SalesforceMalformedRequest, match="id value of incorrect type"):
        org.product.Contact.create({"LastName": "x", "OwnerId": _queue(org)})


@pytest.mark.parametrize(("header", "assigned"), [(None, True), ("TRUE", True), ("FALSE", False)])
def test_assignment_rules_run_on_create_and_update_unless_told_not_to(
    start_org: StartOrg, header: str | None, *, assigned: bool
) -> None:
    """Without Sforce-Auto-Assign: FALSE the rule's owner overrides a given one, on create and on
    update (PLT-1).
    """
    org = start_org(TEAM | {"lead_assignment_owner": "Inbound"})
    olga = _user(org, "olga@x.test")
    headers = {} if header is None else {"Sforce-Auto-Assign": header}
    record_id = org.product.Lead.create(lead(OwnerId=olga), headers=headers)["id"]
    expected = _queue(org) if assigned else olga
    assert org.product.Lead.get(record_id)["OwnerId"] == expected
    org.product.Lead.update(record_id, {"OwnerId": org.sim.user_id}, headers=headers)
    assert org.product.Lead.get(record_id)["OwnerId"] == (
        _queue(org) if assigned else org.sim.user_id
    )


def test_a_converted_lead_has_an_account_and_a_contact_and_is_closed_for_writes(
    org: LiveOrg,
) -> None:
    """Conversion copies the lead and links it to the new records, and the lead refuses further
    updates.
    """
    record_id = org.product.Lead.create(
        lead(FirstName="Fritz", Email="f@x.test", City="Ulm", Phone="7")
    )["id"]
    org.sim.due_change_events()
    made = org.sim.person(
        {"do": "convert_lead", "lead_id": record_id, "account_id": None, "create_opportunity": True}
    )
    found = org.product.Lead.get(record_id)
    names = ("IsConverted", "ConvertedAccountId", "ConvertedContactId", "ConvertedOpportunityId")
    assert tuple(found[name] for name in names) == (
        True,
        made["account_id"],
        made["contact_id"],
        made["opportunity_id"],
    )
    contact = org.product.Contact.get(made["contact_id"])
    assert (contact["Name"], contact["Email"], contact["MailingCity"], contact["AccountId"]) == (
        "Fritz Lang", "f@x.test", "Ulm", made["account_id"],
    )  # fmt: skip
    assert org.product.Account.get(made["account_id"])["Name"] == "Acme"
    roles = org.product.query("SELECT ContactId, IsPrimary FROM OpportunityContactRole")
    assert rows(roles, "ContactId", "IsPrimary") == [(made["contact_id"], True)]
    with pytest.raises(SalesforceMalformedRequest, match="CANNOT_UPDATE_CONVERTED_LEAD"):
        org.product.Lead.update(record_id, {"FirstName": "x"})
    told = {(header["entityName"], header["changeType"]) for header in org.headers_of_change()}
    created = {
        (name, "CREATE") for name in ("Account", "Contact", "Opportunity", "OpportunityContactRole")
    }
    assert told == created | {("Lead", "UPDATE")}


def test_a_lead_can_be_converted_into_an_existing_account(org: LiveOrg) -> None:
    """With a given account, only the contact is new."""
    account_id = org.product.Account.create({"Name": "Known"})["id"]
    record_id = org.product.Lead.create(lead())["id"]
    made = org.sim.person(
        {
            "do": "convert_lead",
            "lead_id": record_id,
            "account_id": account_id,
            "create_opportunity": False,
        }
    )
    assert (made["account_id"], made["opportunity_id"]) == (account_id, None)
    assert org.product.query("SELECT COUNT() FROM Account")["totalSize"] == 1


def test_losers_of_a_merge_point_to_the_winner(org: LiveOrg) -> None:
    """Losers are deleted with MasterRecordId, their related records move, and the winner is
    updated.
    """
    winner, loser = (org.product.Account.create({"Name": name})["id"] for name in ("Acme", "ACME"))
    contact = org.product.Contact.create({"LastName": "Lang", "AccountId": loser})["id"]
    org.sim.due_change_events()
    org.clock.advance(5)
    org.sim.person({"do": "merge", "object": "Account", "winner": winner, "losers": [loser]})
    found = org.product.query(
        "SELECT Id, MasterRecordId FROM Account WHERE IsDeleted = true", include_deleted=True
    )
    assert rows(found, "Id", "MasterRecordId") == [(loser, winner)]
    assert org.product.Contact.get(contact)["AccountId"] == winner
    told = [
        (header["entityName"], header["changeType"], header["recordIds"])
        for header in org.headers_of_change()
    ]
    assert sorted(told) == [
        ("Account", "DELETE", [loser]),
        ("Account", "UPDATE", [winner]),
        ("Contact", "UPDATE", [contact]),
    ]


def test_deleting_an_account_takes_its_people_and_undelete_brings_them_back(org: LiveOrg) -> None:
    """Contacts, opportunities and roles follow their account into the recycle bin and back."""
    account = org.product.Account.create({"Name": "Acme"})["id"]
    contact = org.product.Contact.create({"LastName": "Lang", "AccountId": account})["id"]
    org.product.Opportunity.create(
        {
            "Name": "Deal",
            "StageName": "Prospecting",
            "CloseDate": "2026-12-01",
            "AccountId": account,
            "ContactId": contact,
        }
    )
    counts = "SELECT COUNT() FROM {}"
    kinds = ("Account", "Contact", "Opportunity", "OpportunityContactRole")
    org.product.Account.delete(account)
    assert [org.product.query(counts.format(kind))["totalSize"] for kind in kinds] == [0, 0, 0, 0]
    org.sim.person({"do": "undelete", "ids": [account]})
    assert [org.product.query(counts.format(kind))["totalSize"] for kind in kinds] == [1, 1, 1, 1]


def test_an_unknown_action_is_an_error(org: LiveOrg) -> None:
    """Unknown actions and impossible ones have different errors."""
    with pytest.raises(ValueError, match="unknown action"):
        org.sim.person({"do": "dance"})
    with pytest.raises(RefusalError, match="INVALID_CROSS_REFERENCE_KEY"):
        org.sim.person({"do": "convert_lead", "lead_id": "00Q000000000001EAA"})


def test_a_person_account_has_a_hidden_contact(start_org: StartOrg) -> None:
    """An account with a last name is a person; the org keeps a contact behind it (PA-3)."""
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


def test_a_person_account_takes_no_contacts(start_org: StartOrg) -> None:
    """A person account has no further contacts (PA-2), and the hidden one cannot be written."""
    org = start_org({"person_accounts": True})
    account_id = org.product.Account.create({"LastName": "Lang"})["id"]
    hidden = org.product.Account.get(account_id)["PersonContactId"]
    with pytest.raises(SalesforceMalformedRequest, match="FIELD_INTEGRITY_EXCEPTION"):
        org.product.Contact.create({"LastName": "x", "AccountId": account_id})
    with pytest.raises(SalesforceMalformedRequest, match="INVALID_FIELD_FOR_INSERT_UPDATE"):
        org.product.Contact.update(hidden, {"LastName": "x"})


def test_with_person_accounts_their_contacts_are_merged(start_org: StartOrg) -> None:
    """The loser's contact goes to the recycle bin with the winner's as its master, and its related
    records move; a business account cannot take part.
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


def test_a_person_account_shows_the_custom_fields_of_its_contact(start_org: StartOrg) -> None:
    """A contact's custom field is the account's as __pc: written there, read on both, and unique
    among all contacts.
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


def test_only_person_accounts_show_the_custom_fields_of_contacts(start_org: StartOrg) -> None:
    """Where person accounts are disabled, an account has no such field."""
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
    """With person accounts a lead needs no company, and the company decides what it becomes (PA-8,
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


def test_an_opportunity_takes_probability_and_forecast_from_its_stage(org: LiveOrg) -> None:
    """Closed and won come from the stage; a new stage sets its probability unless one is given."""
    record_id = org.product.Opportunity.create(
        {"Name": "Deal", "StageName": "Prospecting", "CloseDate": "2026-12-01"}
    )["id"]
    names = ("Probability", "IsClosed", "IsWon", "ForecastCategoryName")

    def facts() -> tuple[Any, ...]:
        found = org.product.Opportunity.get(record_id)
        return tuple(found[name] for name in names)

    assert facts() == (10.0, False, False, "Pipeline")
    org.product.Opportunity.update(record_id, {"StageName": "Closed Won"})
    assert facts() == (100.0, True, True, "Closed")
    org.product.Opportunity.update(record_id, {"StageName": "Value Proposition", "Probability": 33})
    assert facts() == (33.0, False, False, "Pipeline")


def test_an_opportunity_has_one_primary_contact(org: LiveOrg) -> None:
    """A new primary role replaces the old one."""
    deal = org.product.Opportunity.create(
        {"Name": "Deal", "StageName": "Prospecting", "CloseDate": "2026-12-01"}
    )["id"]
    contacts = [org.product.Contact.create({"LastName": name})["id"] for name in ("One", "Two")]
    for contact in contacts:
        org.product.OpportunityContactRole.create(
            {"OpportunityId": deal, "ContactId": contact, "IsPrimary": True}
        )
    primary = org.product.query(
        "SELECT ContactId FROM OpportunityContactRole WHERE IsPrimary = true"
    )
    assert rows(primary, "ContactId") == [(contacts[1],)]


def test_a_task_about_a_lead_is_about_nothing_else(org: LiveOrg) -> None:
    """WhatId must be empty if WhoId is a lead; a completed task has its time."""
    record_id = org.product.Lead.create(lead())["id"]
    account = org.product.Account.create({"Name": "Acme"})["id"]
    with pytest.raises(SalesforceMalformedRequest, match="FIELD_INTEGRITY_EXCEPTION"):
        org.product.Task.create({"WhoId": record_id, "WhatId": account})
    task = org.product.Task.get(
        org.product.Task.create({"WhoId": record_id, "Subject": "Email", "Status": "Completed"})[
            "id"
        ]
    )
    assert (task["IsClosed"], task["CompletedDateTime"]) == (True, task["CreatedDate"])


def test_the_world_sets_up_stages_and_older_records(start_org: StartOrg) -> None:
    """Records refer to each other by @ref, are older than the connection and were created by a
    person.
    """
    org = start_org({
        "stages": [{"ApiName": "Open"}, {"ApiName": "Won", "IsClosed": True, "IsWon": True, "DefaultProbability": 100}],
        "records": [
            {"type": "Contact", "LastName": "Lang", "AccountId": "@acme", "OwnerId": "@olga"},
            {"type": "Account", "ref": "acme", "Name": "Acme"},
        ],
        "users": [{"Name": "Olga Owner", "Email": "olga@x.test", "ref": "olga"}],
    })  # fmt: skip
    (contact,) = org.product.query(
        "SELECT Account.Name, Owner.Name, CreatedById FROM Contact WHERE CreatedDate < LAST_N_DAYS:7"
    )["records"]
    assert (contact["Account"]["Name"], contact["Owner"]["Name"], contact["CreatedById"]) == (
        "Acme",
        "Olga Owner",
        org.sim.user_id,
    )
    stages = org.product.query(
        "SELECT ApiName, IsWon, SortOrder FROM OpportunityStage ORDER BY SortOrder"
    )
    assert rows(stages, "ApiName", "IsWon", "SortOrder") == [("Open", False, 1), ("Won", True, 2)]


@pytest.mark.parametrize(
    "world",
    [
        {"lead_assignment_owner": "Nobody"},
        {"custom_fields": {"Nobody": [{"name": "A__c"}]}},
        {"records": [{"type": "Contact", "LastName": "x", "AccountId": "@none"}]},
        {"records": [{"type": "none"}]},
    ],
)
def test_a_world_that_contradicts_itself_is_refused(
    start_org: StartOrg, world: dict[str, Any]
) -> None:
    """A wrong name or reference is found at the start."""
    with pytest.raises(ValueError, match=r"Nobody|none"):
        start_org(world)


def test_the_organization_shows_its_edition(start_org: StartOrg) -> None:
    """OrganizationType comes from the world."""
    org = start_org({"edition": "Unlimited Edition"})
    found = org.product.query("SELECT Id, OrganizationType, IsSandbox FROM Organization")
    assert rows(found, "Id", "OrganizationType", "IsSandbox") == [
        (org.sim.org_id, "Unlimited Edition", False)
    ]


def test_rows_of_one_call_are_one_transaction(org: LiveOrg) -> None:
    """All records of a collections call have the same stamp."""
    records = [typed("Lead", **lead(LastName=str(number))) for number in range(50)]
    org.product.restful("composite/sobjects", method="POST", json={"records": records})
    assert (
        org.product.query("SELECT COUNT_DISTINCT(SystemModstamp) n FROM Lead")["records"][0]["n"]
        == 1
    )


def test_the_bin_keeps_a_record_for_fifteen_days(org: LiveOrg) -> None:
    """Afterwards queryAll no longer shows it and nobody can restore it."""
    record_id = org.product.Lead.create(lead())["id"]
    org.product.Lead.delete(record_id)
    org.clock.advance(16 * 86_400)
    assert org.product.query("SELECT Id FROM Lead", include_deleted=True)["totalSize"] == 0
    with pytest.raises(RefusalError, match="UNDELETE_FAILED"):
        org.sim.person({"do": "undelete", "ids": [record_id]})


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
