"""In which order things are switched on and brought in: companies, then their accounts, then
opportunities (OPP-2 to OPP-4, CH-23).

Pure: the settings and what is known of imports in, the verdict out, in sentences that say what to
do next.
"""

from __future__ import annotations

from datetime import datetime

from crmsync.model.settings import Connection

IMPORT_ACCOUNTS = (
    "run crmsync import accounts --apply, and wait until crmsync jobs list says that it is done"
)
"""What to do about accounts that were not imported yet."""


def opportunities_since(connection: Connection, imported: datetime | None) -> datetime | None:
    """Since when opportunities sync by themselves (OPP-4): deals are on and the accounts
    `imported`; None while they do not (OPP-2).
    """
    if imported is None or not (connection.companies.sync and connection.deals.sync):
        return None
    return max(imported, connection.deals.since or imported)


def obstacle(connection: Connection, imported: datetime | None) -> tuple[str, str]:
    """What keeps opportunities of a connection from syncing, and the rule behind it; blank where
    nothing does.
    """
    if not connection.companies.sync:
        return "opportunities can sync only where companies do, and those are switched off", "OPP-2"
    if not connection.deals.sync:
        return "deals are switched off, so no deal would be made of an opportunity", "OPP-3"
    if imported is None:
        return f"the accounts must be imported before opportunities: {IMPORT_ACCOUNTS}", "OPP-2"
    return "", ""
