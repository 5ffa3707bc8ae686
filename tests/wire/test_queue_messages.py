"""The exact text of each message in our queues, which older and newer releases read as well."""

from __future__ import annotations

import pytest

from crmsync.model.changes import MAX_TIES, Cause, Change, TieEvent, coalesce
from crmsync.model.mail import LogRange
from crmsync.model.operations.jobs import JobMessage
from crmsync.model.records import Kind, Ref, Side
from crmsync.wire import job_messages, queue_messages, range_messages
from tests.builders import NOON

COMPANY = Ref(Side.HUBSPOT, "company", "12")
CONTACT = Ref(Side.HUBSPOT, "contact", "81")
MESSAGES = {
    "a change": (
        queue_messages.dump_changes([Change("acme", Kind.CONTACT, CONTACT, Cause.EDITED, NOON)])[0],
        (
            '{"version":1,"connection":"acme","kind":"contact","changes":'
            '[{"side":"hubspot","object":"contact","id":"81","cause":"edited","at":1793620800000}]}'
        ),
    ),
    "a change with everything": (
        queue_messages.dump_changes(
            [
                Change(
                    "acme",
                    Kind.CONTACT,
                    CONTACT,
                    Cause.AGAIN,
                    NOON,
                    tries=2,
                    waiting=(COMPANY,),
                    held=True,
                    ties=(TieEvent(COMPANY, NOON),),
                    job="7f3a2c",
                )
            ]
        )[0],
        (
            '{"version":1,"connection":"acme","kind":"contact","changes":'
            '[{"side":"hubspot","object":"contact","id":"81","cause":"again","at":1793620800000,'
            '"tries":2,"waiting":[["hubspot","company","12"]],"held":true,"job":"7f3a2c",'
            '"ties":[["hubspot","company","12",1793620800000,true]]}]}'
        ),
    ),
    "a job": (
        job_messages.dump_job(JobMessage("acme", "7f3a2c", 3, "a1")),
        '{"version":1,"connection":"acme","job":"7f3a2c","turn":3,"ticket":"a1"}',
    ),
    "a range": (
        range_messages.dump_range(LogRange("acme", "OPEN", 1, 2, 3)),
        '{"version":1,"connection":"acme","kind":"OPEN","from":1,"to":2,"at":3}',
    ),
    "a range that was tried before": (
        range_messages.dump_range(LogRange("acme", "OPEN", 1, 2, 3, tries=4)),
        '{"version":1,"connection":"acme","kind":"OPEN","from":1,"to":2,"at":3,"tries":4}',
    ),
}


QUEUE_LIMIT = 256 * 1024
"""Bytes of a message that SQS has always taken; its present limit is larger."""


def ties(number: int) -> tuple[TieEvent, ...]:
    """So many contacts that were tied to a deal."""
    refs = (Ref(Side.SALESFORCE, "Contact", f"003{one:015d}") for one in range(number))
    return tuple(TieEvent(ref, NOON) for ref in refs)


@pytest.mark.parametrize(
    ("number", "waiting", "tied"),
    [(1, 20_000, MAX_TIES), (1, 1_001, 0), (20, 300, 0), (20, 0, MAX_TIES), (250, 0, 0)],
)
def test_no_message_outgrows_a_queue(number: int, waiting: int, tied: int) -> None:
    """However many contacts wait for one account or were tied to one deal: the messages together
    have the same changes.
    """
    waits = tuple(Ref(Side.SALESFORCE, "Contact", f"003{one:015d}") for one in range(waiting))
    changes = [
        Change(
            "acme",
            Kind.ACCOUNT,
            Ref(Side.SALESFORCE, "Account", f"001{one:015d}"),
            Cause.AGAIN,
            NOON,
            tries=2,
            waiting=waits,
            ties=ties(tied),
        )
        for one in range(number)
    ]

    messages = queue_messages.dump_changes(changes)
    read = [one for text in messages for one in queue_messages.load_changes(text)]

    assert max(len(text.encode()) for text in messages) < QUEUE_LIMIT
    assert coalesce(read) == changes


@pytest.mark.parametrize("name", MESSAGES)
def test_the_text_of_a_message_stays_the_same(name: str) -> None:
    """Another release that reads the same queue during a deployment understands every message."""
    written, text = MESSAGES[name]
    assert written == text
