"""A broken mapping rests while a side lacks its field, and all other mappings sync both ways."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from crmsync.flows.engine.resting_mappings import (
    is_field_check_due,
    note_lost_rights,
    resume_mappings,
    without_resting,
)
from crmsync.flows.intake.sweep import SweepScope, sweep
from crmsync.model.concerns import objects_of
from crmsync.model.effects import Category
from crmsync.model.fields import FieldRule
from crmsync.model.operations.troubles import Rest
from crmsync.model.records import Ref, Side
from tests.builders import a_ruleset
from tests.memory.world import MemoryWorld

CUSTOM = FieldRule("favourite_colour", "Favourite_Colour__c")


def a_world() -> tuple[MemoryWorld, Ref, Ref]:
    """A synced contact and lead with title, phone number and colour, after a sweep of both
    sides.
    """
    world = MemoryWorld(settings={"field": (CUSTOM,)})
    contact = world.new_contact(jobtitle="Buyer", phone="+49 1", favourite_colour="red")
    run_schedules(world)
    world.sync(contact)
    world.wait(30)
    return world, contact, world.counterpart(contact)


def run_schedules(world: MemoryWorld) -> None:
    """Run the schedules: resume mappings whose field is back, then sweep both sides."""
    context = world.context
    for side in Side:
        resume_mappings(
            context.connection, side, world.troubles, world.schemas, world.inbox, world.cursors
        )
    for side in Side:
        kinds = {
            name: kind
            for name, kind in objects_of(context.connection, side).items()
            if name != "Account"
        }
        sweep(
            SweepScope("acme", side, kinds), world.crm(side), world.cursors, world.outbox, world.now
        )
    world.drain()


@pytest.mark.rule("ERR-5")
@pytest.mark.parametrize(
    ("side", "lacking", "mine", "other", "values"),
    [
        (Side.SALESFORCE, ("Lead", "Title"), "jobtitle", "Title", ("Buyer", "Head Buyer")),
        (
            Side.SALESFORCE,
            ("Lead", "Favourite_Colour__c"),
            "favourite_colour",
            "Favourite_Colour__c",
            ("red", "blue"),
        ),
        (
            Side.HUBSPOT,
            ("contact", "favourite_colour"),
            "favourite_colour",
            "Favourite_Colour__c",
            ("red", "blue"),
        ),
    ],
)
def test_a_missing_field_stops_one_mapping(
    side: Side, lacking: tuple[str, str], mine: str, other: str, values: tuple[str, str]
) -> None:
    """It is reported once by name while everything else syncs, and edits made meanwhile sync once
    it is back.
    """
    world, contact, lead = a_world()
    before, after = values
    world.crm(side).missing_fields.add(lacking)
    world.hubspot.edit(contact, {"phone": "+49 2"})
    world.salesforce.edit(lead, {"FirstName": "Ada"})
    world.sync(contact, lead)
    # Whoever still sees the field edits it meanwhile.
    here, there, seen = (contact, lead, mine) if side is Side.SALESFORCE else (lead, contact, other)
    world.crm(here.side).edit(here, {seen: after})
    world.sync(here)
    newcomer = world.new_contact(
        email="bea@example.com", **({mine: "green"} if side is Side.SALESFORCE else {})
    )
    world.sync(newcomer)

    (report,) = world.inbox.parked("acme")
    place = ".".join(lacking)
    assert (str(report.ref), report.category, report.fieldname) == (
        f"{side}:field:{place}",
        Category.MAPPING,
        lacking[1],
    )
    assert f"the field {place}" in report.text
    assert "Or take it out of the settings." in report.hint
    assert (world.salesforce.fields(lead)["Phone"], world.hubspot.fields(contact)["firstname"]) == (
        "+49 2",
        "Ada",
    )
    assert (len(world.salesforce.refs("Lead")), world.outbox.delayed, world.troubles.outages) == (
        2,
        [],
        {},
    )
    assert world.crm(there.side).fields(there)[other if there is lead else mine] == before
    assert world.schemas.asked == 1

    run_schedules(world)
    assert (len(world.inbox.parked("acme")), world.schemas.asked) == (1, 2)
    world.crm(side).missing_fields.clear()
    run_schedules(world)

    assert (list(world.inbox.parked("acme")), world.troubles.rests) == ([], {})
    assert (world.hubspot.fields(contact)[mine], world.salesforce.fields(lead)[other]) == (
        after,
        after,
    )
    if side is Side.SALESFORCE:
        assert world.salesforce.fields(world.counterpart(newcomer))[other] == "green"


@pytest.mark.rule("ERR-5")
def test_an_edit_from_hours_before_the_field_is_back_crosses_then() -> None:
    """Other fields cross at once. The sweeps go on in the meantime, and are set back to when the
    field was missed.
    """
    world, contact, lead = a_world()
    world.salesforce.missing_fields.add(("Lead", "Title"))
    world.hubspot.edit(contact, {"jobtitle": "Head Buyer", "phone": "+49 2"})
    world.sync(contact)
    shown = world.salesforce.fields(lead)
    assert (shown["Phone"], shown["Title"]) == ("+49 2", "Buyer")
    for _ in range(20):
        world.wait(30)
        run_schedules(world)
    assert world.salesforce.fields(lead)["Title"] == "Buyer"

    world.salesforce.missing_fields.clear()
    run_schedules(world)

    assert world.salesforce.fields(lead)["Title"] == "Head Buyer"


def test_a_read_only_field_stops_its_mapping_as_well() -> None:
    """The first write that it refuses is made again without it."""
    world, contact, lead = a_world()
    world.salesforce.read_only_fields.add(("Lead", "Title"))
    world.hubspot.edit(contact, {"jobtitle": "Head Buyer", "phone": "+49 2"})
    world.sync(contact)

    (report,) = world.inbox.parked("acme")
    assert report.text.startswith("Salesforce does not let crmsync write the field Lead.Title")
    assert (world.salesforce.fields(lead)["Phone"], world.salesforce.fields(lead)["Title"]) == (
        "+49 2",
        "Buyer",
    )

    world.salesforce.read_only_fields.clear()
    run_schedules(world)
    assert (list(world.inbox.parked("acme")), world.salesforce.fields(lead)["Title"]) == (
        [],
        "Head Buyer",
    )


@pytest.mark.parametrize(
    ("side", "lacking", "hint"),
    [
        (Side.SALESFORCE, ("Lead", "Crmsync_HubSpot_Id__c"), "Run `crmsync setup --apply`"),
        (Side.SALESFORCE, ("Lead", "Crmsync_Revision_555001__c"), "Run `crmsync setup --apply`"),
        (Side.HUBSPOT, ("contact", "crmsync_salesforce_id"), "Run `crmsync setup --apply`"),
        (
            Side.SALESFORCE,
            ("Lead", "HasOptedOutOfEmail"),
            "give the integration user read and edit access",
        ),
    ],
)
def test_without_a_required_field_records_wait(
    side: Side, lacking: tuple[str, str], hint: str
) -> None:
    """It is reported by name with a hint, no record is parked, and all sync once it is back."""
    world, contact, lead = a_world()
    world.crm(side).missing_fields.add(lacking)
    world.hubspot.edit(contact, {"phone": "+49 2"})
    for _ in range(50):
        world.sync(contact)
        world.wait(15)

    (report,) = world.inbox.parked("acme")
    assert (report.ref, report.category, hint in report.hint) == (
        Ref(side, "field", ".".join(lacking)),
        Category.PERMISSIONS,
        True,
    )
    assert [change.tries for change, _ in world.outbox.delayed] == [0] * 50
    world.crm(side).missing_fields.clear()
    run_schedules(world)
    assert (list(world.inbox.parked("acme")), world.salesforce.fields(lead)["Phone"]) == (
        [],
        "+49 2",
    )


def test_a_mapping_that_is_removed_from_the_settings_is_no_longer_reported() -> None:
    """The report goes although the field is still missing."""
    world, contact, _ = a_world()
    world.salesforce.missing_fields.add(("Lead", "Favourite_Colour__c"))
    world.hubspot.edit(contact, {"phone": "+49 2"})
    world.sync(contact)
    assert len(world.inbox.parked("acme")) == 1

    world.settings = {}
    run_schedules(world)
    assert (list(world.inbox.parked("acme")), world.troubles.rests) == ([], {})


def test_an_interrupted_resumption_is_finished_by_the_next_check() -> None:
    """The process was killed after the mapping was resumed and before its records were queued."""
    world, contact, lead = a_world()
    since = world.now - timedelta(minutes=1)
    world.hubspot.edit(contact, {"jobtitle": "Head Buyer"})
    world.troubles.save_rest("acme", Rest(Side.SALESFORCE, "Lead", "Title", since, is_over=True))
    world.wait(30)
    world.hubspot.edit(world.new_contact(email="bea@example.com"), {"phone": "+49 2"})
    run_schedules(world)

    assert (world.salesforce.fields(lead)["Title"], world.troubles.rests) == ("Head Buyer", {})


def test_a_poll_checks_the_fields_every_quarter_of_an_hour() -> None:
    """Of the sixty polls of an hour, four check them."""
    hour = datetime(2026, 9, 1, 12, tzinfo=UTC)
    assert [
        minute for minute in range(60) if is_field_check_due(hour + timedelta(minutes=minute))
    ] == [0, 15, 30, 45]


@pytest.mark.rule("ERR-5")
def test_a_rest_begins_with_the_oldest_change_that_is_synced_without_the_field() -> None:
    """Rests of other kinds, those that are over and those that began before stay as they are."""
    world = MemoryWorld()
    since, old = world.now, world.now - timedelta(hours=2)
    change = replace(world.change(world.new_contact()), at=old)
    late = [
        Rest(Side.SALESFORCE, "Lead", "Title", since),
        Rest(Side.HUBSPOT, "contact", "jobtitle", since),
    ]
    kept = [
        Rest(Side.SALESFORCE, "Opportunity", "Amount", since),
        Rest(Side.SALESFORCE, "Lead", "Fax", since, is_over=True),
        Rest(Side.SALESFORCE, "Lead", "Phone", old - timedelta(hours=1)),
    ]
    for one in (*late, *kept):
        world.troubles.save_rest("acme", one)

    without_resting(a_ruleset(), [*late, *kept], [change], world.context)

    stored = world.troubles.load("acme").rests
    assert {(one.object, one.field): one.since for one in stored} == {
        ("Lead", "Title"): old,
        ("contact", "jobtitle"): old,
        ("Opportunity", "Amount"): since,
        ("Lead", "Fax"): since,
        ("Lead", "Phone"): old - timedelta(hours=1),
    }


@pytest.mark.rule("ERR-5")
def test_lost_rights_are_told_before_a_record_needs_the_field():
    """A hidden field and one that may only be read now rest and are reported once each; a field
    that was always read-only is no loss.
    """
    world = MemoryWorld()

    def look() -> int:
        shown = world.schemas.described(Side.SALESFORCE, ["Lead"])
        return note_lost_rights(
            world.context.connection, shown, world.troubles, world.inbox, world.cursors, world.now
        )

    world.salesforce.read_only_fields = {("Lead", "Fax")}
    counts = [look()]
    world.salesforce.missing_fields = {("Lead", "Title")}
    world.salesforce.read_only_fields = {("Lead", "Fax"), ("Lead", "Phone")}
    counts += [look(), look()]

    told = [
        (one.fieldname, one.category, one.code)
        for one in sorted(world.inbox.parked("acme"), key=lambda one: one.fieldname)
    ]
    assert counts == [0, 2, 2]
    assert told == [
        ("Phone", Category.MAPPING, "FIELD_LACKING"),
        ("Title", Category.MAPPING, "FIELD_LACKING"),
    ]
