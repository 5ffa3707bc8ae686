"""Stories of opt-outs that HubSpot shows late, accepts only in part, or that a person revokes: in
doubt, the contact stays opted out.

The stack's HubSpot shows an opt-out half a minute after crmsync has requested it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from local.people import People
from local.stack import Stack
from simulators.hubspot.errors import ApiError
from tests.flows.conftest import SETTINGS, WORLD
from tests.flows.stories.contacts.test_opt_out import IN, OUT, opted_out
from tests.flows.stories.story_contacts import act_as_contact, linked_pair, record

LATE = 30
BRAND = 4711


def world(**more: Any) -> dict[str, Any]:
    """The default world, with further properties of the HubSpot account."""
    return {**WORLD, "hubspot": [{**WORLD["hubspot"][0], **more}]}


@pytest.fixture(scope="module")
def late_stack() -> Iterator[Stack]:
    """A stack whose HubSpot shows opt-outs late."""
    with Stack(SETTINGS, world(opt_out_delay_seconds=LATE)) as stack:
        yield stack


@pytest.fixture
def late(late_stack: Stack) -> Iterator[Stack]:
    """The stack of late opt-outs, without faults and with nothing left to do."""
    late_stack.faults([])
    late_stack.settle()
    yield late_stack
    late_stack.faults([])


def unsubscribe_calls(stack: Stack) -> int:
    """The number of crmsync's calls to unsubscribe a contact in HubSpot."""
    calls = stack.stats()["hubspot"]["by_endpoint"]
    return sum(count for name, count in calls.items() if "unsubscribe" in name.lower())


def opted_out_in_salesforce(people: People, made: str) -> bool:
    """Whether the lead's Email Opt Out is ticked."""
    return bool(record(people, "Lead", made, "HasOptedOutOfEmail")["HasOptedOutOfEmail"])


def edit(stack: Stack, people: People, side: str, contact: str, made: str, number: int) -> None:
    """Edit another field on one side and deliver the change."""
    if side == "hubspot":
        people.edit_contact(contact, jobtitle=f"Pilot {number}")
    else:
        people.edit_record("Lead", made, Title=f"Pilot {number}")
    stack.settle()


@pytest.mark.long
@pytest.mark.rule("OPT-4")
@pytest.mark.rule("OPT-6")
@pytest.mark.parametrize("side", ["hubspot", "salesforce"])
def test_edits_before_hubspot_shows_an_opt_out_do_not_revoke_it(late: Stack, side: str):
    """Whichever side is edited meanwhile, Email Opt Out stays ticked and HubSpot shows the opt-out
    in the end.
    """
    people = People(late.ready())
    contact, made = linked_pair(late, people, f"late.{side}@example.com")
    people.edit_record("Lead", made, HasOptedOutOfEmail=True)
    late.settle()
    for number in range(3):
        edit(late, people, side, contact, made, number)
        assert opted_out(people, contact, made) == (False, True)
    result = late.advance(2 * 60)
    assert (opted_out(people, contact, made), result["open_errors"]) == (OUT, 0)


@pytest.mark.rule("OPT-4")
@pytest.mark.long
def test_an_opt_out_that_shows_in_time_takes_one_call(late: Stack):
    """HubSpot is asked once if nothing makes crmsync read the contact before the opt-out shows, and
    no further sync checks the opt-out afterwards.
    """
    people = People(late.ready())
    contact, made = linked_pair(late, people, "late.once@example.com")
    # A sweep of HubSpot that still passes on the new contact would ask once more.
    late.advance(20 * 60)
    before = unsubscribe_calls(late)
    people.edit_record("Lead", made, HasOptedOutOfEmail=True)
    late.settle()
    # The poll and the sweep pass the edited records on once more.
    late.advance(60 * 60)
    seen = late.stats()["lambda"]["contact_sync"]
    late.advance(10 * 60)
    assert (opted_out(people, contact, made), unsubscribe_calls(late) - before) == (OUT, 1)
    assert late.stats()["lambda"]["contact_sync"] == seen


