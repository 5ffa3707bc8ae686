"""The change limits: changes beyond an hour's limit wait for the operator, who releases or drops
them.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from crmsync.errors import Refused
from crmsync.model.change_limits import ChangeLimit, Hold
from crmsync.model.changes import Cause
from crmsync.model.effects import Category
from crmsync.model.kinds.owners import Owner, Owners
from crmsync.model.names import SALESFORCE_KEY
from crmsync.model.records import Kind, Ref, Side
from crmsync.model.settings import CompanySettings, DealSettings
from crmsync.rules.merge.change_limits import FLOORS
from crmsync.rules.merge.owners import SHOWN_ID, SHOWN_NAME
from tests.memory.world import MemoryWorld

pytestmark = pytest.mark.rule("Q-30")

ADA, BEN = (
    Owner(
        f"00500000000000{number}AAA", name, f"{name}@example.com", is_active=True, kind="Standard"
    )
    for number, name in enumerate(("Ada", "Ben"), start=1)
)
OWNERS = Owners(
    (replace(ADA, id="1", kind="PERSON"), replace(BEN, id="2", kind="PERSON")), (ADA, BEN)
)


def linked(world: MemoryWorld, many: int, **fields: str) -> list[tuple[Ref, Ref]]:
    """That many synced contacts and leads."""
    filled = {"lastname": "Lang", "phone": "0100", "jobtitle": "Pilot"} | fields
    contacts = [
        world.new_contact(email=f"p{number}@example.com", **filled) for number in range(many)
    ]
    world.sync(*contacts)
    world.wait()
    return [(one, world.counterpart(one)) for one in contacts]


def in_salesforce(
    world: MemoryWorld, pairs: list[tuple[Ref, Ref]], *names: str
) -> list[tuple[object, ...]]:
    """The leads' values of these fields."""
    return [tuple(world.salesforce.fields(lead).get(name) for name in names) for _, lead in pairs]


def bulk_edit(world: MemoryWorld, pairs: list[tuple[Ref, Ref]], **fields: str | None) -> None:
    """Edit contacts in HubSpot and deliver the webhooks."""
    for contact, _ in pairs:
        world.hubspot.edit(contact, fields)
    world.sync(*(contact for contact, _ in pairs))


def held_records(world: MemoryWorld) -> list[tuple[Ref, str]]:
    """The held records and their fields."""
    return [
        (one.ref, one.fieldname)
        for one in world.inbox.parked("acme")
        if one.category is Category.BRAKE
    ]


def decide(world: MemoryWorld, cause: Cause) -> None:
    """The operator releases or drops everything."""
    world.sync(*(ref for ref, _ in held_records(world)), cause=cause)


def test_changes_beyond_the_hourly_limit_wait_and_are_reported():
    """The first records are overwritten, and the others stay, each with a report that names its
    fields.
    """
    world = MemoryWorld(settings={"max_changes_per_hour": 3})
    pairs = linked(world, 5)

    bulk_edit(world, pairs, lastname="HACKED", jobtitle="Thief")

    assert (
        in_salesforce(world, pairs, "LastName", "Title")
        == [("HACKED", "Thief")] * 3 + [("Lang", "Pilot")] * 2
    )
    assert held_records(world) == [(contact, "jobtitle, lastname") for contact, _ in pairs[3:]]


def test_blanks_have_their_own_limit_and_other_changes_sync():
    """Of an edit that overwrites and blanks, two records lose their value, three are only
    overwritten, and the last waits whole.
    """
    world = MemoryWorld(settings={"max_changes_per_hour": 5, "max_blanks_per_hour": 2})
    pairs = linked(world, 6)

    bulk_edit(world, pairs, lastname="HACKED", phone=None)

    assert in_salesforce(world, pairs, "LastName", "Phone") == [
        *[("HACKED", None)] * 2,
        *[("HACKED", "0100")] * 3,
        ("Lang", "0100"),
    ]
    assert held_records(world) == [
        *((contact, "phone") for contact, _ in pairs[2:5]),
        (pairs[5][0], "lastname, phone"),
    ]


