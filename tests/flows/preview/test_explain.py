"""One record explained: what is known of it, each field's decision, and what would be written,
against a world in memory.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from crmsync.errors import Gone, Refused
from crmsync.flows.kinds.dispatch import GATHER_AND_PLAN
from crmsync.flows.preview.explain import Explainer
from crmsync.model.conflicts import FieldConflict
from crmsync.model.effects import (
    Category,
    CreateRecord,
    EndRole,
    Report,
    SaveLink,
    UpdateRecord,
    effect_line,
)
from crmsync.model.fields import FieldRule
from crmsync.model.kinds.campaign_settings import CampaignSettings
from crmsync.model.kinds.campaigns import CampaignStanding, CampaignTrouble, ListProgress
from crmsync.model.links import LinkState, Slot
from crmsync.model.plan import Note
from crmsync.model.records import Ref, Side
from crmsync.model.settings import CompanySettings, CreateInSalesforce, DealSettings, Settings
from crmsync.rules.backfill.objects import BACKFILL_OBJECTS
from crmsync.rules.preview.explanation import ChangedSide, DecisionLine, FieldLine, FieldOutcome
from tests.builders import NOON
from tests.flows.kinds.deals.opportunity_records import a_pair_of_contacts
from tests.memory.preview import explain, settings_of, view
from tests.memory.world import MemoryWorld


def linked(world: MemoryWorld, **fields: str) -> tuple[Ref, Ref]:
    """A synced contact and its lead."""
    ada = world.new_contact(**fields)
    world.sync(ada)
    (lead,) = world.salesforce.refs("Lead")
    world.wait()
    return ada, lead


def line(world: MemoryWorld, ref: Ref, name: str) -> FieldLine:
    """What the explanation says of a field."""
    return next(one for one in explain(world, ref).fields if one.hubspot == name)


@pytest.mark.rule("CH-28")
def test_a_pair_that_was_edited_on_both_sides() -> None:
    """Every mapped field is shown with both values, the changed sides, the winner, policy and rule,
    and so are the conflict and the writes.
    """
    world = MemoryWorld()
    ada, lead = linked(world, phone="0100")
    world.hubspot.edit(ada, {"jobtitle": "Countess", "phone": "0200"})
    world.wait()
    world.salesforce.edit(lead, {"FirstName": "Ada", "Phone": "0300"})
    before = world.writes()
    explanation = explain(world, ada)
    lines = {one.hubspot: one for one in explanation.fields}
    names = ("jobtitle", "firstname", "phone", "lastname")
    assert [lines[name] for name in names] == [
        FieldLine(
            *("jobtitle", "Title", "Countess", None),
            *(ChangedSide.HUBSPOT, Side.HUBSPOT, "two_way", FieldOutcome.TO_SALESFORCE, ("MAP-3",)),
        ),
        FieldLine(
            *("firstname", "FirstName", None, "Ada"),
            *(
                ChangedSide.SALESFORCE,
                Side.SALESFORCE,
                "two_way",
                FieldOutcome.TO_HUBSPOT,
                ("MAP-3",),
            ),
        ),
        FieldLine(
            *("phone", "Phone", "0200", "0300"),
            *(ChangedSide.BOTH, Side.SALESFORCE, "two_way", FieldOutcome.TO_HUBSPOT, ("MAP-3",)),
        ),
        FieldLine(
            *("lastname", "LastName", "Lang", "Lang"),
            *(ChangedSide.NOWHERE, None, "two_way", FieldOutcome.IN_SYNC),
        ),
    ]
    assert [(one.hubspot, one.winner) for one in explanation.plan.conflicts] == [
        ("phone", Side.SALESFORCE)
    ]
    assert [effect_line(one) for one in explanation.plan.effects] == [
        f"save link {ada} - {lead}",
        f"update {ada}: firstname, phone (MAP-3)",
        f"update {lead}: Title (MAP-3)",
    ]
    assert (
        explanation.link is not None and explanation.link.version,
        explanation.syncs,
        world.writes(),
    ) == (
        1,
        True,
        before,
    )


def test_the_sync_does_what_the_explanation_shows() -> None:
    """Both records have the same plan, and after the sync nothing is left to do."""
    world = MemoryWorld()
    ada, lead = linked(world)
    world.hubspot.edit(ada, {"jobtitle": "Countess"})
    world.wait()
    explanation = explain(world, ada)
    assert explain(world, lead).plan == explanation.plan
    world.sync(ada)
    assert world.salesforce.fields(lead)["Title"] == "Countess"
    assert explain(world, ada).plan.effects == ()


def test_a_record_that_would_be_created() -> None:
    """The explanation shows the new record's values, field by field, and the rules."""
    world = MemoryWorld()
    ada = world.new_contact(jobtitle="Countess")
    explanation = explain(world, ada)
    assert (explanation.link, explanation.salesforce, explanation.candidates) == (None, None, ())
    given = [
        (one.hubspot, one.salesforce_value, one.outcome) for one in explanation.fields if one.winner
    ]
    assert given == [
        ("email", "ada@example.com", FieldOutcome.TO_SALESFORCE),
        ("lastname", "Lang", FieldOutcome.TO_SALESFORCE),
        ("jobtitle", "Countess", FieldOutcome.TO_SALESFORCE),
        ("company", "example.com", FieldOutcome.TO_SALESFORCE),
    ]
    assert [effect_line(one) for one in explanation.plan.effects] == [
        "create salesforce Lead: Company, Email, LastName, Title (SET-2, SET-3, OWN-9)"
    ]


