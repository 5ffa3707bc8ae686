"""What people and the org's own automation do: owners, assignment, conversion, merge, delete and
undelete.
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


def test_users_and_queues_are_listed(start_org: StartOrg) -> None:
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
def test_assignment_rules_run_unless_the_header_forbids_it(
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
    """Conversion copies the lead and links it to the new records; later updates of the lead are
    refused.
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


def test_the_losers_of_a_merge_refer_to_the_winner(org: LiveOrg) -> None:
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


def test_contacts_and_opportunities_are_deleted_and_restored_with_their_account(
    org: LiveOrg,
) -> None:
    """Contact roles are, too."""
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


def test_an_opportunity_has_the_probability_and_forecast_of_its_stage(org: LiveOrg) -> None:
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


def test_a_task_of_a_lead_has_no_other_record(org: LiveOrg) -> None:
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


def test_start_data_has_stages_and_older_records(start_org: StartOrg) -> None:
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
def test_start_data_that_contradicts_itself_is_refused(
    start_org: StartOrg, world: dict[str, Any]
) -> None:
    """A wrong name or reference is found at the start."""
    with pytest.raises(ValueError, match=r"Nobody|none"):
        start_org(world)


def test_the_organization_shows_its_edition(start_org: StartOrg) -> None:
    """OrganizationType comes from the start data."""
    org = start_org({"edition": "Unlimited Edition"})
    found = org.product.query("SELECT Id, OrganizationType, IsSandbox FROM Organization")
    assert rows(found, "Id", "OrganizationType", "IsSandbox") == [
        (org.sim.org_id, "Unlimited Edition", False)
    ]


def test_rows_of_one_call_are_one_transaction(org: LiveOrg) -> None:
    """All records of a collections call have the same timestamp."""
    records = [typed("Lead", **lead(LastName=str(number))) for number in range(50)]
    org.product.restful("composite/sobjects", method="POST", json={"records": records})
    assert (
        org.product.query("SELECT COUNT_DISTINCT(SystemModstamp) n FROM Lead")["records"][0]["n"]
        == 1
    )


def test_the_bin_keeps_a_record_for_fifteen_days(org: LiveOrg) -> None:
    """Afterwards query-all no longer returns it and nobody can restore it."""
    record_id = org.product.Lead.create(lead())["id"]
    org.product.Lead.delete(record_id)
    org.clock.advance(16 * 86_400)
    assert org.product.query("SELECT Id FROM Lead", include_deleted=True)["totalSize"] == 0
    with pytest.raises(RefusalError, match="UNDELETE_FAILED"):
        org.sim.person({"do": "undelete", "ids": [record_id]})
