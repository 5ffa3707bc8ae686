"""No settings count that were put into the table past the command: not made up, not changed, not
taken from elsewhere in it.
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
    UNSEALED,
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
NEW_KEY = "a-newer-key-that-seals-what-comes-now"


@pytest.fixture
def table() -> Iterator[SettingsTable]:
    """A table into which version 1 was pushed."""
    with settings_table() as empty:
        push(empty, MINIMAL)
        yield empty


@pytest.fixture
def deployment() -> Iterator[Deployment]:
    """An operator who has pushed version 1."""
    with deployments.deployment() as made:
        made.operator.settings.push(MINIMAL, apply=True)
        yield made


def push(table: SettingsTable, text: str) -> Settings:
    """The next version."""
    return table.push(
        text, Settings(load_settings(text).connections, table.load().version), at=at(), by="ada"
    )


def row(place: str, name: str = "settings") -> dict[str, Any]:
    """A row of the table as it is stored."""
    key = {"pk": {"S": "settings"}, "sk": {"S": place}}
    item: dict[str, Any] = aws.client("dynamodb").get_item(TableName=name, Key=key)["Item"]
    return item


def put(item: dict[str, Any], name: str = "settings", **attributes: Any) -> None:
    """Write a row past the command."""
    aws.client("dynamodb").put_item(TableName=name, Item={**item, **attributes})


def take(*places: str) -> None:
    """Delete rows past the command."""
    for place in places:
        aws.client("dynamodb").delete_item(
            TableName="settings", Key={"pk": {"S": "settings"}, "sk": {"S": place}}
        )


def turn(*keys: str) -> None:
    """Store other keys in the secret."""
    aws.client("secretsmanager").put_secret_value(
        SecretId="settings-key", SecretString=" ".join(keys)
    )


def anew() -> SettingsTable:
    """The table as a process that has just started knows it."""
    return SettingsTable(aws.client("dynamodb"), "settings", settings_keys(), earlier="state")


def refusal(look: Callable[[], object]) -> str:
    """The code of the refusal that a look at the settings ends with."""
    with pytest.raises(Distrusted) as refused:
        look()
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
    put(row("current"), **attributes)

    assert [refusal(look) for look in (table.load, table.current)] == [UNSEALED, UNSEALED]


def test_a_row_of_the_history_is_none_in_force(table: SettingsTable) -> None:
    """A seal holds for its own place, so an older version cannot be put in force by copying its
    row.
    """
    push(table, OTHER_ORG)
    put(row("v000001"), sk={"S": "current"})

    assert refusal(table.load) == UNSEALED


def test_a_tampered_version_cannot_be_rolled_back_to(table: SettingsTable) -> None:
    """The history says which versions are valid, and shows nothing of the others."""
    push(table, OTHER_ORG)
    put(row("v000001"), text={"S": OTHER_ORG})

    assert refusal(lambda: table.revision(1)) == UNSEALED
    assert table.history() == [Entry(2, table.current()), Entry(1)]


def test_what_was_in_force_once_is_not_put_back(table: SettingsTable) -> None:
    """Its seal holds; the operator sees that a later version was pushed, and a function that has
    run with that one does not go back.
    """
    before = row("current")
    warm = FreshSettings(table, now=iter((0.0, 60.0, 60.0, 60.0)).__next__)
    push(table, OTHER_ORG)
    assert warm.settings().version == 2
    put(before)

    assert [refusal(look) for look in (table.current, warm.settings)] == [REPLACED, REPLACED]


def test_a_function_that_starts_anew_takes_what_was_in_force_once(table: SettingsTable) -> None:
    """The limit of a seal: it tells who stored a row and not when. Whoever kept an old row and may
    write the table can put it back.
    """
    before = row("current")
    push(table, OTHER_ORG)
    put(before)

    assert anew().load().version == 1


def test_removed_settings_are_noticed(table: SettingsTable) -> None:
    """A table with a first version and none in force was not left so by the command."""
    take("current")

    assert [refusal(look) for look in (table.load, table.current)] == [REPLACED, REPLACED]


@pytest.mark.parametrize("earlier", [0, 1], ids=["first push", "later push"])
def test_a_push_between_two_reads_is_no_theft(earlier: int) -> None:
    """Whoever reads while somebody pushes sees the settings from before or the new ones, and trusts
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


