"""One record explained: what is known of it, each field's decision, and what would be done now;
over a town in memory.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from crmsync.errors import Gone, Refused
from crmsync.flows.kinds.dispatch import GATHER_AND_PLAN
from crmsync.flows.preview.explain import Explainer
from crmsync.model.effects import Category, Report, effect_line
from crmsync.model.links import LinkState
from crmsync.model.plan import Note
from crmsync.model.records import Ref, Side
from crmsync.model.settings import CompanySettings, CreateInSalesforce, Settings
from crmsync.rules.backfill.objects import BACKFILL_OBJECTS
from crmsync.rules.preview.explanation import DecisionLine, FieldLine, FieldOutcome, News
from tests.memory.operator_view import explain, settings_of, view
from tests.memory.worlds import Town


def linked(town: Town, **fields: str) -> tuple[Ref, Ref]:
    """A contact and its lead, in step."""
    ada = town.new_contact(**fields)
    town.sync(ada)
    (lead,) = town.salesforce.refs("Lead")
    town.wait()
    return ada, lead


def line(town: Town, ref: Ref, name: str) -> FieldLine:
    """What is said of a field."""
    return next(one for one in explain(town, ref).fields if one.hubspot == name)


@pytest.mark.rule("CH-28")
def test_a_pair_that_was_edited_on_both_sides() -> None:
    """Every mapped field with both values, where it has changed, who holds, by which policy and
    rule; the conflict and the writes.
    """
    town = Town()
    ada, lead = linked(town, phone="0100")
    town.hubspot.edit(ada, {"jobtitle": "Countess", "phone": "0200"})
    town.wait()
    town.salesforce.edit(lead, {"FirstName": "Ada", "Phone": "0300"})
    before = town.writes()
    told = explain(town, ada)
    lines = {one.hubspot: one for one in told.fields}
    names = ("jobtitle", "firstname", "phone", "lastname")
    assert [lines[name] for name in names] == [
        FieldLine(
            *("jobtitle", "Title", "Countess", None),
            *(News.HUBSPOT, Side.HUBSPOT, "two_way", FieldOutcome.TO_SALESFORCE, ("MAP-3",)),
        ),
        FieldLine(
            *("firstname", "FirstName", None, "Ada"),
            *(News.SALESFORCE, Side.SALESFORCE, "two_way", FieldOutcome.TO_HUBSPOT, ("MAP-3",)),
        ),
        FieldLine(
            *("phone", "Phone", "0200", "0300"),
            *(News.BOTH, Side.SALESFORCE, "two_way", FieldOutcome.TO_HUBSPOT, ("MAP-3",)),
        ),
        FieldLine(
            *("lastname", "LastName", "Lang", "Lang"),
            *(News.NOWHERE, None, "two_way", FieldOutcome.IN_STEP),
        ),
    ]
    assert [(one.hubspot, one.winner) for one in told.plan.conflicts] == [
        ("phone", Side.SALESFORCE)
    ]
    assert [effect_line(one) for one in told.plan.effects] == [
        f"save link {ada} - {lead}",
        f"update {ada}: firstname, phone (MAP-3)",
        f"update {lead}: Title (MAP-3)",
    ]
    assert (told.link is not None and told.link.version, told.syncs, town.writes()) == (
        1,
        True,
        before,
    )


def test_what_is_explained_is_what_the_sync_then_does() -> None:
    """From either side the same plan, and after the sync there is nothing left to do."""
    town = Town()
    ada, lead = linked(town)
    town.hubspot.edit(ada, {"jobtitle": "Countess"})
    town.wait()
    told = explain(town, ada)
    assert explain(town, lead).plan == told.plan
    town.sync(ada)
    assert town.salesforce.fields(lead)["Title"] == "Countess"
    assert explain(town, ada).plan.effects == ()


def test_a_record_that_would_be_created() -> None:
    """The explanation shows the new record's values, field by field, and the rules."""
    town = Town()
    ada = town.new_contact(jobtitle="Countess")
    told = explain(town, ada)
    assert (told.link, told.salesforce, told.candidates) == (None, None, ())
    given = [(one.hubspot, one.salesforce_value, one.outcome) for one in told.fields if one.winner]
    assert given == [
        ("email", "ada@example.com", FieldOutcome.TO_SALESFORCE),
        ("lastname", "Lang", FieldOutcome.TO_SALESFORCE),
        ("jobtitle", "Countess", FieldOutcome.TO_SALESFORCE),
        ("company", "example.com", FieldOutcome.TO_SALESFORCE),
    ]
    assert [effect_line(one) for one in told.plan.effects] == [
        "create salesforce Lead: Company, Email, LastName, Title (SET-2, SET-3, OWN-9)"
    ]


