"""Deals: their pipelines, keys and associations, and the totals that HubSpot calculates
from them.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulators.hubspot.running import Running, running

KEYED = {
    "properties": {
        "deals": [{"name": "sf_id", "label": "SF", "type": "string", "hasUniqueValue": True}]
    }
}
FIGURES = (
    "num_associated_deals", "first_deal_created_date", "recent_deal_amount", "recent_deal_close_date", "total_revenue",
)  # fmt: skip
NONE = dict.fromkeys(FIGURES)


def associate(hubspot: Running, deal: str, other: str, kind: str = "contacts") -> None:
    """Associate a deal with another record as a person."""
    answer = hubspot.call(
        "PUT", f"/crm/v4/objects/deals/{deal}/associations/default/{kind}/{other}"
    )
    assert answer.status_code == 200, answer.text


def dissociate(hubspot: Running, deal: str, other: str, kind: str = "contacts") -> None:
    """Remove the association as a person."""
    assert (
        hubspot.call(
            "DELETE", f"/crm/v4/objects/deals/{deal}/associations/{kind}/{other}"
        ).status_code
        == 204
    )


def sold(hubspot: Running, *contacts: str, stage: str = "closedwon", **values: Any) -> str:
    """Return a deal of some contacts."""
    deal = hubspot.create("deals", dealname="D", dealstage=stage, **values)
    for contact in contacts:
        associate(hubspot, deal, contact)
    return deal


def test_a_deal_is_in_the_default_pipeline_unless_another_is_named(hubspot: Running) -> None:
    """Pipeline and stage are ids; a stage of another pipeline is refused; closing dates are
    moments.
    """
    api = hubspot.sdk().crm
    stages = [{"label": "Open", "displayOrder": 0, "metadata": {"probability": "0.3"}}]
    made = api.pipelines.pipelines_api.create(
        "deals", {"label": "New", "displayOrder": 1, "stages": stages}
    )
    own, stage = made.id, made.stages[0].id
    plain = hubspot.create("deals", dealname="A", closedate="2026-12-24")
    placed = hubspot.create("deals", dealname="B", pipeline=own, dealstage=stage)
    wrong = hubspot.call(
        "POST", "/crm/v3/objects/deals", {"properties": {"pipeline": "default", "dealstage": stage}}
    )
    assert hubspot.values(plain, "pipeline", "dealstage", "closedate", kind="deals") == {
        "pipeline": "default", "dealstage": None, "closedate": "2026-12-24T00:00:00Z",
    }  # fmt: skip
    assert hubspot.values(placed, "pipeline", "hs_deal_stage_probability", "hs_is_closed", kind="deals") == {
        "pipeline": own, "hs_deal_stage_probability": "0.3", "hs_is_closed": "false",
    }  # fmt: skip
    assert wrong.status_code == 400


def test_deals_are_upserted_and_read_by_a_unique_property() -> None:
    """The same key creates no second deal, and batch read finds it by the key."""
    with running(KEYED) as hubspot:
        api = hubspot.sdk().crm.deals.batch_api
        rows = [
            {"idProperty": "sf_id", "id": "006A", "properties": {"dealname": name}}
            for name in ("Old", "New")
        ]
        made, again = (api.upsert({"inputs": [row]}).results[0] for row in rows)
        query = {
            "idProperty": "sf_id",
            "properties": ["dealname"],
            "propertiesWithHistory": [],
            "inputs": [{"id": "006A"}],
        }
        found = api.read(query).results[0]
    assert (made.new, again.new, again.id == made.id) == (True, False, True)
    assert (found.id, found.properties["dealname"]) == (made.id, "New")


@pytest.mark.parametrize(("kind", "name"), [("contacts", "CONTACT"), ("companies", "COMPANY")])
def test_both_ends_of_an_association_send_events(hubspot: Running, kind: str, name: str) -> None:
    """Creating and removing one sends an event from each end."""
    deal, other = hubspot.create("deals", dealname="D"), hubspot.create(kind)
    hubspot.subscribe(("deal.associationChange", None))
    associate(hubspot, deal, other, kind)
    dissociate(hubspot, deal, other, kind)
    told = {
        (
            event["associationType"],
            event["fromObjectId"],
            event["toObjectId"],
            event["associationRemoved"],
        )
        for event in hubspot.events()
    }
    ways = (f"DEAL_TO_{name}", int(deal), int(other)), (f"{name}_TO_DEAL", int(other), int(deal))
    assert told == {(*way, removed) for way in ways for removed in (False, True)}


def test_an_association_modifies_the_deal(hubspot: Running) -> None:
    """The number of its contacts is computed, so creating or removing an association changes the
    deal's modified time.
    """
    deal, contact = hubspot.create("deals", dealname="D"), hubspot.create()
    names = ("num_associated_contacts", "hs_lastmodifieddate")
    seen = [hubspot.values(deal, *names, kind="deals")]
    for step in (associate, dissociate):
        hubspot.clock.advance(10)
        step(hubspot, deal, contact)
        seen.append(hubspot.values(deal, *names, kind="deals"))
    stamps = [row["hs_lastmodifieddate"] for row in seen]
    assert ([row["num_associated_contacts"] for row in seen], len(set(stamps)), stamps) == (
        [None, "1", "0"],
        3,
        sorted(stamps),
    )


def test_a_contacts_totals_come_from_its_deals(hubspot: Running) -> None:
    """All deals count; revenue and the most recent deal are those of won deals; without deals there
    are no totals.
    """
    contact, company = hubspot.create(), hubspot.create("companies")
    before = hubspot.values(contact, *FIGURES)
    open_deal = sold(
        hubspot, contact, stage="appointmentscheduled", amount="1000", closedate="2027-01-01"
    )
    created = hubspot.values(open_deal, "createdate", kind="deals")["createdate"]
    hubspot.clock.advance(60)
    early = sold(hubspot, contact, amount="10.5", closedate="2026-11-01")
    late = sold(hubspot, contact, amount="20", closedate="2026-12-01")
    associate(hubspot, late, company, "companies")
    assert (before, hubspot.values(contact, *FIGURES)) == (NONE, {
        "num_associated_deals": "3", "first_deal_created_date": created, "recent_deal_amount": "20",
        "recent_deal_close_date": "2026-12-01T00:00:00Z", "total_revenue": "30.5",
    })  # fmt: skip
    assert hubspot.values(company, "num_associated_deals", "total_revenue", kind="companies") == {
        "num_associated_deals": "1", "total_revenue": "20",
    }  # fmt: skip
    for deal in (open_deal, early, late):
        dissociate(hubspot, deal, contact)
    assert hubspot.values(contact, *FIGURES) == NONE | {"num_associated_deals": "0"}


def test_totals_follow_a_deal(hubspot: Running) -> None:
    """They change when it is won, changed in amount, lost and deleted."""
    contact = hubspot.create()
    deal = sold(hubspot, contact, stage="contractsent", amount="5")
    seen = []
    for values in ({"dealstage": "closedwon"}, {"amount": "7"}, {"dealstage": "closedlost"}):
        hubspot.call("PATCH", f"/crm/v3/objects/deals/{deal}", {"properties": values})
        seen.append(hubspot.values(contact, "num_associated_deals", "total_revenue"))
    hubspot.call("DELETE", f"/crm/v3/objects/deals/{deal}")
    seen.append(hubspot.values(contact, "num_associated_deals", "total_revenue"))
    assert [(row["num_associated_deals"], row["total_revenue"]) for row in seen] == [
        ("1", "5"), ("1", "7"), ("1", None), ("0", None),
    ]  # fmt: skip


def test_calculated_properties_cannot_be_written(hubspot: Running) -> None:
    """Each of the five is refused as read-only, and its definition says so."""
    contact = hubspot.create()
    schema = hubspot.sdk().crm.properties.core_api
    for name in FIGURES:
        answer = hubspot.call(
            "PATCH", f"/crm/v3/objects/contacts/{contact}", {"properties": {name: "1"}}
        )
        assert (answer.status_code, "READ_ONLY_VALUE" in answer.json()["message"]) == (400, True)
        definition = schema.get_by_name("contacts", name)
        assert (definition.calculated, definition.modification_metadata.read_only_value) == (
            True,
            True,
        )


def test_merged_deals_share_their_contacts(hubspot: Running) -> None:
    """The survivor has a new id to which both old ones redirect, has the contacts of both, and
    counts once for each.
    """
    ada, bob = hubspot.create(), hubspot.create()
    one, two = sold(hubspot, ada, amount="5"), sold(hubspot, ada, bob, amount="7")
    body = {"primaryObjectId": one, "objectIdToMerge": two}
    survivor = hubspot.call("POST", "/crm/v3/objects/deals/merge", body).json()["id"]
    led = {hubspot.call("GET", f"/crm/v3/objects/deals/{old}").json()["id"] for old in (one, two)}
    assert (led, survivor in {one, two}) == ({survivor}, False)
    assert hubspot.values(survivor, "amount", "num_associated_contacts", kind="deals") == {
        "amount": "5", "num_associated_contacts": "2",
    }  # fmt: skip
    assert [hubspot.values(who, "num_associated_deals", "total_revenue") for who in (ada, bob)] == [
        {"num_associated_deals": "1", "total_revenue": "5"}
    ] * 2


def test_a_restored_deal_exists_again(hubspot: Running) -> None:
    """It is the same record, reported by a restore event, and counts with its present
    associations.
    """
    contact = hubspot.create()
    deal = sold(hubspot, contact, amount="5")
    hubspot.call("DELETE", f"/crm/v3/objects/deals/{deal}")
    hubspot.subscribe(("deal.restore", None))
    action = {"portal_id": 555001, "do": "restore", "object": "deals", "ids": [deal]}
    hubspot.simulator.person(action)
    assert [(event["subscriptionType"], event["objectId"]) for event in hubspot.events()] == [
        ("deal.restore", int(deal))
    ]
    assert hubspot.values(deal, "amount", "num_associated_contacts", kind="deals") == {
        "amount": "5", "num_associated_contacts": "0",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("/crm/v3/pipelines", "", 204),
        ("/crm/v3/pipelines", "?validateDealStageUsagesBeforeDelete=true", 400),
        ("/crm/pipelines/2026-03", "", 204),
        ("/crm/pipelines/2026-09", "", 400),
        ("/crm/pipelines/2026-09", "?validateDealStageUsagesBeforeDelete=false", 204),
    ],
)
def test_a_stage_in_use_is_kept_if_the_version_or_the_caller_says_so(
    hubspot: Running, path: str, query: str, status: int
) -> None:
    """From 2026-09 on the check is made unless it is switched off; before that, only on request."""
    hubspot.create("deals", dealname="D", dealstage="closedwon")
    answer = hubspot.call("DELETE", f"{path}/deals/default/stages/closedwon{query}")
    assert answer.status_code == status
