"""The tables are restored from yesterday's backup, and both CRMs come in step again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from local.people import People
from local.stack import Stack
from tests.faults.outcomes import inbox, later, queued, writes_of
from tests.flows.conftest import NewStack
from tests.flows.stories.story_command import command
from tests.flows.stories.story_contacts import (
    convert,
    linked_pair,
    merge_contacts,
    merge_records,
    rows,
    with_contacts,
)

HOUR = 3600
KEYS = {"crmsync-links": ["pk"], "crmsync-state": ["pk", "sk"], "crmsync-settings": ["pk", "sk"]}
"""The tables that are restored, with their keys."""

PAIRS = ("hubspot", "salesforce", "both", "cleared", "back", "undone", "gone", "deleted", "converted",
         "first", "second", "winner", "loser", "idle")  # fmt: skip
"""The address of each pair of the backup says what happens to it."""

Rows = Mapping[str, Sequence[Mapping[str, Any]]]


def backup(stack: Stack) -> Rows:
    """All rows of the tables."""
    client = stack.cloud.aws.client("dynamodb")
    return {name: client.scan(TableName=name)["Items"] for name in KEYS}


def restore(stack: Stack, rows_then: Rows) -> None:
    """Put the tables back to what a backup has."""
    client = stack.cloud.aws.client("dynamodb")
    for name, keys in KEYS.items():
        for row in client.scan(TableName=name)["Items"]:
            client.delete_item(TableName=name, Key={key: row[key] for key in keys})
        for row in rows_then[name]:
            client.put_item(TableName=name, Item=row)


def a_days_work(stack: Stack, people: People, pairs: Mapping[str, tuple[str, str]]) -> None:
    """Edits on both sides, deletions, merges and a conversion, all of which cross."""
    people.edit_contact(pairs["hubspot"][0], phone="2", jobtitle="Pilot")
    people.edit_record("Lead", pairs["salesforce"][1], Phone="2", Title="Pilot")
    people.edit_contact(pairs["both"][0], phone="2")
    people.edit_record("Lead", pairs["both"][1], Title="Pilot")
    people.edit_contact(pairs["back"][0], phone="2")
    people.edit_record("Lead", pairs["undone"][1], Phone="2")
    stack.settle()
    people.delete_record("Lead", pairs["gone"][1])
    people.hubspot.crm.contacts.basic_api.archive(pairs["deleted"][0])
    convert(stack, pairs["converted"][1])
    merge_contacts(people, pairs["first"][0], pairs["second"][0])
    merge_records(stack, "Lead", pairs["winner"][1], pairs["loser"][1])
    later(stack, HOUR)


def edits_that_wait(stack: Stack, people: People, pairs: Mapping[str, tuple[str, str]]) -> None:
    """Edits while nothing syncs; Salesforce's records are edited last, in another field."""
    for name in ("hubspot", "new"):
        people.edit_contact(pairs[name][0], phone="3")
    people.edit_contact(pairs["cleared"][0], phone="")
    people.edit_contact(pairs["back"][0], phone="1")
    stack.advance(5, settle=False)
    for name in ("hubspot", "new"):
        people.edit_record("Lead", pairs[name][1], Title="Captain")
    people.edit_record("Lead", pairs["undone"][1], Phone="1")
    people.edit_record("Lead", pairs["salesforce"][1], Phone="3")
    stack.advance(600)


def shown(people: People, name: str) -> list[tuple[str, Any, Any]]:
    """Side, phone and title of every record with an address, HubSpot's first."""
    address = f"{name}@example.com"
    found = []
    contact = people.contact_with(address)
    if contact:
        values = people.contact(contact, "phone", "jobtitle")
        found.append(("hubspot", values["phone"], values["jobtitle"]))
    return found + [
        (object_, row["Phone"], row["Title"])
        for object_ in ("Lead", "Contact")
        for row in rows(people, object_, address, "Phone", "Title")
    ]


