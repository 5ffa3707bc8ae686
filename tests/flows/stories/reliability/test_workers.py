"""Stories of two workers of one function at the same records, run in turns by the laptop stack."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.people import People
from local.stack import Stack
from local.stack.turns import Taken
from tests.flows.conftest import SETTINGS, WORLD

WRITES = {
    "hubspot": "POST /crm/objects/2026-03/contacts/batch/update",
    "salesforce": "PATCH /services/data/v66.0/composite/sobjects",
}


@pytest.fixture(scope="module")
def module_stack() -> Iterator[Stack]:
    """One stack for the module, with two workers of each function."""
    with Stack(SETTINGS, WORLD, seed=2, workers=2) as stack:
        yield stack


def pair(stack: Stack, people: People, address: str) -> tuple[str, str]:
    """Make a contact and its lead; the ids of both."""
    contact = people.new_contact(email=address, lastname="Example", company="Example GmbH")
    stack.settle()
    return contact, people.contact(contact, "crmsync_salesforce_id")["crmsync_salesforce_id"]


def turns_of(stack: Stack, *pairs: tuple[str, str], people: People) -> list[Taken]:
    """The turns of two workers after an edit of the first pair in HubSpot and of the last pair in
    Salesforce.
    """
    stack.turns.log.clear()
    people.edit_contact(pairs[0][0], phone="+1 555 0100")
    people.edit_record("Lead", pairs[-1][1], Title="Owner")
    stack.settle()
    return list(stack.turns.log)


def overlap(turns: list[Taken]) -> bool:
    """Whether both workers had started before either had ended."""
    order = [taken.worker for taken in turns if taken.worker.startswith("contact_sync.")]
    names = ("contact_sync.0", "contact_sync.1")
    assert set(order) == set(names)
    begins, ends = zip(
        *((order.index(name), len(order) - order[::-1].index(name)) for name in names), strict=True
    )
    return max(begins) < min(ends)


def test_two_messages_about_one_contact_are_handled_by_two_workers(
    stack: Stack, people: People
) -> None:
    """Each message has its own worker, and for at least one pair both workers run at the same time."""
    before = stack.stats()["lambda"]["contact_sync"]
    pairs = [pair(stack, people, f"both.sides{number}@example.com") for number in range(4)]
    overlaps = [overlap(turns_of(stack, one, people=people)) for one in pairs]
    assert any(overlaps)
    assert stack.stats()["lambda"]["contact_sync"] == before + len(pairs) * (1 + 2)


@pytest.mark.parametrize("side", WRITES)
def test_a_kill_after_a_write_to_a_crm_hits_the_worker_that_wrote(
    stack: Stack, people: People, side: str
) -> None:
    """The writer's turns end with its write, and the worker that writes to the other CRM ends
    normally.
    """
    pairs = [pair(stack, people, f"{number}.{side}@example.com") for number in range(2)]
    stack.faults(
        [{"at": "lambda", "kind": "kill", "function": "contact_sync", "after": f"{side}_write"}]
    )
    turns = turns_of(stack, *pairs, people=people)
    wrote = [taken.worker for taken in turns if (taken.place, taken.call) == (side, WRITES[side])]
    other = next(place for place in WRITES if place != side)
    others = [
        taken.worker for taken in turns if (taken.place, taken.call) == (other, WRITES[other])
    ]
    assert len(wrote) == 1
    assert [taken for taken in turns if taken.worker == wrote[0]][-1].call == WRITES[side]
    assert wrote[0] not in others
    if side == "hubspot":
        assert people.record("Lead", pairs[0][1], "Phone")["Phone"] == "+1 555 0100"
    else:
        assert people.contact(pairs[-1][0], "jobtitle")["jobtitle"] == "Owner"
