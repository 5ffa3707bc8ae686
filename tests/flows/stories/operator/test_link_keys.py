"""A story of a new link key that the operator introduces while people work."""

from __future__ import annotations

import pytest

from local.people import People
from local.stack import Stack
from tests.flows.stories.story_command import command
from tests.flows.stories.story_contacts import SWEEP, linked_pair, record


def keys(stack: Stack) -> dict[int, int]:
    """The number of pairs that need each key."""
    return {one["key"]: one["pairs"] for one in command(stack, "links", "keys")["keys"]}


@pytest.mark.long
def test_a_key_is_changed_while_people_work(stack: Stack, people: People) -> None:
    """Edits before and after the change sync once, unchanged pairs are not written to a CRM, and
    the first key is removed in the end.
    """
    one, first = linked_pair(stack, people, "keys-1@example.com", lastname="One")
    two, second = linked_pair(stack, people, "keys-2@example.com", lastname="Two")
    pair_count = sum(keys(stack).values())
    people.edit_record("Lead", second, LastName="Deux")
    assert command(stack, "links", "new-key", "--apply")["key"] == 2
    stack.advance(301)
    people.edit_contact(one, lastname="Une")
    stack.settle()

    assert record(people, "Lead", first, "LastName") == {"LastName": "Une"}
    assert people.contact(two, "lastname") == {"lastname": "Deux"}
    before = stack.stats()
    assert command(stack, "links", "reseal", "--apply")["left"] == 0
    stack.advance(SWEEP)
    after = stack.stats()

    assert keys(stack) == {2: pair_count, 1: 0}
    assert [
        after[side]["writes"] - before[side]["writes"] for side in ("hubspot", "salesforce")
    ] == [0, 0]
    assert command(stack, "links", "retire-keys", "--apply")["gone"] == [1]
    stack.advance(301)
    people.edit_contact(two, lastname="Zwei")
    stack.settle()
    assert record(people, "Lead", second, "LastName") == {"LastName": "Zwei"}
    assert stack.settle()["open_errors"] == 0