def test_a_record_that_finds_its_counterpart() -> None:
    """The record that may be the same is named, and the fields are merged as at a first meeting."""
    town = Town()
    ada, lead = town.new_contact(jobtitle="Countess"), town.new_lead()
    told = explain(town, lead)
    assert (told.candidates, told.taken, told.hubspot and told.hubspot.ref) == ((ada,), (), ada)
    expected = FieldLine(
        *("jobtitle", "Title", "Countess", None),
        *(News.NEVER_AGREED, Side.HUBSPOT, "two_way", FieldOutcome.TO_SALESFORCE, ("MAP-3",)),
    )
    assert line(town, lead, "jobtitle") == expected


def test_a_record_that_creates_nothing() -> None:
    """The reason is given with its rule; nothing would be done."""
    town = Town(settings={"create_in_salesforce": CreateInSalesforce.NEVER})
    told = explain(town, town.new_contact())
    note = Note("new HubSpot contacts make no Salesforce record", ("SET-2",))
    assert (told.plan.effects, told.plan.notes, told.fields) == ((), (note,), ())


def test_a_pair_outside_the_inclusion_list() -> None:
    """The pair is frozen: its values and changes are shown, and nothing is written (INC-7)."""
    town = Town(settings={"inclusion_list": "default"})
    ada, _ = linked(town, lifecyclestage="lead")
    town.hubspot.edit(ada, {"lifecyclestage": "subscriber", "jobtitle": "Countess"})
    told = explain(town, ada)
    assert told.plan.notes == (Note("is outside the inclusion list", ("INC-7",)),)
    assert line(town, ada, "jobtitle").outcome == FieldOutcome.LEFT


def test_a_tombstone() -> None:
    """The explanation shows the link, which record is gone, and why an edit does not bring it back."""
    town = Town()
    ada, lead = linked(town)
    town.salesforce.delete(lead)
    town.sync(lead)
    told = explain(town, ada)
    assert told.link is not None
    assert (told.link.state, told.salesforce, told.plan.effects) == (LinkState.TOMBSTONE, None, ())
    assert told.plan.notes[0].because == ("DEL-1",)
    assert explain(town, lead).link == told.link


def test_a_record_that_waits_for_another() -> None:
    """The company must have its account before the contact is created in it (FLD-8)."""
    town = Town(settings={"create_in_salesforce": CreateInSalesforce.CONTACT})
    ada = town.new_contact()
    company = town.new_company(ada)
    assert explain(town, ada).waits_for == (company,)


def test_the_reports_about_a_pair() -> None:
    """The reports about either record of the pair are shown, and no others."""
    town = Town()
    ada, lead = linked(town)
    mine = Report(lead, Category.VALIDATION, "was refused")
    town.inbox.park(
        "acme",
        [mine, Report(Ref(Side.SALESFORCE, "Lead", "1"), Category.VALIDATION, "was refused too")],
    )
    assert explain(town, ada).parked == (mine,)


def test_a_second_record_of_one_address() -> None:
    """Who has the pair already is named, and that this one is told of (CH-13)."""
    town = Town()
    linked(town)
    second = town.new_lead()
    told = explain(town, second)
    assert told.taken == told.candidates
    assert [one.because for one in told.plan.effects if isinstance(one, Report)] == [("CH-13",)]


def test_an_address_that_another_contact_has() -> None:
    """The address waits while the other fields sync; both contacts are synced for it."""
    town = Town()
    _, lead = linked(town)
    town.new_contact(email="grace@example.com")
    town.salesforce.edit(lead, {"Email": "grace@example.com", "Title": "Countess"})
    assert line(town, lead, "email").outcome == FieldOutcome.CANNOT_CROSS
    assert line(town, lead, "jobtitle").outcome == FieldOutcome.TO_HUBSPOT


def test_a_value_that_does_not_fit() -> None:
    """For a new record the report is foreseen; for a pair it is part of the plan (CH-8)."""
    town = Town()
    ada = town.new_contact(lastname="x" * 90, phone="1" * 50)
    told = explain(town, ada)
    assert {(one.fieldname, one.because) for one in told.foreseen} == {
        ("phone", ("CH-8",)),
        ("lastname", ("CH-8",)),
    }
    assert line(town, ada, "phone").outcome == FieldOutcome.CANNOT_CROSS
    assert line(town, ada, "lastname").is_cut


