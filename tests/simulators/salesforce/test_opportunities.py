"""Opportunities and what belongs to them: stages, record types, currencies, products, contact
roles.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from simple_salesforce.exceptions import SalesforceMalformedRequest, SalesforceResourceNotFound

from simulators.salesforce.refusals import RefusalError
from tests.simulators.salesforce.conftest import StartOrg
from tests.simulators.salesforce.orgs import LiveOrg, quoted, rows, soql, typed

MASTER = "012000000000000AAA"
KEY = "Crmsync_HubSpot_Id__c"
TWO_TYPES = {
    "opportunity_record_types": [
        {"Name": "Old", "DeveloperName": "Old", "IsActive": False},
        {
            "Name": "New Business",
            "DeveloperName": "New_Business",
            "stages": ["Prospecting", "Closed Won", "Closed Lost"],
        },
        {"Name": "Renewal", "DeveloperName": "Renewal", "stages": ["Qualification", "Closed Won"]},
    ]
}
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


def _types(org: LiveOrg) -> dict[str, str]:
    found = org.product.query(
        "SELECT Id, Name, DeveloperName, IsActive FROM RecordType WHERE SobjectType = 'Opportunity'"
    )
    return {row["DeveloperName"]: row["Id"] for row in found["records"]}


def _events(org: LiveOrg) -> set[tuple[str, str, tuple[str, ...]]]:
    return {
        (h["entityName"], h["changeType"], tuple(sorted(h["recordIds"])))
        for h in org.headers_of_change()
    }


def test_stages_are_records_with_times_and_meanings(org: LiveOrg) -> None:
    """OpportunityStage has name, order, probability, forecast, whether it is closed and won, and
    when it was changed.
    """
    query = (
        "SELECT ApiName, MasterLabel, IsActive, SortOrder, DefaultProbability, IsClosed, IsWon, ForecastCategoryName, "
        "LastModifiedDate, SystemModstamp FROM OpportunityStage WHERE SystemModstamp < TODAY ORDER BY SortOrder"
    )
    first, *_, won, lost = org.product.query(query)["records"]
    names = (
        "ApiName",
        "MasterLabel",
        "SortOrder",
        "DefaultProbability",
        "IsClosed",
        "IsWon",
        "ForecastCategoryName",
    )
    assert [tuple(row[name] for name in names) for row in (first, won, lost)] == [
        ("Prospecting", "Prospecting", 1, 10.0, False, False, "Pipeline"),
        ("Closed Won", "Closed Won", 9, 100.0, True, True, "Closed"),
        ("Closed Lost", "Closed Lost", 10, 0.0, True, False, "Omitted"),
    ]
    assert first["LastModifiedDate"] == first["SystemModstamp"]


def test_rest_cannot_write_stages_or_record_types(start_org: StartOrg) -> None:
    """Both are created in Setup; the REST API only reads them."""
    org = start_org(TWO_TYPES)
    with pytest.raises(SalesforceMalformedRequest, match="CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"):
        org.product.RecordType.create({"Name": "x", "DeveloperName": "x"})
    (stage, *_) = org.product.query("SELECT Id FROM OpportunityStage")["records"]
    with pytest.raises(SalesforceMalformedRequest, match="CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"):
        org.product.OpportunityStage.update(stage["Id"], {"MasterLabel": "x"})


def test_an_org_without_record_types_has_the_master_type_alone(org: LiveOrg) -> None:
    """No RecordType row, the master type in describe, all stages under its id, and null in new
    opportunities.
    """
    assert _types(org) == {}
    (info,) = org.product.Opportunity.describe()["recordTypeInfos"]  # type: ignore[index]
    assert (info["recordTypeId"], info["master"], info["defaultRecordTypeMapping"], info["developerName"]) == (
        MASTER, True, True, "Master",
    )  # fmt: skip
    found: Any = org.product.restful(
        f"ui-api/object-info/Opportunity/picklist-values/{MASTER}/StageName"
    )
    assert len(found["values"]) == 10
    assert org.product.Opportunity.get(_opportunity(org))["RecordTypeId"] is None


def test_describe_shows_the_record_types_and_the_default(start_org: StartOrg) -> None:
    """An inactive type is not available; the first active one is the default; the master type is
    still listed.
    """
    org = start_org(TWO_TYPES)
    infos = org.product.Opportunity.describe()["recordTypeInfos"]  # type: ignore[index]
    names = ("developerName", "active", "available", "defaultRecordTypeMapping", "master")
    assert [tuple(info[name] for name in names) for info in infos] == [
        ("Old", False, False, False, False),
        ("New_Business", True, True, True, False),
        ("Renewal", True, True, False, False),
        ("Master", True, True, False, True),
    ]
    assert {info["developerName"]: info["recordTypeId"] for info in infos} == _types(org) | {
        "Master": MASTER
    }


def test_a_new_opportunity_gets_the_default_record_type_unless_one_is_named(
    start_org: StartOrg,
) -> None:
    """A named one counts, null is stored, one of another object or an inactive one is refused."""
    org = start_org(TWO_TYPES | {"person_accounts": True})
    types = _types(org)
    found = [
        org.product.Opportunity.get(_opportunity(org, **values))["RecordTypeId"]
        for values in ({}, {"RecordTypeId": types["Renewal"]}, {"RecordTypeId": None})
    ]
    assert found == [types["New_Business"], types["Renewal"], None]
    accounts = org.product.query("SELECT Id FROM RecordType WHERE SobjectType = 'Account'")[
        "records"
    ]
    for wrong in (types["Old"], accounts[0]["Id"]):
        with pytest.raises(
            SalesforceMalformedRequest, match="this ID value isn't valid for the user"
        ):
            _opportunity(org, RecordTypeId=wrong)


def test_each_record_type_has_the_stages_of_its_sales_process(start_org: StartOrg) -> None:
    """The UI API answers them in the order of the stages; a type without a list of its own
    has all.
    """
    org = start_org(TWO_TYPES)
    stages = {
        name: [
            value["value"]
            for value in org.product.restful(
                f"ui-api/object-info/Opportunity/picklist-values/{type_id}/StageName"
            )["values"]  # type: ignore[index]
        ]
        for name, type_id in _types(org).items()
    }
    assert stages["New_Business"] == ["Prospecting", "Closed Won", "Closed Lost"]
    assert stages["Renewal"] == ["Qualification", "Closed Won"]
    assert len(stages["Old"]) == 10


def test_a_stage_outside_the_record_types_process_is_not_refused(start_org: StartOrg) -> None:
    """The stage's picklist is not restricted: stages of other types and undefined ones are
    accepted.
    """
    org = start_org(TWO_TYPES)
    renewal = _types(org)["Renewal"]
    found = [
        org.product.Opportunity.get(_opportunity(org, RecordTypeId=renewal, StageName=stage))
        for stage in ("Negotiation/Review", "Nobody defined this")
    ]
    names = ("StageName", "Probability", "IsClosed", "IsWon", "ForecastCategory")
    assert [tuple(row[name] for name in names) for row in found] == [
        ("Negotiation/Review", 90.0, False, False, "Pipeline"),
        ("Nobody defined this", None, False, False, None),
    ]


def test_an_opportunity_with_products_keeps_their_amount(start_org: StartOrg) -> None:
    """A written amount is ignored without an error, and the rest of the write is stored."""
    world = {
        "records": [{"type": "Opportunity", **deal(Amount=500), "HasOpportunityLineItem": True}]
    }
    org = start_org(world)
    (row,) = org.product.query("SELECT Id FROM Opportunity")["records"]
    org.product.Opportunity.update(row["Id"], {"Amount": 7, "NextStep": "Call"})
    found = org.product.Opportunity.get(row["Id"])
    assert (found["Amount"], found["NextStep"], found["HasOpportunityLineItem"]) == (
        500.0,
        "Call",
        True,
    )


CURRENCIES = {
    "name": "CurrencyIsoCode", "type": "picklist", "label": "Opportunity Currency",
    "picklistValues": [{"value": "USD"}, {"value": "EUR", "defaultValue": True}],
}  # fmt: skip


def test_an_org_with_several_currencies_has_one_for_each_opportunity(start_org: StartOrg) -> None:
    """A create without currency gets the default, another one of the org is stored with the given
    amount, a foreign one is refused.
    """
    org = start_org({"custom_fields": {"Opportunity": [CURRENCIES]}})
    fields = {row["name"]: row for row in org.product.Opportunity.describe()["fields"]}  # type: ignore[index]
    told = fields["CurrencyIsoCode"]
    assert (
        told["custom"],
        told["restrictedPicklist"],
        told["defaultedOnCreate"],
        told["length"],
    ) == (
        False,
        True,
        True,
        3,
    )
    made = [_opportunity(org, Amount=10), _opportunity(org, Amount=20, CurrencyIsoCode="USD")]
    found = org.product.query("SELECT Id, Amount, CurrencyIsoCode FROM Opportunity ORDER BY Amount")
    assert rows(found, "Id", "Amount", "CurrencyIsoCode") == [
        (made[0], 10.0, "EUR"),
        (made[1], 20.0, "USD"),
    ]
    with pytest.raises(SalesforceMalformedRequest, match="INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"):
        _opportunity(org, CurrencyIsoCode="XXX")


def test_an_org_with_one_currency_knows_no_currency_field(org: LiveOrg) -> None:
    """Selecting CurrencyIsoCode is INVALID_FIELD there."""
    with pytest.raises(SalesforceMalformedRequest, match="No such column 'CurrencyIsoCode'"):
        org.product.query("SELECT CurrencyIsoCode FROM Opportunity")


def test_products_fix_the_currency(start_org: StartOrg) -> None:
    """The currency of an opportunity with products cannot change."""
    world = {
        "custom_fields": {"Opportunity": [CURRENCIES]},
        "records": [{"type": "Opportunity", **deal(Amount=500), "HasOpportunityLineItem": True}],
    }
    org = start_org(world)
    (row,) = org.product.query("SELECT Id FROM Opportunity")["records"]
    with pytest.raises(SalesforceMalformedRequest, match="FIELD_INTEGRITY_EXCEPTION"):
        org.product.Opportunity.update(row["Id"], {"CurrencyIsoCode": "USD"})


def test_a_deleted_opportunity_takes_its_roles_along_and_brings_them_back(org: LiveOrg) -> None:
    """The roles are in the recycle bin with a new stamp, and are undeleted with the opportunity;
    events report both.
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


