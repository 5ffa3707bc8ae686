"""Contact roles: deleted and restored with their parents, moved by merges, and created once by a key."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from simple_salesforce.exceptions import SalesforceResourceNotFound

from tests.simulators.salesforce.orgs import LiveOrg, quoted, rows, soql, typed

KEY = "Crmsync_HubSpot_Id__c"


US = {"Sforce-Call-Options": "client=crmsync"}


def deal(**values: Any) -> dict[str, Any]:
    """Return a valid opportunity."""
    return {"Name": "Deal", "StageName": "Prospecting", "CloseDate": "2026-12-01"} | values


def _opportunity(org: LiveOrg, **values: Any) -> str:
    return str(org.product.Opportunity.create(deal(**values))["id"])


def _contact(org: LiveOrg, name: str = "Lang") -> str:
    return str(org.product.Contact.create({"LastName": name})["id"])


def _role(org: LiveOrg, opportunity: str, contact: str, **values: Any) -> str:
    given = {"OpportunityId": opportunity, "ContactId": contact} | values
    return str(org.product.OpportunityContactRole.create(given)["id"])


def _events(org: LiveOrg) -> set[tuple[str, str, tuple[str, ...]]]:
    return {
        (h["entityName"], h["changeType"], tuple(sorted(h["recordIds"])))
        for h in org.headers_of_change()
    }


def test_the_roles_of_an_opportunity_are_deleted_and_restored_with_it(org: LiveOrg) -> None:
    """They are in the recycle bin with a new timestamp; events report the opportunity and the
    roles.
    """
    opportunity, contact = _opportunity(org), _contact(org)
    role = _role(org, opportunity, contact)
    query = "SELECT Id, IsDeleted, SystemModstamp FROM OpportunityContactRole"
    stamps = [row["SystemModstamp"] for row in org.product.query(query)["records"]]
    org.sim.due_change_events()
    org.clock.advance(5)
    org.person.Opportunity.delete(opportunity)
    assert org.product.query(query)["records"] == []
    (gone,) = org.product.query(query, include_deleted=True)["records"]
    assert (gone["Id"], gone["IsDeleted"], gone["SystemModstamp"] > stamps[0]) == (role, True, True)
    assert _events(org) == {
        ("Opportunity", "DELETE", (opportunity,)),
        ("OpportunityContactRole", "DELETE", (role,)),
    }
    org.clock.advance(5)
    org.sim.person({"do": "undelete", "ids": [opportunity]})
    (back,) = org.product.query(query)["records"]
    assert (back["Id"], back["SystemModstamp"] > gone["SystemModstamp"]) == (role, True)
    assert _events(org) == {
        ("Opportunity", "UNDELETE", (opportunity,)),
        ("OpportunityContactRole", "UNDELETE", (role,)),
    }


def test_the_roles_of_a_contact_are_deleted_and_restored_with_it(org: LiveOrg) -> None:
    """The opportunity stays, without its primary contact, until the contact is restored."""
    opportunity, contact = _opportunity(org), _contact(org)
    role = _role(org, opportunity, contact, IsPrimary=True)
    seen = [org.product.Opportunity.get(opportunity)["ContactId"]]
    org.person.Contact.delete(contact)
    seen.append(org.product.Opportunity.get(opportunity)["ContactId"])
    deleted = org.product.query(
        "SELECT Id FROM OpportunityContactRole WHERE IsDeleted = true", include_deleted=True
    )
    org.sim.person({"do": "undelete", "ids": [contact]})
    seen.append(org.product.Opportunity.get(opportunity)["ContactId"])
    assert (seen, rows(deleted, "Id")) == ([contact, None, contact], [(role,)])
    assert rows(org.product.query("SELECT Id FROM OpportunityContactRole"), "Id") == [(role,)]


def test_a_role_is_restored_only_with_both_its_parents(org: LiveOrg) -> None:
    """After an account was deleted with its contact and opportunity, restoring the contact restores
    no role; restoring the account does.
    """
    account = org.product.Account.create({"Name": "Acme"})["id"]
    contact = org.product.Contact.create({"LastName": "Lang", "AccountId": account})["id"]
    role = _role(org, _opportunity(org, AccountId=account), contact)
    query = "SELECT Id FROM OpportunityContactRole"
    org.person.Account.delete(account)
    org.sim.person({"do": "undelete", "ids": [contact]})
    alone = rows(org.product.query(query), "Id")
    org.sim.person({"do": "undelete", "ids": [account]})
    assert (alone, rows(org.product.query(query), "Id")) == ([], [(role,)])


def test_a_role_deleted_by_itself_is_not_in_the_bin(org: LiveOrg) -> None:
    """Query-all no longer returns it and nobody can restore it; an event and the list of deleted
    records report it.
    """
    opportunity, contact = _opportunity(org), _contact(org)
    role = _role(org, opportunity, contact, IsPrimary=True)
    org.sim.due_change_events()
    org.person.OpportunityContactRole.delete(role)
    (event,) = org.sim.due_change_events()
    payload = event["detail"]["payload"]
    header = payload.pop("ChangeEventHeader")
    assert (header["entityName"], header["changeType"], header["recordIds"], payload) == (
        "OpportunityContactRole", "DELETE", [role], {},
    )  # fmt: skip
    assert (
        org.product.query("SELECT Id FROM OpportunityContactRole", include_deleted=True)["records"]
        == []
    )
    org.clock.advance(120)
    now = datetime.fromtimestamp(org.clock.now_ms() / 1000, UTC)
    window = {
        "start": (now - timedelta(hours=1)).isoformat(),
        "end": (now + timedelta(minutes=2)).isoformat(),
    }
    found: Any = org.call("GET", "/sobjects/OpportunityContactRole/deleted", params=window).json()
    assert [row["id"] for row in found["deletedRecords"]] == [role]
    assert org.product.Opportunity.get(opportunity)["ContactId"] is None
    with pytest.raises(SalesforceResourceNotFound):
        org.product.OpportunityContactRole.get(role)


def test_the_roles_of_merged_contacts_move_to_the_winner(org: LiveOrg) -> None:
    """A role gets the new contact, a new timestamp and an event; no role is deleted or created."""
    opportunity, winner, loser = _opportunity(org), _contact(org, "Stay"), _contact(org, "Go")
    role = _role(org, opportunity, loser)
    before = org.product.OpportunityContactRole.get(role)["SystemModstamp"]
    org.sim.due_change_events()
    org.clock.advance(5)
    org.sim.person({"do": "merge", "object": "Contact", "winner": winner, "losers": [loser]})
    found = org.product.OpportunityContactRole.get(role)
    assert (found["ContactId"], found["SystemModstamp"] > before) == (winner, True)
    assert _events(org) == {
        ("Contact", "DELETE", (loser,)),
        ("Contact", "UPDATE", (winner,)),
        ("OpportunityContactRole", "UPDATE", (role,)),
    }


def test_a_converted_lead_has_a_role_in_its_new_opportunity(org: LiveOrg) -> None:
    """With create_opportunity the contact gets the primary role; the opportunity is in an open
    stage.
    """
    lead = org.product.Lead.create({"LastName": "Lang", "Company": "Acme"})["id"]
    made = org.sim.person(
        {"do": "convert_lead", "lead_id": lead, "account_id": None, "create_opportunity": True}
    )
    found = org.product.query(
        "SELECT OpportunityId, ContactId, IsPrimary, Opportunity.IsClosed, Opportunity.AccountId FROM OpportunityContactRole"
    )["records"]
    assert [
        (r["OpportunityId"], r["ContactId"], r["IsPrimary"], r["Opportunity"]["IsClosed"])
        for r in found
    ] == [(made["opportunity_id"], made["contact_id"], True, False)]
    assert found[0]["Opportunity"]["AccountId"] == made["account_id"]


def test_roles_are_queried_by_contact_with_fields_of_their_opportunity(org: LiveOrg) -> None:
    """One query has all that roll-ups need, without the roles of deleted opportunities."""
    won = _opportunity(org, Name="Won", StageName="Closed Won", Amount=100)
    gone, contact, other = _opportunity(org, Name="Gone"), _contact(org), _contact(org, "Other")
    for opportunity, who in ((won, contact), (gone, contact), (won, other)):
        _role(org, opportunity, who)
    org.person.Opportunity.delete(gone)
    text = soql(
        "SELECT ContactId, OpportunityId, Opportunity.Amount, Opportunity.CreatedDate, Opportunity.CloseDate, Opportunity.IsWon,",
        "Opportunity.IsClosed, Opportunity.StageName, Opportunity.IsDeleted FROM OpportunityContactRole",
        f"WHERE ContactId IN ({quoted(contact)}) AND Opportunity.IsDeleted = false",
    )
    (row,) = org.product.query(text)["records"]
    parent = row["Opportunity"]
    names = ("Amount", "CloseDate", "IsWon", "IsClosed", "StageName", "IsDeleted")
    assert (row["ContactId"], row["OpportunityId"], *(parent[name] for name in names)) == (
        contact, won, 100.0, "2026-12-01", True, True, "Closed Won", False,
    )  # fmt: skip
    everything = org.product.query(
        "SELECT Opportunity.Name, IsDeleted FROM OpportunityContactRole", include_deleted=True
    )
    assert sorted((r["Opportunity"]["Name"], r["IsDeleted"]) for r in everything["records"]) == [
        ("Gone", True), ("Won", False), ("Won", False),
    ]  # fmt: skip


def _key_field(org: LiveOrg) -> None:
    """Create our unique external id on contact roles, and let the integration user see it."""
    metadata = {
        "label": "HubSpot Id",
        "type": "Text",
        "length": 64,
        "unique": True,
        "externalId": True,
    }
    field = {"FullName": f"OpportunityContactRole.{KEY}", "Metadata": metadata}
    made = org.call("POST", "/tooling/sobjects/CustomField", json=field)
    assert made.status_code == 201, made.text
    found = org.product.query(
        soql(
            "SELECT Profile.Name, Id FROM PermissionSet WHERE IsOwnedByProfile = true AND Profile.Name = 'System Administrator'"
        )
    )["records"]
    grant = {
        "ParentId": found[0]["Id"], "SobjectType": "OpportunityContactRole", "Field": f"OpportunityContactRole.{KEY}",
        "PermissionsRead": True, "PermissionsEdit": True,
    }  # fmt: skip
    org.product.restful(
        "composite/sobjects", method="POST", json={"records": [typed("FieldPermissions", **grant)]}
    )


def _upsert(org: LiveOrg, **values: Any) -> dict[str, Any]:
    body = {"allOrNone": False, "records": [typed("OpportunityContactRole", **values)]}
    (row,) = org.call(
        "PATCH", f"/composite/sobjects/OpportunityContactRole/{KEY}", json=body
    ).json()
    return dict(row)


def test_a_role_is_created_once_by_our_key_field(org: LiveOrg) -> None:
    """The same key again cannot write OpportunityId, which only a create accepts, and creates no
    second role.
    """
    _key_field(org)
    opportunity, contact, other = _opportunity(org), _contact(org), _contact(org, "Other")
    given = {KEY: "555001-9-8", "OpportunityId": opportunity, "ContactId": contact}
    first = _upsert(org, **given)
    again = _upsert(org, **given)
    moved = _upsert(org, **{KEY: "555001-9-8", "ContactId": other})
    assert (first["success"], first["created"], moved["success"], moved["created"]) == (
        True,
        True,
        True,
        False,
    )
    assert [(error["statusCode"], error["fields"]) for error in again["errors"]] == [
        ("INVALID_FIELD_FOR_INSERT_UPDATE", ["OpportunityId"])
    ]
    found = org.product.query(soql("SELECT Id, ContactId,", KEY, "FROM OpportunityContactRole"))
    assert rows(found, "Id", "ContactId", KEY) == [(first["id"], other, "555001-9-8")]


def test_roles_are_deleted_several_at_once(org: LiveOrg) -> None:
    """DELETE composite/sobjects has their ids; one that is already deleted is an error of its row
    only.
    """
    opportunity = _opportunity(org)
    ids = [_role(org, opportunity, _contact(org, name)) for name in ("One", "Two")]
    answers = [
        org.call("DELETE", "/composite/sobjects", params={"ids": ",".join(ids)}).json()
        for _ in range(2)
    ]
    assert [[row["success"] for row in answer] for answer in answers] == [
        [True, True],
        [False, False],
    ]
    assert {row["errors"][0]["statusCode"] for row in answers[1]} == {"INVALID_CROSS_REFERENCE_KEY"}
