"""A batch of messages: only what could not be handled or put off is delivered again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from crmsync.errors import Refused, SyncError, TryAgain
from crmsync.flows.intake.sqs_batch import run_batch, run_ranges
from crmsync.model.changes import Cause, Change
from crmsync.model.mail import LogRange
from crmsync.model.records import Kind, Ref, Side
from crmsync.wire import range_messages
from crmsync.wire.queue_messages import dump_changes
from tests.builders import at


def a_change_message(number: int, connection: str) -> Change:
    """A message that requests a sync of a lead."""
    return Change(
        connection, Kind.CONTACT, Ref(Side.SALESFORCE, "Lead", f"00Q{number}"), Cause.EDITED, at()
    )


def messages(*parcels: Sequence[Change] | str) -> list[dict[str, str]]:
    """SQS's messages, named m0 and so on, with these texts."""
    bodies = [one if isinstance(one, str) else dump_changes(one)[0] for one in parcels]
    return [{"messageId": f"m{number}", "body": body} for number, body in enumerate(bodies)]


def failures(response: dict[str, list[dict[str, str]]]) -> list[str]:
    """The messages to deliver again."""
    return [one["itemIdentifier"] for one in response["batchItemFailures"]]


@pytest.mark.parametrize("error", [TryAgain("The bus is down."), Refused("No.", code="NO")])
def test_unhandled_messages_are_delivered_again(error: SyncError) -> None:
    """These are the messages of a connection whose sync raised, and unreadable ones; those of other
    connections are done.
    """
    synced: dict[str, list[Change]] = {}

    def sync(connection: str, changes: list[Change]) -> None:
        synced[connection] = changes
        if connection == "acme":
            raise error

    one, two, other = (
        a_change_message(1, "acme"),
        a_change_message(2, "acme"),
        a_change_message(3, "other"),
    )
    response = run_batch(messages([one], [other], "no message of ours", [two]), sync)

    assert failures(response) == ["m0", "m2", "m3"]
    assert synced == {"acme": [one, two], "other": [other]}


def test_a_handled_batch_has_no_failures() -> None:
    """With an empty partial batch response SQS deletes all messages."""
    assert run_batch(
        messages([a_change_message(1, "acme")], [a_change_message(2, "acme")]),
        lambda _name, _changes: None,
    ) == {"batchItemFailures": []}


def test_a_defect_fails_the_whole_batch() -> None:
    """The defect is raised, so that Lambda counts an error and SQS delivers everything again."""

    def sync(_connection: str, _changes: list[Change]) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_batch(messages([a_change_message(1, "acme")]), sync)


def test_log_ranges_that_are_given_up_or_fail_are_delivered_again() -> None:
    """A range that is given up is delivered again alone."""
    window = LogRange("acme", "OPEN", 1, 2, 3)
    given_up, failed = replace(window, start=0), replace(window, connection="broken")

    def work(connection: str, windows: list[LogRange]) -> list[LogRange]:
        if connection == "broken":
            msg = "The table is down."
            raise TryAgain(msg)
        return [one for one in windows if one == given_up]

    response = run_ranges(
        messages(*map(range_messages.dump_range, (window, given_up, failed)), "nothing"), work
    )

    assert failures(response) == ["m1", "m2", "m3"]
