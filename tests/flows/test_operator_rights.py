"""What the template's managed policies let an operator do: each word of the command works with the policies that it needs, and no more is granted.

The command runs as a process of its own with the policies' names as its access key, for which the laptop stack grants what they say.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from local.people import People
from local.stack import Stack
from local.stack.rights import Grant
from tests.flows.conftest import SETTINGS, WORLD
from tests.flows.story_stage import linked_pair
from tests.flows.story_words import command

READ = "OperatorReadPolicy"
WRITE = f"{READ}.OperatorWritePolicy"
CHANGE = f"{READ}.SettingsPolicy"
BY_HAND = {
    "sqs:CancelMessageMoveTask",
    "sqs:DeleteMessage",
    "sqs:ListMessageMoveTasks",
    "sqs:ReceiveMessage",
    "sqs:StartMessageMoveTask",
}
"""How dead letters are moved back: with AWS's own tools, as the runbook says."""


@pytest.fixture(scope="module")
def module_stack() -> Iterator[Stack]:
    """A stack of this module's own, as it looks at what its callers have done."""
    with Stack(SETTINGS, WORLD) as stack:
        yield stack


def test_whoever_may_read_sees_everything(stack: Stack, people: People) -> None:
    """Every word that only shows works with the policy to read."""
    contact, lead = linked_pair(stack, people, "ada@example.com")
    for words in (
        ("status",),
        ("check",),
        ("preview",),
        ("errors", "list"),
        ("jobs", "list"),
        ("settings", "show"),
        ("settings", "history"),
        ("explain", "hubspot", "contact", contact),
        ("links", "show", "salesforce", "Lead", lead),
        ("import", "contacts"),
        ("resync", "--all"),
        ("setup",),
    ):
        assert command(stack, *words, key=READ) is not None
    assert stack.cloud.aws.rights.denied[READ] == set()


@pytest.mark.parametrize("words", [("resync", "--all"), ("errors", "retry", "--all")])
def test_whoever_may_read_writes_nothing(stack: Stack, people: People, words: tuple[str, ...]) -> None:
    """What acts is denied by AWS, before anything is done."""
    people.new_contact(email="bad@example.com")
    stack.settle()
    rights = stack.cloud.aws.rights
    before = {key: len(calls) for key, calls in rights.done.items()}
    command(stack, *words, "--apply", key=READ, status=1)
    writes = {call.action for call in rights.done[READ]} & {"dynamodb:PutItem", "events:PutEvents", "sqs:SendMessage"}
    assert (writes, bool(rights.denied[READ]), bool(before)) == (set(), True, True)


def test_whoever_may_write_runs_jobs_and_changes_no_setting(stack: Stack, tmp_path: Path) -> None:
    """Resyncs and pauses work with the policies to read and to write; a push needs the policy for settings, and works with that."""
    command(stack, "resync", "--all", "--apply", "--no-wait", key=WRITE)
    stack.advance(60)
    file = tmp_path / "settings.toml"
    file.write_text(SETTINGS + "[connection.deals]\nsync = false\n", encoding="utf-8")
    command(stack, "settings", "push", str(file), "--apply", key=WRITE, status=1)
    command(stack, "settings", "push", str(file), "--apply", key=CHANGE)
    command(stack, "setup", "--as-admin", "--apply", key=CHANGE)
    assert stack.cloud.aws.rights.denied[CHANGE] == set()


def test_print(stack: Stack) -> None:
    """x."""
    rights = stack.cloud.aws.rights
    for who in ("OperatorReadPolicy", "OperatorWritePolicy", "SettingsPolicy"):
        done = {call for key, calls in rights.done.items() for call in calls if who in key.split(".")}
        left: list[Grant] = [g for g in rights.granted[who] if g.action not in BY_HAND and not any(map(g.covers, done))]
        print(who, *left, sep="\n   ")
    print({k: v for k, v in rights.denied.items() if v})
    assert 0
