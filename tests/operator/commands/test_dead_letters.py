"""`crmsync dead-letters`: messages that failed too often are listed by record and moved back."""

from __future__ import annotations

import csv
from datetime import timedelta

import pytest

from crmsync.model.changes import Cause, Change
from crmsync.model.effects import Category, Report
from crmsync.model.mail import LogRange
from crmsync.model.moments import epoch_ms
from crmsync.model.operations.dead_letters import DeadLetter
from crmsync.model.operations.jobs import JobMessage
from crmsync.model.records import Kind, Ref, Side
from crmsync.wire.job_messages import dump_job
from crmsync.wire.queue_messages import dump_changes, load_changes
from crmsync.wire.range_messages import dump_range, load_range
from tests.builders import NOON
from tests.config.files import MINIMAL
from tests.operator.shell import Shell

CONTACT = Ref(Side.HUBSPOT, "contact", "81")
LEAD = Ref(Side.SALESFORCE, "Lead", "00Q1")


def letter(queue: str, body: str, number: int = 1, undelivered: str = "") -> DeadLetter:
    """A dead letter that was received five times, sent so many minutes after noon."""
    return DeadLetter(
        queue, f"m{number}", body, 5, NOON + timedelta(minutes=number), undelivered, f"m{number}"
    )


def changes(*refs: Ref, connection: str = "acme") -> str:
    """The message with an edit of each record."""
    rows = [Change(connection, Kind.CONTACT, ref, Cause.EDITED, NOON) for ref in refs]
    (text,) = dump_changes(rows)
    return text


RANGE = LogRange("acme", "OPEN", epoch_ms(NOON), epoch_ms(NOON) + 59_999, epoch_ms(NOON), 40)


@pytest.fixture
def one_of_each(shell: Shell) -> Shell:
    """A deployment with a dead letter of each kind, the first of two records."""
    shell.run("settings", "push", shell.file(MINIMAL), "--apply")
    shell.deployment.inbox.park(
        "acme", [Report(LEAD, Category.VALIDATION, "Too long.", code="STRING_TOO_LONG")]
    )
    shell.deployment.dead_letters.letters = [
        letter("ContactDeadLetters", changes(CONTACT, LEAD)),
        letter("ContactDeadLetters", changes(CONTACT, connection="gone"), 2),
        letter("ContactDeadLetters", changes(CONTACT), 3, "NO_PERMISSIONS"),
        letter("ContactDeadLetters", "not ours", 4),
        letter("EmailTaskDeadLetters", dump_range(RANGE), 5),
        letter("BackfillDeadLetters", dump_job(JobMessage("acme", "7f3a2c", 4, "b81c09")), 6),
    ]
    return shell


def test_dead_letters_are_listed_by_record(one_of_each: Shell) -> None:
    """Each record has its queue, how often it was received, since when, and why it failed as far
    as the bus, the settings or the error inbox know.
    """
    status, out, err = one_of_each.run("dead-letters", "list")

    assert status == 0
    assert [line.split("  ") for line in map(str.strip, squeezed(out))] == [
        ["ContactDeadLetters", "acme", "hubspot:contact:81", *RECEIVED, "12:01 UTC", SEE_LOG],
        ["ContactDeadLetters", "acme", "salesforce:Lead:00Q1", *RECEIVED, "12:01 UTC",
         "STRING_TOO_LONG in crmsync errors list"],
        ["ContactDeadLetters", "gone", "hubspot:contact:81", *RECEIVED, "12:02 UTC",
         "the settings have no such connection"],
        ["ContactDeadLetters", "acme", "hubspot:contact:81", *RECEIVED, "12:03 UTC",
         "the event bus could not deliver it: NO_PERMISSIONS"],
        ["ContactDeadLetters", "-", "message m4", *RECEIVED, "12:04 UTC",
         "is no message that this release knows"],
        ["EmailTaskDeadLetters", "acme", "OPEN events, 2026-11-02 12:00 to 2026-11-02 12:00 UTC",
         *RECEIVED, "12:05 UTC", "see the log of email_tasks"],
        ["BackfillDeadLetters", "acme", "job 7f3a2c", *RECEIVED, "12:06 UTC",
         "see the log of backfill"],
    ]  # fmt: skip
    assert err == (
        "1 messages cannot be read and stay where they are; delete them in the SQS console.\n"
    )
    assert one_of_each.deployment.dead_letters.hidden == set()


RECEIVED = ("5 receives", "since 2026-11-02")
SEE_LOG = "see the log of contact_sync"


def squeezed(out: str) -> list[str]:
    """The lines with two spaces between cells, and between a date and its time."""
    lines = [line.replace("since 2026-11-02 ", "since 2026-11-02  ") for line in out.splitlines()]
    return ["  ".join(filter(None, line.split("  "))).replace("   ", "  ") for line in lines]


