"""Who may set a Salesforce org up, and which licences let the integration user be given rights
(PERM-1): pure, names in and out.
"""

from __future__ import annotations

from dataclasses import dataclass

INTEGRATION = "Salesforce Integration"
"""The user licence that Salesforce gives away for integrations. By itself it lets nobody have
rights to objects.
"""

API_INTEGRATION = "Salesforce API Integration"
"""The permission set licence without which Salesforce refuses a permission set to a user of that
licence.
"""


@dataclass(frozen=True, slots=True)
class Licences:
    """What a user has: the licence of the profile, and those for permission sets by their
    labels.
    """

    user: str
    for_permission_sets: frozenset[str] = frozenset()


def needs_api_integration(licences: Licences) -> bool:
    """Whether the user can be given rights by means of a permission set licence alone."""
    return licences.user == INTEGRATION


def has_api_integration(licences: Licences) -> bool:
    """Whether the user has that licence."""
    return API_INTEGRATION in licences.for_permission_sets
