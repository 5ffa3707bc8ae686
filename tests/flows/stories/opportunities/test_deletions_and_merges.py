"""Stories of deals and opportunities that are deleted, brought back and merged: by default, and
with all that settings hold back.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.people import People
from local.stack import Stack
from tests.flows.conftest import WORLD, NewStack
from tests.flows.stories.story_contacts import SWEEP, open_errors, undelete
from tests.flows.stories.story_deals import (
    counterpart,
    deal,
    deals,
    delete_deal,
    edit_deal,
    from_deal,
    from_opportunity,
    merge_deals,
    new_role,
    opportunities,
    opportunity,
    roles,
    settings,
    someone,
    tied,
    untie,
)

HOUR = 3600


@pytest.fixture(scope="module")
def module_stack() -> Iterator[Stack]:
    """One stack for the module."""
    with Stack(settings(), WORLD) as stack:
        yield stack


@pytest.mark.rule("OPP-13")
@pytest.mark.rule("Q-30")
@pytest.mark.parametrize("told_by", ["change_event", "poll"])
def test_a_deleted_opportunity_takes_its_deal_along_and_an_undelete_brings_it_back(
    stack: Stack, people: People, told_by: str
):
    """At once by a change event, with the next poll without one; the deal that comes back has the
    people of the opportunity, once.
    """
    member = someone(stack, people, f"{told_by}@ends.example")
    mine, theirs = from_opportunity(stack, people, told_by, Amount=4)
    new_role(people, theirs, member.person)
    stack.settle()
    if told_by == "poll":
        stack.faults([{"at": "salesforce", "kind": "drop_change_event", "times": 9}])
    people.delete_record("Opportunity", theirs)
    told = stack.settle() if told_by == "change_event" else stack.advance(SWEEP)
    assert (told["open_errors"], deals(people, told_by)) == (0, [])
    undelete(stack, theirs)
    told = stack.settle() if told_by == "change_event" else stack.advance(SWEEP)
    (new,) = deals(people, told_by)
    assert (told["open_errors"], new != mine, counterpart(people, new)) == (0, True, theirs)
    assert (deal(people, new, "amount"), tied(people, new)) == ({"amount": "4"}, {member.contact})
    assert roles(people, theirs) == [member.person]
    edit_deal(people, new, amount="5")
    assert open_errors(stack) == 0
    assert opportunity(people, theirs, "Amount") == {"Amount": 5.0}


@pytest.mark.rule("OPP-14")
@pytest.mark.rule("Q-28")
def test_a_deleted_deal_leaves_its_opportunity(stack: Stack, people: People):
    """No edit of the opportunity makes a new deal, whatever time passes; a person who restores the
    deal has the old pair again.
    """
    mine, theirs = from_deal(stack, people, "Gone")
    delete_deal(people, mine)
    assert open_errors(stack) == 0
    people.edit_record("Opportunity", theirs, Amount=8)
    told = stack.advance(SWEEP)
    assert (told["open_errors"], deals(people, "Gone"), len(opportunities(people, "Gone"))) == (
        0,
        [],
        1,
    )
    stack.person({"side": "hubspot", "do": "restore", "object": "deals", "ids": [mine]})
    stack.settle()
    people.edit_record("Opportunity", theirs, Amount=9)
    told = stack.advance(SWEEP)
    assert (told["open_errors"], deals(people, "Gone"), len(opportunities(people, "Gone"))) == (
        0,
        [mine],
        1,
    )
    assert deal(people, mine, "amount") == {"amount": "9"}


@pytest.mark.rule("OPP-13")
@pytest.mark.rule("OPP-14")
def test_who_deletes_both_deletes_both(stack: Stack, people: People):
    """Gone on both sides before anybody has looked: nothing is made again, nothing is an error."""
    mine, theirs = from_deal(stack, people, "Both")
    delete_deal(people, mine)
    people.delete_record("Opportunity", theirs)
    told = stack.advance(SWEEP)
    assert (told["open_errors"], deals(people, "Both"), opportunities(people, "Both")) == (
        0,
        [],
        [],
    )


@pytest.mark.rule("OPP-14")
@pytest.mark.rule("DUP-6")
@pytest.mark.long
def test_merged_deals_leave_both_opportunities_and_one_pair(stack: Stack, people: People):
    """The deal that is left goes on with its own opportunity; the other one's stays, alone, and no
    edit of it makes a deal.
    """
    kept, his = from_opportunity(stack, people, "Kept")
    lost, hers = from_opportunity(stack, people, "Lost")
    survivor = merge_deals(people, lost, into=kept)
    told = stack.advance(SWEEP)
    assert (told["open_errors"], counterpart(people, survivor)) == (0, his)
    people.edit_record("Opportunity", hers, Amount=6)
    people.edit_record("Opportunity", his, Amount=7)
    told = stack.advance(SWEEP)
    assert (told["open_errors"], deals(people, "Lost"), deals(people, "Kept")) == (
        0,
        [],
        [survivor],
    )
    assert deal(people, survivor, "amount") == {"amount": "7"}
    assert [len(opportunities(people, name)) for name in ("Kept", "Lost")] == [1, 1]


@pytest.mark.rule("OPP-13")
@pytest.mark.rule("Q-30")
@pytest.mark.rule("Q-29")
@pytest.mark.rule("CH-9")
@pytest.mark.long
def test_what_the_settings_hold_back(new_stack: NewStack):
    """Deletions wait two hours and are forgotten after an undelete, then two an hour go and the
    third waits for a person.

    The same settings let a person who is taken away on one side go on the other (Q-29).
    """
    held = {"hold_deletes_hours": "2", "max_deletes_per_hour": "2", "remove_associations": "true"}
    stack = new_stack(settings(held))
    people = People(stack.ready())

    one, two = (someone(stack, people, f"{name}@held.example") for name in ("one", "two"))
    mine, theirs = from_opportunity(stack, people, "Tied")
    ended = new_role(people, theirs, one.person)
    new_role(people, theirs, two.person)
    stack.settle()
    people.delete_record("OpportunityContactRole", ended)
    assert open_errors(stack) == 0
    assert tied(people, mine) == {two.contact}
    untie(people, mine, "contacts", two.contact)
    assert stack.advance(SWEEP)["open_errors"] == 0
    assert (tied(people, mine), roles(people, theirs)) == (set(), [])

    names = ("Back", "First", "Second", "Third")
    pairs = [from_opportunity(stack, people, name) for name in names]
    for _, lost in pairs:
        people.delete_record("Opportunity", lost)
    stack.settle()
    undelete(stack, pairs[0][1])
    stack.advance(HOUR)
    assert [len(deals(people, name)) for name in names] == [1, 1, 1, 1]
    told = stack.advance(HOUR + SWEEP)
    left = [name for name in names if deals(people, name)]
    assert (told["open_errors"], len(left), left[0]) == (1, 2, "Back")
    edit_deal(people, pairs[0][0], amount="3")
    stack.settle()
    assert opportunity(people, pairs[0][1], "Amount") == {"Amount": 3.0}
