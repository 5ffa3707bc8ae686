"""Messages that SQS delivers again: the worker that had them has failed or died, so their records
are synced even without a visible change.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from crmsync.errors import TryAgain
from crmsync.flows.intake.sqs_batch import run_batch
from crmsync.flows.kinds.contact import sync_contacts
from crmsync.model.changes import Cause, Change, redelivered
from crmsync.wire.queue_messages import dump_changes
from tests.builders import a_change, a_contact
from tests.flows.interleaving.gate import Gate, KilledError, with_gate
from tests.memory.world import MemoryWorld


def a_message(cause: Cause, received: int | None) -> dict[str, Any]:
    """The message as Lambda receives it; with `received` None, without the count of deliveries."""
    (body,) = dump_changes([a_change(a_contact().ref, cause)])
    attributes = (
        {} if received is None else {"attributes": {"ApproximateReceiveCount": str(received)}}
    )
    return {"messageId": f"{cause}-{received}", "body": body, **attributes}


def causes(*messages: dict[str, Any]) -> list[Cause]:
    """The causes of the changes that the sync is called with."""
    told: list[Cause] = []

    def sync(_connection: str, changes: Sequence[Change]) -> None:
        told.extend(change.cause for change in changes)

    assert run_batch(messages, sync) == {"batchItemFailures": []}
    return told


@pytest.mark.parametrize("received", [None, 1])
def test_a_first_delivery_keeps_the_cause(received: int | None) -> None:
    """An edit is delivered as an edit, so that an echo or a duplicate costs almost nothing."""
    assert causes(a_message(Cause.EDITED, received)) == [Cause.EDITED]


def test_a_redelivered_edit_is_synced_even_without_a_visible_change() -> None:
    """It is unknown what the dead worker has written; other messages of the batch keep their
    cause.
    """
    assert causes(a_message(Cause.EDITED, 2), a_message(Cause.EDITED, 1)) == [
        Cause.AGAIN,
        Cause.EDITED,
    ]


@pytest.mark.parametrize("cause", [one for one in Cause if one is not Cause.EDITED])
def test_a_redelivery_keeps_every_other_cause(cause: Cause) -> None:
    """Only an edit changes its cause, because changes of the other causes are synced in any
    case.
    """
    assert redelivered(a_change(a_contact().ref, cause)).cause is cause


def test_a_message_returns_to_the_queue_if_its_sync_raises() -> None:
    """The sync raises only if it could not put changes off, and then the whole message is delivered
    again.
    """

    def sync(_connection: str, _changes: Sequence[Change]) -> None:
        raise TryAgain("The queue is down.")

    message = a_message(Cause.EDITED, 1)
    assert run_batch([message], sync) == {
        "batchItemFailures": [{"itemIdentifier": message["messageId"]}]
    }


def test_a_newer_edit_that_overrules_a_dead_workers_write_completes_it() -> None:
    """Later HubSpot edits count like any others, even after an edit of another field in
    Salesforce.
    """
    world = MemoryWorld()
    ada = world.new_contact(phone="1")
    world.sync(ada)
    lead = world.counterpart(ada)
    world.wait()
    world.salesforce.edit(lead, {"LastName": "Holm"})
    overruled = world.change(lead)
    died = Gate(dies_at=7)
    with pytest.raises(KilledError, match=r"hubspot\.update"):
        sync_contacts([overruled], with_gate(world.context, died))

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
def test_a_privacy_deletion_is_reported_wherever_its_worker_dies() -> None:
    """Whichever call the worker dies at, the link is gone and the lead is reported after the
    redelivery.
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
            sync_contacts([forgotten], with_gate(world.context, gate))
        except KilledError:
            world.deliver([redelivered(forgotten)])
            world.drain()
        calls = gate if at is None else calls
        told = tuple(
            str(one.ref).replace(lead.id, "the lead") for one in world.inbox.parked("acme")
        )
        ends.add((len(world.links.all), told))

    assert "links.drop" in calls.calls
    assert ends == {(0, ("salesforce:privacy:Lead.the lead",))}
