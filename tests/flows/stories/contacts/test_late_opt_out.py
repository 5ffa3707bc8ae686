"""Stories of opt-outs that HubSpot shows late, refuses in part, or that somebody takes back:
consent first.

HubSpot's contacts show an opt-out that crmsync asked for half a minute later here (or an hour, for
one that takes its time).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from local.people import People
from local.stack import Stack
from simulators.hubspot.errors import ApiError
from tests.flows.conftest import SETTINGS, WORLD
from tests.flows.stories.contacts.test_opt_out import IN, OUT, said
from tests.flows.stories.story_contacts import linked_pair, own_act, record

LATE = 30
BRAND = 4711


def world(**more: Any) -> dict[str, Any]:
    """The usual world with a HubSpot that has more to it."""
    return {**WORLD, "hubspot": [{**WORLD["hubspot"][0], **more}]}


@pytest.fixture(scope="module")
def late_stack() -> Iterator[Stack]:
    """A stack whose HubSpot shows opt-outs late."""
    with Stack(SETTINGS, world(opt_out_delay_seconds=LATE)) as stack:
        yield stack


@pytest.fixture
def late(late_stack: Stack) -> Iterator[Stack]:
    """The late stack between tests: no faults, nothing left to do now."""
    late_stack.faults([])
    late_stack.settle()
    yield late_stack
    late_stack.faults([])


def asked(stack: Stack) -> int:
    """How often crmsync has asked HubSpot to unsubscribe somebody."""
    calls = stack.stats()["hubspot"]["by_endpoint"]
    return sum(count for name, count in calls.items() if "unsubscribe" in name.lower())


def box(people: People, made: str) -> bool:
    """Salesforce's box."""
    return bool(record(people, "Lead", made, "HasOptedOutOfEmail")["HasOptedOutOfEmail"])


def edit(stack: Stack, people: People, side: str, contact: str, made: str, number: int) -> None:
    """A person edits another field on one side, and it is delivered."""
    if side == "hubspot":
        people.edit_contact(contact, jobtitle=f"Pilot {number}")
    else:
        people.edit_record("Lead", made, Title=f"Pilot {number}")
    stack.settle()


@pytest.mark.rule("OPT-4")
@pytest.mark.rule("OPT-6")
@pytest.mark.parametrize("side", ["hubspot", "salesforce"])
def test_edits_before_hubspot_shows_the_opt_out_take_nothing_back(late: Stack, side: str):
    """Whoever edits the person on its way to being opted out, and however often, the box stays
    ticked and HubSpot shows it in the end.
    """
    people = People(late.ready())
    contact, made = linked_pair(late, people, f"late.{side}@example.com")
    people.edit_record("Lead", made, HasOptedOutOfEmail=True)
    late.settle()
    for number in range(3):
        edit(late, people, side, contact, made, number)
        assert said(people, contact, made) == (False, True)
    told = late.advance(2 * 60)
    assert (said(people, contact, made), told["open_errors"]) == (OUT, 0)


@pytest.mark.rule("OPT-4")
@pytest.mark.long
def test_an_opt_out_that_shows_in_time_costs_one_call(late: Stack):
    """HubSpot is asked once; what it then shows is read, and nothing goes on looking."""
    people = People(late.ready())
    contact, made = linked_pair(late, people, "late.once@example.com")
    before = asked(late)
    people.edit_record("Lead", made, HasOptedOutOfEmail=True)
    late.settle()
    # The poll and the sweep pass the edited records on once more.
    late.advance(60 * 60)
    seen = late.stats()["lambda"]["contact_sync"]
    late.advance(10 * 60)
    assert (said(people, contact, made), asked(late) - before) == (OUT, 1)
    assert late.stats()["lambda"]["contact_sync"] == seen


@pytest.mark.rule("OPT-4")
@pytest.mark.parametrize("after", ["hubspot_write", "salesforce_write", "dynamodb_write"])
@pytest.mark.long
def test_a_kill_on_the_way_loses_no_opt_out(late: Stack, after: str):
    """Killed after any write, with edits on both sides before HubSpot shows anything, the person
    ends opted out on both sides.
    """
    people = People(late.ready())
    contact, made = linked_pair(late, people, f"late.kill.{after}@example.com")
    late.faults(
        [{"at": "lambda", "kind": "kill", "function": "contact_sync", "after": after, "times": 2}]
    )
    people.edit_record("Lead", made, HasOptedOutOfEmail=True, Title="Pilot")
    late.settle()
    people.edit_contact(contact, mobilephone="0100")
    late.settle()
    assert box(people, made)
    late.faults([])
    told = late.advance(30 * 60)
    assert (said(people, contact, made), told["open_errors"]) == (OUT, 0)


