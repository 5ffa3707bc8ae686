"""The main property for deals: random stories through both simulators, with faults on the way.

``HYPOTHESIS_PROFILE=explore`` runs more of them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from local.people import People
from local.stack import Stack
from tests.flows.convergence.story_random import STEPS, Busy, RandomStory, faults_of, rest
from tests.flows.stories.story_contacts import SWEEP, undelete, writes
from tests.flows.stories.story_deals import (
    LinkedContact,
    associate,
    associated,
    counterpart,
    deal,
    deals,
    edit_deal,
    linked_contact,
    new_deal,
    new_opportunity,
    new_role,
    opportunities,
    record_type,
    roles,
    settings,
    stage_ids,
    stage_of,
)

SEEDS = range(40) if os.environ.get("HYPOTHESIS_PROFILE") == "explore" else range(2)
WITH_WORKERS = range(40) if os.environ.get("HYPOTHESIS_PROFILE") == "explore" else range(2)
STAGES = ("Qualification", "Closed Won", "Closed Lost")
TYPES = ("New Business", "Renewal")
WORLD: dict[str, Any] = {
    "hubspot": [{"portal_id": 555001, "tier": "enterprise"}],
    "salesforce": {
        "edition": "Enterprise Edition",
        "opportunity_record_types": [{"Name": name, "stages": STAGES} for name in TYPES],
    },
}


@pytest.fixture(scope="module")
def module_stack() -> Iterator[Stack]:
    """One stack for the module, whose org has two record types."""
    with Stack(settings(), WORLD) as stack:
        yield stack


class Story(RandomStory):
    """Three deals, each made once on one side, which people edit, move, associate with two
    contacts, delete and undelete.
    """

    faults = faults_of("opportunity_sync")

    def __init__(self, stack: Stack, people: People, seed: int) -> None:
        """Seed every choice."""
        super().__init__(stack, people, seed)
        self.not_created = [f"Story {seed}, deal {number}" for number in range(3)]
        self.names = tuple(self.not_created)
        self.members: list[LinkedContact] = [
            linked_contact(stack, people, f"deals{seed}.{at}@example.com") for at in range(2)
        ]
        self.deleted: list[str] = []

    def step(self) -> None:
        """A person acts, or pending changes are delivered under faults."""
        actions = (
            self._create,
            self._create,
            self._edit,
            self._edit,
            self._move,
            self._associate,
            self._delete_or_restore,
            self._deliver,
        )
        self.random.choice(actions)()

    def in_step(self) -> None:
        """Nothing is lost or duplicated, and every pair has the same values on both sides."""
        for name in self.names:
            found, there = (
                deals(self.people, name),
                opportunities(self.people, name, "Id", "Amount", "StageName"),
            )
            assert len(found) == len(there) <= 1, name
            for mine, theirs in zip(found, there, strict=True):
                shown = deal(self.people, mine, "amount")["amount"]
                assert (counterpart(self.people, mine), float(shown or 0)) == (
                    theirs["Id"],
                    theirs["Amount"] or 0,
                )
                assert stage_of(self.people, mine) == (
                    self._pipeline(theirs["Id"]),
                    theirs["StageName"],
                )
                with_role = roles(self.people, theirs["Id"])
                assert with_role == sorted(set(with_role))
                assert associated(self.people, mine) == {
                    one.contact for one in self.members if one.person in with_role
                }

    def _pipeline(self, opportunity: str) -> str:
        return f"Salesforce - {self.people.record('Opportunity', opportunity, 'RecordTypeId')['RecordTypeId']}"

    def _create(self) -> None:
        if not self.not_created:
            return
        name, kind = self.not_created.pop(), record_type(self.people, self.random.choice(TYPES))
        if self.random.random() < 0.5:
            new_opportunity(self.people, name, RecordTypeId=kind, StageName="Qualification")
        else:
            new_deal(
                self.people, name, **stage_ids(self.people, f"Salesforce - {kind}", "Qualification")
            )

    def _one(self) -> tuple[list[str], list[str]]:
        """A deal or an opportunity with one of the names, if it exists."""
        name = self.random.choice(self.names)
        if self.random.random() < 0.5:
            return deals(self.people, name), []
        return [], [one["Id"] for one in opportunities(self.people, name)]

    def _edit(self) -> None:
        mine, theirs = self._one()
        for one in mine:
            edit_deal(self.people, one, amount=str(self.random.randint(1, 99)))
        for one in theirs:
            self.people.edit_record("Opportunity", one, Amount=self.random.randint(1, 99))

    def _move(self) -> None:
        (mine, theirs), kind = self._one(), record_type(self.people, self.random.choice(TYPES))
        stage = self.random.choice(STAGES)
        for one in mine:
            edit_deal(self.people, one, **stage_ids(self.people, f"Salesforce - {kind}", stage))
        for one in theirs:
            self.people.edit_record("Opportunity", one, RecordTypeId=kind, StageName=stage)

    def _associate(self) -> None:
        (mine, theirs), member = self._one(), self.random.choice(self.members)
        for one in mine:
            associate(self.people, one, "contacts", member.contact)
        for one in theirs:
            if member.person not in roles(self.people, one):
                new_role(self.people, one, member.person)

    def _delete_or_restore(self) -> None:
        """An opportunity is deleted, or restored from the recycle bin."""
        if self.deleted and self.random.random() < 0.7:
            undelete(self.stack, self.deleted.pop())
            return
        for one in self._one()[1]:
            self.people.delete_record("Opportunity", one)
            self.deleted.append(one)


class BusyStory(Busy, Story):
    """The same deals, with work for several workers at once."""


@pytest.mark.long
@pytest.mark.rule("DUP-6")
@pytest.mark.rule("DUP-7")
@pytest.mark.parametrize("seed", SEEDS)
def test_after_any_story_deals_and_opportunities_are_in_step(
    stack: Stack, people: People, seed: int
) -> None:
    """Once the sweeps have run and the queues are empty, each record exists once, both sides agree,
    and nothing more is written.
    """
    _play(stack, people, Story, seed)


@pytest.mark.long
@pytest.mark.parametrize("workers", [2, 3])
@pytest.mark.parametrize("seed", WITH_WORKERS)
def test_several_workers_end_in_step(seed: int, workers: int) -> None:
    """Several workers of each function, whose calls the seed interleaves on a stack of their own,
    end with the same result.
    """
    play_busy_deals(seed, workers)


def play_busy_deals(seed: int, workers: int) -> None:
    """Play a story of deals on a stack of its own; raises AssertionError for what is out of step."""
    with Stack(settings(), WORLD, seed=seed, workers=workers) as stack:
        _play(stack, People(stack.ready()), BusyStory, seed)


def _play(stack: Stack, people: People, kind: type[Story], seed: int) -> None:
    """Run a story and assert that both sides are in step."""
    for name in TYPES:
        new_opportunity(
            people,
            f"First of {name}",
            RecordTypeId=record_type(people, name),
            StageName="Closed Won",
        )
    stack.settle()
    story = kind(stack, people, seed)
    for _ in range(STEPS):
        story.step()
    told = rest(stack)
    assert told["open_errors"] == 0
    story.in_step()
    before = writes(stack)
    stack.advance(SWEEP)
    assert writes(stack) == before
