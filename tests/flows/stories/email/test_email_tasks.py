"""E-mail events become Salesforce tasks: stories played through the laptop stack and the vendors'
own clients.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from crmsync.model.names import TASK_COUNT, TASK_KEY
from local.people import People
from local.stack import Stack
from tests.flows.stories.story_contacts import convert
from tests.flows.stories.story_email import (
    EACH,
    LATER,
    LOOK,
    MAIL_SETTINGS,
    MAIL_WORLD,
    PER_DAY,
    PER_MAIL,
    Mail,
    event,
    events,
)

DAY = 24 * 3600 * 1000

FIVE = ["HubSpot: CLICK: Spring offer"] * 2 + ["HubSpot: OPEN: Spring offer"] * 3


@pytest.fixture(scope="module")
def module_stack() -> Iterator[Stack]:
    """One stack for all stories: three HubSpot accounts, of which each has a mode of its own."""
    with Stack(MAIL_SETTINGS, MAIL_WORLD) as stack:
        yield stack


@pytest.mark.rule("TASK-2")
@pytest.mark.rule("TASK-3")
@pytest.mark.rule("Q-20")
@pytest.mark.long
def test_every_open_and_every_click_makes_a_task(stack: Stack) -> None:
    """The same person opens one mail three times and clicks twice: five tasks, however often the
    log is read.
    """
    mail = Mail(stack)
    lead = mail.linked("ada@example.com")

    mail.happened(events("ada@example.com", mail.now, opens=3, clicks=2))
    stack.advance(LOOK)
    soon = mail.subjects(lead)
    stack.advance(LATER)

    assert (soon, mail.subjects(lead)) == (FIVE, FIVE)


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


def named(faults: list[dict[str, Any]]) -> str:
    """What goes wrong, in a word."""
    return ".".join(str(fault.get("after", fault["kind"])) for fault in faults)


@pytest.mark.long
@pytest.mark.rule("TASK-3")
@pytest.mark.rule("CH-2")
@pytest.mark.parametrize("faults", FAULTS, ids=named)
def test_no_fault_makes_a_task_too_many_or_too_few(
    stack: Stack, faults: list[dict[str, Any]]
) -> None:
    """Doubled messages, lost answers, kills: five tasks in the default mode, two that stand for
    five events once per e-mail.
    """
    five_events_make_five_tasks_or_two(stack, faults)


@pytest.fixture(scope="module")
def plain_stack() -> Iterator[Stack]:
    """The same in an org that will not have an external id on Activity."""
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
    ids=named,
)
def test_the_same_holds_where_tasks_have_no_external_id(
    plain_stack: Stack, faults: list[dict[str, Any]]
) -> None:
    """A task that a lost call has made is looked for before it is made again, once nobody can be
    making it.
    """
    tooling = People(plain_stack.ready()).salesforce.toolingexecute
    (row,) = tooling(
        f"query/?q=SELECT+Id+FROM+CustomField+WHERE+DeveloperName='{TASK_KEY.removesuffix('__c')}'"
    )["records"]
    assert tooling(f"sobjects/CustomField/{row['Id']}")["Metadata"]["externalId"] is False

    five_events_make_five_tasks_or_two(plain_stack, faults)
    plain_stack.faults([])


def five_events_make_five_tasks_or_two(stack: Stack, faults: list[dict[str, Any]]) -> None:
    """Play three opens and two clicks of one person, in the mode per event and in the one per
    e-mail, while something goes wrong.
    """
    each, per_mail = Mail(stack, EACH), Mail(stack, PER_MAIL)
    address = f"{named(faults)}@example.com"
    leads = [
        mail.linked(f"{word}.{address}") for word, mail in (("each", each), ("per.mail", per_mail))
    ]

    for word, mail in (("each", each), ("per.mail", per_mail)):
        mail.happened(events(f"{word}.{address}", mail.now, opens=3, clicks=2))
    stack.faults(faults)
    stack.advance(2 * LATER)

    assert each.subjects(leads[0]) == FIVE
    assert per_mail.counts(leads[1]) == {
        "HubSpot: CLICK: Spring offer": 2,
        "HubSpot: OPEN: Spring offer": 3,
    }
    assert len(per_mail.tasks(leads[1])) == 2


@pytest.mark.rule("Q-19")
def test_a_task_says_what_happened(stack: Stack) -> None:
    """Kind and name of the e-mail in the subject, completed, on the day of the event, with the
    event's id in our field.
    """
    mail = Mail(stack)
    lead = mail.linked("said@example.com")
    click = event("CLICK", "Said@Example.com", 0, url="https://example.com/offer")
    click["created"] = at = mail.now - 1000

    mail.happened([click])
    stack.advance(LOOK)

    fields = (
        "Subject",
        "Status",
        "Type",
        "Priority",
        "ActivityDate",
        "Description",
        TASK_KEY,
        TASK_COUNT,
        "OwnerId",
    )
    day = stack_day(at)
    assert mail.tasks(lead, *fields) == [
        {
            "Subject": "HubSpot: CLICK: Spring offer",
            "Status": "Completed",
            "Type": "Email",
            "Priority": "Normal",
            "ActivityDate": day[:10],
            "Description": f"CLICK on {day} UTC\nE-mail: Spring offer\nSubject line: Spring is here\n"
            "Link: https://example.com/offer",
            TASK_KEY: f"555001-{at}-{click['id']}",
            TASK_COUNT: 1,
            "OwnerId": stack.salesforce.integration_user_id,
        }
    ]


@pytest.mark.rule("CH-22")
def test_the_operator_words_the_tasks(stack: Stack) -> None:
    """A template per kind: subject, status, type, description, and whose task it is; what is blank
    is left to Salesforce.
    """
    mail = Mail(stack, PER_DAY)
    lead = mail.linked("template@example.com")
    olga = mail.people.records("SELECT Id FROM User WHERE Email = 'olga@example.com'")[0]["Id"]
    mail.people.edit_record("Lead", lead, OwnerId=olga)
    stack.settle()
    stack.advance(60)
    at = mail.now - 3_600_000

    mail.happened(
        events(
            "template@example.com",
            at,
            clicks=2,
            url="https://example.com/offer",
            filteredEvent=True,
        )
    )
    stack.advance(LOOK)

    assert mail.tasks(lead, "Subject", "Status", "Priority", "Type", "Description", "OwnerId") == [
        {
            "Subject": f"Spring offer (Spring is here): 2 on {stack_day(at - 1000)[:10]}",
            "Status": "In Progress",
            "Priority": "Normal",
            "Type": "Other",
            "Description": "Clicked https://example.com/offer",
            "OwnerId": olga,
        }
    ]


@pytest.mark.rule("CH-2")
def test_once_per_email_counts_on_the_task(stack: Stack) -> None:
    """Later opens raise the count of the task that is there, and leave what a person has written
    into it; another e-mail has its own.
    """
    mail = Mail(stack, PER_MAIL)
    lead = mail.linked("counted@example.com")
    mail.happened(events("counted@example.com", mail.now, opens=2))
    stack.advance(LOOK)
    (task,) = mail.tasks(lead)
    mail.people.edit_record("Task", task["Id"], Subject="Called her")

    mail.happened(events("counted@example.com", mail.now, opens=2))
    mail.happened([event("OPEN", "counted@example.com", mail.now, emailCampaignId=70013)])
    stack.advance(LOOK)

    assert mail.counts(lead) == {"Called her": 4, "HubSpot: OPEN: Summer offer": 1}


@pytest.mark.rule("CH-2")
def test_once_per_day_makes_a_task_a_day(stack: Stack) -> None:
    """Of clicks on two days, UTC, there are two tasks, each with the count of its day."""
    mail = Mail(stack, PER_DAY)
    lead = mail.linked("daily@example.com")
    midnight = mail.now - mail.now % DAY
    rows = [event("CLICK", "daily@example.com", midnight + shift) for shift in (-2000, -1000, 0)]
    stack.clock.advance(1)

    mail.happened(rows)
    stack.advance(LOOK)

    assert sorted(mail.counts(lead).values()) == [1, 2]


@pytest.mark.rule("TASK-5")
@pytest.mark.rule("SET-10")
def test_a_kind_that_is_off_makes_no_task_and_costs_no_call(stack: Stack) -> None:
    """Opens where only clicks are on, and deliveries, which nobody has switched on: Salesforce is
    not asked at all.
    """
    quiet = Mail(stack, PER_DAY)
    lead = quiet.linked("switched.off@example.com")
    stack.advance(LOOK)
    before = stack.stats()

    quiet.happened(events("switched.off@example.com", quiet.now, opens=3))
    quiet.happened([event("DELIVERED", "switched.off@example.com", quiet.now)])
    stack.advance(60, settle=False)
    asked = salesforce_calls_of_tasks(stack)
    stack.advance(LOOK)

    assert quiet.tasks(lead) == []
    assert salesforce_calls_of_tasks(stack) == asked
    assert stack.stats()["lambda"].get("email_tasks", 0) == before["lambda"].get("email_tasks", 0)


@pytest.mark.rule("TASK-4")
def test_a_forwarded_mail_stays_with_its_first_recipient(stack: Stack) -> None:
    """Whoever opens it after it was forwarded: HubSpot names the one it was sent to, and that one
    gets the task.
    """
    mail = Mail(stack)
    first, second = mail.linked("first@example.com"), mail.linked("second@example.com")
    forward = event("FORWARD", "first@example.com", mail.now)

    mail.happened(
        [
            forward,
            *events(
                "first@example.com", mail.now, opens=1, clicks=1, causedBy={"id": forward["id"]}
            ),
        ]
    )
    stack.advance(LOOK)

    assert (len(mail.tasks(first)), mail.tasks(second)) == (2, [])


@pytest.mark.rule("Q-19")
@pytest.mark.long
def test_the_task_is_the_linked_contacts_once_the_lead_is_converted(stack: Stack) -> None:
    """The lead's tasks before, the contact's after; a second lead with the same address gets
    none.
    """
    mail = Mail(stack)
    lead = mail.linked("convert@example.com")
    twin = mail.people.new_record(
        "Lead", LastName="Twin", Company="Example GmbH", Email="convert@example.com"
    )
    stack.settle()
    mail.happened(events("convert@example.com", mail.now, opens=1))
    stack.advance(LOOK)
    contact = convert(stack, lead)
    stack.settle()

    mail.happened(events("convert@example.com", mail.now, clicks=1))
    stack.advance(LOOK)

    assert mail.subjects(contact) == ["HubSpot: CLICK: Spring offer", "HubSpot: OPEN: Spring offer"]
    assert mail.tasks(twin) == []


@pytest.mark.rule("Q-22")
@pytest.mark.long
def test_a_contact_outside_the_list_gets_no_task(stack: Stack) -> None:
    """A frozen pair gets none, not even later; a subscriber without a link is given up after a
    while.
    """
    mail = Mail(stack)
    lead = mail.linked("frozen@example.com")
    mail.people.hubspot.crm.contacts.basic_api.update(
        mail.people.contact_with("frozen@example.com"), {"properties": {"lifecyclestage": ""}}
    )
    mail.people.edit_contact(
        mail.people.contact_with("frozen@example.com"), lifecyclestage="subscriber"
    )
    mail.people.new_contact(
        email="subscriber@example.com", lastname="Still", lifecyclestage="subscriber"
    )
    stack.settle()

    mail.happened(
        [
            *events("frozen@example.com", mail.now, opens=1),
            *events("subscriber@example.com", mail.now, opens=1),
        ]
    )
    stack.advance(2 * LATER)

    assert mail.tasks(lead) == []
    assert '"EmailTasksOutside":[1' in stack.output("email_tasks").replace(" ", "")
    assert '"EmailTasksDropped":[1' in stack.output("email_tasks").replace(" ", "")


@pytest.mark.long
def test_a_recipient_without_a_link_is_waited_for(stack: Stack) -> None:
    """The contact's lead is made minutes after the open, and gets its task."""
    mail = Mail(stack)
    mail.happened(events("soon@example.com", mail.now, opens=1))
    stack.advance(LOOK)

    lead = mail.linked("soon@example.com")
    stack.advance(LATER)

    assert mail.subjects(lead) == ["HubSpot: OPEN: Spring offer"]


