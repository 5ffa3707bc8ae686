"""Who may set up a Salesforce org, and which licences let the integration user be given rights
(PERM-1). Pure: names in and out.
"""

from __future__ import annotations

from dataclasses import dataclass

INTEGRATION = "Salesforce Integration"
"""The user licence that Salesforce provides for integrations, which alone allows no rights to
objects.
"""

API_INTEGRATION = "Salesforce API Integration"
"""The permission set licence without which Salesforce refuses a permission set to a user of that
licence.
"""


@dataclass(frozen=True, slots=True)
class Licences:
    """The licences of a user.

    Attributes:
        user: The licence of the profile.
        for_permission_sets: Those for permission sets, by their labels.
    """

    user: str
    for_permission_sets: frozenset[str] = frozenset()


def needs_api_integration(licences: Licences) -> bool:
    """Whether the user can be given rights only by means of a permission set licence."""
    return licences.user == INTEGRATION


def has_api_integration(licences: Licences) -> bool:
    """Whether the user has that licence."""
    return API_INTEGRATION in licences.for_permission_sets
