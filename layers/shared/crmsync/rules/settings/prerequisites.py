"""What must be so before a connection, or opportunities in it, can sync: the edition of the org
(INS-2, INS-3), and the order of companies, accounts and opportunities (OPP-2 to OPP-4, CH-23).

Pure: settings and what is known of the org and of imports in, objections out, in sentences that say
what to do next.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from crmsync.model.settings import Connection

GROUP_EDITIONS = frozenset({"Team Edition", "Group Edition"})
"""How `Organization.OrganizationType` spells Group Edition: Salesforce has called it Team Edition
there since it was named so [M].
"""

NO_API = "API_DISABLED_FOR_ORG"
"""What Salesforce answers every call to an org whose edition has no API
(docs/vendors.md#salesforce-limits).
"""

WITHOUT_API = "this org's edition has no API, as Group Edition has none: it cannot be connected"


@dataclass(frozen=True, slots=True)
class Org:
    """A Salesforce org as its Organization row shows it; `id` has 18 characters."""

    id: str
    name: str
    edition: str
    is_sandbox: bool = False


def objection_to(org: Org) -> str:
    """Why the org cannot be connected, or "".

    Most orgs without the API answer `NO_API` before they can be asked for their edition.
    """
    return (
        f"{org.name} is of Group Edition, which cannot be connected"
        if org.edition in GROUP_EDITIONS
        else ""
    )


IMPORT_ACCOUNTS = (
    "run crmsync import accounts --apply, and wait until crmsync jobs list says that it is done"
)
"""What to do about accounts that were not imported yet."""


def obstacle(connection: Connection, imported: datetime | None) -> tuple[str, str]:
    """Why opportunities of a connection do not sync, and the rule behind it; "" where they do."""
    if not connection.companies.sync:
        return "opportunities can sync only where companies do, and those are switched off", "OPP-2"
    if not connection.deals.sync:
        return "deals are switched off, so no deal would be made of an opportunity", "OPP-3"
    if imported is None:
        return f"the accounts must be imported before opportunities: {IMPORT_ACCOUNTS}", "OPP-2"
    return "", ""
