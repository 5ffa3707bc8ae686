"""What settings name in the CRMs is looked up: lists, campaigns, pipelines and owners."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests

from tests.config.files import MINIMAL
from tests.operator import deployments
from tests.operator.shell import Shell

SECOND = MINIMAL.replace('"acme"', '"beta"').replace("555001", "555002")
LIST = '[connection.contacts]\ninclusion_list = "{}"\n'
PIPELINES = '[connection.deals]\npipelines = ["Sales Pipelin"]\n'
OWNERS = (
    '[connection.owners]\n"nobody@example.com" = "ada@example.com"\n'
    '"grace@example.com" = "005000000000001AAA"\n'
)


@pytest.fixture
def contacts_list(shell: Shell) -> str:
    """The id of a list of contacts."""
    return _list(shell, "0-1")


def _list(shell: Shell, object_type: str, portal: int = 0) -> str:
    row = {
        "name": f"List of {object_type}",
        "objectTypeId": object_type,
        "processingType": "MANUAL",
    }
    made = shell.deployment.make_in_hubspot("/crm/v3/lists", row, portal=portal)
    return str(made["list"]["listId"])


def _delete(shell: Shell, contacts_list: str) -> None:
    deployment = shell.deployment
    answer = requests.delete(
        f"{deployment.urls['hubspot']}/crm/v3/lists/{contacts_list}",
        headers={"Authorization": f"Bearer {deployment.hubspot.portals[0].user_token}"},
        timeout=30,
    )
    answer.raise_for_status()


@pytest.mark.rule("INC-2")
def test_an_inclusion_list_must_exist(shell: Shell, contacts_list: str) -> None:
    """A push with a list that HubSpot does not have, or that is not one of contacts, is refused with
    its line; nothing is stored. A list of contacts is taken.
    """
    companies = _list(shell, "0-2")

    missing = shell.run("settings", "push", shell.file(MINIMAL + LIST.format(4711)), "--apply")
    wrong = shell.run("settings", "push", shell.file(MINIMAL + LIST.format(companies)), "--apply")
    before = shell.json("settings", "history")
    good = shell.run(
        "settings", "push", shell.file(MINIMAL + LIST.format(contacts_list)), "--apply"
    )

    line = MINIMAL.count("\n") + 2
    assert missing == (
        1,
        "",
        (
            f"line {line}: HubSpot has no list 4711, or the app may not see it: no contact would "
            "sync. The id stands in the address of the list's page (INC-2)\n"
        ),
    )
    assert wrong == (
        1,
        "",
        f"line {line}: list {companies} is a list of company records, not of contacts (INC-2)\n",
    )
    assert (before, good[0]) == ((0, []), 0)


@pytest.mark.rule("INC-2")
def test_a_check_finds_a_list_that_was_deleted_since(shell: Shell, contacts_list: str) -> None:
    """The other parts are checked all the same."""
    shell.run("settings", "push", shell.file(MINIMAL + LIST.format(contacts_list)), "--apply")
    shell.run("setup", "--apply")
    fine = shell.run("check")
    _delete(shell, contacts_list)

    status, document = shell.json("check")

    bad = [step for step in document["steps"] if step["state"] == "wrong"]
    assert fine[0] == 0
    assert (status, [(one["what"], one["text"][:22]) for one in bad]) == (
        1,
        [
            (
                "lists, campaigns, pipelines and owners of the settings",
                f"HubSpot has no list {contacts_list}"[:22],
            )
        ],
    )


@pytest.mark.rule("Q-26")
def test_a_pipeline_that_does_not_exist_is_a_warning(shell: Shell) -> None:
    """The warning names the one that may be meant; it may also be made later."""
    status, _, err = shell.run("settings", "push", shell.file(MINIMAL + PIPELINES), "--apply")

    assert (status, [line.split(": ", 2)[2] for line in err.splitlines() if "Pipelin" in line]) == (
        0,
        ['HubSpot has no deal pipeline "Sales Pipelin"; did you mean "Sales Pipeline"? (Q-26)'],
    )


@pytest.mark.rule("Q-18")
def test_a_row_of_the_owner_map_that_is_of_no_use_is_a_warning(shell: Shell) -> None:
    """The push goes on: people leave, and a rollback must stay possible."""
    status, _, err = shell.run("settings", "push", shell.file(MINIMAL + OWNERS), "--apply")

    assert (status, [line.split(": ", 2)[2] for line in err.splitlines() if "owner " in line]) == (
        0,
        [
            "HubSpot has no owner nobody@example.com: the row does nothing (Q-18)",
            "HubSpot has no owner grace@example.com: the row does nothing (Q-18)",
        ],
    )


def test_nothing_is_pushed_while_it_cannot_be_looked_up(shell: Shell, contacts_list: str) -> None:
    """The message says so, and what to do."""
    shell.deployment.faults.replace([{"at": "hubspot", "kind": "unauthorized", "times": 9}])

    status, out, err = shell.run(
        "settings", "push", shell.file(MINIMAL + LIST.format(contacts_list)), "--apply"
    )

    assert (status, out) == (1, "")
    assert err.startswith(
        "crmsync: the lists, pipelines and owners of the file could not be looked up: "
    )
    assert err.endswith("Nothing was pushed; try again later.\n")


@pytest.mark.rule("Q-30")
def test_deletions_without_a_limit_are_warned_of(shell: Shell) -> None:
    """The warning names the section; a limit ends it."""
    section = "[connection.companies]\ndelete_in_hubspot = true\n"

    found = [
        [
            line
            for line in shell.run("settings", "push", shell.file(text))[2].splitlines()
            if "delet" in line
        ]
        for text in (MINIMAL + section, MINIMAL + section + "max_deletes_per_hour = 50\n")
    ]

    line = MINIMAL.count("\n") + 2
    assert found == [
        [
            (
                f"warning: line {line}: every deletion in Salesforce deletes companies in HubSpot, "
                "and none is held back: set max_deletes_per_hour (Q-30)"
            )
        ],
        [],
    ]


@pytest.mark.rule("ACT-8")
@pytest.mark.rule("Q-30")
def test_deletions_of_activities_without_a_limit_are_warned_of(shell: Shell) -> None:
    """Once for each kind and side on which something is deleted; a limit ends it."""
    section = (
        '[connection.activities.calls]\nsync = "two_way"\n'
        "delete_in_hubspot = true\ndelete_in_salesforce = true\n"
    )
    limit = "[connection.activities]\nmax_deletes_per_hour = 50\n"

    found = [
        [
            line.partition(": ")[2].partition(": ")[2]
            for line in shell.run("settings", "push", shell.file(text))[2].splitlines()
            if "delet" in line
        ]
        for text in (MINIMAL + section, MINIMAL + limit + section)
    ]

    assert found == [
        [
            (
                f"every deletion in {here} deletes calls in {there}, and none is held back: set "
                "max_deletes_per_hour (Q-30)"
            )
            for here, there in (("Salesforce", "HubSpot"), ("HubSpot", "Salesforce"))
        ],
        [],
    ]


CAMPAIGN = """[[connection.campaigns]]
list = "{}"
campaign = "{}"
status = "{}"
on_leave = "{}"
"""


@pytest.mark.rule("CMP-3")
@pytest.mark.rule("CMP-7")
def test_a_campaign_its_list_and_its_statuses_must_exist(shell: Shell, contacts_list: str) -> None:
    """A push that names others is refused with every line; one that names them is taken, and the
    check finds nothing.
    """
    campaign = _campaign(shell)
    wrong = CAMPAIGN.format(_list(shell, "0-2"), campaign, "Sen", "Left")
    missing = CAMPAIGN.format("4711", "701000000000009AAA", "Sent", "Responded")
    good = CAMPAIGN.format(contacts_list, campaign, "Sent", "Responded")

    refused = shell.run("settings", "push", shell.file(MINIMAL + wrong + missing), "--apply")
    taken = shell.run("settings", "push", shell.file(MINIMAL + good), "--apply")
    shell.run("setup", "--apply")
    checked = shell.run("check")

    line = MINIMAL.count("\n")
    has = f"campaign {campaign} has no status"
    unseen = "or the integration user may not see it (CMP-7)"
    assert refused[0] == 1
    assert refused[2].splitlines() == [
        f"line {line + 2}: list 102 is a list of company records, not of contacts (CMP-3)",
        f'line {line + 4}: {has} "Sen"; did you mean "Sent"? (CMP-7)',
        f'line {line + 5}: {has} "Left"; there are "Sent", "Responded" (CMP-7)',
        f"line {line + 7}: HubSpot has no list 4711, or the app may not see it (CMP-3)",
        f"line {line + 8}: Salesforce has no campaign 701000000000009AAA, {unseen}",
    ]
    assert (taken[0], checked[0]) == (0, 0)


@pytest.mark.rule("CMP-6")
@pytest.mark.rule("CMP-7")
def test_a_campaign_may_be_named(shell: Shell, contacts_list: str) -> None:
    """A name that two campaigns have is refused, and so is one campaign by its name and its id."""
    fair, _, _ = (_campaign(shell, name) for name in ("Own fair", "Twice", "Twice"))
    one, two, by_id = (
        CAMPAIGN.format(contacts_list, name, "Sent", "Responded")
        for name in ("Own fair", "Twice", fair)
    )

    refused = shell.run("settings", "push", shell.file(MINIMAL + one + two + by_id), "--apply")
    taken = shell.run("settings", "push", shell.file(MINIMAL + one), "--apply")

    line = MINIMAL.count("\n")
    assert refused[0] == 1
    assert refused[2].splitlines() == [
        f'line {line + 8}: several campaigns are called "Twice": give the id of one (CMP-7)',
        f"line {line + 13}: campaign {fair} has a list already (CMP-6)",
    ]
    assert taken[0] == 0


@pytest.mark.rule("CMP-6")
def test_one_campaign_of_two_accounts_is_found_by_its_name_and_its_id(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two accounts on one org may not have a list each for it, whatever they call it: a push is
    refused with the line, and a check of the file says so. Each is free to have a campaign of its
    own.
    """
    with deployments.deployment(555001, 555002) as deployment:
        shell = Shell(deployment, tmp_path, capsys)
        fair, other = _campaign(shell, "Own fair"), _campaign(shell, "Other fair")
        lists = [_list(shell, "0-1", portal) for portal in (0, 1)]
        by_name = CAMPAIGN.format(lists[0], "Own fair", "Sent", "Responded")
        by_id, own = (CAMPAIGN.format(lists[1], one, "Sent", "Responded") for one in (fair, other))
        files = [MINIMAL + by_name + SECOND + one for one in (by_id, own)]

        refused = shell.run("settings", "push", shell.file(files[0]), "--apply")
        checked = shell.json("check", shell.file(files[0]))
        taken = shell.run("settings", "push", shell.file(files[1]), "--apply")

    line = files[0].splitlines().index(f'campaign = "{fair}"') + 1
    sentence = (
        f'campaign {fair} has a list already, in "acme" as Own fair, which shares this Salesforce '
        "org: give each connection a campaign of its own (CMP-6)"
    )
    bad = [one for one in checked[1]["steps"] if one["state"] == "wrong"]
    assert refused == (1, "", f"line {line}: {sentence}\n")
    assert [(one["connection"], one["text"]) for one in bad] == [("beta", sentence)]
    assert taken[0] == 0


def _campaign(shell: Shell, name: str = "Fair") -> str:
    deployment = shell.deployment
    answer = requests.post(
        f"{deployment.urls['salesforce']}/services/data/v66.0/sobjects/Campaign",
        json={"Name": name},
        headers={"Authorization": f"Bearer {deployment.salesforce.user_token}"},
        timeout=30,
    )
    answer.raise_for_status()
    return str(answer.json()["id"])