def test_held_changes_stay_held_until_the_operator_decides():
    """Neither later hours, nor another edit, nor a sweep, nor a resync releases them."""
    world = MemoryWorld(settings={"max_changes_per_hour": 1})
    pairs = linked(world, 2)
    bulk_edit(world, pairs, lastname="HACKED")
    held = pairs[1:]
    world.wait(120)

    bulk_edit(world, held, jobtitle="Thief")
    world.sync(held[0][1])
    world.sync(held[0][0], cause=Cause.RESYNC)

    assert in_salesforce(world, held, "LastName", "Title") == [("Lang", "Pilot")]
    assert held_records(world) == [(held[0][0], "jobtitle, lastname")]


def test_a_held_record_still_syncs_edits_from_the_other_side():
    """Only writes to the side that the mass edit would change wait."""
    world = MemoryWorld(settings={"max_changes_per_hour": 1})
    pairs = linked(world, 2)
    bulk_edit(world, pairs, lastname="HACKED")
    contact, lead = pairs[1]

    world.salesforce.edit(lead, {"Phone": "0200"})
    world.sync(lead)

    assert world.hubspot.fields(contact)["phone"] == "0200"
    assert world.salesforce.fields(lead)["LastName"] == "Lang"
    assert held_records(world) == [(contact, "lastname")]


@pytest.mark.rule("DUP-24")
def test_a_held_change_outlives_our_own_write_to_its_record():
    """The lead's title was among what crmsync wrote last, and then it writes only its own field:
    the title that a person has entered in between is still a held edit, and no reformatting.
    """
    world = MemoryWorld(settings={"max_changes_per_hour": 1})
    pairs = linked(world, 2)
    for contact, _ in pairs:
        bulk_edit(world, [(contact, contact)], jobtitle="Captain")
        world.wait(60)
    contact, lead = pairs[1]
    for _, one in pairs:
        world.salesforce.edit(one, {"Title": "Admiral", SALESFORCE_KEY: "555001-9"})
    world.sync(*(one for _, one in pairs))
    assert world.salesforce.fields(lead)[SALESFORCE_KEY] == f"555001-{contact.id}"
    world.wait()

    world.sync(lead, cause=Cause.AGAIN)

    assert held_records(world) == [(contact, "jobtitle")]
    decide(world, Cause.RELEASED)
    assert world.hubspot.fields(contact)["jobtitle"] == "Admiral"


@pytest.mark.rule("OPT-4")
@pytest.mark.parametrize("side", list(Side))
def test_an_opted_out_persons_address_that_waits_is_not_unsubscribed_again_and_again(side: Side):
    """Two opted-out people get new addresses, and a limit holds one of them back: HubSpot is asked
    about each address that a contact has, once, and about the held one as soon as it is released.
    """
    world = MemoryWorld(settings={"max_changes_per_hour": 1})
    pairs = linked(world, 2)
    world.preferences.opted_out |= {f"p{number}@example.com" for number in range(2)}
    bulk_edit(world, pairs, hs_email_optout="true")
    world.wait(3_600)
    asked = len(world.preferences.requests)

    for number, pair in enumerate(pairs):
        name, ref = {"hubspot": ("email", pair[0]), "salesforce": ("Email", pair[1])}[side]
        world.crm(side).edit(ref, {name: f"new{number}@example.com"})
        world.sync(ref)
    for _ in range(3):
        world.wait()
        world.sync(*(one[side is Side.SALESFORCE] for one in pairs), cause=Cause.AGAIN)
    of_held = "new1@example.com" if side is Side.HUBSPOT else ""
    assert (len(held_records(world)), world.preferences.requests[asked:]) == (
        1,
        ["new0@example.com", *filter(None, [of_held])],
    )

    decide(world, Cause.RELEASED)
    assert set(world.preferences.requests[asked:]) == {"new0@example.com", "new1@example.com"}
    assert in_salesforce(world, pairs, "Email") == [
        (f"new{number}@example.com",) for number in range(2)
    ]


