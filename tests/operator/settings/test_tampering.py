"""Settings count only if `crmsync settings push` stored them: rows that were invented, changed or
copied in the table are refused.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from crmsync.config import load_settings
from crmsync.errors import Distrusted, Refused
from crmsync.flows.operator.settings import Pushed, SettingsState, ShownSettings, settings_state
from crmsync.gateways.dynamodb.settings import (
    EARLIER,
    REPLACED,
    UNSIGNED,
    FreshSettings,
    SettingsTable,
)
from crmsync.model.settings import Settings
from crmsync.wire.settings.stored import Entry, Revision, to_json
from tests import aws
from tests.builders import at
from tests.config.files import MINIMAL
from tests.operator import deployments
from tests.operator.deployments import SETTINGS_KEY, Deployment, settings_keys, settings_table

OTHER_ORG = MINIMAL.replace("acme.my.salesforce.com", "other.my.salesforce.com")
NEW_KEY = "a-newer-key-that-signs-new-settings"


@pytest.fixture
def table() -> Iterator[SettingsTable]:
    """A table into which version 1 was pushed."""
    with settings_table() as empty:
        push(empty, MINIMAL)
        yield empty


@pytest.fixture
def deployment() -> Iterator[Deployment]:
    """A deployment in which version 1 was pushed."""
    with deployments.deployment() as made:
        made.operator.settings.push(MINIMAL, apply=True)
        yield made


def push(table: SettingsTable, text: str) -> Settings:
    """Push the next version."""
    return table.push(
        text, Settings(load_settings(text).connections, table.load().version), at=at(), by="ada"
    )


def row(place: str, name: str = "settings") -> dict[str, Any]:
    """Return a row of the table as it is stored."""
    key = {"pk": {"S": "settings"}, "sk": {"S": place}}
    item: dict[str, Any] = aws.client("dynamodb").get_item(TableName=name, Key=key)["Item"]
    return item


def write_row(item: dict[str, Any], name: str = "settings", **attributes: Any) -> None:
    """Write a row without the command."""
    aws.client("dynamodb").put_item(TableName=name, Item={**item, **attributes})


def delete_rows(*places: str) -> None:
    """Delete rows without the command."""
    for place in places:
        aws.client("dynamodb").delete_item(
            TableName="settings", Key={"pk": {"S": "settings"}, "sk": {"S": place}}
        )


def store_keys(*keys: str) -> None:
    """Store other keys in the secret."""
    aws.client("secretsmanager").put_secret_value(
        SecretId="settings-key", SecretString=" ".join(keys)
    )


def restarted() -> SettingsTable:
    """Return the table as a new process reads it."""
    return SettingsTable(aws.client("dynamodb"), "settings", settings_keys(), earlier="state")


def refusal(read: Callable[[], object]) -> str:
    """Return the code with which reading the settings is refused."""
    with pytest.raises(Distrusted) as refused:
        read()
    assert refused.value.hint
    return refused.value.code


OTHER = to_json(load_settings(OTHER_ORG))


@pytest.mark.parametrize(
    "attributes",
    [
        {"settings": {"S": OTHER}},
        {"text": {"S": OTHER_ORG}},
        {"version": {"N": "2"}},
        {"pushed_at": {"S": at(5).isoformat()}},
        {"by": {"S": "eve"}},
        {"seal": {"S": "0" * 64}},
        {"seal": {"S": "\u00e9"}},
        {"seal": {"N": "1"}},
        {"settings": {"S": "no JSON"}},
        {"version": {"S": "two"}},
    ],
    ids=str,
)
def test_a_tampered_row_is_refused(table: SettingsTable, attributes: dict[str, Any]) -> None:
    """Functions and operators refuse it, whichever part was changed."""
    write_row(row("current"), **attributes)

    assert [refusal(read) for read in (table.load, table.current)] == [UNSIGNED, UNSIGNED]


def test_a_copied_row_of_the_history_is_not_in_force(table: SettingsTable) -> None:
    """A seal is valid only at its own key, so an older version cannot be put in force by copying
    its row.
    """
    push(table, OTHER_ORG)
    write_row(row("v000001"), sk={"S": "current"})

    assert refusal(table.load) == UNSIGNED


def test_a_rollback_to_a_tampered_version_is_refused(table: SettingsTable) -> None:
    """The history lists such a version without its content."""
    push(table, OTHER_ORG)
    write_row(row("v000001"), text={"S": OTHER_ORG})

    assert refusal(lambda: table.revision(1)) == UNSIGNED
    assert table.history() == [Entry(2, table.current()), Entry(1)]


def test_an_old_row_that_was_put_back_is_refused(table: SettingsTable) -> None:
    """Its seal is valid, but a later version was pushed: the history shows that, and a running
    function has read it.
    """
    before = row("current")
    warm = FreshSettings(table, now=iter((0.0, 60.0, 60.0, 60.0)).__next__)
    push(table, OTHER_ORG)
    assert warm.settings().version == 2
    write_row(before)

    assert [refusal(read) for read in (table.current, warm.settings)] == [REPLACED, REPLACED]


def test_a_new_process_accepts_an_old_row_that_was_put_back(table: SettingsTable) -> None:
    """This is the limit of seals: they prove who stored a row and not when, so a copy of an old row
    stays valid for anybody who may write the table.
    """
    before = row("current")
    push(table, OTHER_ORG)
    write_row(before)

    assert restarted().load().version == 1


def test_removed_settings_are_noticed(table: SettingsTable) -> None:
    """If the first version exists, the command never leaves a table without settings in force."""
    delete_rows("current")

    assert [refusal(read) for read in (table.load, table.current)] == [REPLACED, REPLACED]


@pytest.mark.parametrize("earlier", [0, 1], ids=["first push", "later push"])
def test_a_push_between_two_reads_is_no_tampering(earlier: int) -> None:
    """A process that reads during a push gets the settings from before or after it, and trusts
    both.
    """
    with settings_table() as table:
        for _ in range(earlier):
            push(table, OTHER_ORG)
        client = aws.client("dynamodb")
        reader = SettingsTable(client, "settings", settings_keys())
        pushes = iter([lambda: push(table, MINIMAL)])
        client.meta.events.register("after-call.dynamodb.GetItem", lambda **_: next(pushes, int)())

        seen = reader.current()

    assert seen is not None
    assert seen.version == earlier + 1


def test_an_emptied_table_is_refused_by_a_running_function(table: SettingsTable) -> None:
    """A function that has read settings does not take an empty table for a deployment without
    settings.
    """
    clock = [0.0]
    warm = FreshSettings(table, now=lambda: clock[0])
    assert warm.settings().version == 1
    delete_rows("current", "v000001")
    clock[0] = 60.0

    assert refusal(warm.settings) == REPLACED


def test_a_read_that_lacks_the_last_push_is_repeated(table: SettingsTable) -> None:
    """A cheap read may come from a copy that is a moment behind; that is no tampering."""
    behind = row("current")
    push(table, OTHER_ORG)
    newest = row("current")
    client = aws.client("dynamodb")
    warm = FreshSettings(
        SettingsTable(client, "settings", settings_keys()), now=iter((0.0, 60.0, 60.0)).__next__
    )
    assert warm.settings().version == 2
    reads: list[bool] = []

    def show(params: dict[str, Any], **_: Any) -> None:
        reads.append(params["ConsistentRead"])
        write_row(newest if params["ConsistentRead"] else behind)

    client.meta.events.register("provide-client-params.dynamodb.GetItem", show)
    seen = warm.settings()
    client.meta.events.unregister("provide-client-params.dynamodb.GetItem", show)

    assert (seen.version, reads) == (2, [False, True])


def test_refused_settings_are_read_again_after_five_seconds(table: SettingsTable) -> None:
    """They are not read sooner, so many messages cause few reads."""
    clock = [0.0]
    warm = FreshSettings(table, now=lambda: clock[0])
    good = row("current")
    write_row(good, by={"S": "eve"})
    assert refusal(warm.settings) == UNSIGNED
    write_row(good)
    clock[0] = 4.9
    assert refusal(warm.settings) == UNSIGNED
    clock[0] = 5.0

    assert warm.settings().version == 1


def test_a_new_key_is_read_when_it_is_needed(table: SettingsTable) -> None:
    """The first key in the secret is in use; seals of an earlier key are valid while the secret
    contains that key.
    """
    assert table.load().version == 1
    store_keys(f"2:{NEW_KEY}", SETTINGS_KEY)
    later = restarted()
    push(later, OTHER_ORG)
    table._ring._now = lambda: time.monotonic() + 5

    assert [one.load().version for one in (table, later)] == [2, 2]
    assert [entry.version for entry in later.history() if entry.revision] == [2, 1]
    store_keys(f"2:{NEW_KEY}")
    assert [entry.version for entry in restarted().history() if entry.revision] == [2]


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize(
    "content",
    [" ", "short", "x" * 65, f"{SETTINGS_KEY} {NEW_KEY}", f"2:{NEW_KEY} 2:{SETTINGS_KEY}"],
)
def test_without_a_key_all_settings_are_refused(content: str) -> None:
    """The error says that the secret contains no key; pushing is refused, too."""
    store_keys(content)
    unkeyed = restarted()

    assert refusal(unkeyed.load) == "SECRET"
    with pytest.raises(Refused, match="does not hold numbered keys"):
        unkeyed.push(MINIMAL, Settings(), at=at())


def test_a_push_repairs_tampered_settings(deployment: Deployment) -> None:
    """It starts from the newest version with a valid seal, so no mapping counts as new, and takes
    the next free number.
    """
    store = deployment.operator.settings.store
    good = deployment.operator.settings.revision()
    write_row(row("current"), settings={"S": OTHER})
    write_row(row("v000001"), sk={"S": "v000002"})
    text = "The settings in force have a seal that does not hold: the table was written by somebody else than crmsync settings push."

    assert settings_state(store) == SettingsState(good, 3, text)
    assert deployment.operator.settings.push(MINIMAL, apply=False) == Pushed(
        3, applied=False, changes=(text,)
    )
    assert deployment.operator.settings.push(MINIMAL, apply=True) == Pushed(
        3, applied=True, changes=(text,)
    )
    assert deployment.operator.settings.in_force() == replace(good.settings, version=3)
    assert [
        entry.version for entry in deployment.operator.settings.history() if entry.revision
    ] == [
        3,
        1,
    ]


def test_settings_of_an_earlier_release_must_be_pushed_again(deployment: Deployment) -> None:
    """They have no seal, so a person must review them; the version and the dates of mapping rows
    are kept.
    """
    old = deployment.operator.settings.revision()
    write_row(row("current"), "state", version={"N": "7"})
    delete_rows("current", "v000001")

    reads = (
        deployment.operator.settings.in_force,
        deployment.operator.settings.show,
        deployment.operator.settings.history,
        lambda: deployment.operator.settings.rollback(7, apply=True),
    )
    assert {refusal(read) for read in reads} == {EARLIER}
    assert deployment.operator.settings.push(MINIMAL, apply=True).version == 8
    assert deployment.operator.settings.in_force() == replace(old.settings, version=8)


def test_settings_that_differ_from_their_file_are_shown(deployment: Deployment) -> None:
    """A person with the key can seal settings that the stored file does not contain; the operator
    sees where they differ.
    """
    parsed = load_settings(OTHER_ORG)
    deployment.operator.settings.store.push(MINIMAL, replace(parsed, version=1), at=at(), by="eve")

    assert deployment.operator.settings.show() == ShownSettings(
        Revision(2, MINIMAL, replace(parsed, version=2), at(), "eve"),
        (
            'acme.salesforce.login_url: "https://acme.my.salesforce.com" -> "https://other.my.salesforce.com"',
        ),
    )
