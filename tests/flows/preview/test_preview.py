"""Previews: a dry run counts what a sync would write, against a world in memory."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crmsync.errors import Refused
from crmsync.flows.preview.first_sync import Previewer, PreviewRequest
from crmsync.model.changes import Cause
from crmsync.model.fields import FieldRule, Update
from crmsync.model.kinds.owners import Owner, Owners
from crmsync.model.operations.jobs import JobStep
from crmsync.model.records import Side
from crmsync.model.settings import CompanySettings, CreateInSalesforce, Settings
from crmsync.rules.backfill.objects import BACKFILL_OBJECTS
from crmsync.rules.preview.actions import Action
from crmsync.rules.preview.report import FieldDiff, Sample
from tests.memory.preview import counts, preview, settings_of, view
from tests.memory.world import MemoryWorld


def busy_world() -> MemoryWorld:
    """Contacts and leads to match, to create, with one address and without one, and a company with
    its account's contact.
    """
    world = MemoryWorld()
    world.new_contact(email="ada@example.com", jobtitle="Countess")
    world.new_lead(Email="ada@example.com", Phone="0100")
    world.new_contact(email="new@example.com")
    world.new_contact(email="")
    world.new_lead(Email="twin@example.com")
    world.new_lead(Email="twin@example.com")
    account = world.new_account(Name="Initech")
    world.new_salesforce_contact(account, "bill@initech.example.com")
    bill = world.new_contact(email="bill@initech.example.com")
    world.new_company(bill, name="Initech Inc.")
    return world


def test_the_sync_does_what_the_preview_counts() -> None:
    """A resync in the same order creates, links and reports exactly as many records."""
    world = busy_world()
    counted = counts(preview(world))
    before = {name: len(world.crm(side).refs(name)) for side, name in OBJECTS}
    for one in BACKFILL_OBJECTS:
        if one.syncs(world.context.connection):
            world.sync(*world.crm(one.side).refs(one.object), cause=Cause.RESYNC)
            world.drain()
    made = {name: len(world.crm(side).refs(name)) - before[name] for side, name in OBJECTS}
    assert made == {"contact": 1, "company": 0, "Lead": 1, "Contact": 0, "Account": 0}
    assert counted == {
        "salesforce Account": {"link": 1, "mark": 1},
        "hubspot company": {"update": 1, "mark": 1},
        "salesforce Contact": {"link": 1, "mark": 1},
        "salesforce Lead": {"create": 1, "update": 1, "link": 1, "mark": 1, "refuse": 1},
        "hubspot contact": {"create": 1, "update": 1, "mark": 2, "wait": 1},
    }
    assert [str(one.category) for one in world.inbox.parked("acme")].count("duplicates") == 1


OBJECTS = (
    (Side.HUBSPOT, "contact"),
    (Side.HUBSPOT, "company"),
    (Side.SALESFORCE, "Lead"),
    (Side.SALESFORCE, "Contact"),
    (Side.SALESFORCE, "Account"),
)


def test_a_preview_writes_nothing_and_can_be_repeated() -> None:
    """Neither CRMs nor links, queues or reports change, and a second preview has the same
    result.
    """
    world = busy_world()
    first = counts(preview(world))
    assert counts(preview(world)) == first
    assert (world.writes(), world.outbox.published, world.outbox.delayed) == (0, [], [])
    assert world.inbox.parked("acme") == []


def test_a_synced_pair_is_previewed_once_as_unchanged() -> None:
    """After the sync each pair is planned from one side only."""
    world = MemoryWorld()
    lead = world.new_lead()
    world.sync(lead)
    seen = preview(world)
    assert counts(seen) == {"salesforce Lead": {"nothing": 1}}
    assert [(one.step.object, one.looked_at) for one in seen.objects if one.looked_at] == [
        ("Lead", 1),
        ("contact", 1),
    ]


def test_a_sample_shows_before_and_after_with_the_rules() -> None:
    """It shows each field; a new record has no values before."""
    world = MemoryWorld()
    ada = world.new_contact(company="Example")
    lead = world.new_lead(Title="Countess")
    world.salesforce.edit(lead, {"Company": "Example GmbH"})
    new = world.new_contact(email="new@example.com", lastname="New")
    samples = preview(world).report.samples
    assert samples[Side.SALESFORCE, "Lead", Action.CREATE] == [
        Sample(
            Action.CREATE,
            Side.SALESFORCE,
            "Lead",
            new,
            "create salesforce Lead: Company, Email, LastName (SET-2, SET-3, OWN-9)",
            (
                FieldDiff("Company", None, "example.com"),
                FieldDiff("Email", None, "new@example.com"),
                FieldDiff("LastName", None, "New"),
            ),
            ("SET-2", "SET-3", "OWN-9"),
        )
    ]
    (update,) = samples[Side.HUBSPOT, "contact", Action.UPDATE]
    assert update == Sample(
        Action.UPDATE,
        Side.HUBSPOT,
        "contact",
        lead,
        f"update {ada}: company, jobtitle (MAP-3)",
        (FieldDiff("company", "Example", "Example GmbH"), FieldDiff("jobtitle", None, "Countess")),
        ("MAP-3",),
    )


@pytest.mark.rule("OWN-11")
@pytest.mark.rule("Q-18")
def test_records_that_would_lose_their_owner_are_shown() -> None:
    """Those whose Salesforce record has an owner whom HubSpot does not know, and those that make
    one; not who is matched, and not who has no owner. The sync does what was shown.
    """
    world = MemoryWorld()
    nia, pat, sam, user = (
        Owner(one, name.title(), f"{name}@example.com", is_active=True, kind=kind)
        for one, name, kind in (
            ("nia", "nia", "PERSON"),
            ("pat", "pat", "PERSON"),
            ("005SAM", "sam", "Standard"),
            ("005PAT", "pat", "Standard"),
        )
    )
    world.owners = Owners((nia, pat), (sam, user))
    world.salesforce.assignment_owner = sam.id
    for number, (owner, lead_owner) in enumerate(
        ((nia, sam), (nia, None), (pat, user), (pat, None), (None, sam))
    ):
        address = f"ada{number}@example.com"
        world.new_contact(email=address, hubspot_owner_id=owner.id if owner else "")
        if lead_owner:
            world.new_lead(Email=address, OwnerId=lead_owner.id)
    contacts = world.hubspot.refs("contact")

    report = preview(world).report
    world.sync(*contacts, cause=Cause.RESYNC)
    world.drain()
    world.wait()
    world.sync(*world.salesforce.refs("Lead"), cause=Cause.RESYNC)
    world.drain()

    kept = [world.hubspot.fields(one).get("hubspot_owner_id") or "" for one in contacts]
    assert (report.cleared_count, len(report.cleared), kept) == (2, 2, ["", "", "pat", "pat", ""])


def test_conflicts_are_counted_and_shown() -> None:
    """They are shown with both values, the policy and the winner."""
    world = MemoryWorld()
    world.new_contact(lastname="Byron")
    world.new_lead(LastName="Lang")
    outlook = preview(world).report
    (one,) = outlook.conflicts
    conflict = one.conflict
    shown = (conflict.hubspot, conflict.hubspot_value, conflict.salesforce_value, conflict.policy)
    assert (outlook.conflict_count, *shown) == (1, "lastname", "Byron", "Lang", "two_way")


def test_records_that_would_be_refused_are_shown_with_their_reason() -> None:
    """These are a missing required name, an address in use and a value that does not fit, each with
    its own text.
    """
    world = MemoryWorld(settings={"last_name_fallback": "", "company_fallback": ""})
    world.new_contact(email="nameless@example.com", lastname="")
    world.new_lead(Email="twin@example.com")
    second = world.new_lead(Email="twin@example.com")
    world.new_contact(email="long@example.com", lastname="x" * 90, company="Example AG")
    refusals = preview(world).report.refusals.values()
    counted = {
        (str(one.report.category), one.report.fieldname, one.report.because): one.count
        for one in refusals
    }
    assert counted == {
        ("validation", "LastName", ("Q-35",)): 1,
        ("duplicates", "", ("CH-13",)): 1,
        ("validation", "lastname", ("CH-8",)): 1,
    }
    assert [one.records for one in refusals if one.report.category == "duplicates"] == [[second]]


def test_pages_and_limits() -> None:
    """As many records of each object are planned as requested, with 0 all of them, and records
    without an address are counted separately (IMP-4).
    """
    world = MemoryWorld()
    for number in range(230):
        world.new_lead(Email=f"l{number}@example.com")
    world.new_lead(Email="")
    leads = replace(LEADS, total=230, left_out=1)
    some, everybody = (
        preview(world, PreviewRequest("leads", limit=120)),
        preview(world, PreviewRequest("leads", limit=0)),
    )
    assert [(one.step, one.looked_at) for one in (*some.objects, *everybody.objects)] == [
        (leads, 120),
        (leads, 230),
    ]
    assert (counts(some), counts(everybody)) == (
        {"hubspot contact": {"create": 120}},
        {"hubspot contact": {"create": 230}},
    )
    assert some.estimate == everybody.estimate
    assert some.expected == everybody.expected


LEADS = JobStep(Side.SALESFORCE, "Lead", with_email=True)


@pytest.mark.rule("CH-20")
def test_the_estimate_is_shown_beforehand() -> None:
    """It contains calls to each side, seconds within the present budget, the calls used, allowed,
    allotted and left, and its own cost.
    """
    world = MemoryWorld()
    for number in range(50):
        world.new_lead(Email=f"l{number}@example.com")
    seen = preview(world, PreviewRequest("Lead"))
    estimate = seen.estimate
    assert (
        estimate.records,
        estimate.hubspot.least,
        estimate.hubspot.most,
        estimate.salesforce.most,
    ) == (
        50,
        1,
        2,
        2,
    )
    assert (seen.expected, estimate.seconds) == ({Side.HUBSPOT: 2, Side.SALESFORCE: 2}, 1)
    (budget,) = seen.budgets
    assert (budget.connection, budget.calls.used, budget.calls.allowed) == ("acme", 0, 100_000)
    assert (budget.allotment, budget.per_day, budget.left) == (50_000, 35_000, 34_000)
    assert seen.spent[Side.SALESFORCE] == 1


@pytest.mark.rule("CH-28")
def test_a_change_of_settings_is_previewed_without_being_in_force() -> None:
    """The preview of a new mapping and another policy shows what a resync under them would write,
    and writes nothing.
    """
    world = MemoryWorld()
    ada = world.new_contact(phone="0100")
    world.sync(ada)
    world.drain()
    world.hubspot.edit(ada, {"nickname": "The Enchantress"})
    connection = world.context.connection
    row = FieldRule("nickname", "Nickname__c", Update.TWO_WAY)
    draft = replace(connection, contacts=replace(connection.contacts, field=(row,)))
    before = world.writes()
    assert counts(preview(world, PreviewRequest("leads"))) == {"salesforce Lead": {"nothing": 1}}
    seen = preview(world, PreviewRequest("leads"), Settings((draft,)))
    assert counts(seen) == {"salesforce Lead": {"update": 1}}
    ((sample,),) = seen.report.samples.values()
    assert sample.fields == (FieldDiff("Nickname__c", None, "The Enchantress"),)
    assert (world.writes(), counts(preview(world, PreviewRequest("leads")))) == (
        before,
        {"salesforce Lead": {"nothing": 1}},
    )


def test_an_account_and_the_contact_that_waits_for_it_are_both_shown() -> None:
    """The account is shown first, and then the contact that would be created in it."""
    world = MemoryWorld(settings={"create_in_salesforce": CreateInSalesforce.CONTACT})
    ada = world.new_contact()
    world.new_company(ada)
    assert counts(preview(world)) == {
        "salesforce Account": {"create": 1},
        "hubspot contact": {"wait": 1},
    }


@pytest.mark.parametrize(
    ("word", "steps"),
    [
        ("", ["Account", "company", "Contact", "Lead", "contact", "Opportunity", "deal"]),
        ("contacts", ["Contact", "contact"]),
        ("leads", ["Lead"]),
        ("accounts", ["Account"]),
        ("companies", ["company"]),
        ("Lead", ["Lead"]),
        ("opportunities", ["Opportunity"]),
        ("deals", ["deal"]),
    ],
)
def test_a_preview_can_be_restricted_to_one_object(word: str, steps: list[str]) -> None:
    """The object has the import's word or its own name, singular or plural."""
    assert [
        one.step.object for one in preview(MemoryWorld(), PreviewRequest(word)).objects
    ] == steps


