"""`crmsync links show` and `links drop`."""

from __future__ import annotations

import json

import pytest

from tests.config.files import MINIMAL
from tests.operator.commands.pairs import BETA, LEAD_ID, a_pair
from tests.operator.deployments import Deployment
from tests.operator.shell import run_command


def test_a_link_is_shown_from_either_side(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    """Plural names of objects and short Salesforce ids are accepted."""
    deployment.operator.settings.push(MINIMAL, apply=True)
    deployment.links.save([a_pair()])

    line = f"acme  hubspot:contact:81  salesforce:Lead:{LEAD_ID}  active  not synced yet\n"
    assert run_command(deployment, capsys, "links", "show", "hubspot", "contacts", "81") == (
        0,
        line,
        "",
    )
    assert run_command(deployment, capsys, "links", "show", "salesforce", "lead", LEAD_ID[:15]) == (
        0,
        line,
        "",
    )
    status, out, _ = run_command(
        deployment, capsys, "links", "show", "hubspot", "contact", "81", "--json"
    )
    assert (status, json.loads(out)) == (
        0,
        [
            {
                "connection": "acme",
                "kind": "contact",
                "hubspot": "hubspot:contact:81",
                "salesforce": f"salesforce:Lead:{LEAD_ID}",
                "state": "active",
                "fields": {"hubspot": 0, "salesforce": 0},
                "owners": {"hubspot": None, "salesforce": None},
                "version": 1,
            }
        ],
    )


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("show", "hubspot", "contact", "82"), "hubspot:contact:82 has no link"),
        (("drop", "hubspot", "contact", "82", "--apply"), "hubspot:contact:82 has no link"),
        (
            ("show", "hubspot", "lead", "81"),
            "hubspot has no lead that could be linked; there are company, contact, deal, call, email, meeting, note, task.",
        ),
        (
            ("show", "hubspot", "contact", "81", "--connection", "beta"),
            "There is no connection beta. There are these: acme.",
        ),
    ],
)
def test_a_link_that_cannot_be_shown_is_explained(
    deployment: Deployment, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], text: str
) -> None:
    """The command prints one sentence and ends with exit status 1."""
    deployment.operator.settings.push(MINIMAL, apply=True)
    deployment.links.save([a_pair()])

    assert run_command(deployment, capsys, "links", *words) == (1, "", f"crmsync: {text}\n")


def test_a_link_is_dropped_only_with_apply(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is shown first; after --apply the records are not linked until one of them syncs."""
    deployment.operator.settings.push(MINIMAL, apply=True)
    (link,) = deployment.links.save([a_pair()])

    assert run_command(deployment, capsys, "links", "drop", "hubspot", "contact", "81")[1].endswith(
        "--apply drops it.\n"
    )
    assert deployment.links.all == [link]
    assert (
        run_command(deployment, capsys, "links", "drop", "hubspot", "contact", "81", "--apply")[0]
        == 0
    )
    assert deployment.links.all == []


@pytest.mark.rule("TEN-1")
def test_equal_ids_of_two_accounts_are_two_links(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each HubSpot account numbers its own contacts: both links are shown, and to drop one needs
    --connection.
    """
    deployment.operator.settings.push(MINIMAL + BETA, apply=True)
    deployment.links.save([a_pair(), a_pair(connection="beta")])

    assert [
        line.split()[0]
        for line in run_command(deployment, capsys, "links", "show", "hubspot", "contact", "81")[
            1
        ].splitlines()
    ] == [
        "acme",
        "beta",
    ]
    drop = ("links", "drop", "hubspot", "contact", "81", "--apply")
    why = "crmsync: acme, beta have a link of that record. Name one with --connection.\n"
    assert run_command(deployment, capsys, *drop) == (1, "", why)
    assert run_command(deployment, capsys, *drop, "--connection", "beta")[0] == 0
    assert [link.connection for link in deployment.links.all] == ["acme"]
