"""Memory versions of the ports, for tests of plans and flows; they pass the same contract suite as the gateways, so they cannot lie."""

from tests.memory.account import MemoryDeleter, MemoryPreferences
from tests.memory.crm import MemoryCrm
from tests.memory.stores import MemoryCursors, MemoryInbox, MemoryLinks, MemoryOutbox

__all__ = [
    "MemoryCrm",
    "MemoryCursors",
    "MemoryDeleter",
    "MemoryInbox",
    "MemoryLinks",
    "MemoryOutbox",
    "MemoryPreferences",
]