def test_opportunities() -> None:
    """A new opportunity would create a deal, a new deal an opportunity, and a synced pair
    nothing.
    """
    world = MemoryWorld()
    theirs = world.new_salesforce_contact(None, "ada@example.com")
    world.sync(theirs, world.new_opportunity())
    world.new_opportunity(theirs)
    world.new_deal(dealname="Valves")
    before = world.writes()
    assert counts(preview(world, PreviewRequest("opportunities"))) == {
        "hubspot deal": {"create": 1},
        "salesforce Opportunity": {"nothing": 1},
    }
    assert counts(preview(world, PreviewRequest("deals"))) == {
        "hubspot deal": {"nothing": 1},
        "salesforce Opportunity": {"create": 1},
    }
    assert world.writes() == before


def test_a_preview_plans_batch_by_batch() -> None:
    """A record that shares an address with one of an earlier batch is shown as its duplicate."""
    world = MemoryWorld()
    for number in range(1_050):
        world.new_lead(Email=f"l{number}@example.com")
    world.new_lead(Email="L0@example.com")
    assert counts(preview(world, PreviewRequest("leads", limit=0))) == {
        "hubspot contact": {"create": 1_050},
        "salesforce Lead": {"refuse": 1},
    }


def test_two_contacts_that_swap_addresses_are_counted_with_both_writes() -> None:
    """Each contact first gives up its address and then gets the other's."""
    world = MemoryWorld()
    one, two = world.new_lead(Email="one@example.com"), world.new_lead(Email="two@example.com")
    world.sync(one, two)
    world.salesforce.edit(one, {"Email": "two@example.com"})
    world.salesforce.edit(two, {"Email": "one@example.com"})
    seen = counts(preview(world, PreviewRequest("leads")))
    calls = world.hubspot.calls["update"]
    world.sync(one, two)
    assert seen == {"hubspot contact": {"update": 4}}
    assert world.hubspot.calls["update"] - calls == 2


