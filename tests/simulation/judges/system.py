"""Whether changes follow soon, and nothing personal leaks."""

from __future__ import annotations

import re
from datetime import timedelta

from crmsync.model.effects import Category
from crmsync.model.records import Ref
from tests.simulation.judges.pairs import Wrong
from tests.simulation.judges.waits import RETRIED
from tests.simulation.people.fields import CANARY
from tests.simulation.world.system import System


def prompt(system: System) -> Wrong:
    """Whatever waits follows soon after nothing stands in its way, no record is given up because a
    side is down, and one that was given up otherwise is tried again within hours (RTY-1).
    """
    for (_, ref), waited in system.waits.late.items():
        minutes = waited // timedelta(minutes=1)
        yield f"changes follow soon: {ref} waited {minutes} minutes with nothing in its way"
    for _, ref in sorted(system.inbox.given_up):
        yield f"changes follow soon: {ref} was given up because a side was down"
    for ref in system.unavailable:
        yield f"changes follow soon: {ref} is still unavailable after {RETRIED}"


def still_unavailable(system: System) -> list[Ref]:
    """The records that were given up and not tried with success since."""
    return [
        one.ref
        for portal in system.portals
        for one in system.inbox.parked(portal.name)
        if one.category is Category.UNAVAILABLE
    ]


def private(system: System) -> Wrong:
    """Nothing personal is in queues, logs, the inbox or the link table."""
    texts = {
        "queues": [body for queue in system.queues.values() for body in queue.sent],
        "logs": system.logs,
        "inbox": [
            f"{one.text} {one.hint} {one.fieldname}"
            for portal in system.portals
            for one in system.inbox.parked(portal.name)
        ],
        "links": [str(link) for link in system.links.all],
        "metrics": list(system.seen),
    }
    pattern = re.compile(f"{CANARY}|30 901820", re.IGNORECASE)
    for place, found in texts.items():
        if any(pattern.search(text) for text in found):
            yield f"nothing personal leaks: a canary is in the {place}"