def test_a_deleted_contact_takes_its_roles_along(org: LiveOrg) -> None:
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
    no role, restoring the account does.
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
    """A query of all records no longer has it and nobody can restore it; an event and the list of deleted records
    report it.
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


def test_merged_contacts_hand_their_roles_to_the_winner(org: LiveOrg) -> None:
    """The roles are changed, not recreated: new contact, new stamp, an event; no role is
    deleted.
    """
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


def test_a_converted_lead_has_a_role_in_the_opportunity_it_became(org: LiveOrg) -> None:
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


def test_a_key_field_of_our_own_makes_roles_once(org: LiveOrg) -> None:
    """A role is created by its key; the same key again cannot write OpportunityId, which only a
    create accepts, and creates no second role.
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
    """DELETE composite/sobjects takes their ids; one that is already deleted is an error of its row
    alone.
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


def test_changes_of_opportunities_and_roles_send_events(org: LiveOrg) -> None:
    """Create, update and delete events have the origin of our calls; a delete event is its header
    alone.
    """
    contact = _contact(org)
    org.sim.due_change_events()
    made = org.product.Opportunity.create(deal(Amount=5), headers=US)["id"]
    role = org.product.OpportunityContactRole.create(
        {"OpportunityId": made, "ContactId": contact}, headers=US
    )["id"]
    org.product.Opportunity.update(made, {"StageName": "Closed Won"}, headers=US)
    org.product.Opportunity.delete(made, headers=US)
    events = [event["detail"]["payload"] for event in org.sim.due_change_events()]
    headers = [payload.pop("ChangeEventHeader") for payload in events]
    assert [(h["entityName"], h["changeType"], h["recordIds"]) for h in headers] == [
        ("Opportunity", "CREATE", [made]),
        ("OpportunityContactRole", "CREATE", [role]),
        ("Opportunity", "UPDATE", [made]),
        ("Opportunity", "DELETE", [made]),
        ("OpportunityContactRole", "DELETE", [role]),
    ]
    assert {h["changeOrigin"] for h in headers} == {"com/salesforce/api/rest/66.0;client=crmsync"}
    assert (
        events[1] | {"ContactId": contact, "OpportunityId": made, "IsPrimary": False} == events[1]
    )
    assert {"StageName", "Probability", "ForecastCategoryName"} <= set(headers[2]["changedFields"])
    assert (events[2]["StageName"], events[3:]) == ("Closed Won", [{}, {}])


def test_an_administrator_defines_stages_and_record_types(org: LiveOrg) -> None:
    """They are added and changed with their own times, appear in the picklist of their process, and
    work in opportunities.
    """
    org.clock.advance(5)
    demo = {"do": "define_stage", "ApiName": "Demo", "DefaultProbability": 40.0}
    made = org.sim.person(demo)["id"]
    assert org.sim.person(demo | {"MasterLabel": "Shown"}) == {"id": made}
    names = ("ApiName", "MasterLabel", "IsActive", "SortOrder")
    shown = org.product.query(
        soql("SELECT", ", ".join(names), "FROM OpportunityStage WHERE SystemModstamp = TODAY")
    )
    assert rows(shown, *names) == [("Demo", "Shown", True, 11)]
    stages = ["Demo", "Closed Won"]
    renewal = org.sim.person({"do": "define_record_type", "Name": "Renewal", "stages": stages})[
        "id"
    ]
    picklist = org.product.restful(
        f"ui-api/object-info/Opportunity/picklist-values/{renewal}/StageName"
    )
    assert [one["label"] for one in picklist["values"]] == ["Closed Won", "Shown"]  # type: ignore[index]
    opportunity = org.product.Opportunity.get(_opportunity(org, StageName="Demo"))
    assert (opportunity["RecordTypeId"], opportunity["Probability"]) == (renewal, 40.0)
    org.sim.person({"do": "define_stage", "ApiName": "Demo", "IsActive": False})
    picklist = org.product.restful(
        f"ui-api/object-info/Opportunity/picklist-values/{renewal}/StageName"
    )
    assert [one["value"] for one in picklist["values"]] == ["Closed Won"]  # type: ignore[index]
    with pytest.raises(RefusalError, match="INVALID_FIELD"):
        org.sim.person(demo | {"Colour": "red"})
