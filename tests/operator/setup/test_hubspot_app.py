"""The project of the HubSpot app, which a person uploads because no API subscribes its webhooks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from crmsync.cli import main
from crmsync.config import load_settings
from crmsync.rules.settings.scopes import scopes_of
from crmsync.rules.settings.subscriptions import subscriptions_of
from tests.config.files import MINIMAL
from tests.operator.deployments import Deployment

URL = "https://hooks.example.com/"


def written(folder: Path) -> dict[str, Any]:
    """Return every file of a folder, by its path in the folder."""
    return {
        str(path.relative_to(folder)): json.loads(path.read_text())
        for path in folder.rglob("*.json")
    }


def write(deployment: Deployment, folder: Path, *more: str) -> int:
    """Run the command."""
    return main(
        ["hubspot-app", str(folder), "--webhook-url", URL, *more], operator=deployment.operator
    )


@pytest.mark.rule("TRG-15")
def test_the_project_subscribes_to_what_the_settings_need(
    deployment: Deployment, tmp_path: Path
) -> None:
    """It has each property that the settings need and no other; a privacy deletion is an event of
    the account and not of an object.
    """
    settings = tmp_path / "settings.toml"
    settings.write_text(MINIMAL)
    (connection,) = load_settings(MINIMAL).connections

    assert write(deployment, tmp_path / "apps", "--settings", str(settings)) == 0

    files = written(tmp_path / "apps" / "acme")
    assert set(files) == {
        "hsproject.json",
        "src/app/app-hsmeta.json",
        "src/app/webhooks/webhooks-hsmeta.json",
    }
    webhooks = files["src/app/webhooks/webhooks-hsmeta.json"]["config"]
    subscribed = webhooks["subscriptions"]
    rows = [row for part in subscribed.values() for row in part]
    assert webhooks["settings"] == {"targetUrl": URL, "maxConcurrentRequests": 10}
    assert {(row["subscriptionType"], row.get("propertyName")) for row in rows} == set(
        subscriptions_of(connection)
    )
    assert {row["active"] for row in rows} == {True}
    assert [row["subscriptionType"] for row in subscribed["hubEvents"]] == [
        "contact.privacyDeletion"
    ]
    auth = files["src/app/app-hsmeta.json"]["config"]["auth"]
    assert (auth["type"], auth["requiredScopes"]) == ("static", list(scopes_of(connection)))
    assert deployment.hubspot.stats()["calls"] == deployment.salesforce.stats()["calls"] == 0


def test_a_second_run_writes_the_same_files(
    deployment: Deployment, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """There is one project per connection, made from the settings in force unless a file
    is named.
    """
    other = MINIMAL.replace('"acme"', '"beta"').replace("555001", "555002")
    deployment.operator.settings.push(MINIMAL + other, apply=True)

    assert write(deployment, tmp_path) == 0
    first = written(tmp_path)
    assert write(deployment, tmp_path) == 0

    assert written(tmp_path) == first
    assert sorted({name.partition("/")[0] for name in first}) == ["acme", "beta"]
    assert capsys.readouterr().out.splitlines()[0] == str(tmp_path / "acme" / "hsproject.json")


@pytest.mark.parametrize(
    "name",
    [
        "..",
        ".",
        "../out",
        "/out",
        "a/../../out",
        "a/b",
        "a\\\\b",
        ".hidden",
        "a\\u0000b",
        "a\\nb",
        "~",
        "",
    ],
)
def test_a_connections_name_cannot_be_a_path(
    deployment: Deployment, tmp_path: Path, name: str
) -> None:
    """The folders of the projects have the connections' names, so a name with a path in it is
    refused.
    """
    settings = tmp_path / "settings.toml"
    settings.write_text(MINIMAL.replace('name = "acme"', f'name = "{name}"'))

    assert write(deployment, tmp_path / "apps", "--settings", str(settings)) == 1
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["settings.toml"]


def test_a_webhook_address_must_be_https(deployment: Deployment, tmp_path: Path) -> None:
    """HubSpot delivers to https only; the command says so and writes no file."""
    with pytest.raises(SystemExit) as stopped:
        main(
            ["hubspot-app", str(tmp_path), "--webhook-url", "http://hooks.example.com"],
            operator=deployment.operator,
        )
    assert (stopped.value.code, written(tmp_path)) == (2, {})
