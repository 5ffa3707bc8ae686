"""Stories of pipelines and stages in an org with several record types, and of the changes that an
administrator makes to them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from local.people import People
from local.stack import Stack
from tests.flows.conftest import NewStack
from tests.flows.stories.story_command import command
from tests.flows.stories.story_contacts import SWEEP, open_errors
from tests.flows.stories.story_deals import (
    DEFAULT_PIPELINE,
    SALES_PIPELINE,
    counterpart,
    deal,
    deals,
    edit_deal,
    from_deal,
    from_opportunity,
    new_deal,
    new_opportunity,
    opportunities,
    opportunity,
    pipeline,
    pipelines,
    record_type,
    settings,
    stage_ids,
    stage_of,
    stages,
)

NEW_BUSINESS = ["Prospecting", "Qualification", "Negotiation/Review", "Closed Won", "Closed Lost"]
RENEWAL = ["Qualification", "Closed Won", "Closed Lost"]
TYPED: Mapping[str, Any] = {
    "hubspot": [{"portal_id": 555001, "tier": "enterprise"}],
    "salesforce": {
        "edition": "Enterprise Edition",
        "opportunity_record_types": [
            {"Name": "New Business", "stages": NEW_BUSINESS},
            {"Name": "Renewal", "stages": RENEWAL},
            {"Name": "Service", "stages": ["Needs Analysis", "Closed Won", "Closed Lost"]},
        ],
    },
}
NARROW: Mapping[str, Any] = {
    "hubspot": [{"portal_id": 555001, "tier": "professional", "pipelines_allowed": 2}],
    "salesforce": {
        "edition": "Enterprise Edition",
        "opportunity_record_types": [{"Name": "Only", "stages": RENEWAL}],
    },
}
"""One record type, and an account that allows no pipeline besides HubSpot's own and the default one."""


@pytest.fixture(scope="module")
def module_stack() -> Iterator[Stack]:
    """One org with record types for the module."""
    with Stack(settings(), TYPED) as stack:
        yield stack


def define(stack: Stack, what: str, **values: Any) -> None:
    """An administrator defines a ``stage`` or a ``record_type``."""
    stack.person({"side": "salesforce", "do": f"define_{what}", **values})


def label(people: People, name: str) -> str:
    """The label of a record type's pipeline (OPP-7)."""
    return f"Salesforce - {record_type(people, name)}"


@pytest.mark.rule("OPP-6")
@pytest.mark.rule("OPP-7")
@pytest.mark.rule("Q-25")
def test_every_record_type_has_its_own_pipeline(stack: Stack, people: People):
    """The pipeline is named after the record type's id and has the stages of its sales process;
    opportunities without a record type are in the default one (Q-25).
    """
    for name in ("New Business", "Renewal"):
        deal_id, _ = from_opportunity(
            stack,
            people,
            f"Of {name}",
            RecordTypeId=record_type(people, name),
            StageName="Qualification",
        )
        assert stage_of(people, deal_id) == (label(people, name), "Qualification")
    deal_id, _ = from_opportunity(
        stack, people, "Of none", RecordTypeId=None, StageName="Value Proposition"
    )
    assert stage_of(people, deal_id) == (DEFAULT_PIPELINE, "Value Proposition")
    assert (
        stages(people, label(people, "New Business")),
        stages(people, label(people, "Renewal")),
    ) == (
        NEW_BUSINESS,
        RENEWAL,
    )
    won, lost = (
        stage_ids(people, label(people, "Renewal"), one)["dealstage"]
        for one in ("Closed Won", "Closed Lost")
    )
    chances = {
        one.id: float(one.metadata["probability"])
        for one in pipeline(people, label(people, "Renewal")).stages
    }
    assert (chances[won], chances[lost]) == (1.0, 0.0)


@pytest.mark.rule("OPP-6")
@pytest.mark.rule("OPP-5")
def test_a_deal_follows_its_opportunity_to_another_record_type_and_back(
    stack: Stack, people: People
):
    """Pipeline and stage of the deal change together with the record type."""
    deal_id, opportunity_id = from_opportunity(stack, people, "Moved", StageName="Prospecting")
    assert stage_of(people, deal_id) == (label(people, "New Business"), "Prospecting")
    people.edit_record(
        "Opportunity",
        opportunity_id,
        RecordTypeId=record_type(people, "Renewal"),
        StageName="Qualification",
    )
    assert open_errors(stack) == 0
    assert stage_of(people, deal_id) == (label(people, "Renewal"), "Qualification")
    people.edit_record(
        "Opportunity", opportunity_id, RecordTypeId=record_type(people, "New Business")
    )
    assert open_errors(stack) == 0
    assert stage_of(people, deal_id) == (label(people, "New Business"), "Qualification")


