"""Stories of a bulk mistake in HubSpot that is undone, on the deployed system with the operator's
command and the template's key and table.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from local.people import People
from local.stack import Stack
from tests.flows.conftest import SETTINGS, NewStack
from tests.flows.stories.story_command import command

WITH_UNDO = f"{SETTINGS}[connection.undo]\nhours = 72\n"
BATCH = 100
WRONG = {"lastname": "HACKED", "phone": ""}
TABLE = "crmsync-overwritten"


def contacts(stack: Stack, people: People, number: int) -> list[str]:
    """Make that many contacts, each with its lead; the contacts' ids."""
    made: dict[str, str] = {}
    for start in range(0, number, BATCH):
        rows = [
            {
                "properties": {
                    "email": f"p{n}@example.com",
                    "lastname": f"Lang {n}",
                    "phone": f"0660-{n:04}",
                }
            }
            for n in range(start, min(number, start + BATCH))
        ]
        found = people.hubspot.crm.contacts.batch_api.create({"inputs": rows}).results
        made.update((one.properties["email"], one.id) for one in found)
    stack.settle()
    return [made[f"p{n}@example.com"] for n in range(number)]


def overwrite(people: People, ids: Sequence[str]) -> None:
    """Overwrite many contacts in HubSpot by mistake."""
    for start in range(0, len(ids), BATCH):
        rows = [{"id": one, "properties": WRONG} for one in ids[start : start + BATCH]]
        people.hubspot.crm.contacts.batch_api.update({"inputs": rows})


def now(stack: Stack) -> str:
    """The stack's time."""
    return datetime.fromtimestamp(stack.clock.now_ms() / 1000, UTC).isoformat()


def in_hubspot(people: People, ids: Sequence[str]) -> list[tuple[str, str]]:
    """The name and number of the contacts."""
    shown: list[tuple[str, str]] = []
    for start in range(0, len(ids), BATCH):
        wanted = {
            "inputs": [{"id": one} for one in ids[start : start + BATCH]],
            "properties": ["lastname", "phone"],
        }
        found = people.hubspot.crm.contacts.batch_api.read(wanted).results
        by_id = {one.id: one.properties for one in found}
        shown += [
            (by_id[one]["lastname"], by_id[one]["phone"] or "")
            for one in ids[start : start + BATCH]
        ]
    return shown


def in_salesforce(people: People) -> list[tuple[str, str]]:
    """The name and number of the leads, in the order in which their contacts were made."""
    rows = people.records("SELECT LastName, Phone, Email FROM Lead")
    rows.sort(key=lambda row: int(row["Email"].removeprefix("p").partition("@")[0]))
    return [(row["LastName"], row["Phone"] or "") for row in rows]


@pytest.mark.long
def test_a_bulk_mistake_is_undone(new_stack: NewStack) -> None:
    """A preview shows the values, the undo puts them back in Salesforce, the sync in HubSpot, and a
    second undo finds nothing to do.
    """
    stack = new_stack(WITH_UNDO)
    people = People(stack.ready())
    ids = contacts(stack, people, 30)
    good = in_hubspot(people, ids)
    stack.advance(60)
    since = now(stack)
    stack.advance(1)
    overwrite(people, ids)
    stack.settle()
    assert set(in_salesforce(people)) == {("HACKED", "")}

    seen = command(stack, "undo", "--since", since, "--object", "leads")
    done = command(stack, "undo", "--since", since, "--object", "leads", "--apply")
    stack.settle()

    back = {
        "connection": "acme",
        "side": "salesforce",
        "object": "Lead",
        "records": 30,
        "values": 60,
    }
    for answer in (seen, done):
        assert [{name: one[name] for name in back} for one in answer["back"]] == [back]
        assert answer["left"] == []
    assert in_salesforce(people) == in_hubspot(people, ids) == good
    again = command(stack, "undo", "--since", since, "--object", "leads", "--apply")
    assert (again["back"], [one["values"] for one in again["left"]]) == ([], [60])
    stack.advance(16 * 60)
    assert in_salesforce(people) == in_hubspot(people, ids) == good


@pytest.mark.long
def test_overwritten_values_are_kept_unreadable_and_only_if_the_settings_say_so(
    new_stack: NewStack,
) -> None:
    """Neither the table nor the logs contain an old or new value, and keeping them takes one write
    for all.
    """
    unbraked = "[connection.contacts]\nmax_changes_per_hour = 0\nmax_blanks_per_hour = 0\n"
    for settings, expected in ((WITH_UNDO, 1), (SETTINGS, 0)):
        stack = new_stack(settings + unbraked)
        people = People(stack.ready())
        ids = contacts(stack, people, 2)
        before = stack.stats()["dynamodb"]["writes"]
        overwrite(people, ids)
        stack.settle()

        items: list[dict[str, Any]] = stack.cloud.aws.client("dynamodb").scan(TableName=TABLE)[
            "Items"
        ]
        assert len(items) == expected
        assert stack.stats()["dynamodb"]["writes"] - before == len(ids) + expected
        shown = f"{items}{stack.output('contact_sync')}"
        assert not any(word in shown for word in ("HACKED", "Lang 0", "0660-"))


def overwrite_drop_and_undo(stack: Stack, number: int, crossed: int, blanked: int) -> None:
    """Overwrite that many contacts, of which the change limits let some sync; drop the rest, and
    undo what was synced.
    """
    people = People(stack.ready())
    ids = contacts(stack, people, number)
    good = in_hubspot(people, ids)
    stack.advance(60)
    since = now(stack)
    stack.advance(1)
    overwrite(people, ids)
    stack.settle()
    spoiled = in_salesforce(people)
    assert sum(name == "HACKED" for name, _ in spoiled) == crossed
    assert sum(not phone for _, phone in spoiled) == blanked
    assert len(command(stack, "brakes", "list")) == number - blanked

    command(stack, "brakes", "drop", "--all", "--apply")
    stack.settle()
    done = command(stack, "undo", "--since", since, "--object", "leads", "--apply")
    stack.settle()

    assert [(one["records"], one["values"]) for one in done["back"]] == [
        (crossed, crossed + blanked)
    ]
    assert in_salesforce(people) == good
    wrong = in_hubspot(people, ids)
    assert sum(name == "HACKED" for name, _ in wrong) == number - crossed
    assert sum(not phone for _, phone in wrong) == number - blanked
    again = command(stack, "undo", "--since", since, "--object", "leads", "--apply")
    stack.advance(16 * 60)
    assert again["back"] == []
    assert (in_salesforce(people), in_hubspot(people, ids)) == (good, wrong)
    assert command(stack, "brakes", "list") == []


@pytest.mark.rule("Q-30")
@pytest.mark.long
def test_changes_within_the_limits_are_undone(new_stack: NewStack) -> None:
    """With small limits, the synced values are undone and the dropped ones stay different."""
    limits = "[connection.contacts]\nmax_changes_per_hour = 20\nmax_blanks_per_hour = 5\n"
    overwrite_drop_and_undo(new_stack(WITH_UNDO + limits), 50, 20, 5)


@pytest.mark.long
@pytest.mark.timeout(7200)
@pytest.mark.rule("Q-30")
@pytest.mark.skipif(
    not os.environ.get("CRMSYNC_DAYS"), reason="takes ten minutes: CRMSYNC_DAYS=1 make long"
)
def test_of_five_thousand_contacts_the_synced_changes_are_undone(new_stack: NewStack) -> None:
    """With the default limits 2,000 changes sync, 500 of them blanks, and all are undone within the
    hour.
    """
    overwrite_drop_and_undo(new_stack(WITH_UNDO), 5_000, 2_000, 500)