def test_a_record_that_finds_its_counterpart() -> None:
    """The record that may be the same is named, and the fields are merged as at a first sync."""
    world = MemoryWorld()
    ada, lead = world.new_contact(jobtitle="Countess"), world.new_lead()
    explanation = explain(world, lead)
    assert (
        explanation.candidates,
        explanation.taken,
        explanation.hubspot and explanation.hubspot.ref,
    ) == ((ada,), (), ada)
    expected = FieldLine(
        *("jobtitle", "Title", "Countess", None),
        *(
            ChangedSide.NEVER_AGREED,
            Side.HUBSPOT,
            "two_way",
            FieldOutcome.TO_SALESFORCE,
            ("MAP-3",),
        ),
    )
    assert line(world, lead, "jobtitle") == expected


def test_a_record_that_creates_nothing() -> None:
    """The reason is given with its rule; nothing would be done."""
    world = MemoryWorld(settings={"create_in_salesforce": CreateInSalesforce.NEVER})
    explanation = explain(world, world.new_contact())
    note = Note("new HubSpot contacts make no Salesforce record", ("SET-2",))
    assert (explanation.plan.effects, explanation.plan.notes, explanation.fields) == (
        (),
        (note,),
        (),
    )


def test_a_pair_outside_the_inclusion_list() -> None:
    """The pair is frozen: its values and changes are shown, and nothing is written (INC-7)."""
    world = MemoryWorld(settings={"inclusion_list": "default"})
    ada, _ = linked(world, lifecyclestage="lead")
    world.hubspot.edit(ada, {"lifecyclestage": "subscriber", "jobtitle": "Countess"})
    explanation = explain(world, ada)
    assert explanation.plan.notes == (Note("is outside the inclusion list", ("INC-7",)),)
    assert line(world, ada, "jobtitle").outcome == FieldOutcome.LEFT


def test_a_tombstone() -> None:
    """The explanation shows the link, which record is gone, and why an edit does not bring it back."""
    world = MemoryWorld()
    ada, lead = linked(world)
    world.salesforce.delete(lead)
    world.sync(lead)
    explanation = explain(world, ada)
    assert explanation.link is not None
    assert (explanation.link.state, explanation.salesforce, explanation.plan.effects) == (
        LinkState.TOMBSTONE,
        None,
        (),
    )
    assert explanation.plan.notes[0].because == ("DEL-1",)
    assert explain(world, lead).link == explanation.link


def test_a_record_that_waits_for_another() -> None:
    """The company must have its account before the contact is created in it (FLD-8)."""
    world = MemoryWorld(settings={"create_in_salesforce": CreateInSalesforce.CONTACT})
    ada = world.new_contact()
    company = world.new_company(ada)
    assert explain(world, ada).waits_for == (company,)


