"""The main property on the laptop stack: random stories through both simulators, with faults on the
way.

``HYPOTHESIS_PROFILE=explore`` runs more of them.
"""

from __future__ import annotations

import os
from collections import Counter
from typing import Any

import pytest

from local.people import People
from local.stack import Stack
from tests.flows.conftest import SETTINGS, WORLD
from tests.flows.convergence.story_random import STEPS, Busy, RandomStory, faults_of, rest
from tests.flows.stories.story_contacts import SWEEP, convert, merge_records, rows, writes

FOUND = {4: "second_lead_converted", 19: "killed_twice", 31: "second_lead_made"}
"""Stories that once seemed to duplicate a record: a person makes another record with the address of
one that the sync created.
"""

SEEDS = range(40) if os.environ.get("HYPOTHESIS_PROFILE") == "explore" else FOUND
WITH_WORKERS = range(40) if os.environ.get("HYPOTHESIS_PROFILE") == "explore" else (1, 2, 7)
FIELDS = {"phone": "Phone", "jobtitle": "Title", "firstname": "FirstName", "email": "Email"}


class Story(RandomStory):
    """Contacts and leads with three addresses, which people make, edit, delete, convert and merge
    in both CRMs.

    `made` counts the leads that people made, by address; `met` are the addresses of the contacts
    that they made.
    """

    faults = (
        *faults_of("contact_sync"),
        {"at": "lambda", "kind": "throttle", "function": "contact_sync"},
    )

    def __init__(self, stack: Stack, people: People, seed: int) -> None:
        """Seed every choice."""
        super().__init__(stack, people, seed)
        self.addresses = [f"story{seed}.person{number}@example.com" for number in range(3)]
        self.made, self.met = Counter[str](), set[str]()

    def step(self) -> None:
        """A person acts, or pending changes are delivered under faults."""
        self.random.choice(
            [
                self._create,
                self._create,
                self._edit,
                self._edit,
                self._edit,
                self._end_lead,
                self._deliver,
            ]
        )()

    def contacts(self) -> dict[str, str]:
        """The HubSpot contacts by address."""
        found = {address: self.people.contact_with(address) for address in self.addresses}
        return {address: contact for address, contact in found.items() if contact}

    def records(self, address: str, *objects: str) -> list[tuple[str, dict[str, Any]]]:
        """The Salesforce records with an address, each with its object."""
        names = ("Id", "CreatedBy.Name", *FIELDS.values())
        extra = {"Lead": (), "Contact": ("AccountId",)}
        return [
            (name, row)
            for name in objects or ("Lead", "Contact")
            for row in rows(self.people, name, address, *names, *extra[name])
        ]

    def _create(self) -> None:
        address = self.random.choice(self.addresses)
        if self.random.random() < 0.5 and address not in self.contacts():
            self.people.new_contact(email=address, lastname="Lang", company="Example GmbH")
            self.met.add(address)
        else:
            self.people.new_record("Lead", LastName="Lang", Company="Example GmbH", Email=address)
            self.made[address] += 1

    def _edit(self) -> None:
        name = self.random.choice(["phone", "jobtitle", "firstname"])
        value, address = str(self.random.randint(1, 9)), self.random.choice(self.addresses)
        contact, records = self.contacts().get(address), self.records(address)
        if contact and self.random.random() < 0.5:
            self.people.edit_contact(contact, **{name: value})
        elif records:
            object_, row = self.random.choice(records)
            self.people.edit_record(object_, row["Id"], **{FIELDS[name]: value})

    def _end_lead(self) -> None:
        """A lead is converted, merged into another, or deleted."""
        leads = [
            row["Id"] for address in self.addresses for _, row in self.records(address, "Lead")
        ]
        if not leads:
            return
        one, *others = self.random.sample(leads, len(leads))
        how = self.random.choice(["convert", "merge", "delete"])
        if how == "merge" and others:
            merge_records(self.stack, "Lead", one, others[0])
        elif how == "delete":
            self.people.salesforce.Lead.delete(one)
        else:
            convert(self.stack, one)

    def in_step(self) -> None:
        """Nothing is lost or duplicated, and every pair has the same values on both sides, its
        company included.
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
    """The same records, with work for several workers at once."""


@pytest.mark.long
@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: FOUND.get(seed, str(seed)))
def test_after_any_story_the_two_sides_are_in_step(stack: Stack, people: People, seed: int) -> None:
    """Once the sweeps have run and the queues are empty, both sides agree and nothing more is
    written.
    """
    _play(stack, Story(stack, people, seed))


@pytest.mark.long
@pytest.mark.parametrize("workers", [2, 3])
@pytest.mark.parametrize("seed", WITH_WORKERS)
def test_several_workers_end_in_step(seed: int, workers: int) -> None:
    """Several workers of each function, whose calls the seed interleaves on a stack of their own,
    end with the same result.
    """
    play_busy_contacts(seed, workers)


def play_busy_contacts(seed: int, workers: int) -> None:
    """Play a story of contacts on a stack of its own; raises AssertionError for what is out of
    step.
    """
    with Stack(SETTINGS, WORLD, seed=seed, workers=workers) as stack:
        _play(stack, BusyStory(stack, People(stack.ready()), seed))


def _play(stack: Stack, story: Story) -> None:
    """Run a story and assert that both sides are in step."""
    for _ in range(STEPS):
        story.step()
    told = rest(stack)
    story.in_step()
    before = writes(stack)
    assert stack.advance(SWEEP)["open_errors"] == told["open_errors"]
    assert writes(stack) == before
