"""What keeps a connection from syncing whole is read once an invocation."""

from __future__ import annotations

from crmsync.errors import Down
from crmsync.flows.engine.gate import Gate
from crmsync.flows.intake.known_troubles import KnownTroubles
from crmsync.model.records import Kind
from tests.memory.worlds import Town


def test_who_asks_again_is_told_what_was_read_until_it_is_changed() -> None:
    """Two gates of one invocation read once; what one of them notes the other one sees."""
    town, reads = Town(), [0]
    load = town.troubles.load

    def counted(connection: str):
        reads[0] += 1
        return load(connection)

    town.troubles.load = counted
    known = KnownTroubles(town.troubles)
    first, second = (
        Gate("acme", Kind.CONTACT, known, town.outbox, lambda: town.now) for _ in range(2)
    )
    first.look()
    second.look()
    before = (reads[0], second.outage)
    first.fell(Down("Later.", side="salesforce", code="SERVER_UNAVAILABLE"), is_whole=True)
    second.look()

    assert (before, second.outage) == ((1, None), first.outage)
    assert reads[0] == 2
