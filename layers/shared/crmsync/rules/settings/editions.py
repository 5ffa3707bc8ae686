"""Which Salesforce editions can be connected (INS-2, INS-3)."""

from __future__ import annotations

from dataclasses import dataclass

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
    """Why the org cannot be connected, or "". Most orgs without the API answer `NO_API` before they
    can be asked.
    """
    return (
        f"{org.name} is of Group Edition, which cannot be connected"
        if org.edition in GROUP_EDITIONS
        else ""
    )
