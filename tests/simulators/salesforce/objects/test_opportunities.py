"""Opportunities: stages, record types, currencies and products."""

from __future__ import annotations

from typing import Any

import pytest
from simple_salesforce.exceptions import SalesforceMalformedRequest

from simulators.salesforce.refusals import RefusalError
from tests.simulators.salesforce.conftest import StartOrg
from tests.simulators.salesforce.orgs import LiveOrg, rows, soql

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
    """There is no RecordType row, the master type is in describe, all stages are under its id, and
    new opportunities have null.
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
    """A named type or null is stored; a type of another object or an inactive one is refused."""
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
    """The UI API returns them in the order of the stages; a type without its own list has all."""
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


def test_an_org_with_one_currency_has_no_currency_field(org: LiveOrg) -> None:
    """Selecting CurrencyIsoCode is INVALID_FIELD."""
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
