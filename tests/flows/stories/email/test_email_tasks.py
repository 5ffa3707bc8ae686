"""Stories of the Salesforce tasks that e-mail events create: which events count, how the modes
count them, and what a task contains.
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from crmsync.model.names import TASK_COUNT, TASK_KEY
from local.stack import Stack
from tests.flows.stories.story_contacts import convert
from tests.flows.stories.story_email import (
    CLAIM_EXPIRED,
    FIVE_TASKS,
    LOG_READ,
    PER_DAY,
    PER_MAIL,
    Mail,
    event,
    events,
)

DAY = 24 * 3600 * 1000


@pytest.mark.rule("TASK-2")
@pytest.mark.rule("TASK-3")
@pytest.mark.rule("Q-20")
@pytest.mark.long
def test_every_open_and_click_creates_a_task(stack: Stack) -> None:
    """Three opens and two clicks of an e-mail create five tasks, however often the log is read."""
    mail = Mail(stack)
    lead = mail.linked("ada@example.com")

    mail.add_events(events("ada@example.com", mail.now, opens=3, clicks=2))
    stack.advance(LOG_READ)
    soon = mail.subjects(lead)
    stack.advance(CLAIM_EXPIRED)

    assert (soon, mail.subjects(lead)) == (FIVE_TASKS, FIVE_TASKS)


@pytest.mark.long
@pytest.mark.rule("Q-19")
def test_a_task_describes_the_event(stack: Stack) -> None:
    """The subject names kind and e-mail, the task is completed on the day of the event, and our
    field contains the event's id.
    """
    mail = Mail(stack)
    lead = mail.linked("said@example.com")
    click = event("CLICK", "Said@Example.com", 0, url="https://example.com/offer")
    click["created"] = at = mail.now - 1000

    mail.add_events([click])
    stack.advance(LOG_READ)

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
    day = utc_minute(at)
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
def test_the_settings_define_the_text_of_the_tasks(stack: Stack) -> None:
    """A template per kind sets subject, status, type, description and owner, and blank values are
    left to Salesforce.
    """
    mail = Mail(stack, PER_DAY)
    lead = mail.linked("template@example.com")
    olga = mail.people.records("SELECT Id FROM User WHERE Email = 'olga@example.com'")[0]["Id"]
    mail.people.edit_record("Lead", lead, OwnerId=olga)
    stack.settle()
    stack.advance(60)
    at = mail.now - 3_600_000

    mail.add_events(
        events(
            "template@example.com",
            at,
            clicks=2,
            url="https://example.com/offer",
            filteredEvent=True,
        )
    )
    stack.advance(LOG_READ)

    assert mail.tasks(lead, "Subject", "Status", "Priority", "Type", "Description", "OwnerId") == [
        {
            "Subject": f"Spring offer (Spring is here): 2 on {utc_minute(at - 1000)[:10]}",
            "Status": "In Progress",
            "Priority": "Normal",
            "Type": "Other",
            "Description": "Clicked https://example.com/offer",
            "OwnerId": olga,
        }
    ]


@pytest.mark.rule("CH-2")
def test_once_per_email_counts_events_on_one_task(stack: Stack) -> None:
    """Later opens raise the task's count and keep what a person has changed in it, and another
    e-mail has its own task.
    """
    mail = Mail(stack, PER_MAIL)
    lead = mail.linked("counted@example.com")
    mail.add_events(events("counted@example.com", mail.now, opens=2))
    stack.advance(LOG_READ)
    (task,) = mail.tasks(lead)
    mail.people.edit_record("Task", task["Id"], Subject="Called her")

    mail.add_events(events("counted@example.com", mail.now, opens=2))
    mail.add_events([event("OPEN", "counted@example.com", mail.now, emailCampaignId=70013)])
    stack.advance(LOG_READ)

    assert mail.counts(lead) == {"Called her": 4, "HubSpot: OPEN: Summer offer": 1}


@pytest.mark.rule("CH-2")
def test_once_per_day_creates_one_task_a_day(stack: Stack) -> None:
    """Clicks on two days in UTC create two tasks, each with the count of its day."""
    mail = Mail(stack, PER_DAY)
    lead = mail.linked("daily@example.com")
    now = mail.now  # the clock runs: read twice, midnight would be some milliseconds early
    midnight = now - now % DAY
    rows = [event("CLICK", "daily@example.com", midnight + shift) for shift in (-2000, -1000, 0)]
    stack.clock.advance(1)

    mail.add_events(rows)
    stack.advance(LOG_READ)

    assert sorted(mail.counts(lead).values()) == [1, 2]


@pytest.mark.long
@pytest.mark.rule("TASK-5")
@pytest.mark.rule("SET-10")
def test_a_kind_that_is_off_creates_no_task_and_takes_no_call(stack: Stack) -> None:
    """Neither opens, where only clicks are on, nor deliveries, which are off by default, lead to a
    call of Salesforce.
    """
    mail = Mail(stack, PER_DAY)
    lead = mail.linked("switched.off@example.com")
    stack.advance(LOG_READ)
    before = stack.stats()

    mail.add_events(events("switched.off@example.com", mail.now, opens=3))
    mail.add_events([event("DELIVERED", "switched.off@example.com", mail.now)])
    stack.advance(60, settle=False)
    asked = task_calls(stack)
    stack.advance(LOG_READ)

    assert mail.tasks(lead) == []
    assert task_calls(stack) == asked
    assert stack.stats()["lambda"].get("email_tasks", 0) == before["lambda"].get("email_tasks", 0)


@pytest.mark.rule("TASK-4")
def test_a_forwarded_e_mail_counts_for_its_first_recipient(stack: Stack) -> None:
    """HubSpot names the recipient of the original e-mail, who gets the tasks for later opens and
    clicks as well.
    """
    mail = Mail(stack)
    first, second = mail.linked("first@example.com"), mail.linked("second@example.com")
    forward = event("FORWARD", "first@example.com", mail.now)

    mail.add_events(
        [
            forward,
            *events(
                "first@example.com", mail.now, opens=1, clicks=1, causedBy={"id": forward["id"]}
            ),
        ]
    )
    stack.advance(LOG_READ)

    assert (len(mail.tasks(first)), mail.tasks(second)) == (2, [])


@pytest.mark.rule("Q-19")
@pytest.mark.long
def test_tasks_belong_to_the_contact_once_its_lead_is_converted(stack: Stack) -> None:
    """The converted lead's tasks move to the contact, and a second lead with the address gets
    none.
    """
    mail = Mail(stack)
    lead = mail.linked("convert@example.com")
    twin = mail.people.new_record(
        "Lead", LastName="Twin", Company="Example GmbH", Email="convert@example.com"
    )
    stack.settle()
    mail.add_events(events("convert@example.com", mail.now, opens=1))
    stack.advance(LOG_READ)
    contact = convert(stack, lead)
    stack.settle()

    mail.add_events(events("convert@example.com", mail.now, clicks=1))
    stack.advance(LOG_READ)

    assert mail.subjects(contact) == ["HubSpot: CLICK: Spring offer", "HubSpot: OPEN: Spring offer"]
    assert mail.tasks(twin) == []


@pytest.mark.rule("Q-22")
@pytest.mark.long
def test_a_contact_outside_the_list_gets_no_task(stack: Stack) -> None:
    """A frozen pair gets no task, not even later, and a subscriber without a link is given up after
    a while.
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

    mail.add_events(
        [
            *events("frozen@example.com", mail.now, opens=1),
            *events("subscriber@example.com", mail.now, opens=1),
        ]
    )
    stack.advance(2 * CLAIM_EXPIRED)

    assert mail.tasks(lead) == []
    assert '"EmailTasksOutside":[1' in stack.output("email_tasks").replace(" ", "")
    assert '"EmailTasksDropped":[1' in stack.output("email_tasks").replace(" ", "")


@pytest.mark.long
def test_no_message_contains_an_address(stack: Stack) -> None:
    """Neither queue nor tables nor logs contain the recipient's address."""
    mail = Mail(stack, PER_MAIL)
    mail.linked("canary.mail@example.com")
    mail.add_events(events("canary.mail@example.com", mail.now, opens=1))
    stack.advance(LOG_READ)

    rows = stack.cloud.aws.client("dynamodb").scan(
        TableName=next(t for t in tables(stack) if t.endswith("state"))
    )
    assert "canary.mail" not in str(rows["Items"])
    assert "canary.mail" not in stack.output("email_tasks") + stack.output("email_events")


def tables(stack: Stack) -> list[str]:
    """The names of the deployed tables."""
    return list(stack.cloud.aws.client("dynamodb").list_tables()["TableNames"])


def utc_minute(at: int) -> str:
    """A time to the minute, in UTC, as tasks show it."""
    return f"{datetime.fromtimestamp(at / 1000, UTC):%Y-%m-%d %H:%M}"


def task_calls(stack: Stack) -> int:
    """The number of calls that wrote tasks."""
    rows = stack.stats()["salesforce"]["by_endpoint"].items()
    return sum(count for name, count in rows if "Task" in name)
