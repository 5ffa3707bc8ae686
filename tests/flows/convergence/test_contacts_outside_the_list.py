"""In an org with Shared Activities contacts of one call join and leave the inclusion list while people
change on both sides whom it is about. Nobody outside is added or taken away on the other side, and
whoever joins is where the last agreement and what has happened since say.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from crmsync.model.records import Ref, Side
from tests.flows.kinds.activities.activity_worlds import a_call
from tests.flows.kinds.activities.listed_worlds import (
    TITLES,
    a_person,
    join,
    list_on,
    listed,
    look,
    people_of,
)

EXAMPLES = 1000 if os.environ.get("HYPOTHESIS_PROFILE") == "explore" else 40
SIDES, OTHERS = st.sampled_from(list(Side)), st.integers(0, 3)


class ContactsOutsideTheList(RuleBasedStateMachine):
    """A call of Eva, who stays in the list, and of some of four others."""

    def __init__(self) -> None:
        super().__init__()
        self.world = listed(several=True)
        people = [a_person(self.world, name, is_in=True) for name in ("eva", "a", "b", "c", "d")]
        self.eva, *self.others = (dict(zip(Side, one, strict=True)) for one in people)
        self.outside: set[int] = set()
        self.pair: tuple[Ref, Ref] | None = None

    @initialize(first=st.sets(OTHERS))
    def somebody_calls(self, first: set[int]) -> None:
        """A call and its task, in step."""
        here = [self.eva, *(self.others[one] for one in first)]
        call = a_call(self.world, *(one[Side.HUBSPOT] for one in here))
        self.world.sync(call)
        self.world.drain()
        self.pair = call, self.world.counterpart(call)
        self.agreed = set(first)
        self.expected = {side: set(first) for side in Side}

    @rule(side=SIDES, other=OTHERS)
    def a_person_adds_or_takes_away(self, side: Side, other: int) -> None:
        """Not the last trace of somebody who had been agreed on, while another one outside is still
        to be taken away: nothing tells then who that is (decision 90).
        """
        new = self.expected[side] ^ {other}
        is_last = other not in new | self.expected[side.other]
        alone = (self.expected[side] ^ self.expected[side.other]) - {other}
        if is_last and other in self.outside and alone:
            return
        self.expected[side] = new
        if other not in self.outside:
            self.expected[side.other] = self.expected[side.other] - {other} | new & {other}
        if self.is_alike(other):
            self.agreed = self.agreed - {other} | new & {other}
        self.world.wait(75)  # The loop breaker counts edits within an hour of ours.
        list_on(self.world, side, self.pair, *self.on(side, new))
        look(self.world, *self.pair)

    @rule(side=SIDES, title=st.text("abc", min_size=1, max_size=3))
    def a_person_edits_the_title(self, side: Side, title: str) -> None:
        """Which is about nobody."""
        self.world.wait(75)
        ref = self.pair[side is Side.SALESFORCE]
        self.world.crm(side).edit(ref, {TITLES[side]: title})
        look(self.world, *self.pair)

    @rule(other=OTHERS)
    def a_contact_leaves(self, other: int) -> None:
        """Nothing tells crmsync."""
        self.outside.add(other)
        self.world.lists.remove_from_list("77", self.others[other][Side.HUBSPOT])

    @precondition(lambda self: self.outside)
    @rule(data=st.data())
    def a_contact_joins(self, data: st.DataObject) -> None:
        """Where one side alone shows it, that side or the other one has changed since."""
        other = data.draw(st.sampled_from(sorted(self.outside)))
        self.outside.remove(other)
        if not self.is_alike(other):
            self.agreed ^= {other}
            for side in Side:
                self.expected[side] = self.expected[side] - {other} | self.agreed & {other}
        self.world.wait(75)
        join(self.world, self.others[other][Side.HUBSPOT])

    @invariant()
    def everybody_is_where_they_belong(self) -> None:
        """And one more look writes nothing."""
        if self.pair is None:
            return
        wanted = {side: set(self.on(side, self.expected[side])) for side in Side}
        assert people_of(self.world, self.pair) == wanted
        writes = self.world.writes()
        look(self.world, *self.pair)
        assert self.world.writes() == writes
        assert list(self.world.inbox.parked("acme")) == []

    def is_alike(self, other: int) -> bool:
        """Whether both sides, or neither, show somebody."""
        return len({other in self.expected[side] for side in Side}) == 1

    def on(self, side: Side, others: set[int]) -> list[Ref]:
        """Eva and these others on a side."""
        return [self.eva[side], *(self.others[one][side] for one in others)]


ContactsOutsideTheList.TestCase.settings = settings(
    max_examples=EXAMPLES, stateful_step_count=20, deadline=None
)
TestContactsOutsideTheList = pytest.mark.long(ContactsOutsideTheList.TestCase)