@pytest.mark.rule("OPT-4")
@pytest.mark.parametrize("after", ["hubspot_write", "salesforce_write", "dynamodb_write"])
@pytest.mark.long
def test_a_killed_call_loses_no_opt_out(late: Stack, after: str):
    """If the function is killed after any write and both sides are edited, the contact still ends
    opted out on both sides.
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
    assert opted_out_in_salesforce(people, made)
    late.faults([])
    result = late.advance(30 * 60)
    assert (opted_out(people, contact, made), result["open_errors"]) == (OUT, 0)


@pytest.mark.rule("OPT-6")
@pytest.mark.rule("Q-11")
def test_a_contact_can_resubscribe_once_its_opt_out_has_shown(late: Stack):
    """When the contact resubscribes itself, Email Opt Out is cleared, and this works repeatedly."""
    people = People(late.ready())
    contact, made = linked_pair(late, people, "late.back@example.com")
    for _ in range(2):
        people.edit_record("Lead", made, HasOptedOutOfEmail=True)
        late.settle()
        late.advance(2 * 60)
        assert opted_out(people, contact, made) == OUT
        act_as_contact(late, "resubscribe", "late.back@example.com")
        late.advance(2 * 60)
        assert opted_out(people, contact, made) == IN


@pytest.mark.rule("OPT-5")
def test_an_opt_out_cleared_meanwhile_is_set_again(late: Stack):
    """Clearing Email Opt Out before HubSpot shows the opt-out is undone, because HubSpot was asked
    already.
    """
    people = People(late.ready())
    contact, made = linked_pair(late, people, "late.unticked@example.com")
    people.edit_record("Lead", made, HasOptedOutOfEmail=True)
    late.settle()
    people.edit_record("Lead", made, HasOptedOutOfEmail=False)
    late.settle()
    late.advance(2 * 60)
    assert opted_out(people, contact, made) == OUT


@pytest.mark.long
@pytest.mark.rule("OPT-6")
def test_a_hubspot_user_cannot_revoke_salesforces_opt_out(late: Stack):
    """If a HubSpot user resubscribes such a contact, that is not the contact's own act and the
    opt-out is sent again.
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
        assert opted_out(people, contact, made) == OUT


@pytest.mark.rule("OPT-6")
def test_a_hubspot_user_cannot_revoke_the_contacts_own_opt_out(late: Stack):
    """HubSpot itself refuses that."""
    people = People(late.ready())
    linked_pair(late, people, "late.own@example.com")
    act_as_contact(late, "unsubscribe", "late.own@example.com")
    with pytest.raises(ApiError):
        late.person(
            {"side": "hubspot", "do": "resubscribe", "email": "late.own@example.com", "by": "user"}
        )


@pytest.mark.rule("OPT-4")
@pytest.mark.long
def test_a_contact_is_opted_out_of_every_brand(new_stack: Any):
    """The account and its brands have separate subscriptions, and crmsync unsubscribes the contact
    from all of them.
    """
    stack = new_stack(SETTINGS, world(brands=[{"id": BRAND, "name": "Northwind"}]))
    people = People(stack.ready())
    contact, made = linked_pair(stack, people, "brand@example.com")
    people.edit_record("Lead", made, HasOptedOutOfEmail=True)
    result = stack.settle()
    assert (opted_out(people, contact, made), result["open_errors"]) == (OUT, 0)


@pytest.mark.rule("OPT-4")
@pytest.mark.long
def test_a_partly_refused_opt_out_is_reported_and_kept(new_stack: Any):
    """If a brand refuses, the contact stays opted out in Salesforce and both records are reported;
    once it accepts, both sides agree.
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
    result = stack.settle()
    assert (opted_out(people, contact, made), result["open_errors"]) == ((False, True), 2)
    people.edit_contact(contact, jobtitle="Pilot")
    stack.settle()
    assert opted_out(people, contact, made) == (False, True)
    stack.person({**refuse, "refuse": False})
    people.edit_contact(contact, jobtitle="Captain")
    stack.settle()
    result = stack.advance(2 * 60)
    assert (opted_out(people, contact, made), result["open_errors"]) == (OUT, 0)