@pytest.mark.long
def test_after_a_restore_both_crms_come_in_step_again(new_stack: NewStack, tmp_path: Path) -> None:
    """What was done since the backup, and what was edited while nothing synced, stands on both
    sides; no record is made twice, and no older value overwrites a newer one.
    """
    stack = new_stack()
    people = People(stack.ready())
    pairs = {
        name: linked_pair(stack, people, f"{name}@example.com", phone="1", jobtitle="T")
        for name in PAIRS
    }
    account = people.new_account(Name="Example Holdings", Phone="1")
    later(stack)
    yesterday = backup(stack)
    file = tmp_path / "settings.toml"
    file.write_text(with_contacts("delete_in_hubspot = true"), encoding="utf-8")
    command(stack, "settings", "push", str(file), "--apply")
    later(stack, HOUR)
    a_days_work(stack, people, pairs)
    pairs["new"] = linked_pair(stack, people, "new@example.com", phone="1", jobtitle="T")
    people.new_record(
        "Lead", LastName="Holm", Company="Example AB", Email="born@example.com", Phone="1"
    )
    (company,) = [
        one["id"] for one in people.companies("name") if one["name"] == "Example Holdings"
    ]
    people.edit_company(company, phone="2")
    later(stack, HOUR)
    in_step_until = datetime.fromtimestamp(stack.clock.now_ms() / 1000, UTC).isoformat()
    command(stack, "pause", "acme", "--apply")
    later(stack, 120)
    edits_that_wait(stack, people, pairs)
    people.edit_company(company, phone="3")

    restore(stack, yesterday)
    command(stack, "settings", "push", str(file), "--apply")
    command(stack, "pause", "acme", "--apply")
    moment = ("--in-step-until", in_step_until)
    shown_first = command(stack, "links", "restore", *moment)["connections"]
    later(stack, 10)  # HubSpot's limit of searches is one of a second
    written = writes_of(stack, lambda: command(stack, "links", "restore", *moment, "--apply"))
    command(stack, "resume", "acme", "--apply")
    for _ in range(3):
        later(stack)
    end = later(stack, HOUR)

    assert {name: shown(people, name) for name in (*PAIRS, "new", "born")} == {
        "hubspot": [("hubspot", "3", "Captain"), ("Lead", "3", "Captain")],
        "salesforce": [("hubspot", "3", "Pilot"), ("Lead", "3", "Pilot")],
        "both": [("hubspot", "2", "Pilot"), ("Lead", "2", "Pilot")],
        "cleared": [("hubspot", None, "T"), ("Lead", None, "T")],
        "back": [("hubspot", "1", "T"), ("Lead", "1", "T")],
        "undone": [("hubspot", "1", "T"), ("Lead", "1", "T")],
        "gone": [],
        "deleted": [("Lead", "1", "T")],
        "converted": [("hubspot", "1", "T"), ("Contact", "1", "T")],
        "first": [("hubspot", "1", "T"), ("Lead", "1", "T")],
        "second": [("hubspot", "1", "T"), ("Lead", "1", "T")],
        "winner": [("hubspot", "1", "T"), ("Lead", "1", "T")],
        "loser": [("hubspot", "1", "T")],
        "idle": [("hubspot", "1", "T"), ("Lead", "1", "T")],
        "new": [("hubspot", "3", "Captain"), ("Lead", "3", "Captain")],
        "born": [("hubspot", "1", None), ("Lead", "1", None)],
    }
    assert people.account(account, "Phone") == {"Phone": "3"}
    assert (written.hubspot, written.salesforce) == (0, 0)
    (found,) = shown_first
    assert (found["made"], found["contradictions"]) == (3, [])
    assert found["different"] == found["dated"] == 6  # the new pair has no link yet
    assert (end["open_errors"], inbox(stack), queued(stack)) == (0, {}, {})
    quiet = writes_of(stack, lambda: later(stack, HOUR))
    assert (quiet.hubspot, quiet.salesforce) == (0, 0)
