"""`crmsync errors`: records that do not sync are listed, retried and removed."""

from __future__ import annotations

import pytest

from crmsync.model.changes import Cause, Change
from crmsync.model.effects import Category, Report
from crmsync.model.records import Kind, Ref, Side
from crmsync.rules.pair.reports import deleted_for_privacy
from tests.builders import NOON
from tests.config.files import MINIMAL
from tests.operator.shell import Shell


def test_errors_are_listed_with_what_to_do(shell: Shell) -> None:
    """Records that wait and records that failed are listed by connection, each with its remedy."""
    shell.run("settings", "push", shell.file(MINIMAL), "--apply")
    reports = [
        Report(Ref(Side.HUBSPOT, "contact", "81"), Category.WAITING, "It has no e-mail address."),
        Report(
            Ref(Side.SALESFORCE, "Lead", "00Q1"),
            Category.VALIDATION,
            "Too long.",
            "Title",
            "Shorten it.",
            ("ERR-7",),
        ),
    ]
    shell.deployment.inbox.park("acme", reports)

    assert shell.run("errors", "list") == (
        0,
        (
            "acme  waiting     hubspot:contact:81    It has no e-mail address.\n"
            "acme  validation  salesforce:Lead:00Q1  [Title] Too long. Shorten it.\n"
        ),
        "",
    )
    status, rows = shell.json("errors", "list")
    assert (status, len(rows)) == (0, 2)
    assert rows[1] == {
        "connection": "acme",
        "ref": {"side": "salesforce", "object": "Lead", "id": "00Q1"},
        "category": "validation",
        "text": "Too long.",
        "fieldname": "Title",
        "hint": "Shorten it.",
        "because": ["ERR-7"],
        "waits_for": [],
    }


@pytest.mark.parametrize("words", [("errors", "list"), ("errors", "list", "--json")])
def test_a_rules_text_cannot_control_the_terminal(shell: Shell, words: tuple[str, ...]) -> None:
    """A validation rule's text may contain codes that clear the screen, set its title or change the
    text direction; they are not printed.
    """
    evil = "\x1b]0;title\x07\x1b[2J\u202eAll is well\u009b32m"
    shell.run("settings", "push", shell.file(MINIMAL), "--apply")
    shell.deployment.inbox.park(
        "acme", [Report(Ref(Side.SALESFORCE, "Lead", "00Q1"), Category.VALIDATION, evil)]
    )

    _, out, err = shell.run(*words)

    assert "All is well" in out
    assert {letter for letter in out + err if not letter.isprintable()} <= {"\n"}


@pytest.mark.rule("CH-9")
def test_an_entry_for_a_person_is_removed_with_apply(shell: Shell) -> None:
    """It is shown first; an error of the same record stays, and a retry leaves the entry alone."""
    shell.run("settings", "push", shell.file(MINIMAL), "--apply")
    lead = Ref(Side.SALESFORCE, "Lead", "00Q1")
    failed = Report(lead, Category.VALIDATION, "Too long.")
    shell.deployment.inbox.park("acme", [deleted_for_privacy(lead), failed])

    name = "acme  privacy  salesforce:privacy:Lead.00Q1\n"
    assert shell.run("errors", "done", "--id", "00Q1") == (
        0,
        f"{name}1 to remove from the list; --apply does it.\n",
        "",
    )
    assert len(shell.deployment.inbox.parked("acme")) == 2
    assert shell.run("errors", "done", "--id", "00Q9", "--apply") == (
        0,
        "0 removed from the list.\n",
        "",
    )
    retried = shell.json("errors", "retry", "--all")[1]
    assert ([one["ref"]["object"] for one in retried["records"]], retried["left"]) == (["Lead"], 1)
    assert shell.run("errors", "done", "--id", "00Q1", "--apply") == (
        0,
        f"{name}1 removed from the list.\n",
        "",
    )
    assert shell.deployment.inbox.parked("acme") == [failed]


@pytest.mark.rule("RTY-3")
def test_parked_records_are_retried(shell: Shell) -> None:
    """One record, a category or all are shown first and queued with --apply; records of kinds that
    are switched off stay.
    """
    shell.run("settings", "push", shell.file(MINIMAL), "--apply")
    waiting = Report(
        Ref(Side.HUBSPOT, "contact", "81"), Category.WAITING, "It has no e-mail address."
    )
    failed = Report(Ref(Side.SALESFORCE, "Account", "0011"), Category.VALIDATION, "Too long.")
    task = Report(Ref(Side.SALESFORCE, "Task", "OPEN"), Category.PERMISSIONS, "No access.")
    shell.deployment.inbox.park("acme", [waiting, failed, task])
    sent = shell.deployment.outbox.published
    left = "1 are not of a kind that is switched on, come back by themselves, or need a person.\n"

    shown = "acme  validation  salesforce:Account:0011\n1 to sync again; --apply does it.\n"
    assert shell.run("errors", "retry", "--category", "validation") == (0, shown, "")
    assert shell.run("errors", "retry", "--all")[2] == left
    assert sent == []
    assert shell.run("errors", "retry", "--id", "81", "--apply")[0] == 0
    assert sent == [Change("acme", Kind.CONTACT, waiting.ref, Cause.AGAIN, NOON)]
    status, document = shell.json("errors", "retry", "--all", "--apply")
    assert (status, document["applied"], document["left"]) == (0, True, 1)
    assert [row["ref"]["id"] for row in document["records"]] == ["81", "0011"]
    assert sent[1:] == [
        Change("acme", Kind.CONTACT, waiting.ref, Cause.AGAIN, NOON),
        Change("acme", Kind.ACCOUNT, failed.ref, Cause.AGAIN, NOON),
    ]
    assert shell.run("errors", "retry", "--category", "internal") == (
        0,
        "0 to sync again; --apply does it.\n",
        "",
    )