@pytest.mark.rule("OPP-6")
@pytest.mark.rule("OPP-11")
def test_an_opportunity_follows_its_deal_to_another_pipeline_and_back(stack: Stack, people: People):
    """A deal that is moved to, or created in, the pipeline of a record type has that record type in
    Salesforce.
    """
    from_opportunity(stack, people, "Has none", RecordTypeId=None)
    deal_id, opportunity_id = from_deal(
        stack, people, "Carried", **stage_ids(people, label(people, "Renewal"), "Qualification")
    )
    renewal = {"RecordTypeId": record_type(people, "Renewal"), "StageName": "Qualification"}
    assert opportunity(people, opportunity_id, "RecordTypeId", "StageName") == renewal
    edit_deal(
        people, deal_id, **stage_ids(people, label(people, "New Business"), "Negotiation/Review")
    )
    assert open_errors(stack) == 0
    assert opportunity(people, opportunity_id, "RecordTypeId", "StageName") == {
        "RecordTypeId": record_type(people, "New Business"),
        "StageName": "Negotiation/Review",
    }
    edit_deal(people, deal_id, **stage_ids(people, label(people, "Renewal"), "Qualification"))
    assert open_errors(stack) == 0
    assert opportunity(people, opportunity_id, "RecordTypeId", "StageName") == renewal
    edit_deal(people, deal_id, **stage_ids(people, DEFAULT_PIPELINE, "Closed Won"))
    assert open_errors(stack) == 0
    # An opportunity does not lose its record type, so the deal goes back to where it belongs.
    assert opportunity(people, opportunity_id, "RecordTypeId", "StageName") == renewal | {
        "StageName": "Closed Won"
    }
    assert stage_of(people, deal_id) == (label(people, "Renewal"), "Closed Won")


@pytest.mark.rule("Q-26")
@pytest.mark.rule("OPP-11")
def test_a_deal_in_hubspots_own_pipeline_creates_an_opportunity(stack: Stack, people: People):
    """The opportunity gets the default record type and the nearest stage, and the deal stays while
    its pipeline has the opportunity's stage.
    """
    deal_id, opportunity_id = from_deal(stack, people, "Own", dealstage="contractsent")
    assert opportunity(people, opportunity_id, "RecordTypeId", "StageName") == {
        "RecordTypeId": record_type(people, "New Business"),
        "StageName": "Negotiation/Review",
    }
    assert stage_of(people, deal_id) == (SALES_PIPELINE, "Contract Sent")
    people.edit_record("Opportunity", opportunity_id, StageName="Closed Won")
    assert open_errors(stack) == 0
    assert stage_of(people, deal_id) == (SALES_PIPELINE, "Closed Won")
    edit_deal(people, deal_id, dealstage="closedlost")
    assert open_errors(stack) == 0
    assert opportunity(people, opportunity_id, "StageName") == {"StageName": "Closed Lost"}
    people.edit_record("Opportunity", opportunity_id, StageName="Negotiation/Review")
    assert open_errors(stack) == 0
    assert stage_of(people, deal_id)[1] in {"Contract Sent", "Negotiation/Review"}
    counts = [one.label for one in pipelines(people)].count(SALES_PIPELINE)
    assert (counts, len(pipeline(people, SALES_PIPELINE).stages)) == (1, 7)


