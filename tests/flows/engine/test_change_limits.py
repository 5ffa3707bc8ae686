"""The brakes on changes: what goes beyond an hour's limit waits for the operator, who lets it cross
or throws it away.
"""

from __future__ import annotations

import pytest

from crmsync.errors import Refused
from crmsync.model.change_limits import ChangeLimit, Hold
from crmsync.model.changes import Cause
from crmsync.model.effects import Category
from crmsync.model.records import Kind, Ref, Side
from crmsync.model.settings import CompanySettings, DealSettings
from crmsync.rules.merge.change_limits import FLOORS
from tests.memory.world import MemoryWorld

pytestmark = pytest.mark.rule("Q-30")


def linked(world: MemoryWorld, many: int) -> list[tuple[Ref, Ref]]:
    """So many contacts and their leads, in step."""
    contacts = [
        world.new_contact(
            email=f"p{number}@example.com", lastname="Lang", phone="0100", jobtitle="Pilot"
        )
        for number in range(many)
    ]
    world.sync(*contacts)
    world.wait()
    return [(one, world.counterpart(one)) for one in contacts]


def in_salesforce(
    world: MemoryWorld, pairs: list[tuple[Ref, Ref]], *names: str
) -> list[tuple[object, ...]]:
    """What the leads show in these fields."""
    return [tuple(world.salesforce.fields(lead).get(name) for name in names) for _, lead in pairs]


def edited(world: MemoryWorld, pairs: list[tuple[Ref, Ref]], **fields: str | None) -> None:
    """One bulk edit in HubSpot, and its webhooks."""
    for contact, _ in pairs:
        world.hubspot.edit(contact, fields)
    world.sync(*(contact for contact, _ in pairs))


def braked(world: MemoryWorld) -> list[tuple[Ref, str]]:
    """What waits for the operator, and in which fields."""
    return [
        (one.ref, one.fieldname)
        for one in world.inbox.parked("acme")
        if one.category is Category.BRAKE
    ]


def decide(world: MemoryWorld, cause: Cause) -> None:
    """The operator releases or drops everything."""
    world.sync(*(ref for ref, _ in braked(world)), cause=cause)


def test_changes_beyond_the_hours_limit_wait_and_are_reported():
    """The first are overwritten, the others stand as they were, each with a report that names its
    fields.
    """
    world = MemoryWorld(settings={"max_changes_per_hour": 3})
    pairs = linked(world, 5)

    edited(world, pairs, lastname="HACKED", jobtitle="Thief")

    assert (
        in_salesforce(world, pairs, "LastName", "Title")
        == [("HACKED", "Thief")] * 3 + [("Lang", "Pilot")] * 2
    )
    assert braked(world) == [(contact, "jobtitle, lastname") for contact, _ in pairs[3:]]


def test_blanks_have_a_limit_of_their_own_and_what_else_changed_crosses():
    """One edit overwrites and blanks: two records lose their value, three more are overwritten
    alone, the last waits whole.
    """
    world = MemoryWorld(settings={"max_changes_per_hour": 5, "max_blanks_per_hour": 2})
    pairs = linked(world, 6)

    edited(world, pairs, lastname="HACKED", phone=None)

    assert in_salesforce(world, pairs, "LastName", "Phone") == [
        *[("HACKED", None)] * 2,
        *[("HACKED", "0100")] * 3,
        ("Lang", "0100"),
    ]
    assert braked(world) == [
        *((contact, "phone") for contact, _ in pairs[2:5]),
        (pairs[5][0], "lastname, phone"),
    ]


def test_what_is_held_stays_held_in_later_hours_and_whatever_else_happens():
    """Another edit of the record, a sweep, a resync: none of them is the operator's
    decision.
    """
    world = MemoryWorld(settings={"max_changes_per_hour": 1})
    pairs = linked(world, 2)
    edited(world, pairs, lastname="HACKED")
    held = pairs[1:]
    world.wait(120)

    edited(world, held, jobtitle="Thief")
    world.sync(held[0][1])
    world.sync(held[0][0], cause=Cause.RESYNC)

    assert in_salesforce(world, held, "LastName", "Title") == [("Lang", "Pilot")]
    assert braked(world) == [(held[0][0], "jobtitle, lastname")]


