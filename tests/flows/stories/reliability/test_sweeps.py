"""Stories of lost webhooks and change events: polls and sweeps find the changes from the first
minute on, however late a CRM shows them, and only once.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from local.people import People
from local.stack import Stack
from tests.flows.conftest import SETTINGS, WORLD, NewStack
from tests.flows.stories.story_command import command
from tests.flows.stories.story_contacts import (
    LIST,
    SWEEP,
    join_list,
    lead,
    linked_pair,
    rows,
    with_contacts,
    writes,
)

MINUTE = 60
NO_WEBHOOK = {"at": "webhook", "kind": "drop", "times": 10_000}
NO_EVENT = {"at": "salesforce", "kind": "drop_change_event", "times": 10_000}
DELETING = with_contacts("delete_in_hubspot = true")


@pytest.fixture(scope="module")
def module_stack() -> Iterator[Stack]:
    """One stack for the module, with `delete_in_hubspot`."""
    with Stack(DELETING, WORLD) as stack:
        yield stack


@pytest.mark.rule("TRG-1")
@pytest.mark.long
def test_a_webhook_lost_in_the_first_minutes_is_made_up_for(new_stack: NewStack):
    """The first sweep reaches back to when the settings came into force, and a change that was
    found is not synced again.
    """
    stack = new_stack()
    people = People(stack.ready())
    stack.faults([NO_WEBHOOK])
    people.new_contact(lastname="Early", company="Example GmbH", email="early@example.com")
    stack.advance(SWEEP)
    stack.faults([])
    assert lead(people, "early@example.com", "LastName") == {"LastName": "Early"}
    before = writes(stack)
    stack.advance(SWEEP)
    assert writes(stack) == before


@pytest.mark.rule("TRG-10")
@pytest.mark.rule("OPT-7")
@pytest.mark.long
def test_a_contact_that_joins_the_list_in_the_first_minutes_syncs(new_stack: NewStack):
    """Without any webhook, one contact becomes a lead and another gets its lead's opt-out."""
    portal = {
        "lists": [
            {
                "listId": LIST,
                "name": "To Salesforce",
                "objectTypeId": "0-1",
                "processingType": "MANUAL",
            }
        ]
    }
    world = WORLD | {"hubspot": [{"portal_id": 555001, "tier": "professional"} | portal]}
    stack = new_stack(with_contacts(f'inclusion_list = "{LIST}"'), world)
    people = People(stack.ready())
    new = people.new_contact(lastname="New", company="Example GmbH", email="new@example.com")
    people.new_record(
        "Lead",
        LastName="Out",
        Company="Example AB",
        Email="out@example.com",
        HasOptedOutOfEmail=True,
    )
    stack.settle()
    out = people.contact_with("out@example.com")
    assert out is not None
    join_list(people, new, out)
    stack.settle()
    stack.advance(SWEEP)
    assert len(rows(people, "Lead", "new@example.com")) == 1
    assert people.contact(out, "hs_email_optout") == {"hs_email_optout": "true"}


@pytest.mark.rule("TRG-1")
@pytest.mark.long
def test_a_sync_that_is_switched_on_later_is_swept_from_then_on(
    new_stack: NewStack, tmp_path: Path
):
    """Changes lost in its first minutes are found on both sides, and older records are left to the
    import.
    """
    stack = new_stack(with_contacts("sync = false"))
    people = People(stack.ready())
    people.new_record("Lead", LastName="Older", Company="Example AB", Email="older@example.com")
    people.new_contact(lastname="Older", company="Example GmbH", email="also.older@example.com")
    stack.advance(SWEEP)
    file = tmp_path / "settings.toml"
    file.write_text(SETTINGS, encoding="utf-8")
    command(stack, "settings", "push", str(file), "--apply")
    command(stack, "setup", "--apply")
    stack.faults([NO_WEBHOOK, NO_EVENT])
    people.new_contact(lastname="Lang", company="Example GmbH", email="ada@example.com")
    people.new_record("Lead", LastName="Holm", Company="Example AB", Email="grace@example.com")
    stack.advance(SWEEP)
    stack.faults([])
    assert lead(people, "ada@example.com", "LastName") == {"LastName": "Lang"}
    assert people.contact_with("grace@example.com") is not None
    assert people.contact_with("older@example.com") is None
    assert rows(people, "Lead", "also.older@example.com") == []


