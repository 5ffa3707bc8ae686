"""Messages that SQS delivers once more: whoever had them before has died or failed, so their records are looked at closely."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from crmsync.errors import TryAgain
from crmsync.flows.queue_batch import run_batch
from crmsync.model.changes import Cause, Change, redelivered
from crmsync.wire.queue import dump
from tests.builders import a_change, a_contact


def a_message(cause: Cause, received: int | None) -> dict[str, Any]:
    """What SQS hands a Lambda; without `received` it does not say how often it has done so."""
    (body,) = dump([a_change(a_contact().ref, cause)])
    attributes = {} if received is None else {"attributes": {"ApproximateReceiveCount": str(received)}}
    return {"messageId": f"{cause}-{received}", "body": body, **attributes}


def causes(*messages: dict[str, Any]) -> list[Cause]:
    """What the flow is told to do about each message's record."""
    told: list[Cause] = []

    def sync(_connection: str, changes: Sequence[Change]) -> None:
        told.extend(change.cause for change in changes)

    assert run_batch(messages, sync) == {"batchItemFailures": []}
    return told


@pytest.mark.parametrize("received", [None, 1])
def test_an_edit_that_is_delivered_first_is_looked_at_for_news(received: int | None) -> None:
    """So an echo or a duplicate costs next to nothing."""
    assert causes(a_message(Cause.EDITED, received)) == [Cause.EDITED]


def test_an_edit_that_comes_back_is_looked_at_even_if_it_shows_nothing_new() -> None:
    """What the dead worker has written and what it has not is not known; the messages beside it are left as they are."""
    assert causes(a_message(Cause.EDITED, 2), a_message(Cause.EDITED, 1)) == [Cause.AGAIN, Cause.EDITED]


@pytest.mark.parametrize("cause", [one for one in Cause if one is not Cause.EDITED])
def test_whatever_is_looked_at_closely_anyway_keeps_its_cause(cause: Cause) -> None:
    """A deletion stays one, and whoever was woken was touched by nobody."""
    assert redelivered(a_change(a_contact().ref, cause)).cause is cause


def test_a_message_whose_changes_are_not_known_to_be_safe_comes_back() -> None:
    """The flow raises only when it could not even put them off; then nothing of the message is done with."""

    def sync(_connection: str, _changes: Sequence[Change]) -> None:
        raise TryAgain("The queue is down.")

    message = a_message(Cause.EDITED, 1)
    assert run_batch([message], sync) == {"batchItemFailures": [{"itemIdentifier": message["messageId"]}]}