def test_a_stage_that_spreads_is_counted() -> None:
    """The company that would get the lifecycle stage of its contact (LIFE-7)."""
    world = MemoryWorld()
    ada = world.new_contact(lifecyclestage="lead")
    world.sync(ada)
    world.new_company(ada, lifecyclestage="lead")
    world.hubspot.edit(ada, {"lifecyclestage": "customer"})
    assert counts(preview(world, PreviewRequest("contact")))["hubspot company"] == {"update": 1}


def test_an_unknown_object_is_refused() -> None:
    """The error lists the objects that exist."""
    with pytest.raises(
        Refused, match="orders cannot be previewed; account, company, contact, lead"
    ):
        preview(MemoryWorld(), PreviewRequest("orders"))


def test_objects_that_are_switched_off_are_not_listed() -> None:
    """If no object is left, the preview is refused."""
    world = MemoryWorld(companies=CompanySettings(sync=False))
    seen = preview(world)
    assert (seen.remarks, [one.step.object for one in seen.objects]) == (
        ("acme: deals are switched off (OPP-3).", "acme: companies are switched off (ACC-2)."),
        ["Contact", "Lead", "contact"],
    )
    with pytest.raises(Refused, match="companies are switched off"):
        preview(world, PreviewRequest("companies"))


def test_an_unknown_connection_is_refused() -> None:
    """Nothing is read."""
    with pytest.raises(Refused, match="There is no connection other"):
        preview(MemoryWorld(), PreviewRequest(only="other"))
    with pytest.raises(Refused, match="push settings first"):
        preview(MemoryWorld(), settings=Settings(()))


def test_progress_is_reported_after_each_batch() -> None:
    """The report has the counts per object."""
    world = MemoryWorld()
    for number in range(3):
        world.new_lead(Email=f"l{number}@example.com")
    reported: list[tuple[str, int, int]] = []
    previewer = Previewer(
        lambda connection, _: view(world, connection), lambda: world.now, lambda _one: ()
    )
    previewer.preview(
        settings_of(world), PreviewRequest("leads"), lambda *progress: reported.append(progress)
    )
    assert reported == [("acme: salesforce Lead", 3, 3)]


def test_deletions_are_counted_within_the_hourly_limit() -> None:
    """Two of three would be deleted and the third held back, and the sync's own count does not
    change.
    """
    world = MemoryWorld(settings={"delete_in_hubspot": True, "max_deletes_per_hour": 2})
    leads = [world.new_lead(Email=f"l{number}@example.com") for number in range(3)]
    world.sync(*leads)
    for one in leads:
        world.salesforce.delete(one)
    assert counts(preview(world, PreviewRequest("contacts"))) == {
        "hubspot contact": {"delete": 2, "bury": 2, "refuse": 1},
    }
    assert world.hubspot.refs("contact") != []
