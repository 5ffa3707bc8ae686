"""What the outbox does if AWS accepts only a part."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from crmsync.errors import TryAgain
from crmsync.gateways.aws.bus import EventOutbox
from crmsync.model.changes import Cause, Change
from crmsync.model.records import Kind, Ref, Side
from tests.contracts.stores.tables import NO_WAIT
from tests.gateways.scripted import Response, aws_client, script

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


def a_change(number: int) -> Change:
    """A change of contact `number`."""
    return Change(
        "acme", Kind.CONTACT, Ref(Side.HUBSPOT, "contact", str(number)), Cause.EDITED, NOON
    )


def test_entries_that_the_bus_did_not_accept_are_sent_again() -> None:
    """There are a hundred changes per entry and ten entries per call."""
    responses = [
        Response(
            {
                "FailedEntryCount": 1,
                "Entries": [
                    {"EventId": "1"},
                    {"ErrorCode": "ThrottlingException"},
                    {"EventId": "3"},
                ],
            }
        ),
        Response({"FailedEntryCount": 0, "Entries": [{"EventId": "2"}]}),
    ]
    with script(*responses) as aws:
        outbox = EventOutbox(
            aws_client(aws.url, "events"), lambda: None, "bus", {}, retry_policy=NO_WAIT
        )
        outbox.publish([a_change(number) for number in range(250)])

    sent = [
        [len(json.loads(entry["Detail"])["changes"]) for entry in one.body["Entries"]]
        for one in aws.requests
    ]
    assert sent == [[100, 100, 50], [100]]
    assert outbox.accepted == ["1", "3", "2"]
    entry = aws.requests[0].body["Entries"][0]
    assert (entry["Source"], entry["DetailType"], entry["EventBusName"]) == (
        "crmsync.hubspot",
        "contact.changed",
        "bus",
    )


def test_a_bus_that_accepts_nothing_is_an_error() -> None:
    """A change counts as stored only when the bus has accepted it."""
    with script(
        Response({"FailedEntryCount": 1, "Entries": [{"ErrorCode": "InternalFailure"}]})
    ) as aws:
        outbox = EventOutbox(
            aws_client(aws.url, "events"), lambda: None, "bus", {}, retry_policy=NO_WAIT
        )
        with pytest.raises(TryAgain):
            outbox.publish([a_change(1)])

    assert len(aws.requests) == 3


def test_messages_that_the_queue_did_not_accept_are_sent_again_with_their_delay() -> None:
    """Changes with the same delay share messages; no delay is longer than SQS allows."""
    failed = {"Id": "1", "SenderFault": False, "Code": "InternalError"}
    with script(
        Response({"Successful": [], "Failed": [failed]}), Response({"Successful": [], "Failed": []})
    ) as aws:
        outbox = EventOutbox(
            None,
            lambda: aws_client(aws.url, "sqs"),
            "",
            {Kind.CONTACT: f"{aws.url}/1/queue"},
            retry_policy=NO_WAIT,
        )
        outbox.again([(a_change(1), 30), (a_change(2), 9999), (a_change(3), 30)])

    delays = [[entry["DelaySeconds"] for entry in one.body["Entries"]] for one in aws.requests]
    assert delays == [[30, 900], [900]]
    assert len(json.loads(aws.requests[0].body["Entries"][0]["MessageBody"])["changes"]) == 2


def test_a_queue_that_accepts_nothing_is_an_error() -> None:
    """Then the message that caused it is not deleted."""
    with script(
        Response({"Successful": [], "Failed": [{"Id": "0", "SenderFault": False, "Code": "x"}]})
    ) as aws:
        outbox = EventOutbox(
            None,
            lambda: aws_client(aws.url, "sqs"),
            "",
            {Kind.CONTACT: f"{aws.url}/1/queue"},
            retry_policy=NO_WAIT,
        )
        with pytest.raises(TryAgain):
            outbox.again([(a_change(1), 0)])