@pytest.mark.rule("OPT-6")
@pytest.mark.rule("Q-11")
def test_the_contact_comes_back_once_its_opt_out_has_shown(late: Stack):
    """Seen out and then in again by its own act, the box is cleared, several times over."""
    people = People(late.ready())
    contact, made = linked_pair(late, people, "late.back@example.com")
    for _ in range(2):
        people.edit_record("Lead", made, HasOptedOutOfEmail=True)
        late.settle()
        late.advance(2 * 60)
        assert said(people, contact, made) == OUT
        own_act(late, "resubscribe", "late.back@example.com")
        late.advance(2 * 60)
        assert said(people, contact, made) == IN


@pytest.mark.rule("OPT-5")
def test_a_box_unticked_meanwhile_is_ticked_again(late: Stack):
    """HubSpot was asked already, so the person is out there; Salesforce's second thought is
    undone.
    """
    people = People(late.ready())
    contact, made = linked_pair(late, people, "late.unticked@example.com")
    people.edit_record("Lead", made, HasOptedOutOfEmail=True)
    late.settle()
    people.edit_record("Lead", made, HasOptedOutOfEmail=False)
    late.settle()
    late.advance(2 * 60)
    assert said(people, contact, made) == OUT


@pytest.mark.rule("OPT-6")
def test_a_hubspot_user_cannot_take_back_what_salesforce_opted_out(late: Stack):
    """HubSpot lets its users subscribe such a contact again; that is not the contact's own act, and
    the opt-out is sent again.
    """
    people = People(late.ready())
    address = "late.user@example.com"
    contact, made = linked_pair(late, people, address)
    people.edit_record("Lead", made, HasOptedOutOfEmail=True)
    late.settle()
    late.advance(2 * 60)
    for _ in range(2):
        late.person({"side": "hubspot", "do": "resubscribe", "email": address, "by": "user"})
        late.advance(3 * 60)
        assert said(people, contact, made) == OUT


@pytest.mark.rule("OPT-6")
def test_a_hubspot_user_cannot_take_back_the_contacts_own_opt_out(late: Stack):
    """That HubSpot itself refuses."""
    people = People(late.ready())
    linked_pair(late, people, "late.own@example.com")
    own_act(late, "unsubscribe", "late.own@example.com")
    with pytest.raises(ApiError):
        late.person(
            {"side": "hubspot", "do": "resubscribe", "email": "late.own@example.com", "by": "user"}
        )


@pytest.mark.rule("OPT-4")
@pytest.mark.long
def test_who_has_brands_is_opted_out_of_each(new_stack: Any):
    """The account and its brands have subscriptions of their own; crmsync asks for every one that
    is left.
    """
    stack = new_stack(SETTINGS, world(brands=[{"id": BRAND, "name": "Northwind"}]))
    people = People(stack.ready())
    contact, made = linked_pair(stack, people, "brand@example.com")
    people.edit_record("Lead", made, HasOptedOutOfEmail=True)
    told = stack.settle()
    assert (said(people, contact, made), told["open_errors"]) == (OUT, 0)


@pytest.mark.rule("OPT-4")
@pytest.mark.long
def test_an_opt_out_that_is_refused_in_part_is_told_and_kept(new_stack: Any):
    """One brand refuses: the person stays opted out in Salesforce, it is told of both its records,
    and once mended both agree.
    """
    stack = new_stack(SETTINGS, world(brands=[{"id": BRAND, "name": "Northwind"}]))
    people = People(stack.ready())
    contact, made = linked_pair(stack, people, "part@example.com")
    refuse = {
        "side": "hubspot",
        "do": "refuse_opt_out",
        "email": "part@example.com",
        "brand": BRAND,
    }
    stack.person(refuse)
    people.edit_record("Lead", made, HasOptedOutOfEmail=True)
    told = stack.settle()
    assert (said(people, contact, made), told["open_errors"]) == ((False, True), 2)
    people.edit_contact(contact, jobtitle="Pilot")
    stack.settle()
    assert said(people, contact, made) == (False, True)
    stack.person({**refuse, "refuse": False})
    people.edit_contact(contact, jobtitle="Captain")
    stack.settle()
    told = stack.advance(2 * 60)
    assert (said(people, contact, made), told["open_errors"]) == (OUT, 0)
