"""A paused connection: nothing is read or written for it, and what changes meanwhile is not
lost.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from crmsync.errors import Refused, TryAgain
from crmsync.flows.engine.circuit_breaker import PAUSED, CircuitBreaker
from crmsync.flows.engine.passes import sign_in_and_sync
from crmsync.flows.engine.results import Summary
from crmsync.flows.operator.pauses import PauseAdmin, PauseWatch
from crmsync.model.changes import Change
from crmsync.model.records import Kind
from crmsync.model.settings import Settings
from crmsync.model.troubles import Pause
from tests.builders import NOON, a_connection
from tests.memory.worlds import Town


def delivered(town: Town, changes: list[Change]) -> Summary:
    """What comes of changes behind a concern's circuit breaker."""
    breaker = CircuitBreaker("acme", Kind.CONTACT, town.troubles, town.outbox, lambda: town.now)
    return sign_in_and_sync(
        breaker, changes, lambda: town.world, lambda _world: town.deliver(changes)
    )


def test_changes_of_a_paused_connection_wait_in_the_queue():
    """As they are, without a call to either CRM; once it goes on they cross."""
    town = Town()
    change = town.change(town.new_contact())
    town.troubles.pause("acme", Pause(town.now))
    town.wait()

    summary = delivered(town, [change])

    assert (town.outbox.delayed, town.salesforce.refs("Lead")) == ([(change, 60)], [])
    assert (summary.oldest and summary.oldest.code) == PAUSED
    town.troubles.resume("acme")
    delivered(town, [change])
    assert len(town.salesforce.refs("Lead")) == 1


def test_a_long_pause_looks_seldom():
    """Every five minutes instead of every minute, so that ten thousand messages cost little
    overnight.
    """
    town = Town()
    change = town.change(town.new_contact())
    town.troubles.pause("acme", Pause(town.now))
    town.wait(10)

    delivered(town, [change])

    assert town.outbox.delayed == [(change, 300)]


def test_an_invocation_that_runs_finds_out_within_twenty_seconds():
    """What is known is read anew only then, so a short one reads nothing."""
    town = Town()
    watch = PauseWatch("acme", town.troubles, lambda: town.now, read_at=town.now)
    town.troubles.pause("acme", Pause(town.now))

    told = []
    for _ in range(3):
        told.append(watch.is_paused())
        town.now += timedelta(seconds=10)

    assert told == [False, False, True]


def test_where_nobody_can_say_nothing_is_paused():
    """A table that does not answer is told by the calls that need it."""
    town = Town()
    watch = PauseWatch("acme", town.troubles, lambda: town.now, read_at=NOON - timedelta(minutes=1))
    town.troubles.down = TryAgain("Busy.")

    assert not watch.is_paused()


@pytest.mark.parametrize("word", ["pause", "resume"])
def test_a_connection_that_is_not_there_is_refused(word: str):
    """A typo stops nothing, and says so."""
    town = Town()
    office = PauseAdmin(
        settings=lambda: Settings((a_connection(),)), troubles=town.troubles, now=lambda: town.now
    )

    with pytest.raises(Refused, match="There is no connection acmee"):
        getattr(office, word)("acmee")
