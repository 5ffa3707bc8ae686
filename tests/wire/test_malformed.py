"""A message in a queue is ours or unreadable: any other exception would fail the other messages of
its batch.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmsync.flows.intake.sqs_batch import run_batch, run_ranges
from crmsync.model.changes import Cause, Change
from crmsync.model.mail import LogRange
from crmsync.model.operations.jobs import JobMessage
from crmsync.model.records import Kind
from crmsync.wire import job_messages, queue_messages, range_messages
from tests.builders import NOON, a_change, a_contact

WINDOW = LogRange("acme", "OPEN", 1_767_225_600_000, 1_767_225_659_999, 1_767_225_700_000)
READERS: dict[str, tuple[Callable[[str], object], dict[str, Any]]] = {
    "changes": (
        queue_messages.load_changes,
        json.loads(queue_messages.dump_changes([a_change(a_contact().ref)])[0]),
    ),
    "window": (range_messages.load_range, json.loads(range_messages.dump_range(WINDOW))),
    "job message": (
        job_messages.load_job,
        json.loads(job_messages.dump_job(JobMessage("acme", "7f3a2c", 3, "a1"))),
    ),
}
"""A queue's reader, and a message of it."""

NUMBERS = st.sampled_from([1e400, -1e400, 1e30, -1e30, 2**63, -(2**63), 10**400, -1, 0, 0.5, True])
ODD = (
    NUMBERS
    | st.none()
    | st.text(max_size=5)
    | st.lists(NUMBERS | st.text(max_size=3), max_size=3)
    | st.dictionaries(st.text(max_size=3), NUMBERS, max_size=2)
)
DEEP = "[" * 100_000


def altered(document: Any, data: st.DataObject) -> Any:
    """A message in which one value, at any depth, is replaced or missing."""
    if not isinstance(document, dict | list) or not document or data.draw(st.integers(0, 3)) == 0:
        return data.draw(ODD)
    keys = sorted(document) if isinstance(document, dict) else list(range(len(document)))
    key = data.draw(st.sampled_from(keys))
    copy = dict(document) if isinstance(document, dict) else list(document)
    if isinstance(copy, dict) and data.draw(st.integers(0, 4)) == 0:
        del copy[key]
    else:
        copy[key] = altered(copy[key], data)
    return copy


@pytest.mark.parametrize("name", READERS)
@given(data=st.data())
@settings(max_examples=150)
def test_a_message_with_one_wrong_value_is_read_or_is_unreadable(
    name: str, data: st.DataObject
) -> None:
    """One value has another type or size, or is missing; a range that is read has valid moments."""
    load, message = READERS[name]
    try:
        read = load(json.dumps(altered(message, data)))
    except queue_messages.UnreadableError:
        return
    if isinstance(read, LogRange):
        assert 0 <= read.start <= read.end <= range_messages.LATEST


@pytest.mark.parametrize("name", READERS)
@given(
    text=st.text(max_size=40)
    | st.sampled_from(
        [DEEP, '{"version":1,"a":' + DEEP, "1" * 5000, "NaN", '"\\ud800"', "\ufeff{}"]
    )
)
def test_any_other_text_is_unreadable(name: str, text: str) -> None:
    """No JSON, JSON of another type, and JSON that is too deep or too long are unreadable."""
    with pytest.raises(queue_messages.UnreadableError):
        READERS[name][0](text)


BAD = [
    DEEP,
    "",
    "{}",
    json.dumps({"version": 1, "connection": "acme", "kind": "contact", "changes": [{"at": 1e400}]}),
]


def test_readable_messages_of_a_batch_are_processed() -> None:
    """In both kinds of batches only the unreadable messages fail."""
    change = Change("acme", Kind.CONTACT, a_contact().ref, Cause.EDITED, NOON)
    synced: list[Change] = []
    worked: list[LogRange] = []
    bodies = {
        "changes": queue_messages.dump_changes([change])[0],
        "window": range_messages.dump_range(WINDOW),
    }
    records = {
        name: [{"messageId": f"m{at}", "body": text} for at, text in enumerate([*BAD, body])]
        for name, body in bodies.items()
    }

    def work(_name: str, windows: list[LogRange]) -> list[LogRange]:
        worked.extend(windows)
        return []

    answers = [
        run_batch(records["changes"], lambda _name, changes: synced.extend(changes)),
        run_ranges(records["window"], work),
    ]

    assert (
        answers
        == [{"batchItemFailures": [{"itemIdentifier": f"m{at}"} for at in range(len(BAD))]}] * 2
    )
    assert (synced, worked) == ([change], [WINDOW])
