"""The operator's command: what it prints, what it does, and how it ends."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from crmsync.cli import main
from crmsync.config import load_settings
from crmsync.errors import Down, Refused, SyncError, TryAgain
from crmsync.model.settings import Settings
from crmsync.rules.settings.dates import dated
from crmsync.rules.settings.own_fields import HUBSPOT_PARTS, salesforce_parts
from crmsync.rules.settings.set_up_parts import ObjectReading
from tests import aws
from tests.builders import NOON
from tests.config.files import MINIMAL
from tests.operator import deployments
from tests.operator.shell import Shell

PARTS = (
    len(HUBSPOT_PARTS)
    + sum(not isinstance(part, ObjectReading) for part in salesforce_parts(555001))
    + 2
)
"""Our parts on both sides, and the one pipeline of the org with its stages."""


SEEN = 8
"""The account, the app and its scopes; the org and the mapped fields of four objects."""


SHARED = MINIMAL + MINIMAL.replace('"acme"', '"beta"').replace("555001", "555002")


def test_push_set_up_and_check_in_this_order(shell: Shell) -> None:
    """Each command shows what it would do and acts with --apply; a second run finds
    nothing to do.
    """
    file = shell.file(MINIMAL)

    new = "acme: new, HubSpot account 555001\n"
    assert shell.run("settings", "push", file) == (
        0,
        f"{new}This would be version 1; --apply puts it in force.\n",
        "",
    )
    assert shell.run("settings", "push", file, "--apply") == (
        0,
        f"{new}Version 1 is in force.\n",
        "",
    )
    assert shell.run("settings", "push", file, "--apply") == (
        0,
        "Version 1 is in force already.\n",
        "",
    )
    assert [shell.run(*words)[0] for words in (("check",), ("check", file), ("setup",))] == [
        1,
        1,
        0,
    ]
    assert last_line(shell.run("setup")) == f"{PARTS} to make; --apply makes them."
    assert last_line(shell.run("setup", "--apply")) == "All is as it should be."
    assert last_line(shell.run("check", file)) == "All is as it should be."
    assert shell.run("check")[0] == 0
    assert shell.run("errors", "list") == (0, "Nothing is waiting and nothing has failed.\n", "")


def last_line(run: tuple[int, str, str]) -> str:
    """Return the last line of stdout."""
    return run[1].splitlines()[-1]


def test_without_connections_there_is_nothing_to_set_up(shell: Shell) -> None:
    """That is said, with what comes first, and not that all is well."""
    assert shell.run("setup") == (
        0,
        ("There are no connections.\ncrmsync settings push FILE --apply puts some in force.\n"),
        "",
    )


def test_settings_are_shown_as_they_were_written(shell: Shell) -> None:
    """`show` prints the pushed file unchanged, so that it can be stored and pushed again; version,
    author and time go to stderr.
    """
    assert shell.run("settings", "show") == (
        1,
        "",
        (
            "crmsync: No settings have been pushed yet. crmsync settings push FILE --apply puts "
            "some in force.\n"
        ),
    )
    assert shell.run("settings", "history") == (0, "No settings have been pushed yet.\n", "")
    shell.run("settings", "push", shell.file(MINIMAL), "--apply")

    pushed = "version 1, pushed 2026-11-02 12:00 UTC by ada\n"
    assert shell.run("settings", "show") == (0, MINIMAL, f"# {pushed.rstrip()}; its seal holds\n")
    new = "acme: new, HubSpot account 555001"
    assert shell.run("settings", "history") == (0, f"{pushed}    {new}\n", "")
    row = {"version": 1, "pushed_at": "2026-11-02T12:00:00+00:00", "by": "ada"}
    assert shell.json("settings", "show") == (0, row | {"text": MINIMAL, "departs": []})
    assert shell.json("settings", "history") == (
        0,
        [row | {"sealed": True, "changes": [new]}],
    )


def test_settings_that_differ_from_their_file_are_a_finding(shell: Shell) -> None:
    """The file is shown with each value in force that it does not contain, and the exit status is
    1.
    """
    shell.run("settings", "push", shell.file(MINIMAL), "--apply")
    other = load_settings(MINIMAL.replace("acme.my", "other.my"))
    shell.deployment.operator.settings.store.push(
        MINIMAL, replace(other, version=1), at=NOON, by="eve"
    )

    departs = 'acme.salesforce.login_url: "https://acme.my.salesforce.com" -> "https://other.my.salesforce.com"'
    sealed = "# version 2, pushed 2026-11-02 12:00 UTC by eve; its seal holds"
    warning = (
        f"warning: what runs departs from this file; push it to have it run as it reads:\n{departs}"
    )
    assert shell.run("settings", "show") == (1, MINIMAL, f"{sealed}\n{warning}\n")
    assert shell.json("settings", "show")[1]["departs"] == [departs]


def test_versions_without_a_seal_are_a_finding(shell: Shell) -> None:
    """A row that the command did not store is listed without its content."""
    shell.run("settings", "push", shell.file(MINIMAL), "--apply")
    aws.client("dynamodb").put_item(
        TableName="settings", Item={"pk": {"S": "settings"}, "sk": {"S": "v000002"}}
    )

    false = "version 2: its seal does not hold, so crmsync settings push did not store it"
    true = "version 1, pushed 2026-11-02 12:00 UTC by ada\n    acme: new, HubSpot account 555001"
    assert shell.run("settings", "history") == (1, f"{false}\n{true}\n", "")
    assert shell.json("settings", "history")[1][0] == {
        "version": 2,
        "sealed": False,
        "changes": [],
    }
    assert shell.json("settings", "show")[1]["code"] == "SETTINGS_REPLACED"


def test_rolling_back_makes_a_new_version(shell: Shell) -> None:
    """A rollback removes nothing from the history."""
    shell.run("settings", "push", shell.file(MINIMAL), "--apply")
    shell.run(
        "settings",
        "push",
        shell.file(MINIMAL + "[connection.lifecycle]\nautomatic_transitions = false\n"),
        "--apply",
    )

    change = "acme.lifecycle.automatic_transitions: false -> true"
    document = {"version": 3, "applied": False, "changes": [change], "warnings": [], "paused": []}
    assert shell.json("settings", "rollback", "1") == (0, document)
    assert shell.run("settings", "rollback", "1", "--apply") == (
        0,
        f"{change}\nVersion 3 is in force.\n",
        "",
    )
    assert [(row["version"], row["changes"]) for row in shell.json("settings", "history")[1]] == [
        (3, [change]),
        (2, ["acme.lifecycle.automatic_transitions: true -> false"]),
        (1, ["acme: new, HubSpot account 555001"]),
    ]
    assert shell.run("settings", "rollback", "7") == (
        1,
        "",
        ("crmsync: There are no settings of version 7. There are these versions: 3, 2, 1.\n"),
    )


@pytest.mark.rule("OPT-2")
@pytest.mark.parametrize("words", [("settings", "push", "{}", "--apply"), ("check", "{}")])
def test_a_wrong_file_is_refused_with_its_lines(shell: Shell, words: tuple[str, ...]) -> None:
    """Every complaint is one line, the exit status is 1, and nothing is stored."""
    rows = '[[connection.contacts.field]]\nhubspot = "hs_email_optout"\nsalesforce = "Out__c"\n'
    file = shell.file(MINIMAL.replace("555001", '"one"') + rows)
    command = [word.format(file) for word in words]

    portal = 'portal_id is "one", must be a whole number'
    opt_out = (
        "hs_email_optout always goes with HasOptedOutOfEmail; no mapping can change or weaken that"
    )
    assert shell.run(*command) == (1, "", f"line 4: {portal} (TEN-1)\nline 10: {opt_out} (OPT-2)\n")
    complaints = [
        {"line": 4, "sentence": portal, "rule": "TEN-1"},
        {"line": 10, "sentence": opt_out, "rule": "OPT-2"},
    ]
    assert shell.json(*command) == (1, {"complaints": complaints})
    assert shell.deployment.operator.settings.in_force().version == 0


@pytest.mark.rule("TEN-3")
def test_a_warning_does_not_stop_a_push(shell: Shell) -> None:
    """A warning about accounts that share an org goes to stderr, and the push is done."""
    status, out, err = shell.run("settings", "push", shell.file(SHARED), "--apply")

    assert (status, out.splitlines()[-1]) == (0, "Version 1 is in force.")
    assert [line[:16] for line in err.splitlines()] == ["warning: line 1:", "warning: line 9:"]
    assert (
        shell.deployment.operator.settings.in_force().connections
        == dated(Settings(), load_settings(SHARED), NOON).connections
    )


def test_set_up_is_a_table_for_people_and_a_document_for_programs(shell: Shell) -> None:
    """Each part has its state, in aligned columns or in JSON."""
    shell.run("settings", "push", shell.file(MINIMAL), "--apply")

    status, document = shell.json("setup", "--apply")

    assert (status, document["applied"], len(document["steps"])) == (0, True, PARTS + SEEN)
    first = {
        "connection": "acme",
        "side": "hubspot",
        "what": "account 555001",
        "state": "there",
        "text": "",
    }
    assert document["steps"][0] == first
    assert {step["state"] for step in document["steps"][1:]} == {"made", "there"}
    assert shell.run("setup")[1] == (
        f"{PARTS + SEEN} parts are in place; --verbose lists them.\nAll is as it should be.\n"
    )
    lines = shell.run("setup", "--verbose")[1].splitlines()
    assert lines[:2] == [
        "acme  hubspot     account 555001                                          in place",
        "acme  hubspot     app 990077                                              in place",
    ]


@pytest.mark.rule("INS-2")
def test_an_org_that_cannot_be_connected_is_a_finding(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`setup` and `check` end with exit status 1 and give the reason."""
    with deployments.deployment(org={"edition": "Team Edition"}) as deployment:
        shell = Shell(deployment, tmp_path, capsys)
        shell.run("settings", "push", shell.file(MINIMAL), "--apply")

        for words in (("setup", "--apply"), ("check",)):
            status, out, _ = shell.run(*words)
            org, *_, last = out.splitlines()
            assert (status, last) == (1, "1 to fix.")
            assert org.split()[:4] == ["acme", "salesforce", "org", "wrong"]
            assert org.endswith("as Group Edition has none: it cannot be connected (INS-2)")


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("errors", "retry"),
        ("errors", "retry", "--id", "81", "--all"),
        ("links", "show", "81"),
        ("settings",),
        ("settings", "push"),
        ("settings", "rollback", "last"),
        ("errors",),
        ("nonsense",),
        ("setup", "--all"),
    ],
)
def test_wrong_usage_ends_with_2(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """An unknown command, or one without a required argument, is explained."""
    with pytest.raises(SystemExit) as ended:
        main(words)

    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("usage: crmsync")


def test_a_missing_file_is_wrong_usage(shell: Shell) -> None:
    """The message names the file."""
    assert shell.run("check", "nowhere.toml") == (
        2,
        "",
        "crmsync: nowhere.toml: No such file or directory\n",
    )


def test_json_may_come_first(shell: Shell) -> None:
    """Options of the whole command may also come before the command's name."""
    assert shell.run("--json", "settings", "history") == (0, "[]\n", "")


@dataclass
class _Failing:
    """A settings table that only fails."""

    error: SyncError

    def __getattr__(self, _name: str) -> Callable[[], Any]:
        def ask() -> Any:
            raise self.error

        return ask


def test_an_account_without_a_deployment_is_reported(
    shell: Shell, capsys: pytest.CaptureFixture[str]
) -> None:
    """An operator in the wrong account or region reads what to check."""
    operator = shell.deployment.operator
    nowhere: Any = _Failing(
        TryAgain("The settings table could not do it now.", code="ResourceNotFoundException")
    )
    elsewhere = replace(operator, settings=replace(operator.settings, store=nowhere))

    assert main(["settings", "show"], operator=elsewhere) == 1
    assert capsys.readouterr().err == (
        "crmsync: The settings table could not do it now. Is crmsync deployed to this account and region? "
        "CRMSYNC_STACK names a stack that is not called crmsync.\n"
    )


@pytest.mark.parametrize(
    ("error", "hint"),
    [
        (
            Down("You have reached your secondly limit.", side="hubspot", code="RATE_LIMITS"),
            "This passes by itself; give the command again in a minute.",
        ),
        (
            Refused("HubSpot answered MISSING_SCOPES.", code="MISSING_SCOPES"),
            "Give the HubSpot app the missing scopes, then retry.",
        ),
    ],
)
def test_an_error_comes_with_what_can_be_done(
    shell: Shell, capsys: pytest.CaptureFixture[str], error: SyncError, hint: str
) -> None:
    """For people and as JSON, even if the error has no hint of its own."""
    operator = shell.deployment.operator
    failing: Any = _Failing(error)
    broken = replace(operator, settings=replace(operator.settings, store=failing))

    for words in (["settings", "show"], ["--json", "settings", "show"]):
        assert main(words, operator=broken) == 1

    told = capsys.readouterr()
    assert told.err == f"crmsync: {error.text} {hint}\n" * 2
    assert json.loads(told.out) == {"error": error.text, "hint": hint, "code": error.code}