@pytest.mark.rule("OPP-6")
@pytest.mark.long
def test_stages_that_an_administrator_changes_are_synced(stack: Stack, people: People):
    """A renamed stage keeps its deals, a new stage is added, and an inactive one is removed once it
    has no deals.
    """
    service = record_type(people, "Service")
    deal_id, opportunity_id = from_opportunity(
        stack, people, "Staged", RecordTypeId=service, StageName="Needs Analysis"
    )
    before = deal(people, deal_id, "dealstage")
    define(stack, "stage", ApiName="Needs Analysis", MasterLabel="Needs")
    define(stack, "stage", ApiName="Demo", DefaultProbability=40.0)
    define(
        stack,
        "record_type",
        Name="Service",
        stages=["Needs Analysis", "Demo", "Closed Won", "Closed Lost"],
    )
    assert stack.advance(SWEEP)["open_errors"] == 0
    assert stages(people, label(people, "Service")) == [
        "Needs",
        "Closed Won",
        "Closed Lost",
        "Demo",
    ]
    assert deal(people, deal_id, "dealstage") == before
    edit_deal(people, deal_id, **stage_ids(people, label(people, "Service"), "Demo"))
    assert open_errors(stack) == 0
    assert opportunity(people, opportunity_id, "StageName") == {"StageName": "Demo"}
    people.edit_record("Opportunity", opportunity_id, StageName="Needs Analysis")
    assert open_errors(stack) == 0
    assert stage_of(people, deal_id) == (label(people, "Service"), "Needs")
    define(stack, "stage", ApiName="Demo", IsActive=False)
    assert stack.advance(SWEEP)["open_errors"] == 0
    assert stages(people, label(people, "Service")) == ["Needs", "Closed Won", "Closed Lost"]


@pytest.mark.rule("OPP-6")
@pytest.mark.rule("OPP-7")
def test_a_record_in_an_unknown_stage_adds_the_stage(stack: Stack, people: People):
    """The first opportunity of a new record type, in a new stage, syncs the pipelines without
    waiting for the next check of the org.
    """
    define(stack, "stage", ApiName="Legal Review", DefaultProbability=80.0)
    define(stack, "record_type", Name="Legal", stages=["Legal Review", "Closed Won"])
    legal = record_type(people, "Legal")
    deal_id, _ = from_opportunity(
        stack, people, "Legal", RecordTypeId=legal, StageName="Legal Review"
    )
    assert open_errors(stack) == 0
    assert stage_of(people, deal_id) == (f"Salesforce - {legal}", "Legal Review")


@pytest.mark.rule("OPP-8")
@pytest.mark.rule("LIM-3")
@pytest.mark.rule("Q-26")
@pytest.mark.rule("OPP-23")
@pytest.mark.long
def test_a_pipeline_beyond_the_accounts_limit_is_reported_and_other_pipelines_do_not_sync(
    new_stack: NewStack,
):
    """A pipeline that the account does not allow is reported by set-up and with the record (LIM-3),
    and deals in pipelines outside the settings do not sync (Q-26).
    """
    stack = new_stack(settings({"pipelines": '["Named elsewhere"]'}), NARROW)
    people = People(stack.ready())
    deal_id, opportunity_id = from_opportunity(stack, people, "Only", StageName="Qualification")
    assert stage_of(people, deal_id) == (DEFAULT_PIPELINE, "Qualification")
    assert opportunity(people, opportunity_id, "RecordTypeId") == {
        "RecordTypeId": record_type(people, "Only")
    }
    own = new_deal(people, "Outside")
    assert open_errors(stack) == 0
    assert opportunities(people, "Outside") == []
    edit_deal(people, own, **stage_ids(people, DEFAULT_PIPELINE, "Closed Won"))
    assert open_errors(stack) == 0
    assert opportunity(people, counterpart(people, own), "StageName") == {"StageName": "Closed Won"}
    edit_deal(people, deal_id, pipeline="default", dealstage="closedwon")
    people.edit_record("Opportunity", opportunity_id, Amount=5)
    assert open_errors(stack) == 0
    assert (opportunity(people, opportunity_id, "StageName"), deal(people, deal_id, "amount")) == (
        {"StageName": "Qualification"},
        {"amount": None},
    )

    define(stack, "record_type", Name="Second", stages=RENEWAL)
    assert stack.advance(SWEEP)["open_errors"] == 0
    second = record_type(people, "Second")
    made = new_opportunity(people, "Too many", RecordTypeId=second, StageName="Qualification")
    assert open_errors(stack) == 1
    assert deals(people, "Too many") == []
    answer = command(stack, "setup", "--apply", status=1)
    assert [
        (one["what"], "allows no more" in one["text"])
        for one in answer["steps"]
        if one["state"] == "failed"
    ] == [(f"pipeline Salesforce - {second}", True)]
    stack.hubspot.portals[0].pipelines["0-3"].most = 9
    command(stack, "setup", "--apply")
    command(stack, "errors", "retry", "--all", "--apply")
    assert open_errors(stack) == 0
    (late,) = deals(people, "Too many")
    assert (counterpart(people, late), stage_of(people, late)) == (
        made,
        (f"Salesforce - {second}", "Qualification"),
    )
