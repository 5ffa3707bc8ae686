"""The operator's managed policies: each command works with the policies it needs, and no policy
grants more.

The command runs as a process of its own, with the names of policies as its access key, and the
laptop stack grants it what they grant. A grant that no command uses fails the test.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from crmsync.gateways.aws.queues import queue_urls
from crmsync.model.changes import Cause, Change
from crmsync.model.mail import LogRange
from crmsync.model.operations.jobs import JobMessage
from crmsync.model.records import Kind, Ref, Side
from crmsync.wire.job_messages import dump_job
from crmsync.wire.queue_messages import dump_changes
from crmsync.wire.range_messages import dump_range
from local.people import People
from local.stack import Stack
from local.stack.rights import Grant
from tests.flows.conftest import SETTINGS, WORLD, NewStack
from tests.flows.stories.story_command import command
from tests.flows.stories.story_contacts import linked_pair, record

ALARM = Path(__file__).parents[4] / "events" / "alerts" / "alarm.json"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
READ = "OperatorReadPolicy"
WRITE = f"{READ}.OperatorWritePolicy"
CHANGE = f"{READ}.SettingsPolicy"
CONSOLE = f"{READ}.ConsolePolicy"

WITH_LIMITS_AND_UNDO = (
    SETTINGS + "[connection.contacts]\nmax_changes_per_hour = 1\n[connection.undo]\nhours = 72\n"
)
RULE = {
    "object": "Lead",
    "field": "LastName",
    "contains": "Refused",
    "message": "Not that name, please.",
}
NOT_SET_UP: Mapping[str, Any] = {
    **WORLD,
    "set_up": False,
    "salesforce": {**WORLD["salesforce"], "validation_rules": [RULE]},
}
"""An org that is not set up yet, and whose Salesforce refuses a name."""


def push(stack: Stack, file: Path, settings: str, key: str, *words: str, status: int = 0) -> None:
    """Push settings with the permissions of `key`, and assert the exit status."""
    file.write_text(settings, encoding="utf-8")
    command(stack, "settings", "push", str(file), *words, "--apply", key=key, status=status)


def leave_dead_letters(stack: Stack, contact: str) -> None:
    """Put a message into each dead-letter queue: one names a contact, the others a connection that
    does not exist.
    """
    sqs = stack.cloud.aws.client("sqs")
    bodies = {
        "Backfill": dump_job(JobMessage("gone", "7f3a2c", 1, "b81c09")),
        "EmailTask": dump_range(LogRange("gone", "OPEN", 0, 59_999, 0)),
        "Alert": json.loads(ALARM.read_text(encoding="utf-8"))["Records"][0]["body"],
    }
    for kind in Kind:
        connection = "acme" if kind is Kind.CONTACT else "gone"
        change = Change(
            connection, kind, Ref(Side.HUBSPOT, "contact", contact), Cause.EDITED, EPOCH
        )
        (bodies[kind.title()],) = dump_changes([change])
    for name, url in queue_urls(sqs, "crmsync").items():
        if name.endswith("DeadLetters"):
            body = bodies.pop(name.removesuffix("DeadLetters"))
            sqs.send_message(QueueUrl=url, MessageBody=body)
    assert bodies == {}


def run_reading_commands(stack: Stack, contact: str, lead: str) -> None:
    """Run every command that only shows something."""
    for words in (
        ("status",),
        ("preview",),
        ("errors", "list"),
        ("brakes", "list"),
        ("jobs", "list"),
        ("settings", "show"),
        ("settings", "history"),
        ("explain", "hubspot", "contact", contact),
        ("fields",),
        ("history", "hubspot", "contact", contact),
        ("links", "show", "salesforce", "Lead", lead),
        ("links", "rebuild"),
        ("import", "contacts"),
        ("resync", "--all"),
        ("setup",),
    ):
        assert command(stack, *words, key=READ) is not None
    # The accounts are still to be imported.
    assert not command(stack, "check", key=READ, status=1)["ok"]


def run_writing_commands(stack: Stack, people: People, contact: str, lead: str, since: str) -> None:
    """Run the commands that change something, except those about settings."""
    # One of two values is put back: more would exceed the change limit.
    command(stack, "undo", "--since", since, "--apply", key=WRITE, status=1)
    assert command(stack, "history", "hubspot", "contact", contact, "--values", key=WRITE)
    for words in (
        (
            "resync",
            "--side",
            "hubspot",
            "--object",
            "contact",
            "--id",
            contact,
            "--apply",
            "--no-wait",
        ),
        ("verify", "--no-wait"),
        ("errors", "retry", "--all", "--apply"),
        ("brakes", "drop", "--all", "--apply"),
        ("pause", "acme", "--apply"),
        ("resume", "acme", "--apply"),
        ("links", "drop", "hubspot", "contact", contact, "--apply"),
        ("links", "rebuild", "--apply"),
    ):
        command(stack, *words, key=WRITE)
    stack.settle()
    stack.faults([{"at": "webhook", "kind": "drop", "times": 10}])
    people.edit_contact(contact, jobtitle="Pilot")
    command(stack, "dead-letters", "redrive", "--all", "--apply", key=WRITE)
    stack.settle()
    stack.faults([])
    assert record(people, "Lead", lead, "Title") == {"Title": "Pilot"}
    assert command(stack, "dead-letters", "list", key=READ)["records"] == []
    job = command(stack, "resync", "--all", "--apply", "--no-wait", key=WRITE)["jobs"][0]["id"]
    command(stack, "jobs", "pause", job, key=WRITE)
    people.new_record("Lead", LastName="Moor", Company="Example", Email="grace@example.com")
    stack.settle()


@pytest.mark.long
def test_each_command_works_with_its_policies_and_uses_all_of_them(
    new_stack: NewStack, tmp_path: Path
) -> None:
    """The read policy changes nothing, the write policy pushes no settings, and no policy grants
    more than its commands need.
    """
    stack, file = new_stack(world=NOT_SET_UP), tmp_path / "settings.toml"
    people, rights = People(stack.ready()), stack.cloud.aws.rights
    since = datetime.fromtimestamp(stack.clock.now_ms() / 1000, UTC).strftime("%Y-%m-%dT%H:%M")
    push(stack, file, WITH_LIMITS_AND_UNDO, CHANGE, "--paused")
    command(stack, "setup", "--as-admin", "--apply", key=CHANGE)
    command(stack, "resume", "acme", "--apply", key=WRITE)
    stack.advance(120)
    contact, lead = linked_pair(stack, people, "ada@example.com")
    run_reading_commands(stack, contact, lead)
    leave_dead_letters(stack, contact)
    listed = command(stack, "dead-letters", "list", key=READ)["records"]
    assert len({row["queue"] for row in listed}) == len(Kind) + 3
    assert rights.denied[READ] == set()
    _, second = linked_pair(stack, people, "bea@example.com")
    people.edit_record("Lead", lead, FirstName="Ada")
    stack.settle()
    people.edit_record("Lead", second, FirstName="Bea")
    private, left = linked_pair(stack, people, "private@example.com")
    people.hubspot.crm.contacts.basic_api.purge({"objectId": private})
    people.new_record("Lead", LastName="Twin", Company="Example", Email="ada@example.com")
    people.new_contact(email="bad@example.com", lastname="Refused")
    stack.settle()

    command(stack, "console", key=READ, status=1)
    command(stack, "console", key=CONSOLE)
    command(stack, "resync", "--all", "--apply", key=READ, status=1)
    push(stack, file, SETTINGS, READ, status=1)
    run_writing_commands(stack, people, contact, lead, since)
    command(stack, "errors", "done", "--id", left, "--apply", key=WRITE)
    assert rights.denied[WRITE] == set()
    push(stack, file, SETTINGS, WRITE, status=1)
    assert {call.resource.rpartition("/")[2] for call in rights.denied[WRITE]} == {
        "crmsync-settings"
    }

    assert {
        policy: unused(stack, policy)
        for policy in (
            "OperatorReadPolicy",
            "OperatorWritePolicy",
            "SettingsPolicy",
            "ConsolePolicy",
        )
    } == {
        "OperatorReadPolicy": [],
        "OperatorWritePolicy": [],
        "SettingsPolicy": [],
        "ConsolePolicy": [],
    }


def unused(stack: Stack, policy: str) -> list[Grant]:
    """The grants of a policy that no command has used."""
    rights = stack.cloud.aws.rights
    done = {
        call for key, calls in rights.done.items() for call in calls if policy in key.split(".")
    }
    return [grant for grant in rights.granted[policy] if not any(map(grant.covers, done))]
