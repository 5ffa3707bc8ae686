"""Messages that SQS delivers once more: whoever had them before has died or failed, so their
records are looked at closely.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from crmsync.errors import TryAgain
from crmsync.flows.intake.sqs_batch import run_batch
from crmsync.flows.kinds.contact import sync_contacts
from crmsync.model.changes import Cause, Change, redelivered
from crmsync.wire.change_message import dump
from tests.builders import a_change, a_contact
from tests.flows.convergence.interleave import Gate, KilledError, gated
from tests.memory.world import MemoryWorld


def a_message(cause: Cause, received: int | None) -> dict[str, Any]:
    """What SQS hands a Lambda; without `received` it does not say how often it has done so."""
    (body,) = dump([a_change(a_contact().ref, cause)])
    attributes = (
        {} if received is None else {"attributes": {"ApproximateReceiveCount": str(received)}}
    )
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
    """What the dead worker has written and what it has not is not known; the messages beside it are
    left as they are.
    """
    assert causes(a_message(Cause.EDITED, 2), a_message(Cause.EDITED, 1)) == [
        Cause.AGAIN,
        Cause.EDITED,
    ]


@pytest.mark.parametrize("cause", [one for one in Cause if one is not Cause.EDITED])
def test_whatever_is_looked_at_closely_anyway_keeps_its_cause(cause: Cause) -> None:
    """A deletion stays one, and whoever was woken was touched by nobody."""
    assert redelivered(a_change(a_contact().ref, cause)).cause is cause


def test_a_message_whose_changes_are_not_known_to_be_safe_comes_back() -> None:
    """The flow raises only when it could not even put them off; then nothing of the message is done
    with.
    """

    def sync(_connection: str, _changes: Sequence[Change]) -> None:
        raise TryAgain("The queue is down.")

    message = a_message(Cause.EDITED, 1)
    assert run_batch([message], sync) == {
        "batchItemFailures": [{"itemIdentifier": message["messageId"]}]
    }


def test_an_edit_that_overruled_a_dead_workers_write_leaves_nothing_under_way() -> None:
    """What is edited in HubSpot afterwards is an edit like any other, whoever touches something
    else in Salesforce later.
    """
    world = MemoryWorld()
    ada = world.new_contact(phone="1")
    world.sync(ada)
    lead = world.counterpart(ada)
    world.wait()
    world.salesforce.edit(lead, {"LastName": "Holm"})
    overruled = world.change(lead)
    died = Gate(dies_at=10)
    with pytest.raises(KilledError, match=r"hubspot\.update"):
        sync_contacts([overruled], gated(world.context, died))

    world.wait(6)
    world.hubspot.edit(ada, {"lastname": "Vale"})
    world.sync(ada)
    world.drain()
    world.wait(6)
    world.deliver([redelivered(overruled)])
    world.drain()
    world.hubspot.edit(ada, {"lastname": "Brandt"})
    told = world.change(ada)
    world.wait()
    world.salesforce.edit(lead, {"Phone": "2"})
    world.deliver([told])
    world.sync(lead)
    world.drain()

    shown = world.hubspot.fields(ada), world.salesforce.fields(lead)
    assert [shown[0]["lastname"], shown[1]["LastName"]] == ["Brandt", "Brandt"]
    assert [shown[0]["phone"], shown[1]["Phone"]] == ["2", "2"]


@pytest.mark.rule("CH-9")
def test_what_a_privacy_deletion_leaves_is_told_wherever_its_worker_dies() -> None:
    """Before each of its calls: once the message has come back, the link is gone and the lead
    stands in the inbox.
    """
    ends: set[tuple[int, tuple[str, ...]]] = set()
    calls = Gate()
    for at in [None, *range(40)]:
        world = MemoryWorld()
        ada = world.new_contact()
        world.sync(ada)
        lead = world.counterpart(ada)
        world.hubspot.purge(ada)
        forgotten = world.change(ada, Cause.FORGOTTEN)
        gate = Gate(dies_at=at)
        try:
            sync_contacts([forgotten], gated(world.context, gate))
        except KilledError:
            world.deliver([redelivered(forgotten)])
            world.drain()
        calls = gate if at is None else calls
        told = tuple(
            str(one.ref).replace(lead.id, "the lead") for one in world.inbox.parked("acme")
        )
        ends.add((len(world.links.all), told))

    assert "links.drop" in calls.seen
    assert ends == {(0, ("salesforce:privacy:Lead.the lead",))}
