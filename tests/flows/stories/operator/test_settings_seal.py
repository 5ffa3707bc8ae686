"""Stories of settings that were changed in the table past the command: nothing is done by them, and
nothing is lost meanwhile.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from crmsync.model.changes import Cause, Change
from crmsync.model.mail import LogRange
from crmsync.model.records import Kind, Ref, Side
from crmsync.wire import range_messages
from crmsync.wire.queue_messages import dump_changes
from local.people import People
from local.stack import Stack
from tests.builders import NOON
from tests.flows.stories.story_command import command
from tests.flows.stories.story_contacts import SWEEP, linked_pair, record

TABLE = "crmsync-settings"
CURRENT = {"pk": {"S": "settings"}, "sk": {"S": "current"}}


def change_settings(stack: Stack, old: str, new: str) -> None:
    """Replace a text in the settings in force, past the command."""
    client = stack.cloud.aws.client("dynamodb")
    item: dict[str, Any] = client.get_item(TableName=TABLE, Key=CURRENT)["Item"]
    assert old in item["settings"]["S"]
    client.put_item(
        TableName=TABLE, Item={**item, "settings": {"S": item["settings"]["S"].replace(old, new)}}
    )


def send_message(stack: Stack, name: str, text: str) -> None:
    """Send a message to a queue, as if it were in flight when the settings change."""
    client = stack.cloud.aws.client("sqs")
    (url,) = [one for one in client.list_queues()["QueueUrls"] if name in one]
    client.send_message(QueueUrl=url, MessageBody=text)


def change_message(contact: str) -> str:
    """The message that requests a sync of a contact."""
    (text,) = dump_changes(
        [Change("acme", Kind.CONTACT, Ref(Side.HUBSPOT, "contact", contact), Cause.EDITED, NOON)]
    )
    return text


@pytest.mark.long
def test_tampered_settings_stop_the_sync_and_lose_nothing(stack: Stack, people: People) -> None:
    """Webhooks are answered 503, queued changes wait without becoming dead letters, every command
    says why, and a rollback ends it.
    """
    one, first = linked_pair(stack, people, "sealed-1@example.com", lastname="One")
    two, second = linked_pair(stack, people, "sealed-2@example.com", lastname="Two")
    version = command(stack, "status")["version"]
    change_settings(stack, '"delete_in_hubspot":false', '"delete_in_hubspot":true')
    stack.advance(61)
    people.edit_contact(one, lastname="Une")
    people.edit_record("Lead", second, LastName="Deux")
    send_message(stack, "ContactQueue", change_message(two))
    send_message(
        stack, "EmailTaskQueue", range_messages.dump_range(LogRange("acme", "OPEN", 0, 1, 2))
    )
    stack.advance(2 * 3600)

    codes = [
        command(stack, *words, status=1)["code"]
        for words in (("status",), ("settings", "show"), ("check",))
    ]
    assert codes == ["SETTINGS_SEAL"] * 3
    assert {row["sealed"] for row in command(stack, "settings", "history")} == {True}
    names = (
        record(people, "Lead", first, "LastName")["LastName"],
        people.contact(two, "lastname")["lastname"],
    )
    assert names == ("One", "Two")
    assert '"status":503' in stack.output("hubspot_webhook")
    refusing = [
        function
        for function in ("hubspot_webhook", "salesforce_changes", "contact_sync")
        if "SettingsRefused" in stack.output(function)
    ]
    assert refusing == ["hubspot_webhook", "salesforce_changes", "contact_sync"]

    command(stack, "settings", "rollback", str(version), "--apply")
    stack.advance(4 * SWEEP)

    names = (
        record(people, "Lead", first, "LastName")["LastName"],
        people.contact(two, "lastname")["lastname"],
    )
    assert names == ("Une", "Deux")
    status = command(stack, "status")
    assert (status["version"], status["dead_letters"], status["findings"]) == (version + 1, [], [])


def store_like_an_earlier_release(stack: Stack) -> int:
    """Move the settings to where releases before 0.2 kept them, unsigned, and start the functions
    anew; the settings' version.
    """
    client = stack.cloud.aws.client("dynamodb")
    rows = client.scan(TableName=TABLE)["Items"]
    (current,) = [row for row in rows if row["sk"]["S"] == "current"]
    client.put_item(
        TableName="crmsync-state",
        Item={name: value for name, value in current.items() if name != "seal"},
    )
    for row in rows:
        client.delete_item(TableName=TABLE, Key={"pk": row["pk"], "sk": row["sk"]})
    stack.cloud.lambdas.close()
    return int(current["version"]["N"])


@pytest.mark.long
def test_after_an_upgrade_nothing_syncs_until_the_settings_are_pushed(
    stack: Stack, people: People, tmp_path: Path
) -> None:
    """An earlier release's settings are not used: `status` says what to do, queued changes wait,
    and a push continues the sync.
    """
    contact, lead = linked_pair(stack, people, "upgrade@example.com", lastname="Old")
    (file := tmp_path / "settings.toml").write_text(command(stack, "settings", "show")["text"])
    version = store_like_an_earlier_release(stack)
    people.edit_contact(contact, lastname="New")
    send_message(stack, "ContactQueue", change_message(contact))
    stack.advance(2 * 3600)

    assert command(stack, "status", status=1)["code"] == "SETTINGS_EARLIER"
    assert record(people, "Lead", lead, "LastName") == {"LastName": "Old"}
    assert "NO_SETTINGS" in stack.output("contact_sync")

    assert command(stack, "settings", "push", str(file), "--apply")["version"] == version + 1
    stack.advance(SWEEP)
    assert record(people, "Lead", lead, "LastName") == {"LastName": "New"}
    status = command(stack, "status")
    assert (status["version"], status["dead_letters"]) == (version + 1, [])