def test_an_opt_out_never_waits():
    """However many contacts unsubscribe, Salesforce is updated at once, held records included."""
    world = MemoryWorld(settings={"max_changes_per_hour": 1})
    pairs = linked(world, 3)
    bulk_edit(world, pairs, lastname="HACKED")

    bulk_edit(world, pairs, hs_email_optout="true")

    assert in_salesforce(world, pairs, "HasOptedOutOfEmail") == [(True,)] * 3
    assert [fields for _, fields in held_records(world)] == ["lastname"] * 2


def test_released_changes_sync_with_their_present_values():
    """All of them sync whatever the hour's limit, and then nothing waits."""
    world = MemoryWorld(settings={"max_changes_per_hour": 1, "max_blanks_per_hour": 1})
    pairs = linked(world, 4)
    bulk_edit(world, pairs, lastname="Byron", phone=None)

    decide(world, Cause.RELEASED)

    assert in_salesforce(world, pairs, "LastName", "Phone") == [("Byron", None)] * 4
    assert held_records(world) == []
    writes = world.writes()
    world.sync(*(ref for pair in pairs for ref in pair), cause=Cause.AGAIN)
    assert world.writes() == writes


def test_dropped_changes_leave_both_sides_as_they_are():
    """Nothing is written then or later, and the next edit of the field syncs like any other."""
    world = MemoryWorld(settings={"max_changes_per_hour": 1})
    pairs = linked(world, 3)
    bulk_edit(world, pairs, lastname="HACKED")
    calls = world.hubspot.calls["update"], world.salesforce.calls["update"]

    decide(world, Cause.DROPPED)
    world.sync(*(ref for pair in pairs for ref in pair), cause=Cause.AGAIN)

    assert (world.hubspot.calls["update"], world.salesforce.calls["update"]) == calls
    assert in_salesforce(world, pairs, "LastName") == [("HACKED",), ("Lang",), ("Lang",)]
    assert held_records(world) == []
    world.wait(60)
    bulk_edit(world, pairs[1:2], lastname="Byron")
    assert in_salesforce(world, pairs, "LastName") == [("HACKED",), ("Byron",), ("Lang",)]


@pytest.mark.parametrize("cause", [Cause.RELEASED, Cause.DROPPED])
def test_a_contacts_company_waits_with_its_fields(cause: Cause):
    """The account of a contact whose last name waits is changed as well. Its company crosses when
    the operator releases it; once dropped, it crosses only when the account is changed again.
    """
    world = MemoryWorld(settings={"max_changes_per_hour": 1})
    accounts = [world.new_account(Name=name) for name in ("Mills", "Pumps")]
    names = ("ada", "eve")
    people = [world.new_salesforce_contact(accounts[0], f"{name}@example.com") for name in names]
    world.sync(*accounts, *people)
    world.drain()
    contact = world.counterpart(people[1])
    mills, pumps = (world.counterpart(one) for one in accounts)
    world.wait()
    for one in people:
        world.salesforce.edit(one, {"LastName": "HACKED"})
    world.sync(*people)
    world.salesforce.edit(people[1], {"AccountId": accounts[1].id})
    world.sync(people[1])

    assert held_records(world) == [(contact, "associatedcompanyid, lastname")]
    assert world.associations.primary(contact) == mills
    decide(world, cause)
    world.sync(people[1], cause=Cause.AGAIN)
    is_released = cause is Cause.RELEASED
    assert world.associations.primary(contact) == (pumps if is_released else mills)
    assert held_records(world) == []
    world.wait(60)
    third = world.new_account(Name="Ropes")
    world.salesforce.edit(people[1], {"AccountId": third.id})
    world.sync(third, people[1])
    world.drain()
    assert world.associations.primary(contact) == world.counterpart(third)


@pytest.mark.rule("Q-18")
@pytest.mark.parametrize(("cause", "decided"), [(Cause.RELEASED, BEN), (Cause.DROPPED, ADA)])
def test_hubspot_shows_who_owns_a_lead_whose_new_owner_waits(cause: Cause, decided: Owner):
    """The new owner is shown once the lead is theirs, and never where the operator drops the
    change.
    """
    world = MemoryWorld(settings={"max_changes_per_hour": 1}, owners=OWNERS)
    pairs = linked(world, 2, hubspot_owner_id="1")
    contact, lead = pairs[1]

    def owner() -> tuple[object, ...]:
        shown = world.hubspot.fields(contact)
        return world.salesforce.fields(lead)["OwnerId"], *map(shown.get, (SHOWN_ID, SHOWN_NAME))

    bulk_edit(world, pairs, hubspot_owner_id="2")
    assert (owner(), held_records(world)) == ((ADA.id, ADA.id, ADA.name), [(contact, "OwnerId")])
    decide(world, cause)
    assert (owner(), held_records(world)) == ((decided.id, decided.id, decided.name), [])


