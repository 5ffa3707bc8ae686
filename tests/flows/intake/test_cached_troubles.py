"""What keeps a connection from syncing whole is read once an invocation."""

from __future__ import annotations

from crmsync.errors import Down
from crmsync.flows.engine.circuit_breaker import CircuitBreaker
from crmsync.flows.intake.cached_troubles import CachedTroubles
from crmsync.model.records import Kind
from tests.memory.worlds import Town


def test_what_was_read_is_returned_until_it_is_changed() -> None:
    """Two gates of one invocation read once; what one of them notes the other one sees."""
    town, reads = Town(), [0]
    load = town.troubles.load

    def counted(connection: str):
        reads[0] += 1
        return load(connection)

    town.troubles.load = counted
    known = CachedTroubles(town.troubles)
    first, second = (
        CircuitBreaker("acme", Kind.CONTACT, known, town.outbox, lambda: town.now) for _ in range(2)
    )
    first.load()
    second.load()
    before = (reads[0], second.outage)
    first.trip(Down("Later.", side="salesforce", code="SERVER_UNAVAILABLE"), is_whole=True)
    second.load()

    assert (before, second.outage) == ((1, None), first.outage)
    assert reads[0] == 2
