"""The property that matters most, on the laptop stack: random stories through both simulators while
everything goes wrong on the way.

``HYPOTHESIS_PROFILE=explore`` plays more of them.
"""

from __future__ import annotations

import os
from collections import Counter
from typing import Any

import pytest

from local.people import People
from local.stack import Stack
from tests.flows.conftest import NewStack
from tests.flows.convergence.story_random import STEPS, Busy, RandomStory, faults_of
from tests.flows.stories.story_contacts import SWEEP, convert, merge_records, rows, writes

FOUND = {4: "second_lead_converted", 19: "killed_twice", 31: "second_lead_made"}
"""Stories that were once told to have doubled somebody: a person makes another record of somebody
whom we have made.
"""

SEEDS = range(40) if os.environ.get("HYPOTHESIS_PROFILE") == "explore" else FOUND
WITH_WORKERS = range(40) if os.environ.get("HYPOTHESIS_PROFILE") == "explore" else (1, 2, 7)
FIELDS = {"phone": "Phone", "jobtitle": "Title", "firstname": "FirstName", "email": "Email"}


class Story(RandomStory):
    """People of three addresses, in both CRMs, who make, edit, delete, convert and merge.

    `made` counts the leads that persons made, by address; `met` are the addresses of the contacts
    that they made.
    """

    faults = (
        *faults_of("contact_sync"),
        {"at": "lambda", "kind": "throttle", "function": "contact_sync"},
    )

    def __init__(self, stack: Stack, people: People, seed: int) -> None:
        """Choose everything by the seed."""
        super().__init__(stack, people, seed)
        self.addresses = [f"story{seed}.person{number}@example.com" for number in range(3)]
        self.made, self.met = Counter[str](), set[str]()

    def step(self) -> None:
        """Something happens, or what happened is delivered while something goes wrong."""
        self.dice.choice(
            [
                self._born,
                self._born,
                self._edit,
                self._edit,
                self._edit,
                self._lead_ends,
                self._deliver,
            ]
        )()

    def contacts(self) -> dict[str, str]:
        """The HubSpot contacts by address."""
        found = {address: self.people.contact_with(address) for address in self.addresses}
        return {address: contact for address, contact in found.items() if contact}

    def records(self, address: str, *objects: str) -> list[tuple[str, dict[str, Any]]]:
        """The Salesforce records with an address."""
        names = ("Id", "CreatedBy.Name", *FIELDS.values())
        extra = {"Lead": (), "Contact": ("AccountId",)}
        return [
            (name, row)
            for name in objects or ("Lead", "Contact")
            for row in rows(self.people, name, address, *names, *extra[name])
        ]

    def _born(self) -> None:
        address = self.dice.choice(self.addresses)
        if self.dice.random() < 0.5 and address not in self.contacts():
            self.people.new_contact(email=address, lastname="Lang", company="Example GmbH")
            self.met.add(address)
        else:
            self.people.new_record("Lead", LastName="Lang", Company="Example GmbH", Email=address)
            self.made[address] += 1

    def _edit(self) -> None:
        name = self.dice.choice(["phone", "jobtitle", "firstname"])
        value, address = str(self.dice.randint(1, 9)), self.dice.choice(self.addresses)
        contact, records = self.contacts().get(address), self.records(address)
        if contact and self.dice.random() < 0.5:
            self.people.edit_contact(contact, **{name: value})
        elif records:
            object_, row = self.dice.choice(records)
            self.people.edit_record(object_, row["Id"], **{FIELDS[name]: value})

    def _lead_ends(self) -> None:
        """A lead is converted, merged into another one, or deleted."""
        leads = [
            row["Id"] for address in self.addresses for _, row in self.records(address, "Lead")
        ]
        if not leads:
            return
        one, *others = self.dice.sample(leads, len(leads))
        how = self.dice.choice(["convert", "merge", "delete"])
        if how == "merge" and others:
            merge_records(self.stack, "Lead", one, others[0])
        elif how == "delete":
            self.people.salesforce.Lead.delete(one)
        else:
            convert(self.stack, one)

    def in_step(self) -> None:
        """Nobody is lost or doubled, and every pair shows the same on both sides, its company
        too.
        """
        contacts = self.contacts()
        for address in self.addresses:
            records, is_met = self.records(address), address in self.met
            ours = [row for _, row in records if row["CreatedBy"]["Name"] == "Integration User"]
            assert len(ours) <= is_met, f"{address} was made again in Salesforce"
            assert len(records) <= self.made[address] + is_met, (
                f"{address} was doubled in Salesforce"
            )
            assert address in contacts or not records, f"{address} was lost"
        for address, contact in contacts.items():
            shown = self.people.contact(
                contact, *FIELDS, "crmsync_salesforce_id", "associatedcompanyid"
            )
            for object_, row in self.records(address):
                if row["Id"] == shown["crmsync_salesforce_id"]:
                    assert {name: row[field] for name, field in FIELDS.items()} == {
                        name: shown[name] for name in FIELDS
                    }
                    assert (
                        object_ == "Lead"
                        or self._account_of(shown["associatedcompanyid"]) == row["AccountId"]
                    )

    def _account_of(self, company: str | None) -> str | None:
        return (
            self.people.company(company, "crmsync_salesforce_id")["crmsync_salesforce_id"]
            if company
            else None
        )


class BusyStory(Busy, Story):
    """The same people, with work for several workers at once."""


@pytest.mark.long
@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: FOUND.get(seed, str(seed)))
def test_after_any_story_the_two_sides_are_in_step(stack: Stack, people: People, seed: int) -> None:
    """Once the sweeps have run and the queues are empty, both sides agree, and one more round
    writes nothing.
    """
    _told(stack, Story(stack, people, seed))


@pytest.mark.long
@pytest.mark.parametrize("workers", [2, 3])
@pytest.mark.parametrize("seed", WITH_WORKERS)
def test_workers_side_by_side_end_in_step_too(new_stack: NewStack, seed: int, workers: int) -> None:
    """The same with several workers of each function, whose calls the seed interleaves. A stack of
    its own: a seed can be told again.
    """
    stack = new_stack(seed=seed, workers=workers)
    people = People(stack.ready())
    _told(stack, BusyStory(stack, people, seed))


def _told(stack: Stack, story: Story) -> None:
    """Tell one story and see that it ends well."""
    for _ in range(STEPS):
        story.step()
    stack.faults([])
    for _ in range(3):
        told = stack.advance(SWEEP)
    story.in_step()
    before = writes(stack)
    assert stack.advance(SWEEP)["open_errors"] == told["open_errors"]
    assert writes(stack) == before