def test_an_edit_that_is_reverted_needs_no_decision():
    """If a person restores the old values in HubSpot, the report goes because nothing is left to
    write.
    """
    world = MemoryWorld(settings={"max_changes_per_hour": 1})
    pairs = linked(world, 2)
    bulk_edit(world, pairs, lastname="HACKED")

    bulk_edit(world, pairs[1:], lastname="Lang")

    assert held_records(world) == []
    assert not any(link.holds for link in world.links.all)


def test_new_records_and_first_values_do_not_count():
    """Neither an import of a thousand contacts nor an enrichment that fills blanks is limited."""
    world = MemoryWorld(settings={"max_changes_per_hour": 1})
    pairs = linked(world, 4)

    bulk_edit(world, pairs, firstname="Ada", city="Bath")

    assert in_salesforce(world, pairs, "FirstName", "City") == [("Ada", "Bath")] * 4
    assert held_records(world) == []


def test_the_operators_own_jobs_do_not_count():
    """A resync is not limited, and leaves the hour's limit to live changes."""
    world = MemoryWorld(settings={"max_changes_per_hour": 1})
    pairs = linked(world, 3)
    for contact, _ in pairs:
        world.hubspot.edit(contact, {"lastname": "Byron"})

    world.sync(*(contact for contact, _ in pairs), cause=Cause.RESYNC)

    assert in_salesforce(world, pairs, "LastName") == [("Byron",)] * 3


def test_each_side_has_its_own_limit():
    """Changes made in Salesforce are counted in HubSpot."""
    world = MemoryWorld(settings={"max_changes_per_hour": 2})
    pairs = linked(world, 4)
    bulk_edit(world, pairs[:2], lastname="Byron")

    for _, lead in pairs[1:]:
        world.salesforce.edit(lead, {"Title": "Captain"})
    world.sync(*(lead for _, lead in pairs[1:]))

    assert [world.hubspot.fields(contact)["jobtitle"] for contact, _ in pairs] == [
        "Pilot",
        "Captain",
        "Captain",
        "Pilot",
    ]
    assert held_records(world) == [(pairs[3][0], "jobtitle")]


def test_a_refused_write_does_not_count():
    """A refused write has overwritten nothing."""
    world = MemoryWorld(settings={"max_changes_per_hour": 2, "on_refused_field": "block"})
    pairs = linked(world, 3)
    world.salesforce.refuse = lambda _fields: Refused("was refused", code="VALIDATION")
    bulk_edit(world, pairs[:2], lastname="Byron")
    world.salesforce.refuse = lambda _fields: None

    bulk_edit(world, pairs[1:], lastname="Ada")

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
def test_auto_allows_more_with_many_pairs(
    counted: ChangeLimit, fields: dict[str, str | None], pairs: int, crossing: int
):
    """The pairs are counted in Salesforce once the smallest limit is used up."""
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

    bulk_edit(world, everybody, **fields)

    assert in_salesforce(world, everybody, "LastName", "Phone").count(before[0]) == 5 - crossing


def test_companies_and_deals_have_their_own_limits():
    """The limits hold for names of companies, and for amounts and stages of deals."""
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
    assert {ref for ref, _ in held_records(world)} == {companies[1], deals[1]}
    decide(world, Cause.DROPPED)
    world.sync(*companies, *deals, cause=Cause.AGAIN)
    assert world.salesforce.fields(world.counterpart(deals[1]))["Amount"] == 10