def test_a_function_does_not_go_on_with_an_emptied_table(table: SettingsTable) -> None:
    """Who had settings and finds none at all does not take that for a deployment without
    settings.
    """
    clock = [0.0]
    warm = FreshSettings(table, now=lambda: clock[0])
    assert warm.settings().version == 1
    take("current", "v000001")
    clock[0] = 60.0

    assert refusal(warm.settings) == REPLACED


def test_a_function_looks_again_soon(table: SettingsTable) -> None:
    """Settings that are refused are looked at again after five seconds, and not before: many
    messages make few reads.
    """
    clock = [0.0]
    warm = FreshSettings(table, now=lambda: clock[0])
    good = row("current")
    put(good, by={"S": "eve"})
    assert refusal(warm.settings) == UNSEALED
    put(good)
    clock[0] = 4.9
    assert refusal(warm.settings) == UNSEALED
    clock[0] = 5.0

    assert warm.settings().version == 1


def test_a_new_key_is_learnt_when_it_is_met(table: SettingsTable) -> None:
    """The key in use stands first in the secret; what an earlier one has sealed is good as long as
    that stands behind it.
    """
    assert table.load().version == 1
    turn(f"2:{NEW_KEY}", SETTINGS_KEY)
    later = anew()
    push(later, OTHER_ORG)
    table._ring._now = lambda: time.monotonic() + 5

    assert [one.load().version for one in (table, later)] == [2, 2]
    assert [entry.version for entry in later.history() if entry.revision] == [2, 1]
    turn(f"2:{NEW_KEY}")
    assert [entry.version for entry in anew().history() if entry.revision] == [2]


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize(
    "content",
    [" ", "short", "x" * 65, f"{SETTINGS_KEY} {NEW_KEY}", f"2:{NEW_KEY} 2:{SETTINGS_KEY}"],
)
def test_without_a_key_no_settings_count(content: str) -> None:
    """A secret that holds no key is told as such; nothing can be pushed either."""
    turn(content)
    blind = anew()

    assert refusal(blind.load) == "SECRET"
    with pytest.raises(Refused, match="does not hold numbered keys"):
        blind.push(MINIMAL, Settings(), at=at())


def test_a_push_puts_right_what_somebody_has_changed(deployment: Deployment) -> None:
    """It starts from the newest version whose seal holds, so no mapping is taken for new, and takes
    the next free number.
    """
    shelf = deployment.operator.settings.store
    good = deployment.operator.settings.revision()
    put(row("current"), settings={"S": OTHER})
    put(row("v000001"), sk={"S": "v000002"})
    text = "The settings in force have a seal that does not hold: the table was written by somebody else than crmsync settings push."

    assert settings_state(shelf) == SettingsState(good, 3, text)
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


def test_what_an_earlier_release_has_left_is_pushed_again(deployment: Deployment) -> None:
    """It had no seal, so somebody must look at it; its version and since when its rows count are
    carried on.
    """
    old = deployment.operator.settings.revision()
    put(row("current"), "state", version={"N": "7"})
    take("current", "v000001")

    looks = (
        deployment.operator.settings.in_force,
        deployment.operator.settings.show,
        deployment.operator.settings.history,
        lambda: deployment.operator.settings.rollback(7, apply=True),
    )
    assert {refusal(look) for look in looks} == {EARLIER}
    assert deployment.operator.settings.push(MINIMAL, apply=True).version == 8
    assert deployment.operator.settings.in_force() == replace(old.settings, version=8)


def test_what_runs_is_held_against_the_file(deployment: Deployment) -> None:
    """Whoever has the key can seal a text beside settings that it does not say; the operator is
    told where they depart.
    """
    parsed = load_settings(OTHER_ORG)
    deployment.operator.settings.store.push(MINIMAL, replace(parsed, version=1), at=at(), by="eve")

    assert deployment.operator.settings.show() == ShownSettings(
        Revision(2, MINIMAL, replace(parsed, version=2), at(), "eve"),
        (
            'acme.salesforce.login_url: "https://acme.my.salesforce.com" -> "https://other.my.salesforce.com"',
        ),
    )
