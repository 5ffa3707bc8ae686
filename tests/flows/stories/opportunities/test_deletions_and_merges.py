"""Stories of deals and opportunities that are deleted, restored and merged, by default and with the
settings that hold deletions back.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.people import People
from local.stack import Stack
from tests.flows.conftest import WORLD, NewStack
from tests.flows.stories.story_contacts import SWEEP, open_errors, undelete
from tests.flows.stories.story_deals import (
    associated,
    counterpart,
    deal,
    deals,
    delete_deal,
    dissociate,
    edit_deal,
    from_deal,
    from_opportunity,
    linked_contact,
    merge_deals,
    new_role,
    opportunities,
    opportunity,
    roles,
    settings,
)

HOUR = 3600


@pytest.fixture(scope="module")
def module_stack() -> Iterator[Stack]:
    """One stack for the module."""
    with Stack(settings(), WORLD) as stack:
        yield stack


@pytest.mark.long
@pytest.mark.rule("OPP-13")
@pytest.mark.rule("Q-30")
@pytest.mark.parametrize("noticed_by", ["change_event", "poll"])
def test_a_deleted_opportunity_deletes_its_deal_and_an_undelete_creates_it_again(
    stack: Stack, people: People, noticed_by: str
):
    """Both happen at once by a change event or with the next poll, and the new deal has the
    opportunity's contacts once.
    """
    member = linked_contact(stack, people, f"{noticed_by}@ends.example")
    deal_id, opportunity_id = from_opportunity(stack, people, noticed_by, Amount=4)
    new_role(people, opportunity_id, member.person)
    stack.settle()
    if noticed_by == "poll":
        stack.faults([{"at": "salesforce", "kind": "drop_change_event", "times": 9}])
    people.delete_record("Opportunity", opportunity_id)
    result = stack.settle() if noticed_by == "change_event" else stack.advance(SWEEP)
    assert (result["open_errors"], deals(people, noticed_by)) == (0, [])
    undelete(stack, opportunity_id)
    result = stack.settle() if noticed_by == "change_event" else stack.advance(SWEEP)
    (new,) = deals(people, noticed_by)
    assert (result["open_errors"], new != deal_id, counterpart(people, new)) == (
        0,
        True,
        opportunity_id,
    )
    assert (deal(people, new, "amount"), associated(people, new)) == (
        {"amount": "4"},
        {member.contact},
    )
    assert roles(people, opportunity_id) == [member.person]
    edit_deal(people, new, amount="5")
    assert open_errors(stack) == 0
    assert opportunity(people, opportunity_id, "Amount") == {"Amount": 5.0}


@pytest.mark.long
@pytest.mark.rule("OPP-14")
@pytest.mark.rule("Q-28")
def test_a_deleted_deal_leaves_its_opportunity(stack: Stack, people: People):
    """Editing the opportunity creates no new deal, and a restored deal syncs with its opportunity
    again.
    """
    deal_id, opportunity_id = from_deal(stack, people, "Gone")
    delete_deal(people, deal_id)
    assert open_errors(stack) == 0
    people.edit_record("Opportunity", opportunity_id, Amount=8)
    result = stack.advance(SWEEP)
    assert (result["open_errors"], deals(people, "Gone"), len(opportunities(people, "Gone"))) == (
        0,
        [],
        1,
    )
    stack.person({"side": "hubspot", "do": "restore", "object": "deals", "ids": [deal_id]})
    stack.settle()
    people.edit_record("Opportunity", opportunity_id, Amount=9)
    result = stack.advance(SWEEP)
    assert (result["open_errors"], deals(people, "Gone"), len(opportunities(people, "Gone"))) == (
        0,
        [deal_id],
        1,
    )
    assert deal(people, deal_id, "amount") == {"amount": "9"}


@pytest.mark.rule("OPP-13")
@pytest.mark.rule("OPP-14")
def test_records_deleted_on_both_sides_stay_deleted(stack: Stack, people: People):
    """If both are deleted before a sync, neither is created again and nothing is reported."""
    deal_id, opportunity_id = from_deal(stack, people, "Both")
    delete_deal(people, deal_id)
    people.delete_record("Opportunity", opportunity_id)
    result = stack.advance(SWEEP)
    assert (result["open_errors"], deals(people, "Both"), opportunities(people, "Both")) == (
        0,
        [],
        [],
    )


@pytest.mark.rule("OPP-14")
@pytest.mark.rule("DUP-6")
@pytest.mark.long
def test_merged_deals_leave_both_opportunities_and_one_pair(stack: Stack, people: People):
    """The surviving deal syncs with its own opportunity; the other opportunity stays without a
    link, and editing it creates no deal.
    """
    kept, his = from_opportunity(stack, people, "Kept")
    lost, hers = from_opportunity(stack, people, "Lost")
    survivor = merge_deals(people, lost, into=kept)
    result = stack.advance(SWEEP)
    assert (result["open_errors"], counterpart(people, survivor)) == (0, his)
    people.edit_record("Opportunity", hers, Amount=6)
    people.edit_record("Opportunity", his, Amount=7)
    result = stack.advance(SWEEP)
    assert (result["open_errors"], deals(people, "Lost"), deals(people, "Kept")) == (
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
def test_the_settings_hold_deletions_back(new_stack: NewStack):
    """Deletions wait two hours and are dropped after an undelete, then two an hour go and the third
    waits for a person; with `remove_associations` a removed contact is removed on both sides.
    """
    held = {"hold_deletes_hours": "2", "max_deletes_per_hour": "2", "remove_associations": "true"}
    stack = new_stack(settings(held))
    people = People(stack.ready())

    one, two = (linked_contact(stack, people, f"{name}@held.example") for name in ("one", "two"))
    deal_id, opportunity_id = from_opportunity(stack, people, "Tied")
    ended = new_role(people, opportunity_id, one.person)
    new_role(people, opportunity_id, two.person)
    stack.settle()
    people.delete_record("OpportunityContactRole", ended)
    assert open_errors(stack) == 0
    assert associated(people, deal_id) == {two.contact}
    dissociate(people, deal_id, "contacts", two.contact)
    assert stack.advance(SWEEP)["open_errors"] == 0
    assert (associated(people, deal_id), roles(people, opportunity_id)) == (set(), [])

    names = ("Back", "First", "Second", "Third")
    pairs = [from_opportunity(stack, people, name) for name in names]
    for _, lost in pairs:
        people.delete_record("Opportunity", lost)
    stack.settle()
    undelete(stack, pairs[0][1])
    stack.advance(HOUR)
    assert [len(deals(people, name)) for name in names] == [1, 1, 1, 1]
    result = stack.advance(HOUR + SWEEP)
    left = [name for name in names if deals(people, name)]
    assert (result["open_errors"], len(left), left[0]) == (1, 2, "Back")
    edit_deal(people, pairs[0][0], amount="3")
    stack.settle()
    assert opportunity(people, pairs[0][1], "Amount") == {"Amount": 3.0}
