"""`crmsync errors`: records that do not sync are listed, retried and removed."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import timedelta

import pytest

from crmsync.model.changes import Cause, Change
from crmsync.model.effects import Category, Report
from crmsync.model.operations.jobs import JobState, JobType
from crmsync.model.operations.troubles import Outage
from crmsync.model.records import Kind, Ref, Side
from crmsync.rules.pair.reports import deleted_for_privacy, looping
from crmsync.rules.refusals.table import UNKNOWN
from tests.builders import NOON
from tests.config.files import MINIMAL
from tests.memory.stores import MemoryInbox
from tests.operator.commands.pairs import BETA
from tests.operator.shell import Shell

NOTHING_SUCH = "Nothing like that is waiting or has failed.\n"


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
            code="STRING_TOO_LONG",
        ),
    ]
    shell.deployment.inbox.park("acme", reports)
    shell.deployment.inbox.park("acme", reports[1:])

    assert shell.run("errors", "list") == (
        0,
        (
            "acme  validation  STRING_TOO_LONG  1 record since 2026-11-02 12:00 UTC\n"
            "    Shorten it. (owner of the record)\n"
            "    salesforce:Lead:00Q1  2 attempts, 2026-11-02 12:00 to 12:00 UTC  "
            "[Title] Too long.\n"
            "\n"
            "acme  waiting  1 record since 2026-11-02 12:00 UTC\n"
            "    hubspot:contact:81  1 attempt, 2026-11-02 12:00 UTC  It has no e-mail address.\n"
            "\n"
            "2 records. crmsync explain SIDE OBJECT ID says more about one.\n"
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
        "code": "STRING_TOO_LONG",
        "first": "2026-11-02T12:00:00+00:00",
        "last": "2026-11-02T12:00:00+00:00",
        "attempts": 2,
        "who": "owner of the record",
    }


@pytest.mark.rule("ERR-1")
def test_many_errors_of_one_cause_are_one_group(shell: Shell) -> None:
    """The cause with most records comes first, with its hint once and its first ten records;
    --all lists every record.
    """
    shell.run("settings", "push", shell.file(MINIMAL), "--apply")
    many = [
        Report(Ref(Side.SALESFORCE, "Lead", f"00Q{number:02}"), Category.DUPLICATES, "shares it")
        for number in range(12)
    ]
    shell.deployment.inbox.park("acme", [NEW, *many])

    short = shell.run("errors", "list")[1].splitlines()
    whole = shell.run("errors", "list", "--all")[1].splitlines()

    rows = [
        f"    salesforce:Lead:00Q{number:02}  1 attempt, 2026-11-02 12:00 UTC  Shares it."
        for number in range(12)
    ]
    title = "acme  duplicates  12 records since 2026-11-02 12:00 UTC"
    other = [
        "",
        "acme  permissions  NO_ACCESS_AT_ALL  1 record since 2026-11-02 12:00 UTC",
        (
            "    hubspot:contact:81  1 attempt, 2026-11-02 12:00 UTC  "
            "Salesforce answered NO_ACCESS_AT_ALL."
        ),
        "",
        "13 records. crmsync explain SIDE OBJECT ID says more about one.",
    ]
    more = "    ... and 2 more; --all lists them, --csv makes a table"
    assert (short, whole) == ([title, *rows[:10], more, *other], [title, *rows, *other])


def test_what_only_waits_comes_behind_every_error(shell: Shell) -> None:
    """However many records have no e-mail address, an error is not below them."""
    shell.run("settings", "push", shell.file(MINIMAL), "--apply")
    many = [
        Report(Ref(Side.SALESFORCE, "Lead", f"00Q{number:02}"), Category.WAITING, "No address.")
        for number in range(12)
    ]
    shell.deployment.inbox.park("acme", [*many, NEW])

    heads = [line for line in shell.run("errors", "list")[1].splitlines() if line[:4] == "acme"]
    counted = shell.json("errors", "list", "--summary")[1]

    assert [head.split("  ")[1] for head in heads] == ["permissions", "waiting"]
    assert [row["category"] for row in counted] == ["permissions", "waiting"]


@pytest.mark.parametrize("words", [(), ("--summary",)])
def test_a_side_that_is_down_is_told_though_no_record_has_failed(
    shell: Shell, words: tuple[str, ...]
) -> None:
    """What the functions last met comes first, for people and for programs, and no CRM is asked;
    another connection is not concerned.
    """
    shell.run("settings", "push", shell.file(MINIMAL + BETA), "--apply")
    outage = Outage(
        Side.HUBSPOT,
        "INVALID_AUTHENTICATION",
        "The token is no longer valid.",
        "Store a new one.",
        since=NOON,
        seen_at=NOON,
        next_at=NOON,
        fails=3,
        is_whole=True,
    )
    shell.deployment.operator.health.troubles.save_outage("acme", Kind.CONTACT, outage)
    calls = shell.deployment.hubspot.stats()["calls"]

    told = (
        "acme: HubSpot: The token is no longer valid. Store a new one.\n"
        "What changes meanwhile waits and is not in this list; crmsync status says more.\n"
    )
    assert [
        shell.run("errors", "list", *words),
        shell.run("errors", "list", *words, "--json"),
    ] == [
        (0, "No record has failed by itself.\n", told),
        (0, "[]\n", told),
    ]
    nothing = "Nothing is waiting and nothing has failed.\n" if words else NOTHING_SUCH
    assert shell.run("errors", "list", *words, "--connection", "beta") == (0, nothing, "")
    assert shell.deployment.hubspot.stats()["calls"] == calls


@pytest.mark.parametrize(
    ("words", "ids"),
    [
        (("--object", "lead"), ["00Q1"]),
        (("--object", "Contacts"), ["81"]),
        (("--since", "2026-11-02T12:30"), ["81"]),
        (("--since", "2026-11-02T11:00", "--object", "leads"), ["00Q1"]),
        (("--connection", "acme"), ["00Q1", "81"]),
        (("--category", "waiting"), []),
    ],
)
def test_the_list_is_limited_to_what_is_asked_for(
    shell: Shell, words: tuple[str, ...], ids: list[str]
) -> None:
    """By object, time of the last report, connection and category, also together."""
    shell.run("settings", "push", shell.file(MINIMAL), "--apply")
    times = iter([NOON, NOON + timedelta(hours=1)])
    inbox = MemoryInbox(lambda: next(times))
    inbox.park("acme", LONG[:1])
    inbox.park("acme", [NEW])
    operator = shell.deployment.operator
    shell.deployment.operator = replace(operator, errors=replace(operator.errors, inbox=inbox))

    assert [row["ref"]["id"] for row in shell.json("errors", "list", *words)[1]] == ids


def test_a_filter_that_nothing_can_match_is_refused(shell: Shell) -> None:
    """An unknown object or connection is answered with those that exist."""
    shell.run("settings", "push", shell.file(MINIMAL), "--apply")

    assert [
        shell.run("errors", "list", "--object", "leeds"),
        shell.run("errors", "list", "--connection", "beta"),
        shell.run("errors", "list", "--object", "deals"),
    ] == [
        (
            1,
            "",
            (
                "crmsync: There is no object leeds. There are these: contact, company, deal, call, "
                "email, meeting, note, task, Lead, Contact, Account, Opportunity, Task, Event.\n"
            ),
        ),
        (1, "", "crmsync: There is no connection beta. There are these: acme.\n"),
        (0, "Nothing like that is waiting or has failed.\n", ""),
    ]


def test_names_are_read_from_the_crms_when_asked_for(shell: Shell) -> None:
    """--names shows what a person recognises a record by, also in the table for spreadsheets; a
    record that is gone has none, and without --names nobody is named.
    """
    shell.run("settings", "push", shell.file(MINIMAL), "--apply")
    ada = {"email": "ada@example.com", "firstname": "Ada", "lastname": "Lang"}
    contact = shell.deployment.make_in_hubspot("/crm/v3/objects/contacts", {"properties": ada})[
        "id"
    ]
    lead = shell.deployment.make_in_salesforce(
        "sobjects/Lead", {"LastName": "Berg", "Company": "Example"}
    )["id"]
    refs = [
        Ref(Side.HUBSPOT, "contact", contact),
        Ref(Side.SALESFORCE, "Lead", lead),
        Ref(Side.HUBSPOT, "contact", "999999"),
    ]
    shell.deployment.inbox.park(
        "acme", [Report(ref, Category.VALIDATION, "Too long.") for ref in refs]
    )

    named = shell.json("errors", "list", "--names")[1]
    shown = shell.run("errors", "list", "--names")[1].splitlines()
    table = shell.run("errors", "list", "--names", "--csv")[1].splitlines()
    plain = shell.json("errors", "list")[1]

    assert [row[-1] for row in csv.reader(table)] == [
        "name",
        "Ada Lang, ada@example.com",
        "Berg",
        "",
    ]
    assert [row["name"] for row in named] == ["Ada Lang, ada@example.com", "Berg", ""]
    assert [row.split("  1 attempt")[0].split() for row in shown[1:4]] == [
        [str(refs[0]), "Ada", "Lang,", "ada@example.com"],
        [str(refs[1]), "Berg"],
        [str(refs[2]), "-"],
    ]
    assert [set(row) & {"name"} for row in plain] == [set(), set(), set()]


def test_names_of_a_crm_that_does_not_answer_are_missing(shell: Shell) -> None:
    """The list is shown all the same, with a remark."""
    shell.run("settings", "push", shell.file(MINIMAL), "--apply")
    shell.deployment.inbox.park("acme", [NEW])
    shell.deployment.faults.replace([{"at": "hubspot", "kind": "unauthorized", "times": 9}])

    status, out, err = shell.run("errors", "list", "--names")

    assert (status, out.splitlines()[1].split()[:2]) == (0, ["hubspot:contact:81", "-"])
    assert err.startswith("acme: hubspot did not answer, so its names are missing: ")


LONG = [
    Report(
        Ref(Side.SALESFORCE, "Lead", f"00Q{number}"),
        Category.VALIDATION,
        "Too long.",
        "Title",
        "Shorten it.",
        ("ERR-7",),
        code="STRING_TOO_LONG",
    )
    for number in (1, 2)
]
NEW = Report(
    Ref(Side.HUBSPOT, "contact", "81"),
    Category.PERMISSIONS,
    "Salesforce answered NO_ACCESS_AT_ALL.",
    code="NO_ACCESS_AT_ALL",
)


@pytest.mark.rule("ERR-1")
def test_errors_are_counted_by_type(shell: Shell) -> None:
    """Records are counted by category and code, with who can fix them and how; an unknown code
    keeps its name.
    """
    shell.run("settings", "push", shell.file(MINIMAL), "--apply")
    shell.deployment.inbox.park("acme", [NEW, *LONG])
    shell.deployment.inbox.park("acme", LONG[1:])

    assert shell.run("errors", "list", "--summary") == (
        0,
        (
            "acme  validation   STRING_TOO_LONG   2 records  since 2026-11-02 12:00 UTC  "
            "owner of the record. "
            "Shorten the value in HubSpot, or lengthen the field in Salesforce.\n"
            "acme  permissions  NO_ACCESS_AT_ALL  1 record   since 2026-11-02 12:00 UTC  "
            f"operator of crmsync. {UNKNOWN.hint}\n"
        ),
        "",
    )
    assert shell.json("errors", "list", "--summary", "--code", "STRING_TOO_LONG") == (
        0,
        [
            {
                "connection": "acme",
                "category": "validation",
                "code": "STRING_TOO_LONG",
                "records": 2,
                "attempts": 3,
                "first": "2026-11-02T12:00:00+00:00",
                "last": "2026-11-02T12:00:00+00:00",
                "who": "owner of the record",
                "hint": "Shorten the value in HubSpot, or lengthen the field in Salesforce.",
            }
        ],
    )
    status, out, _ = shell.run("errors", "list", "--summary", "--csv", "--category", "permissions")
    assert (status, out) == (
        0,
        (
            '"connection","category","code","records","attempts","first","last","who","hint"\n'
            '"acme","permissions","NO_ACCESS_AT_ALL","1","1","2026-11-02T12:00:00+00:00",'
            f'"2026-11-02T12:00:00+00:00","operator of crmsync","{UNKNOWN.hint}"\n'
        ),
    )


@pytest.mark.rule("ERR-1")
@pytest.mark.parametrize("evil", ["=1+1", "+1", "-1", "@SUM(A1)", " =1+1", "\t=1+1", "\uff1d1"])
def test_exported_errors_hold_no_formula(shell: Shell, evil: str) -> None:
    """Each entry is a line of CSV; a text that a spreadsheet could take for a formula begins with
    an apostrophe.
    """
    shell.run("settings", "push", shell.file(MINIMAL), "--apply")
    report = Report(Ref(Side.HUBSPOT, "contact", "81"), Category.VALIDATION, f'{evil}\n"Ha"')
    shell.deployment.inbox.park("acme", [report])

    status, out, err = shell.run("errors", "list", "--csv")
    heading, row = csv.reader(out.splitlines())

    assert (status, err) == (0, "")
    assert dict(zip(heading, row, strict=True)) == {
        "connection": "acme",
        "category": "validation",
        "code": "",
        "side": "hubspot",
        "object": "contact",
        "id": "81",
        "field": "",
        "text": "'" + evil.replace("\t", " ") + ' "Ha"',
        "hint": "",
        "who": "operator of crmsync",
        "first": "2026-11-02T12:00:00+00:00",
        "last": "2026-11-02T12:00:00+00:00",
        "attempts": "1",
        "rules": "",
        "waits_for": "",
    }


@pytest.mark.rule("RTY-3")
def test_all_records_with_one_code_are_synced_again(shell: Shell) -> None:
    """The other records stay as they are."""
    shell.run("settings", "push", shell.file(MINIMAL), "--apply")
    shell.deployment.inbox.park("acme", [NEW, *LONG])

    status, document = shell.json("errors", "retry", "--code", "STRING_TOO_LONG", "--apply")

    assert (status, document["applied"], document["left"]) == (0, True, 0)
    assert shell.deployment.outbox.published == [
        Change("acme", Kind.CONTACT, one.ref, Cause.AGAIN, NOON) for one in LONG
    ]


def test_a_retry_is_kept_with_who_asked_for_it(shell: Shell) -> None:
    """As a job that is over, with the number of records by object; without --apply there is none."""
    shell.run("settings", "push", shell.file(MINIMAL), "--apply")
    shell.deployment.inbox.park("acme", [NEW, *LONG])

    shell.run("errors", "retry", "--all")
    before = list(shell.deployment.jobs.all("acme"))
    shell.run("errors", "retry", "--all", "--apply")

    (job,) = shell.deployment.jobs.all("acme")
    steps = [(step.side, step.object, step.total) for step in job.steps]
    assert (before, job.type, job.state, job.by, steps) == (
        [],
        JobType.RETRY,
        JobState.DONE,
        "ada",
        [(Side.HUBSPOT, "contact", 1), (Side.SALESFORCE, "Lead", 2)],
    )


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
        1,
        "",
        (
            "crmsync: No privacy deletion waits for 00Q9. crmsync errors list --category privacy "
            "shows those that do.\n"
        ),
    )
    retried = shell.json("errors", "retry", "--all")[1]
    assert ([one["ref"]["object"] for one in retried["records"]], retried["left"]) == (["Lead"], 1)
    assert shell.run("errors", "done", "--id", "00Q1", "--apply") == (
        0,
        f"{name}1 removed from the list.\n",
        "",
    )
    assert shell.deployment.inbox.parked("acme") == [failed]


@pytest.mark.rule("CH-5")
def test_a_retry_tries_a_stopped_field_once_more(shell: Shell) -> None:
    """The loop breaker tries a field again if the operator retries its record."""
    shell.run("settings", "push", shell.file(MINIMAL), "--apply")
    contact = Ref(Side.HUBSPOT, "contact", "81")
    shell.deployment.inbox.park("acme", [looping(contact, ["phone"])])
    assert shell.run("errors", "retry", "--code", "FIELD_LOOP", "--apply")[0] == 0
    assert shell.deployment.outbox.published == [
        Change("acme", Kind.CONTACT, contact, Cause.RELEASED, NOON)
    ]


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