def test_a_held_record_still_tells_the_other_side_of_its_edits():
    """Only what would be written to the side of the mass edit waits."""
    world = MemoryWorld(settings={"max_changes_per_hour": 1})
    pairs = linked(world, 2)
    edited(world, pairs, lastname="HACKED")
    contact, lead = pairs[1]

    world.salesforce.edit(lead, {"Phone": "0200"})
    world.sync(lead)

    assert world.hubspot.fields(contact)["phone"] == "0200"
    assert world.salesforce.fields(lead)["LastName"] == "Lang"
    assert braked(world) == [(contact, "lastname")]


@pytest.mark.rule("OPT-4")
def test_an_opt_out_never_waits():
    """A person who unsubscribes is unsubscribed in Salesforce at once, however many do, and held records
    too.
    """
    world = MemoryWorld(settings={"max_changes_per_hour": 1})
    pairs = linked(world, 3)
    edited(world, pairs, lastname="HACKED")

    edited(world, pairs, hs_email_optout="true")

    assert in_salesforce(world, pairs, "HasOptedOutOfEmail") == [(True,)] * 3
    assert [fields for _, fields in braked(world)] == ["lastname"] * 2


def test_what_is_released_crosses_as_it_now_is():
    """All of it, whatever the hour has left; then nothing waits and one more sync changes
    nothing.
    """
    world = MemoryWorld(settings={"max_changes_per_hour": 1, "max_blanks_per_hour": 1})
    pairs = linked(world, 4)
    edited(world, pairs, lastname="Byron", phone=None)

    decide(world, Cause.RELEASED)

    assert in_salesforce(world, pairs, "LastName", "Phone") == [("Byron", None)] * 4
    assert braked(world) == []
    writes = world.writes()
    world.sync(*(ref for pair in pairs for ref in pair), cause=Cause.AGAIN)
    assert world.writes() == writes


def test_what_is_dropped_leaves_both_sides_as_they_are():
    """Nothing is written to either CRM, then or at later syncs; the next edit of the field crosses
    like any other.
    """
    world = MemoryWorld(settings={"max_changes_per_hour": 1})
    pairs = linked(world, 3)
    edited(world, pairs, lastname="HACKED")
    calls = world.hubspot.calls["update"], world.salesforce.calls["update"]

    decide(world, Cause.DROPPED)
    world.sync(*(ref for pair in pairs for ref in pair), cause=Cause.AGAIN)

    assert (world.hubspot.calls["update"], world.salesforce.calls["update"]) == calls
    assert in_salesforce(world, pairs, "LastName") == [("HACKED",), ("Lang",), ("Lang",)]
    assert braked(world) == []
    world.wait(60)
    edited(world, pairs[1:2], lastname="Byron")
    assert in_salesforce(world, pairs, "LastName") == [("HACKED",), ("Byron",), ("Lang",)]


def test_an_edit_that_is_taken_back_is_nothing_to_decide_any_more():
    """Somebody who puts the old values back in HubSpot has released the record: there is nothing left to
    write.
    """
    world = MemoryWorld(settings={"max_changes_per_hour": 1})
    pairs = linked(world, 2)
    edited(world, pairs, lastname="HACKED")

    edited(world, pairs[1:], lastname="Lang")

    assert braked(world) == []
    assert not any(link.holds for link in world.links.all)


def test_new_records_and_first_values_do_not_count():
    """An import of a thousand contacts is no mass edit, and neither is an enrichment that only
    fills blanks.
    """
    world = MemoryWorld(settings={"max_changes_per_hour": 1})
    pairs = linked(world, 4)

    edited(world, pairs, firstname="Ada", city="Bath")

    assert in_salesforce(world, pairs, "FirstName", "City") == [("Ada", "Bath")] * 4
    assert braked(world) == []


def test_the_operators_own_jobs_do_not_count():
    """A resync carries what it finds, and leaves the hour to the live changes."""
    world = MemoryWorld(settings={"max_changes_per_hour": 1})
    pairs = linked(world, 3)
    for contact, _ in pairs:
        world.hubspot.edit(contact, {"lastname": "Byron"})

    world.sync(*(contact for contact, _ in pairs), cause=Cause.RESYNC)

    assert in_salesforce(world, pairs, "LastName") == [("Byron",)] * 3


def test_each_side_has_an_hour_of_its_own():
    """What Salesforce's people change is counted in HubSpot."""
    world = MemoryWorld(settings={"max_changes_per_hour": 2})
    pairs = linked(world, 4)
    edited(world, pairs[:2], lastname="Byron")

    for _, lead in pairs[1:]:
        world.salesforce.edit(lead, {"Title": "Captain"})
    world.sync(*(lead for _, lead in pairs[1:]))

    assert [world.hubspot.fields(contact)["jobtitle"] for contact, _ in pairs] == [
        "Pilot",
        "Captain",
        "Captain",
        "Pilot",
    ]
    assert braked(world) == [(pairs[3][0], "jobtitle")]


