"""The settings table stores every push, and of two concurrent pushes only one succeeds."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pytest

from crmsync.config import load_settings
from crmsync.errors import Conflict, TryAgain
from crmsync.gateways.dynamodb.settings import SettingsTable
from crmsync.model.settings import Settings
from crmsync.wire.settings.stored import Entry, Revision, from_json, to_json
from tests import aws
from tests.builders import at
from tests.config.files import EVERYTHING, MINIMAL
from tests.operator.deployments import settings_keys, settings_table


@pytest.fixture
def table() -> Iterator[SettingsTable]:
    """An empty table."""
    with settings_table() as empty:
        yield empty


@pytest.mark.usefixtures("table")
def test_a_push_is_dated_by_aws() -> None:
    """The clock of the operator's machine does not matter; the time is exact to a second."""
    answered = {"ResponseMetadata": {"HTTPHeaders": {"date": "Mon, 02 Nov 2026 12:05:00 GMT"}}}
    client = aws.client("dynamodb")
    client.meta.events.register(
        "after-call.dynamodb.GetItem", lambda parsed, **_: parsed.update(answered)
    )

    assert SettingsTable(client, "settings", settings_keys()).now() == at(5)


def test_an_empty_table_has_no_connections(table: SettingsTable) -> None:
    """Before the first push there are no settings, and that is not an error."""
    assert (table.load(), table.current(), table.history()) == (Settings(), None, [])


def test_a_push_is_in_force_and_in_the_history(table: SettingsTable) -> None:
    """The first push is version 1, read back with its text, its time and its author."""
    settings = load_settings(EVERYTHING)

    pushed = table.push(EVERYTHING, settings, at=at(), by="ada")

    revision = Revision(1, EVERYTHING, dataclasses.replace(settings, version=1), at(), "ada")
    assert pushed == revision.settings
    assert (table.load(), table.current(), table.history()) == (
        pushed,
        revision,
        [Entry(1, revision)],
    )


def test_history_is_newest_first(table: SettingsTable) -> None:
    """Each push has its own number, and older ones are kept."""
    first = table.push(MINIMAL, load_settings(MINIMAL), at=at())
    second = table.push(
        EVERYTHING, Settings(load_settings(EVERYTHING).connections, first.version), at=at(5)
    )

    assert table.history() == [
        Entry(2, Revision(2, EVERYTHING, second, at(5))),
        Entry(1, Revision(1, MINIMAL, first, at())),
    ]
    assert table.load() == second
    assert table.revision(1) == Revision(1, MINIMAL, first, at())
    assert table.revision(3) is None


def test_the_second_of_two_concurrent_pushes_is_refused(table: SettingsTable) -> None:
    """A push that was checked against an older version changes nothing."""
    first = table.push(MINIMAL, load_settings(MINIMAL), at=at())

    with pytest.raises(Conflict, match="Somebody else has pushed"):
        table.push(EVERYTHING, load_settings(EVERYTHING), at=at(1))

    assert table.load() == first
    assert [one.version for one in table.history()] == [1]


def test_stored_settings_are_read_by_any_release() -> None:
    """A release ignores what it does not know, and uses defaults for what is missing."""
    settings = load_settings(MINIMAL)
    row = to_json(settings).replace(
        '"create_in_hubspot":"leads_and_contacts",', '"from_a_later_release":true,'
    )

    assert from_json(row, 4) == Settings(settings.connections, 4)


def test_a_long_history_is_read_to_its_end(table: SettingsTable) -> None:
    """DynamoDB returns one megabyte at a time."""
    versions = []
    for number in range(4):
        text = f"# {'x' * 350_000} {number}\n{MINIMAL}"
        versions.append(
            table.push(
                text, Settings(load_settings(text).connections, number), at=at(number)
            ).version
        )

    assert [one.version for one in table.history()] == versions[::-1] == [4, 3, 2, 1]


@pytest.mark.usefixtures("table")
def test_a_missing_table_can_be_tried_again() -> None:
    """The error is ours and not the vendor's, as the table may exist later or in another
    account.
    """
    nowhere = SettingsTable(aws.client("dynamodb"), "nowhere", settings_keys())

    for ask in (nowhere.load, nowhere.history, lambda: nowhere.push(MINIMAL, Settings(), at=at())):
        with pytest.raises(TryAgain) as refused:
            ask()
        assert refused.value.code == "ResourceNotFoundException"
