"""Stories of the texts with which CRMs refuse a write: what helps is reported, and no personal data
of the text is stored.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from local.people import People
from local.stack import Stack
from tests.flows.stories.story_command import command
from tests.flows.stories.story_contacts import SWEEP, lead, linked_pair, with_contacts

OTHER = "DupCheck: already held by Mr John CANARYOTHER, (0664) 555-0001, IBAN CANARYIBAN, born on 31.12.1980"
WORLD: Mapping[str, Any] = {
    "hubspot": [{"portal_id": 555001, "tier": "professional"}],
    "salesforce": {
        "edition": "Enterprise Edition",
        "validation_rules": [
            {
                "object": "Lead",
                "field": "Title",
                "contains": "Rule",
                "message": "Titles are for doctors",
            },
            {
                "object": "Lead",
                "field": "Phone",
                "contains": "664",
                "message": OTHER,
                "trigger": True,
            },
            {
                "object": "Lead",
                "field": "LastName",
                "contains": "Canarylast",
                "message": OTHER,
                "trigger": True,
            },
        ],
    },
}
PERSONAL = (
    "CANARYOTHER",
    "CANARYIBAN",
    "555-0001",
    "5550001",
    "31.12.1980",
    "Canarylast",
    "canary@example.com",
)


@pytest.fixture(scope="module")
def module_stack() -> Iterator[Stack]:
    """One stack for the module: an org with a validation rule, and with triggers that quote other
    records.
    """
    with Stack(with_contacts(), WORLD) as stack:
        yield stack


def everything_stored(stack: Stack) -> str:
    """The content of tables, queues, dead letters and logs, and the command's list of errors."""
    tables, queues = stack.cloud.aws.client("dynamodb"), stack.cloud.aws.client("sqs")
    rows = [tables.scan(TableName=name)["Items"] for name in tables.list_tables()["TableNames"]]
    letters = [
        queues.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)
        for url in queues.list_queues()["QueueUrls"]
    ]
    logs = [stack.output(name) for name in stack.stats()["lambda"]]
    return json.dumps(
        [rows, letters, logs, command(stack, "errors", "list")], default=str, ensure_ascii=False
    )


@pytest.mark.long
@pytest.mark.rule("ERR-7")
def test_a_validation_rules_text_is_reported_and_a_triggers_is_not(
    stack: Stack, people: People
) -> None:
    """The operator sees the rule's sentence; of the trigger's text only code, field and hint are
    stored, without personal data.
    """
    ruled, _ = linked_pair(stack, people, "ruled@example.com", jobtitle="Dr")
    quoted, _ = linked_pair(stack, people, "quoted@example.com", phone="111")
    people.edit_contact(ruled, jobtitle="Rule")
    people.edit_contact(quoted, phone="+43 664 5550001", firstname="Quoted")
    new = people.new_contact(email="canary@example.com", lastname="Canarylast", company="Example")
    stack.advance(SWEEP)

    reported = {
        row["ref"]["id"]: (row["fieldname"], row["text"])
        for row in command(stack, "errors", "list")
    }
    left_out = "The field was left out, the rest of the record is in step."
    assert (reported[ruled], reported[quoted], reported[new]) == (
        ("Title", "Titles are for doctors"),
        ("Phone", f"Salesforce answered FIELD_CUSTOM_VALIDATION_EXCEPTION. {left_out}"),
        ("LastName", "Salesforce answered FIELD_CUSTOM_VALIDATION_EXCEPTION."),
    )
    kept = everything_stored(stack).lower()
    assert "titles are for doctors" in kept
    assert [one for one in PERSONAL if one.lower() in kept] == []
    assert lead(people, "quoted@example.com", "Phone", "FirstName") == {
        "Phone": "111",
        "FirstName": "Quoted",
    }