def test_a_held_deletion_is_done_when_released_and_forgotten_when_dropped():
    """A dropped deletion keeps the record in HubSpot for good, without a pair."""
    world = MemoryWorld(settings={"delete_in_hubspot": True, "max_deletes_per_hour": 1})
    pairs = linked(world, 3)
    for _, lead in pairs:
        world.salesforce.delete(lead)
    world.sync(*(lead for _, lead in pairs), cause=Cause.DELETED)
    first, second = (ref for ref, _ in held_records(world))

    world.sync(first, cause=Cause.RELEASED)
    world.sync(second, cause=Cause.DROPPED)
    world.wait(90)
    world.sync(second, cause=Cause.AGAIN)

    assert (world.hubspot.refs("contact"), held_records(world)) == ([second], [])
    assert Side.SALESFORCE in {link.deleted_on for link in world.links.all}


def held_deletions(world: MemoryWorld, many: int = 2) -> list[tuple[Ref, Ref]]:
    """Contacts whose leads were deleted together, and whose own deletion is held back."""
    pairs = linked(world, many + 1)
    for _, lead in pairs:
        world.salesforce.delete(lead)
    world.sync(*(lead for _, lead in pairs), cause=Cause.DELETED)
    return pairs[1:]


DELETES_ONE = {"delete_in_hubspot": True, "max_deletes_per_hour": 1}


@pytest.mark.parametrize("cause", [Cause.DELETED, Cause.EDITED, Cause.AGAIN, Cause.RESYNC])
def test_a_held_deletion_stays_held_whatever_reports_it_again(cause: Cause):
    """Another poll, an edit of the contact, a retry and a resync delete nothing in a later hour,
    and use up none of what may be deleted then.
    """
    world = MemoryWorld(settings=dict(DELETES_ONE))
    held = held_deletions(world)
    another = linked(world, 1)[0][1]
    world.wait(120)
    contacts = [contact for contact, _ in held]

    for _ in range(2):
        if cause is Cause.DELETED:
            world.sync(*(lead for _, lead in held), cause=cause)
        else:
            world.sync(*contacts, cause=cause)

    assert world.hubspot.refs("contact")[:2] == contacts
    assert held_records(world) == [(contact, "") for contact in contacts]
    world.salesforce.delete(another)
    world.sync(another, cause=Cause.DELETED)
    assert world.hubspot.refs("contact") == contacts


def test_a_held_deletion_of_a_record_that_comes_back_needs_no_decision():
    """The report goes, edits sync in both directions, and a later deletion is counted anew."""
    world = MemoryWorld(settings=dict(DELETES_ONE))
    contact, lead = held_deletions(world, 1)[0]

    world.salesforce.restore(lead)
    world.sync(lead, cause=Cause.RESTORED)

    assert (held_records(world), [one.holds for one in world.links.all][-1]) == ([], frozenset())
    world.wait(60)
    world.hubspot.edit(contact, {"phone": None, "jobtitle": "Captain"})
    world.sync(contact)
    assert in_salesforce(world, [(contact, lead)], "Phone", "Title") == [(None, "Captain")]
    world.salesforce.delete(lead)
    world.sync(lead, cause=Cause.DELETED)
    assert world.hubspot.refs("contact") == []


def test_held_deletions_of_companies_and_deals_stay_held():
    """The next hour deletes neither the company nor the deal; the operator does."""
    world = MemoryWorld(
        companies=CompanySettings(delete_in_hubspot=True, max_deletes_per_hour=1),
        deal_settings=DealSettings(
            delete_in_hubspot=True, hold_deletes_hours=0, max_deletes_per_hour=1
        ),
    )
    accounts = [world.new_account(Name=f"Example {number}") for number in range(2)]
    opportunities = [world.new_opportunity(Name=f"Deal {number}") for number in range(2)]
    gone = [*accounts, *opportunities]
    world.sync(*gone)
    for one in gone:
        world.salesforce.delete(one)
    world.sync(*gone, cause=Cause.DELETED)
    world.wait(60)

    world.sync(*gone, cause=Cause.DELETED)

    left = [*world.hubspot.refs("company"), *world.hubspot.refs("deal")]
    assert (len(left), [ref for ref, _ in held_records(world)]) == (2, left)
    decide(world, Cause.RELEASED)
    assert [*world.hubspot.refs("company"), *world.hubspot.refs("deal")] == []
    assert held_records(world) == []
