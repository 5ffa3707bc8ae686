"""A paused connection: nothing is read or written for it, and changes made meanwhile are not
lost.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from crmsync.errors import Refused, TryAgain
from crmsync.flows.engine.batches import sign_in_and_sync
from crmsync.flows.engine.circuit_breaker import PAUSED, CircuitBreaker, PauseWatch
from crmsync.flows.engine.results import Summary
from crmsync.flows.operator.pauses import PauseAdmin
from crmsync.model.changes import Change
from crmsync.model.operations.troubles import Pause
from crmsync.model.records import Kind
from crmsync.model.settings import Settings
from tests.builders import NOON, a_connection
from tests.memory.world import MemoryWorld


def delivered(world: MemoryWorld, changes: list[Change]) -> Summary:
    """The result of delivering changes behind a sync's circuit breaker."""
    breaker = CircuitBreaker("acme", Kind.CONTACT, world.troubles, world.outbox, lambda: world.now)
    return sign_in_and_sync(
        breaker, changes, lambda: world.context, lambda _world: world.deliver(changes)
    )


def test_changes_of_a_paused_connection_wait_in_the_queue():
    """They wait unchanged without a call to either CRM, and sync once the connection is resumed."""
    world = MemoryWorld()
    change = world.change(world.new_contact())
    world.troubles.pause("acme", Pause(world.now))
    world.wait()

    summary = delivered(world, [change])

    assert (world.outbox.delayed, world.salesforce.refs("Lead")) == ([(change, 60)], [])
    assert (summary.oldest and summary.oldest.code) == PAUSED
    world.troubles.resume("acme")
    delivered(world, [change])
    assert len(world.salesforce.refs("Lead")) == 1


def test_changes_of_a_long_pause_are_checked_less_often():
    """Every five minutes instead of every minute, so that ten thousand messages cost little
    overnight.
    """
    world = MemoryWorld()
    change = world.change(world.new_contact())
    world.troubles.pause("acme", Pause(world.now))
    world.wait(10)

    delivered(world, [change])

    assert world.outbox.delayed == [(change, 300)]


def test_a_running_invocation_notices_a_pause_within_twenty_seconds():
    """The state is read again only then, so that a short invocation reads nothing."""
    world = MemoryWorld()
    watch = PauseWatch("acme", world.troubles, lambda: world.now, read_at=world.now)
    world.troubles.pause("acme", Pause(world.now))

    answers = []
    for _ in range(3):
        answers.append(watch.is_paused())
        world.now += timedelta(seconds=10)

    assert answers == [False, False, True]


def test_an_unreadable_state_pauses_nothing():
    """The calls that need the table report that it does not answer."""
    world = MemoryWorld()
    watch = PauseWatch(
        "acme", world.troubles, lambda: world.now, read_at=NOON - timedelta(minutes=1)
    )
    world.troubles.down = TryAgain("Busy.")

    assert not watch.is_paused()


@pytest.mark.parametrize("word", ["pause", "resume"])
def test_pausing_an_unknown_connection_is_refused(word: str):
    """A typing error pauses nothing and is reported."""
    world = MemoryWorld()
    office = PauseAdmin(
        settings=lambda: Settings((a_connection(),)), troubles=world.troubles, now=lambda: world.now
    )

    with pytest.raises(Refused, match="There is no connection acmee"):
        getattr(office, word)("acmee")
