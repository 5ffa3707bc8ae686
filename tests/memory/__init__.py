"""Memory versions of the ports, for tests of plans and flows; they pass the same contract suite as the gateways, so they cannot lie."""

from tests.memory.account import MemoryAccounts, MemoryDeleter, MemoryDirectory, MemoryLists, MemoryPreferences
from tests.memory.crm import MemoryCrm
from tests.memory.stores import MemoryBrake, MemoryCursors, MemoryInbox, MemoryLinks, MemoryOutbox

__all__ = [
    "MemoryAccounts",
    "MemoryBrake",
    "MemoryCrm",
    "MemoryCursors",
    "MemoryDeleter",
    "MemoryDirectory",
    "MemoryInbox",
    "MemoryLinks",
    "MemoryLists",
    "MemoryOutbox",
    "MemoryPreferences",
]
