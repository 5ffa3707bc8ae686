"""One broken mapping is one mapping: it rests while a side lacks its field, and everything else
goes on both ways.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from crmsync.flows.engine.resting_mappings import is_field_check_due, resume_mappings
from crmsync.flows.intake.sweep import SweepScope, sweep
from crmsync.model.concerns import objects_of
from crmsync.model.effects import Category
from crmsync.model.fields import FieldRule
from crmsync.model.records import Ref, Side
from crmsync.model.troubles import Rest
from tests.memory.worlds import Town

CUSTOM = FieldRule("favourite_colour", "Favourite_Colour__c")


def a_town() -> tuple[Town, Ref, Ref]:
    """A contact and its lead that agree on a title, a phone number and a colour; both sides were
    swept once.
    """
    town = Town(settings={"field": (CUSTOM,)})
    contact = town.new_contact(jobtitle="Buyer", phone="+49 1", favourite_colour="red")
    look_around(town)
    town.sync(contact)
    town.wait(30)
    return town, contact, town.counterpart(contact)


def look_around(town: Town) -> None:
    """What the schedules do: mappings whose field is back, then what changed on both sides."""
    world = town.world
    for side in Side:
        resume_mappings(
            world.connection, side, town.troubles, town.schemas, town.inbox, town.cursors
        )
    for side in Side:
        kinds = {
            name: kind
            for name, kind in objects_of(world.connection, side).items()
            if name != "Account"
        }
        sweep(SweepScope("acme", side, kinds), town.crm(side), town.cursors, town.outbox, town.now)
    town.drain()


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
def test_a_field_that_a_side_lacks_costs_one_mapping(
    side: Side, lacking: tuple[str, str], mine: str, other: str, values: tuple[str, str]
) -> None:
    """It is reported once, by name; everything else crosses both ways at once; back again, what changed
    meanwhile crosses as well.
    """
    town, contact, lead = a_town()
    before, after = values
    town.crm(side).lacks.add(lacking)
    town.hubspot.edit(contact, {"phone": "+49 2"})
    town.salesforce.edit(lead, {"FirstName": "Ada"})
    town.sync(contact, lead)
    # Whoever still sees the field edits it meanwhile.
    here, there, seen = (contact, lead, mine) if side is Side.SALESFORCE else (lead, contact, other)
    town.crm(here.side).edit(here, {seen: after})
    town.sync(here)
    newcomer = town.new_contact(
        email="bea@example.com", **({mine: "green"} if side is Side.SALESFORCE else {})
    )
    town.sync(newcomer)

    (report,) = town.inbox.parked("acme")
    place = ".".join(lacking)
    assert (str(report.ref), report.category, report.fieldname) == (
        f"{side}:field:{place}",
        Category.MAPPING,
        lacking[1],
    )
    assert f"the field {place}" in report.text
    assert "Or take it out of the settings." in report.hint
    assert (town.salesforce.fields(lead)["Phone"], town.hubspot.fields(contact)["firstname"]) == (
        "+49 2",
        "Ada",
    )
    assert (len(town.salesforce.refs("Lead")), town.outbox.delayed, town.troubles.outages) == (
        2,
        [],
        {},
    )
    assert town.crm(there.side).fields(there)[other if there is lead else mine] == before
    assert town.schemas.asked == 1

    look_around(town)
    assert (len(town.inbox.parked("acme")), town.schemas.asked) == (1, 2)
    town.crm(side).lacks.clear()
    look_around(town)

    assert (list(town.inbox.parked("acme")), town.troubles.rests) == ([], {})
    assert (town.hubspot.fields(contact)[mine], town.salesforce.fields(lead)[other]) == (
        after,
        after,
    )
    if side is Side.SALESFORCE:
        assert town.salesforce.fields(town.counterpart(newcomer))[other] == "green"


def test_a_field_that_may_only_be_read_rests_as_well() -> None:
    """The first write that is refused for its sake is made again without it."""
    town, contact, lead = a_town()
    town.salesforce.guards.add(("Lead", "Title"))
    town.hubspot.edit(contact, {"jobtitle": "Head Buyer", "phone": "+49 2"})
    town.sync(contact)

    (report,) = town.inbox.parked("acme")
    assert report.text.startswith("Salesforce does not let crmsync write the field Lead.Title")
    assert (town.salesforce.fields(lead)["Phone"], town.salesforce.fields(lead)["Title"]) == (
        "+49 2",
        "Buyer",
    )

    town.salesforce.guards.clear()
    look_around(town)
    assert (list(town.inbox.parked("acme")), town.salesforce.fields(lead)["Title"]) == (
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
def test_without_a_field_that_is_needed_records_wait(
    side: Side, lacking: tuple[str, str], hint: str
) -> None:
    """It is reported by name with what to do; no record is parked, and all follow once it is back."""
    town, contact, lead = a_town()
    town.crm(side).lacks.add(lacking)
    town.hubspot.edit(contact, {"phone": "+49 2"})
    for _ in range(50):
        town.sync(contact)
        town.wait(15)

    (report,) = town.inbox.parked("acme")
    assert (report.ref, report.category, hint in report.hint) == (
        Ref(side, "field", ".".join(lacking)),
        Category.PERMISSIONS,
        True,
    )
    assert [change.tries for change, _ in town.outbox.delayed] == [0] * 50
    town.crm(side).lacks.clear()
    look_around(town)
    assert (list(town.inbox.parked("acme")), town.salesforce.fields(lead)["Phone"]) == ([], "+49 2")


def test_a_mapping_that_is_removed_from_the_settings_is_no_longer_reported() -> None:
    """Although its field is not back."""
    town, contact, _ = a_town()
    town.salesforce.lacks.add(("Lead", "Favourite_Colour__c"))
    town.hubspot.edit(contact, {"phone": "+49 2"})
    town.sync(contact)
    assert len(town.inbox.parked("acme")) == 1

    town.settings = {}
    look_around(town)
    assert (list(town.inbox.parked("acme")), town.troubles.rests) == ([], {})


def test_an_interrupted_resumption_is_finished_by_the_next_check() -> None:
    """The process died after the mapping was resumed and before the records were queued."""
    town, contact, lead = a_town()
    since = town.now - timedelta(minutes=1)
    town.hubspot.edit(contact, {"jobtitle": "Head Buyer"})
    town.troubles.save_rest("acme", Rest(Side.SALESFORCE, "Lead", "Title", since, is_over=True))
    town.wait(30)
    town.hubspot.edit(town.new_contact(email="bea@example.com"), {"phone": "+49 2"})
    look_around(town)

    assert (town.salesforce.fields(lead)["Title"], town.troubles.rests) == ("Head Buyer", {})


def test_a_poll_asks_for_fields_once_a_quarter() -> None:
    """Of the sixty polls of an hour four ask."""
    hour = datetime(2026, 9, 1, 12, tzinfo=UTC)
    assert [
        minute for minute in range(60) if is_field_check_due(hour + timedelta(minutes=minute))
    ] == [0, 15, 30, 45]
