"""Memory versions of the ports, for tests of plans and flows; they pass the same contract suite as
the gateways.
"""

from tests.memory.account import (
    MemoryAccounts,
    MemoryActivityBin,
    MemoryCompanies,
    MemoryDeleter,
    MemoryDirectory,
    MemoryLists,
    MemoryPreferences,
)
from tests.memory.activities import MemoryActivities
from tests.memory.alerts import MemoryAlertStore, MemorySender
from tests.memory.associations import MemoryAssociations
from tests.memory.calls import MemoryCallGate, MemoryCallUsage, OpenGate
from tests.memory.crm import MemoryCrm
from tests.memory.dead_letters import MemoryDeadLetters
from tests.memory.deals import MemoryDeals, MemoryOpportunities, MemoryPipelineMaps, MemoryRoleStore
from tests.memory.jobs import (
    MemoryBacklog,
    MemoryJobMessages,
    MemoryJobs,
    MemoryLister,
    MemoryWaiting,
)
from tests.memory.mail import MemoryMailLog, MemoryRangeQueue, MemoryTasks, MemoryTaskStates
from tests.memory.overwritten import MemoryOverwritten
from tests.memory.stores import (
    MemoryCensus,
    MemoryChangeCounts,
    MemoryCursors,
    MemoryInbox,
    MemoryLinks,
    MemoryOutbox,
)
from tests.memory.troubles import MemorySchemas, MemoryTroubleStore

__all__ = [
    "MemoryAccounts",
    "MemoryActivities",
    "MemoryActivityBin",
    "MemoryAlertStore",
    "MemoryAssociations",
    "MemoryBacklog",
    "MemoryCallGate",
    "MemoryCallUsage",
    "MemoryCensus",
    "MemoryChangeCounts",
    "MemoryCompanies",
    "MemoryCrm",
    "MemoryCursors",
    "MemoryDeadLetters",
    "MemoryDeals",
    "MemoryDeleter",
    "MemoryDirectory",
    "MemoryInbox",
    "MemoryJobMessages",
    "MemoryJobs",
    "MemoryLinks",
    "MemoryLister",
    "MemoryLists",
    "MemoryMailLog",
    "MemoryOpportunities",
    "MemoryOutbox",
    "MemoryOverwritten",
    "MemoryPipelineMaps",
    "MemoryPreferences",
    "MemoryRangeQueue",
    "MemoryRoleStore",
    "MemorySchemas",
    "MemorySender",
    "MemoryTaskStates",
    "MemoryTasks",
    "MemoryTroubleStore",
    "MemoryWaiting",
    "OpenGate",
]
