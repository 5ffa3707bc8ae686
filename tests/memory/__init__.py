"""Memory versions of the ports, for tests of plans and flows; they pass the same contract suite as the gateways, so they cannot lie."""

from tests.memory.account import (
    MemoryAccounts,
    MemoryCompanies,
    MemoryDeleter,
    MemoryDirectory,
    MemoryLists,
    MemoryPreferences,
)
from tests.memory.associations import MemoryAssociations
from tests.memory.crm import MemoryCrm
from tests.memory.stores import MemoryBrake, MemoryCursors, MemoryInbox, MemoryLinks, MemoryOutbox

__all__ = [
    "MemoryAccounts",
    "MemoryAssociations",
    "MemoryBrake",
    "MemoryCompanies",
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
