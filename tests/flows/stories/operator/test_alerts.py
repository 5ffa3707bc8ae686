"""A story of alerts on the laptop stack: what a person reads in the chat."""

from __future__ import annotations

import json

import pytest

from local.chat import Chat, lines_of
from local.people import People
from local.stack import Stack
from tests.flows.conftest import SETTINGS, WORLD, NewStack
from tests.flows.stories.story_command import command, run
from tests.flows.stories.story_contacts import SWEEP, join_list

LOOK = 300
ALERTS = """
[alerts]
webhook = "slack"
secret = "alerts/crmsync/chat"
docs_url = "https://docs.example.com/{page}.html"
"""


def store(stack: Stack, chat: Chat) -> None:
    """Keep the address of the webhook where the settings say."""
    stack.cloud.aws.client("secretsmanager").create_secret(
        Name="alerts/crmsync/chat", SecretString=json.dumps({"webhook_url": chat.url})
    )


def told(chat: Chat) -> list[str]:
    """The titles of the messages."""
    return [lines_of(body)[0] for body in chat.posted]


def test_a_pause_is_told_until_it_is_over(new_stack: NewStack) -> None:
    """A message with what to do within five minutes, no second one, and an all clear."""
    with Chat() as chat:
        stack = new_stack(SETTINGS + ALERTS)
        store(stack, chat)
        command(stack, "pause", "acme", "--apply")
        stack.advance(2 * LOOK)
        title, text, since, todo, more, link = lines_of(chat.posted[0])
        assert (title, text) == (
            "Problem: acme is paused (crmsync)",
            "Changes wait until the connection is resumed.",
        )
        assert since.startswith("*Since:* 20")
        assert (todo, more, link) == (
            "*What to do:* crmsync resume acme --apply",
            "*More:* docs/operations.md#stop-a-connection",
            "<https://docs.example.com/operations.html#stop-a-connection|What to do>",
        )
        command(stack, "resume", "acme", "--apply")
        stack.advance(2 * LOOK)
        assert told(chat) == [
            "Problem: acme is paused (crmsync)",
            "All clear: acme is paused (crmsync)",
        ]


def test_an_alarm_reaches_the_chat_through_the_queue(new_stack: NewStack) -> None:
    """At once, and once, although its event comes twice."""
    event = {
        "detail-type": "CloudWatch Alarm State Change",
        "source": "aws.cloudwatch",
        "time": "2026-11-02T09:00:00Z",
        "resources": ["arn:aws:cloudwatch:eu-west-1:1:alarm:crmsync-ContactAgeAlarm-1"],
        "detail": {
            "alarmName": "crmsync-ContactAgeAlarm-1",
            "configuration": {"description": "Late. See docs/metrics-and-alarms.md#the-sync."},
            "state": {"value": "ALARM", "timestamp": "2026-11-02T09:00:00.000+0000"},
        },
    }
    with Chat() as chat:
        stack = new_stack(SETTINGS + ALERTS)
        store(stack, chat)
        sqs = stack.cloud.aws.client("sqs")
        for body in (event, event):
            sqs.send_message(
                QueueUrl=sqs.get_queue_url(QueueName="crmsync-AlertQueue")["QueueUrl"],
                MessageBody=json.dumps(body),
            )
        stack.settle()
        assert told(chat) == ["Problem: Alarm ContactAge (crmsync)"]


@pytest.mark.rule("CMP-7")
def test_a_campaign_that_was_deleted_is_told_until_it_is_back(new_stack: NewStack) -> None:
    """Once, and an all clear when somebody becomes a member again."""
    row = {"listId": "77", "name": "Fair", "objectTypeId": "0-1", "processingType": "MANUAL"}
    campaign = "701000000000001AAA"
    world = {
        "hubspot": [{**WORLD["hubspot"][0], "lists": [row]}],
        "salesforce": {
            **WORLD["salesforce"],
            "records": [{"type": "Campaign", "Id": campaign, "Name": "Fair"}],
        },
    }
    wanted = f'[[connection.campaigns]]\nlist = "77"\ncampaign = "{campaign}"\nstatus = "Sent"\n'
    with Chat() as chat:
        stack = new_stack(SETTINGS + wanted + ALERTS, world)
        store(stack, chat)
        people = People(stack.ready())
        contact = people.new_contact(lastname="Lang", email="ada@example.com", company="Works")
        join_list(people, contact)
        stack.settle()
        people.delete_record("Campaign", campaign)
        stack.advance(SWEEP + 2 * LOOK)
        begun = [one for one in told(chat) if "campaign" in one]
        stack.salesforce.person({"do": "undelete", "ids": [campaign]})
        stack.advance(SWEEP + 2 * LOOK)
        title = "1 campaign of acme stands still (crmsync)"
        assert begun == [f"Problem: {title}"]
        assert [one for one in told(chat) if "campaign" in one] == [
            f"Problem: {title}",
            f"All clear: {title}",
        ]


def test_a_webhook_that_is_gone_is_shown_by_the_status(new_stack: NewStack) -> None:
    """With its answer and what to do; nothing is lost, and nothing else stops."""
    with Chat() as chat:
        stack = new_stack(SETTINGS + ALERTS)
        store(stack, chat)
        chat.refuses_with = (404, "no_service")
        command(stack, "pause", "acme", "--apply")
        stack.advance(LOOK)
        findings = json.loads(run(stack, "status").stdout)["findings"]
        (silent,) = [one for one in findings if "Alerts are not sent" in one]
        assert "webhook" in silent
        assert "The webhook answered 404 (no_service). Make a new webhook" in silent
        chat.refuses_with = None
        stack.advance(LOOK)
        assert told(chat) == ["Problem: acme is paused (crmsync)"]
        findings = json.loads(run(stack, "status").stdout)["findings"]
        assert not any("Alerts are not sent" in one for one in findings)