def test_the_reports_about_a_pair() -> None:
    """The reports about either record of the pair are shown, and no others."""
    world = MemoryWorld()
    ada, lead = linked(world)
    mine = Report(lead, Category.VALIDATION, "was refused")
    world.inbox.park(
        "acme",
        [mine, Report(Ref(Side.SALESFORCE, "Lead", "1"), Category.VALIDATION, "was refused too")],
    )
    assert [one.report for one in explain(world, ada).parked] == [mine]


def test_a_second_record_of_one_address() -> None:
    """The explanation names the linked record, and the duplicate's report (CH-13)."""
    world = MemoryWorld()
    linked(world)
    second = world.new_lead()
    explanation = explain(world, second)
    assert explanation.taken == explanation.candidates
    assert [one.because for one in explanation.plan.effects if isinstance(one, Report)] == [
        ("CH-13",)
    ]


def test_an_address_that_another_contact_has() -> None:
    """The address waits while the other fields sync; both contacts are synced for it."""
    world = MemoryWorld()
    _, lead = linked(world)
    world.new_contact(email="grace@example.com")
    world.salesforce.edit(lead, {"Email": "grace@example.com", "Title": "Countess"})
    assert line(world, lead, "email").outcome == FieldOutcome.INCOMPATIBLE
    assert line(world, lead, "jobtitle").outcome == FieldOutcome.TO_HUBSPOT


def test_a_value_that_does_not_fit() -> None:
    """For a new record the report is foreseen; for a pair it is part of the plan (CH-8)."""
    world = MemoryWorld()
    ada = world.new_contact(lastname="x" * 90, phone="1" * 50)
    explanation = explain(world, ada)
    assert {(one.fieldname, one.because) for one in explanation.foreseen} == {
        ("phone", ("CH-8",)),
        ("lastname", ("CH-8",)),
    }
    assert line(world, ada, "phone").outcome == FieldOutcome.INCOMPATIBLE
    assert line(world, ada, "lastname").is_truncated


def test_the_decisions_about_owner_opt_out_and_company() -> None:
    """They have rules of their own."""
    world = MemoryWorld()
    ada, lead = linked(world)
    world.salesforce.edit(lead, {"HasOptedOutOfEmail": True})
    explanation = explain(world, ada)
    assert [one for one in explanation.decisions if one.topic == "e-mail opt-out"] == [
        DecisionLine("e-mail opt-out", None, True, "is unsubscribed in HubSpot", ("OPT-4",))
    ]


def test_lifecycle_stages_that_follow() -> None:
    """A new stage is shown with the company that would get it (LIFE-7)."""
    world = MemoryWorld()
    ada, _ = linked(world, lifecyclestage="lead")
    company = world.new_company(ada, lifecyclestage="lead")
    world.hubspot.edit(ada, {"lifecyclestage": "customer"})
    assert [effect_line(one) for one in explain(world, ada).spread] == [
        f"update {company}: lifecyclestage (LIFE-7)"
    ]


def test_a_company() -> None:
    """Companies and accounts are explained likewise, here why a company creates no account."""
    world = MemoryWorld()
    explanation = explain(world, world.new_company())
    assert [one.because for one in explanation.plan.notes] == [("ACC-10",)]


def test_a_deal_whose_opportunity_moved_on() -> None:
    """The stage is decided by its own rules, and a new role creates its association (OPP-9)."""
    world = MemoryWorld()
    theirs = world.new_salesforce_contact(None, "ada@example.com")
    world.sync(theirs)
    opportunity = world.new_opportunity()
    world.sync(opportunity)
    deal, ada = world.counterpart(opportunity), world.counterpart(theirs)
    world.wait()
    world.salesforce.edit(opportunity, {"StageName": "Closed Won", "Amount": 2000})
    world.opportunities.add_role(opportunity, theirs)
    explanation = explain(world, deal)
    stages = [
        (one.topic, one.salesforce_value, one.because)
        for one in explanation.decisions
        if one.topic == "stage"
    ]
    assert stages == [("stage", "Closed Won", ("OPP-5",))]
    assert line(world, deal, "amount").outcome == FieldOutcome.TO_HUBSPOT
    done = [effect_line(one) for one in explanation.plan.effects]
    assert done[1].startswith(f"update {deal}: amount, ")
    assert f"associate {deal} with {ada} (OPP-9)" in done
    assert "add up the opportunities of 1 contacts (ROLL-1, LIFE-1)" in done