def test_the_list_is_short_if_asked_for_and_a_table_for_spreadsheets(one_of_each: Shell) -> None:
    """A limit counts messages of each queue; the rest is mentioned."""
    _, document = one_of_each.json("dead-letters", "list", "--limit", "2")
    _, out, err = one_of_each.run(
        "dead-letters", "list", "--queue", "ContactDeadLetters", "--limit", "1", "--csv"
    )

    assert [(row["queue"], row["id"]) for row in document["records"]] == [
        ("ContactDeadLetters", "81"),
        ("ContactDeadLetters", "00Q1"),
        ("ContactDeadLetters", "81"),
        ("EmailTaskDeadLetters", ""),
        ("BackfillDeadLetters", "7f3a2c"),
    ]
    assert (document["messages"], document["unread"], document["unreadable"]) == (4, 2, 0)
    heading, first, second = csv.reader(out.splitlines())
    assert heading[:6] == ["queue", "message", "connection", "side", "object", "id"]
    assert first[:6] == ["ContactDeadLetters", "m1", "acme", "hubspot", "contact", "81"]
    assert second[:6] == ["ContactDeadLetters", "m1", "acme", "salesforce", "Lead", "00Q1"]
    assert err == ""


def test_dead_letters_move_back_to_their_queues(one_of_each: Shell) -> None:
    """Nothing moves without --apply. Records are then synced even without news, a range has all its
    tries again, and what cannot be read stays.
    """
    before = list(one_of_each.deployment.dead_letters.letters)
    asked = one_of_each.json("dead-letters", "redrive", "--all")
    untouched = list(one_of_each.deployment.dead_letters.letters)
    status, document = one_of_each.json("dead-letters", "redrive", "--all", "--apply")

    queues = one_of_each.deployment.dead_letters
    sent = {
        queue: [body for name, body in queues.sent if name == queue] for queue, _ in queues.sent
    }
    assert (asked[1]["applied"], untouched) == (False, before)
    assert (status, document["applied"], document["messages"]) == (0, True, 6)
    assert list(map(len, sent.values())) == [1, 3, 1]
    assert [
        (one.connection, one.ref, one.cause, one.tries)
        for body in sent["ContactQueue"]
        for one in load_changes(body)
    ] == [
        ("acme", CONTACT, Cause.AGAIN, 1),
        ("acme", LEAD, Cause.AGAIN, 1),
        ("gone", CONTACT, Cause.AGAIN, 1),
        ("acme", CONTACT, Cause.AGAIN, 1),
    ]
    assert load_range(sent["EmailTaskQueue"][0]).tries == 0
    assert sent["BackfillQueue"] == [dump_job(JobMessage("acme", "7f3a2c", 4, "b81c09"))]
    assert [one.id for one in queues.letters] == ["m4"]
    assert queues.hidden == set()


def test_only_the_messages_of_one_record_move(one_of_each: Shell) -> None:
    """A message moves as a whole, so the records beside the chosen one are shown, too."""
    status, document = one_of_each.json("dead-letters", "redrive", "--id", "00Q1", "--apply")

    queues = one_of_each.deployment.dead_letters
    assert (status, [row["id"] for row in document["records"]]) == (0, ["81", "00Q1"])
    assert [one.id for one in queues.letters] == ["m2", "m3", "m4", "m5", "m6"]
    assert (len(queues.sent), queues.hidden) == (1, set())


def test_a_queue_that_does_not_answer_loses_nothing(one_of_each: Shell) -> None:
    """What could not be sent is a dead letter still, and shows at once."""
    queues = one_of_each.deployment.dead_letters
    before = list(queues.letters)
    queues.is_down = True

    status, document = one_of_each.json("dead-letters", "redrive", "--all", "--apply")

    assert (status, document["code"]) == (1, "ServiceUnavailable")
    assert (queues.letters, queues.sent, queues.hidden) == (before, [], set())


def test_a_deployment_without_dead_letters_says_so(shell: Shell) -> None:
    """An empty list is no error; a queue that has none is."""
    assert shell.run("dead-letters", "list") == (0, "There are no dead letters.\n", "")
    assert shell.run("dead-letters", "redrive", "--all", "--apply") == (
        0,
        "There are no dead letters.\n",
        "",
    )
    assert shell.run("dead-letters", "redrive", "--id", "81", "--apply") == (
        1,
        "",
        ("crmsync: No dead letter names 81. crmsync dead-letters list shows what they name.\n"),
    )
    assert shell.run("dead-letters", "redrive", "--queue", "ContactQueue") == (
        1,
        "",
        "crmsync: ContactQueue has no dead letters. These queues have some: none.\n",
    )
