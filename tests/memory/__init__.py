"""Memory versions of the ports, for tests of plans and flows; they pass the same contract suite as
the gateways, so they cannot lie.
"""

from tests.memory.account import (
    MemoryAccounts,
    MemoryCompanies,
    MemoryDeleter,
    MemoryDirectory,
    MemoryLists,
    MemoryPreferences,
)
from tests.memory.associations import MemoryAssociations
from tests.memory.conflict_log import MemoryLedger
from tests.memory.crm import MemoryCrm
from tests.memory.deals import MemoryDeals, MemoryOpportunities, MemoryPipelineMaps, MemoryRoles
from tests.memory.jobs import (
    MemoryBacklog,
    MemoryErrands,
    MemoryJobs,
    MemoryLister,
    MemoryMeter,
    MemoryWaiting,
)
from tests.memory.mail import MemoryMailLog, MemoryTallies, MemoryTasks, MemoryWindows
from tests.memory.overwritten import MemoryOverwritten
from tests.memory.stores import (
    MemoryBrake,
    MemoryCensus,
    MemoryCursors,
    MemoryInbox,
    MemoryLinks,
    MemoryOutbox,
)
from tests.memory.troubles import MemorySchemas, MemoryTroubles

__all__ = [
    "MemoryAccounts",
    "MemoryAssociations",
    "MemoryBacklog",
    "MemoryBrake",
    "MemoryCensus",
    "MemoryCompanies",
    "MemoryCrm",
    "MemoryCursors",
    "MemoryDeals",
    "MemoryDeleter",
    "MemoryDirectory",
    "MemoryErrands",
    "MemoryInbox",
    "MemoryJobs",
    "MemoryLedger",
    "MemoryLinks",
    "MemoryLister",
    "MemoryLists",
    "MemoryMailLog",
    "MemoryMeter",
    "MemoryOpportunities",
    "MemoryOutbox",
    "MemoryOverwritten",
    "MemoryPipelineMaps",
    "MemoryPreferences",
    "MemoryRoles",
    "MemorySchemas",
    "MemoryTallies",
    "MemoryTasks",
    "MemoryTroubles",
    "MemoryWaiting",
    "MemoryWindows",
]