@pytest.mark.rule("TRG-1")
def test_two_edits_in_one_second_around_a_poll_both_sync(
    stack: Stack, people: People, monkeypatch: pytest.MonkeyPatch
):
    """Without change events, an edit after the poll syncs although its timestamp equals that of the
    edit before it.
    """
    contact, made = linked_pair(stack, people, "second@example.com")
    stack.advance(SWEEP)
    stack.faults([NO_EVENT])
    now_ms = stack.clock.now_ms()
    with monkeypatch.context() as second:
        second.setattr(stack.clock, "now_ms", lambda: now_ms)
        people.edit_record("Lead", made, Title="First")
        assert stack.cloud.lambdas.invoke("SalesforceChangesFunction", {"poll": "salesforce"}).ok
        stack.settle()
        assert people.contact(contact, "jobtitle") == {"jobtitle": "First"}
        people.edit_record("Lead", made, Title="Second")
    stack.advance(2 * MINUTE)
    assert people.contact(contact, "jobtitle") == {"jobtitle": "Second"}
    before = writes(stack)
    stack.advance(5 * MINUTE)
    assert writes(stack) == before


def edit_each_minute(stack: Stack, people: People, lead_id: str, minutes: int) -> None:
    """Edit another lead every minute, so that the cursor moves on."""
    for number in range(minutes):
        people.edit_record("Lead", lead_id, Title=f"Busy {number}")
        stack.advance(MINUTE)


@pytest.mark.long
@pytest.mark.rule("DEL-1")
@pytest.mark.parametrize("was_in_the_bin", [False, True])
def test_a_purged_record_counts_as_deleted(stack: Stack, people: People, *, was_in_the_bin: bool):
    """Without change events, a record that leaves the recycle bin before the next poll is found,
    and its contact is deleted.
    """
    address = f"purged{was_in_the_bin}@example.com".lower()
    _, busy = linked_pair(stack, people, f"busy.{address}")
    _, made = linked_pair(stack, people, address)
    stack.advance(SWEEP)
    stack.faults([NO_EVENT])
    if was_in_the_bin:
        people.delete_record("Lead", made)
    stack.person({"side": "salesforce", "do": "hard_delete", "ids": [made]})
    edit_each_minute(stack, people, busy, 7)
    assert (people.contact_with(address), stack.settle()["open_errors"]) == (None, 0)


@pytest.mark.rule("TRG-1")
@pytest.mark.long
@pytest.mark.parametrize(("lag", "sweeps"), [(20, 3), (90, 11)], ids=["20 minutes", "90 minutes"])
def test_records_that_search_shows_late_are_found_without_webhooks(
    new_stack: NewStack, lag: int, sweeps: int
):
    """HubSpot's index lags, as after an import, and the sweeps meanwhile have moved the cursor on."""
    stack = new_stack()
    people = People(stack.ready())
    stack.advance(26 * MINUTE)
    stack.faults([NO_WEBHOOK])
    people.new_contact(lastname="First", company="Example GmbH", email="first@example.com")
    stack.advance(6 * MINUTE)
    stack.faults([NO_WEBHOOK, {"at": "hubspot", "kind": "search_lag", "seconds": lag * MINUTE}])
    people.new_contact(lastname="Late", company="Example GmbH", email="late@example.com")
    for _ in range(sweeps):
        stack.advance(15 * MINUTE)
    assert lead(people, "late@example.com", "LastName") == {"LastName": "Late"}
