"""What is wrong with a world file, in one list.

Law: only joins. Each simulator knows the keys of its own part (`simulators.world_file`).
"""

from __future__ import annotations

from typing import Any

from simulators.hubspot.world_keys import world_complaints as hubspot_complaints
from simulators.salesforce.world_keys import world_complaints as salesforce_complaints
from simulators.world_file import Row, complaints, plain

_WORLD = Row(plain("set_up", "hubspot", "salesforce"))


def world_complaints(world: Any) -> list[str]:
    """Return a sentence for each key that is unknown, missing or of the wrong kind, with its place
    and the nearest known key.
    """
    found = complaints("", world, _WORLD)
    if not isinstance(world, dict):
        return found
    return [
        *found,
        *hubspot_complaints(world.get("hubspot")),
        *salesforce_complaints(world.get("salesforce")),
    ]
