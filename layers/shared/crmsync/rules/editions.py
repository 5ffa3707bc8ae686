"""Which Salesforce editions can be connected (INS-2, INS-3)."""

from __future__ import annotations

from dataclasses import dataclass

GROUP_EDITIONS = frozenset({"Team Edition", "Group Edition"})
"""How `Organization.OrganizationType` spells Group Edition: Salesforce has called it Team Edition there since it was named so [M]."""


@dataclass(frozen=True, slots=True)
class Org:
    """A Salesforce org as its Organization row shows it; `id` has 18 characters."""

    id: str
    name: str
    edition: str
    is_sandbox: bool = False


def objection_to(org: Org) -> str:
    """Why the org cannot be connected, or "". An edition without API never gets as far as to be asked."""
    if org.edition in GROUP_EDITIONS:
        return (
            f"{org.name} is a Group Edition org, which has neither the API nor the records' fields that syncing needs"
        )
    return ""