def test_late_doubled_and_replaced_events(stack: Stack) -> None:
    """What the log shows hours late makes its task; what it shows twice makes one; what was
    replaced or done by a machine makes none.
    """
    mail = Mail(stack)
    lead = mail.linked("late@example.com")
    stack.advance(LOOK)
    hours_ago = mail.now - 5 * 3600 * 1000
    twice = event("OPEN", "late@example.com", mail.now)
    replaced = event(
        "OPEN",
        "late@example.com",
        mail.now,
        obsoletedBy={"id": twice["id"], "created": twice["created"]},
    )
    machine = event("CLICK", "late@example.com", mail.now, filteredEvent=True)

    mail.happened([twice, twice, replaced, machine, event("CLICK", "late@example.com", hours_ago)])
    stack.advance(LOOK)

    assert mail.subjects(lead) == ["HubSpot: CLICK: Spring offer", "HubSpot: OPEN: Spring offer"]


@pytest.mark.long
def test_a_refusal_is_told_once_and_worked_off_when_it_is_mended(stack: Stack) -> None:
    """Without access to our field no task can be made: one open error for all, none once it is
    back, and then every task.
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

    mail.happened(events("refused@example.com", mail.now, opens=3))
    during = stack.advance(LOOK)["open_errors"]
    stack.faults([])
    after = stack.advance(3 * LATER)["open_errors"]

    assert (during - before, after - before) == (1, 0)
    assert len(mail.tasks(lead)) == 3


def test_no_message_holds_an_address(stack: Stack) -> None:
    """Neither the queue nor the tables nor the logs hold the recipient's address."""
    mail = Mail(stack, PER_MAIL)
    mail.linked("canary.mail@example.com")
    mail.happened(events("canary.mail@example.com", mail.now, opens=1))
    stack.advance(LOOK)

    rows = stack.cloud.aws.client("dynamodb").scan(
        TableName=next(t for t in tables(stack) if t.endswith("state"))
    )
    assert "canary.mail" not in str(rows["Items"])
    assert "canary.mail" not in stack.output("email_tasks") + stack.output("email_events")


def tables(stack: Stack) -> list[str]:
    """The names of the deployed tables."""
    return list(stack.cloud.aws.client("dynamodb").list_tables()["TableNames"])


def stack_day(at: int) -> str:
    """Day and minute of a moment, UTC, as tasks show it."""
    return f"{datetime.fromtimestamp(at / 1000, UTC):%Y-%m-%d %H:%M}"


def salesforce_calls_of_tasks(stack: Stack) -> int:
    """How often tasks were written."""
    rows = stack.stats()["salesforce"]["by_endpoint"].items()
    return sum(count for name, count in rows if "Task" in name)
