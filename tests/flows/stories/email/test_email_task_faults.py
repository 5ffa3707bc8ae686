"""Stories of e-mail events under faults: every event counts exactly once, whatever fails."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from crmsync.model.names import TASK_KEY
from local.people import People
from local.stack import Stack
from tests.flows.stories.story_email import (
    CLAIM_EXPIRED,
    FIVE_TASKS,
    LOG_READ,
    MAIL_SETTINGS,
    MAIL_WORLD,
    PER_EVENT,
    PER_MAIL,
    Mail,
    event,
    events,
)

FAULTS: list[list[dict[str, Any]]] = [
    [
        {"at": "queue", "kind": "duplicate", "times": 99},
        {"at": "salesforce", "kind": "timeout_after_write", "times": 2},
    ],
    [{"at": "salesforce", "kind": "timeout_before_write"}, {"at": "dynamodb", "kind": "throttle"}],
    [{"at": "lambda", "kind": "kill", "function": "email_tasks", "after": "salesforce_write"}],
    [{"at": "lambda", "kind": "kill", "function": "email_tasks", "after": "dynamodb_write"}],
    [
        {"at": "lambda", "kind": "kill", "function": "email_events", "after": "dynamodb_write"},
        {"at": "salesforce", "kind": "server_error"},
        {"at": "salesforce", "kind": "lock_row"},
        {"at": "dynamodb", "kind": "conflict"},
    ],
]


def fault_names(faults: list[dict[str, Any]]) -> str:
    """The faults in a word each, as a test id."""
    return ".".join(str(fault.get("after", fault["kind"])) for fault in faults)


@pytest.mark.long
@pytest.mark.rule("TASK-3")
@pytest.mark.rule("CH-2")
@pytest.mark.parametrize("faults", FAULTS, ids=fault_names)
def test_faults_neither_duplicate_nor_lose_a_task(
    stack: Stack, faults: list[dict[str, Any]]
) -> None:
    """Duplicate messages, lost answers and kills leave five tasks in the default mode and two that
    count five events once per e-mail.
    """
    assert_five_tasks_or_two(stack, faults)


@pytest.fixture(scope="module")
def stack_without_task_ids() -> Iterator[Stack]:
    """A stack whose org allows no external id on Activity."""
    world = {
        **MAIL_WORLD,
        "salesforce": {**MAIL_WORLD["salesforce"], "activity_external_ids": False},
    }
    with Stack(MAIL_SETTINGS, world) as stack:
        yield stack


@pytest.mark.rule("TASK-3")
@pytest.mark.rule("CH-2")
@pytest.mark.parametrize(
    "faults",
    [pytest.param(one, marks=[pytest.mark.long] * (one is not FAULTS[0])) for one in FAULTS],
    ids=fault_names,
)
def test_faults_neither_duplicate_nor_lose_a_task_without_an_external_id(
    stack_without_task_ids: Stack, faults: list[dict[str, Any]]
) -> None:
    """Before a task is created again, it is searched for, once no other call can still be creating
    it.
    """
    tooling = People(stack_without_task_ids.ready()).salesforce.toolingexecute
    (row,) = tooling(
        f"query/?q=SELECT+Id+FROM+CustomField+WHERE+DeveloperName='{TASK_KEY.removesuffix('__c')}'"
    )["records"]
    assert tooling(f"sobjects/CustomField/{row['Id']}")["Metadata"]["externalId"] is False

    assert_five_tasks_or_two(stack_without_task_ids, faults)
    stack_without_task_ids.faults([])


def assert_five_tasks_or_two(stack: Stack, faults: list[dict[str, Any]]) -> None:
    """Add three opens and two clicks in the mode per event and in the mode per e-mail, under these
    faults, and assert the tasks.
    """
    each, per_mail = Mail(stack, PER_EVENT), Mail(stack, PER_MAIL)
    address = f"{fault_names(faults)}@example.com"
    leads = [
        mail.linked(f"{word}.{address}") for word, mail in (("each", each), ("per.mail", per_mail))
    ]

    for word, mail in (("each", each), ("per.mail", per_mail)):
        mail.add_events(events(f"{word}.{address}", mail.now, opens=3, clicks=2))
    stack.faults(faults)
    stack.advance(2 * CLAIM_EXPIRED)

    assert each.subjects(leads[0]) == FIVE_TASKS
    assert per_mail.counts(leads[1]) == {
        "HubSpot: CLICK: Spring offer": 2,
        "HubSpot: OPEN: Spring offer": 3,
    }
    assert len(per_mail.tasks(leads[1])) == 2


@pytest.mark.long
def test_events_wait_for_a_recipient_without_a_link(stack: Stack) -> None:
    """A lead that is created minutes after the open gets its task."""
    mail = Mail(stack)
    mail.add_events(events("soon@example.com", mail.now, opens=1))
    stack.advance(LOG_READ)

    lead = mail.linked("soon@example.com")
    stack.advance(CLAIM_EXPIRED)

    assert mail.subjects(lead) == ["HubSpot: OPEN: Spring offer"]


def test_late_events_count_and_duplicate_or_replaced_ones_do_not(stack: Stack) -> None:
    """An event that the log shows hours late creates a task, a duplicate no second one, and
    replaced events and those of bots none.
    """
    mail = Mail(stack)
    lead = mail.linked("late@example.com")
    stack.advance(LOG_READ)
    hours_ago = mail.now - 5 * 3600 * 1000
    twice = event("OPEN", "late@example.com", mail.now)
    replaced = event(
        "OPEN",
        "late@example.com",
        mail.now,
        obsoletedBy={"id": twice["id"], "created": twice["created"]},
    )
    machine = event("CLICK", "late@example.com", mail.now, filteredEvent=True)

    mail.add_events(
        [twice, twice, replaced, machine, event("CLICK", "late@example.com", hours_ago)]
    )
    stack.advance(LOG_READ)

    assert mail.subjects(lead) == ["HubSpot: CLICK: Spring offer", "HubSpot: OPEN: Spring offer"]


@pytest.mark.long
def test_a_refusal_is_reported_once_and_tasks_follow_when_it_ends(stack: Stack) -> None:
    """Without access to our field no task can be created, one error is open for all, and every task
    follows once access is back.
    """
    mail = Mail(stack)
    lead = mail.linked("refused@example.com")
    before = stack.settle()["open_errors"]
    stack.faults(
        [
            {
                "at": "salesforce",
                "kind": "field_removed",
                "object": "Task",
                "field": TASK_KEY,
                "seconds": 1800,
            }
        ]
    )

    mail.add_events(events("refused@example.com", mail.now, opens=3))
    during = stack.advance(LOG_READ)["open_errors"]
    stack.faults([])
    after = stack.advance(3 * CLAIM_EXPIRED)["open_errors"]

    assert (during - before, after - before) == (1, 0)
    assert len(mail.tasks(lead)) == 3