@pytest.mark.rule("OPP-13")
def test_a_deal_whose_opportunity_was_deleted() -> None:
    """It is deleted too, and its contact's opportunities are added up again."""
    world = MemoryWorld()
    opportunity = world.new_opportunity()
    world.sync(opportunity)
    deal = world.counterpart(opportunity)
    world.salesforce.delete(opportunity)

    done = explain(world, deal).plan.effects

    assert [effect_line(one) for one in done if not isinstance(one, SaveLink)] == [
        f"delete {deal} (OPP-13, Q-30)"
    ]


@pytest.mark.rule("OPP-12")
@pytest.mark.rule("Q-29")
def test_a_deal_on_which_one_contact_took_anothers_place() -> None:
    """The one gets a role, under a key of its own, and the role of the other is ended (Q-29)."""
    world = MemoryWorld(deal_settings=DealSettings(remove_associations=True))
    ada, adas = a_pair_of_contacts(world)
    bea, beas = a_pair_of_contacts(world, "bea@example.com")
    opportunity = world.new_opportunity(adas)
    world.sync(opportunity)
    deal = world.counterpart(opportunity)
    (role,) = world.opportunities.roles_of([opportunity])[opportunity]
    world.associations.remove_association(deal, ada)
    world.associations.add_association(deal, bea)

    done = explain(world, deal).plan.effects

    made = {"OpportunityId": opportunity.id, "ContactId": beas.id}
    key = f"555001-{deal.id}-{bea.id}-{beas.id}"
    assert [one for one in done if isinstance(one, CreateRecord | EndRole)] == [
        CreateRecord(
            Side.SALESFORCE, "OpportunityContactRole", key, made, Slot("role"), ("OPP-12",)
        ),
        EndRole(role.ref, ("Q-29",)),
    ]


@pytest.mark.rule("OPP-5")
def test_a_stage_that_was_changed_on_both_sides() -> None:
    """The conflict has the stages of both, and says which one counts."""
    world = MemoryWorld()
    opportunity = world.new_opportunity()
    world.sync(opportunity)
    deal = world.counterpart(opportunity)
    (pipeline,) = [
        one for one in world.deals.pipelines() if one.id == world.hubspot.fields(deal)["pipeline"]
    ]
    (lost,) = [one for one in pipeline.stages if one.label == "Closed Lost"]
    world.wait()
    world.hubspot.edit(deal, {"dealstage": lost.id})
    world.wait()
    world.salesforce.edit(opportunity, {"StageName": "Closed Won"})

    assert explain(world, deal).plan.conflicts == (
        FieldConflict("dealstage", "StageName", lost.id, "Closed Won", "two_way", Side.SALESFORCE),
    )


@pytest.mark.rule("MAP-6")
def test_values_that_are_older_than_their_mapping() -> None:
    """Nothing is written, and the reason is given with its rule."""
    world = MemoryWorld()
    ada, lead = linked(world)
    world.hubspot.edit(ada, {"nickname": "Ada"})
    world.salesforce.edit(lead, {"Nickname__c": "Countess"})
    world.wait()
    row = FieldRule("nickname", "Nickname__c", since=world.now)
    world.settings["field"] = (row,)
    world.wait()

    plan = explain(world, ada).plan

    text = f"stay as they were before the mapping: {row}"
    assert [one for one in plan.effects if isinstance(one, UpdateRecord)] == []
    assert plan.notes == (Note(text, ("MAP-6",)),)


def explainer(world: MemoryWorld) -> Explainer:
    """For questions that have no answer."""
    return Explainer(
        lambda: settings_of(world),
        lambda connection, _: view(world, connection),
        lambda: world.now,
        world.campaigns,
    )


def test_an_unknown_record() -> None:
    """Neither side has it and no link names it: the error says so."""
    with pytest.raises(Gone, match="hubspot shows no contact 999, and no link of acme names one"):
        explainer(MemoryWorld()).explain(Side.HUBSPOT, "contacts", "999")


