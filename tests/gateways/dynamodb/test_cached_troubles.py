"""The troubles of a connection are read once per invocation."""

from __future__ import annotations

from crmsync.errors import Down
from crmsync.flows.engine.circuit_breaker import CircuitBreaker
from crmsync.gateways.dynamodb.troubles import CachedTroubles
from crmsync.model.records import Kind
from tests.memory.world import MemoryWorld


def test_troubles_are_read_once_until_they_change() -> None:
    """Two checks of one invocation read once, and each sees what the other stores."""
    world, reads = MemoryWorld(), [0]
    load = world.troubles.load

    def counted(connection: str):
        reads[0] += 1
        return load(connection)

    world.troubles.load = counted
    known = CachedTroubles(world.troubles)
    first, second = (
        CircuitBreaker("acme", Kind.CONTACT, known, world.outbox, lambda: world.now)
        for _ in range(2)
    )
    first.load()
    second.load()
    before = (reads[0], second.outage)
    first.trip(Down("Later.", side="salesforce", code="SERVER_UNAVAILABLE"), is_whole=True)
    second.load()

    assert (before, second.outage) == ((1, None), first.outage)
    assert reads[0] == 2