def test_the_decisions_about_owner_opt_out_and_company() -> None:
    """They have rules of their own."""
    town = Town()
    ada, lead = linked(town)
    town.salesforce.edit(lead, {"HasOptedOutOfEmail": True})
    told = explain(town, ada)
    assert [one for one in told.decisions if one.topic == "e-mail opt-out"] == [
        DecisionLine("e-mail opt-out", None, True, "is unsubscribed in HubSpot", ("OPT-4",))
    ]


def test_lifecycle_stages_that_follow() -> None:
    """A new stage is shown with the company that would get it (LIFE-7)."""
    town = Town()
    ada, _ = linked(town, lifecyclestage="lead")
    company = town.new_company(ada, lifecyclestage="lead")
    town.hubspot.edit(ada, {"lifecyclestage": "customer"})
    assert [effect_line(one) for one in explain(town, ada).spread] == [
        f"update {company}: lifecyclestage (LIFE-7)"
    ]


def test_a_company() -> None:
    """Companies and accounts likewise: why this one makes none."""
    town = Town()
    told = explain(town, town.new_company())
    assert [one.because for one in told.plan.notes] == [("ACC-10",)]


def test_a_deal_whose_opportunity_moved_on() -> None:
    """The stage is decided by rules of its own, and the fields as everywhere; a new role makes its
    association (OPP-9).
    """
    town = Town()
    theirs = town.new_member(None, "ada@example.com")
    town.sync(theirs)
    opportunity = town.new_opportunity()
    town.sync(opportunity)
    deal, ada = town.counterpart(opportunity), town.counterpart(theirs)
    town.wait()
    town.salesforce.edit(opportunity, {"StageName": "Closed Won", "Amount": 2000})
    town.opportunities.add_role(opportunity, theirs)
    told = explain(town, deal)
    stages = [
        (one.topic, one.salesforce_value, one.because)
        for one in told.decisions
        if one.topic == "stage"
    ]
    assert stages == [("stage", "Closed Won", ("OPP-5",))]
    assert line(town, deal, "amount").outcome == FieldOutcome.TO_HUBSPOT
    done = [effect_line(one) for one in told.plan.effects]
    assert done[1].startswith(f"update {deal}: amount, ")
    assert f"associate {deal} with {ada} (OPP-9)" in done
    assert "add up the opportunities of 1 contacts (ROLL-1, LIFE-1)" in done


def explainer(town: Town) -> Explainer:
    """For questions that have no answer."""
    return Explainer(
        lambda: settings_of(town), lambda connection, _: view(town, connection), lambda: town.now
    )


def test_an_unknown_record() -> None:
    """Neither side has it and no link names it: the error says so."""
    with pytest.raises(Gone, match="hubspot shows no contact 999, and no link of acme names one"):
        explainer(Town()).explain(Side.HUBSPOT, "contacts", "999")


def test_an_object_that_does_not_sync() -> None:
    """The error lists the objects that do."""
    with pytest.raises(
        Refused,
        match=r"salesforce has no Case to explain; there are Lead, Contact, Account, Opportunity",
    ):
        explainer(Town()).explain(Side.SALESFORCE, "Case", "1")


def test_an_org_that_is_not_set_up() -> None:
    """Our field is missing there: the hint says how to get it. Any other error is told as it is."""
    town = Town()
    lead = town.new_lead()
    for text, hint in (
        (
            "No such column 'Crmsync_HubSpot_Id__c'",
            "Run crmsync setup --apply first; crmsync check says what is missing.",
        ),
        ("No such column 'Fax'", ""),
    ):
        town.salesforce.down = Refused(text, code="INVALID_FIELD")
        with pytest.raises(Refused) as caught:
            explain(town, lead)
        assert (caught.value.text, caught.value.hint) == (text, hint)


def test_every_kind_of_a_backfill_can_be_planned() -> None:
    """A preview of everything finds a plan function for every kind."""
    assert {one.kind for one in BACKFILL_OBJECTS} <= set(GATHER_AND_PLAN)


def test_a_kind_that_is_switched_off_is_explained() -> None:
    """The record is explained as if its kind were switched on."""
    town = Town(companies=CompanySettings(sync=False))
    assert not explain(town, town.new_company()).syncs


def test_a_record_on_several_connections() -> None:
    """Each connection that knows the record explains it, or only the one that is named."""
    town = Town()
    lead = town.new_lead()
    one = town.world.connection
    settings = Settings((one, replace(one, name="other")))
    asked = Explainer(
        lambda: settings, lambda connection, _: view(town, connection), lambda: town.now
    )
    assert [told.connection for told in asked.explain(Side.SALESFORCE, "lead", lead.id)] == [
        "acme",
        "other",
    ]
    assert [
        told.connection for told in asked.explain(Side.SALESFORCE, "lead", lead.id, "other")
    ] == ["other"]