def test_an_object_that_does_not_sync() -> None:
    """The error lists the objects that do."""
    with pytest.raises(
        Refused,
        match=r"salesforce has no Case to explain; there are Lead, Contact, Account, Opportunity",
    ):
        explainer(MemoryWorld()).explain(Side.SALESFORCE, "Case", "1")


def test_an_org_that_is_not_set_up() -> None:
    """The hint says how to create the missing field, and any other error is shown as it is."""
    world = MemoryWorld()
    lead = world.new_lead()
    for text, hint in (
        (
            "No such column 'Crmsync_HubSpot_Id__c'",
            "Run crmsync setup --apply first; crmsync check says what is missing.",
        ),
        ("No such column 'Fax'", ""),
    ):
        world.salesforce.down = Refused(text, code="INVALID_FIELD")
        with pytest.raises(Refused) as caught:
            explain(world, lead)
        assert (caught.value.text, caught.value.hint) == (text, hint)


def test_every_kind_of_a_backfill_can_be_planned() -> None:
    """A preview of everything finds a plan function for every kind."""
    assert {one.kind for one in BACKFILL_OBJECTS} <= set(GATHER_AND_PLAN)


def test_a_kind_that_is_switched_off_is_explained() -> None:
    """The record is explained as if its kind were switched on."""
    world = MemoryWorld(companies=CompanySettings(sync=False))
    assert not explain(world, world.new_company()).syncs


def test_a_record_on_several_connections() -> None:
    """Each connection that knows the record explains it, or only the one that is named."""
    world = MemoryWorld()
    lead = world.new_lead()
    one = world.context.connection
    settings = Settings((one, replace(one, name="other")))
    asked = Explainer(
        lambda: settings,
        lambda connection, _: view(world, connection),
        lambda: world.now,
        world.campaigns,
    )
    assert [
        explanation.connection for explanation in asked.explain(Side.SALESFORCE, "lead", lead.id)
    ] == [
        "acme",
        "other",
    ]
    assert [
        explanation.connection
        for explanation in asked.explain(Side.SALESFORCE, "lead", lead.id, "other")
    ] == ["other"]


@pytest.mark.rule("CH-28")
def test_a_contact_is_told_how_it_stands_with_campaigns() -> None:
    """From either side of the pair, as the last sweep left it, and why it is no member; without
    campaigns in the settings nothing is said.
    """
    world = MemoryWorld(settings={"show_campaigns": True})
    ada, lead = linked(world)
    number = int(ada.id)
    settings = settings_of(world)
    rows = tuple(CampaignSettings(str(at), f"70100000000000{at}AAA", "Sent") for at in range(3))
    (connection,) = settings.connections
    asked = Explainer(
        lambda: replace(settings, connections=(replace(connection, campaigns=rows),)),
        lambda one, _: view(world, one),
        lambda: world.now,
        world.campaigns,
    )
    stopped = CampaignTrouble("NO_STATUS", "It has no such status.", NOON)
    for at, progress in enumerate(
        (
            ListProgress(read_at=NOON, members=frozenset({number})),
            ListProgress(read_at=NOON, waiting=frozenset({number}), trouble=stopped),
            ListProgress(read_at=NOON),
        )
    ):
        world.campaigns.save("acme", (rows[at].list, rows[at].campaign), progress, NOON)

    expected = (
        CampaignStanding(
            rows[0].campaign, "0", "is in the list, and its joining is done", ("CMP-4",)
        ),
        CampaignStanding(
            rows[1].campaign,
            "1",
            "is in the list, and joins with the next sweep; nothing is done at present: It has no "
            "such status.",
            ("CMP-4", "CMP-7"),
        ),
        CampaignStanding(
            rows[2].campaign,
            "2",
            "was not in the list when it was read, 2026-11-02 12:00 UTC",
            ("CMP-3",),
        ),
        CampaignStanding("", "", "shows no campaign", ("CMP-1",)),
    )
    for ref in (ada, lead):
        (found,) = asked.explain(ref.side, ref.object, ref.id)
        assert found.campaigns == expected
    plain = MemoryWorld()
    assert explain(plain, linked(plain)[0]).campaigns == ()