def test_what_a_side_did_not_take_is_left_to_others():
    """A write that is refused has overwritten nothing."""
    world = MemoryWorld(settings={"max_changes_per_hour": 2, "on_refused_field": "block"})
    pairs = linked(world, 3)
    world.salesforce.refuse = lambda _fields: Refused("was refused", code="VALIDATION")
    edited(world, pairs[:2], lastname="Byron")
    world.salesforce.refuse = lambda _fields: None

    edited(world, pairs[1:], lastname="Ada")

    assert in_salesforce(world, pairs, "LastName") == [("Lang",), ("Ada",), ("Ada",)]


_BYRON: dict[str, str | None] = {"lastname": "Byron"}
_BLANK: dict[str, str | None] = {"phone": None}


@pytest.mark.parametrize(
    ("counted", "fields", "pairs", "crossing"),
    [
        (ChangeLimit.CHANGES, _BYRON, 10_000, 1),
        (ChangeLimit.CHANGES, _BYRON, 10_010, 3),
        (ChangeLimit.BLANKS, _BLANK, 10_000, 1),
        (ChangeLimit.BLANKS, _BLANK, 10_040, 3),
    ],
)
def test_auto_allows_more_where_there_are_many_pairs(
    counted: ChangeLimit, fields: dict[str, str | None], pairs: int, crossing: int
):
    """How many there are is counted in Salesforce, once the least that it allows is used up."""
    world = MemoryWorld(linked=pairs)
    everybody = linked(world, 5)
    world.change_counts.reserve(
        "acme",
        Kind.CONTACT,
        Hold(Side.SALESFORCE, counted),
        FLOORS[counted] - 1,
        FLOORS[counted],
        world.now,
    )
    before = in_salesforce(world, everybody[:1], "LastName", "Phone")

    edited(world, everybody, **fields)

    assert in_salesforce(world, everybody, "LastName", "Phone").count(before[0]) == 5 - crossing


def test_companies_and_deals_have_brakes_of_their_own():
    """Names of companies, amounts and stages of deals."""
    world = MemoryWorld(
        companies=CompanySettings(max_changes_per_hour=1),
        deal_settings=DealSettings(max_changes_per_hour=1),
    )
    world.sync(*(world.new_account(Name=f"Example {number}") for number in range(2)))
    companies = world.hubspot.refs("company")
    deals = [world.new_deal(dealname=f"Deal {number}", amount="10") for number in range(2)]
    world.sync(*deals)
    world.wait()
    for company in companies:
        world.hubspot.edit(company, {"name": "HACKED"})
    for deal in deals:
        world.hubspot.edit(deal, {"dealstage": "closedwon", "amount": "0"})

    world.sync(*companies, *deals)

    names = [world.salesforce.fields(world.counterpart(one))["Name"] for one in companies]
    amounts = [world.salesforce.fields(world.counterpart(one))["Amount"] for one in deals]
    stages = [world.salesforce.fields(world.counterpart(one))["StageName"] for one in deals]
    assert (names, amounts) == (["HACKED", "Example 1"], [0, 10])
    assert stages[0] != stages[1]
    assert {ref for ref, _ in braked(world)} == {companies[1], deals[1]}
    decide(world, Cause.DROPPED)
    world.sync(*companies, *deals, cause=Cause.AGAIN)
    assert world.salesforce.fields(world.counterpart(deals[1]))["Amount"] == 10


def test_a_held_deletion_is_done_when_released_and_forgotten_when_dropped():
    """What is dropped stays in HubSpot for good, and its pair is over."""
    world = MemoryWorld(settings={"delete_in_hubspot": True, "max_deletes_per_hour": 1})
    pairs = linked(world, 3)
    for _, lead in pairs:
        world.salesforce.delete(lead)
    world.sync(*(lead for _, lead in pairs), cause=Cause.DELETED)
    first, second = (ref for ref, _ in braked(world))

    world.sync(first, cause=Cause.RELEASED)
    world.sync(second, cause=Cause.DROPPED)
    world.wait(90)
    world.sync(second, cause=Cause.AGAIN)

    assert (world.hubspot.refs("contact"), braked(world)) == ([second], [])
    assert Side.SALESFORCE in {link.deleted_on for link in world.links.all}
