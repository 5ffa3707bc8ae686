"""The words of a world file: whatever it says that nobody reads is a mistake, and is told as one.

Names only; what the values mean is the simulators' business. A key of a CRM's that is new is added
here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

WORLD = frozenset({"set_up", "hubspot", "salesforce"})
HUBSPOT = frozenset(
    {
        *("portal_id", "app_id", "tier", "scopes", "previous_client_secret", "vendor_calendar"),
        *("owners", "lists", "properties", "campaigns", "association_limits", "pipelines_allowed"),
        *(
            "auto_create_and_associate_companies",
            "time_zone",
            "opt_out_delay_seconds",
            "brands",
            "write_rules",
        ),
    }
)
SALESFORCE = frozenset(
    {
        *("edition", "person_accounts", "daily_api_limit", "integration_profile"),
        *("integration_licence", "integration_setup_rights", "sandbox"),
        *(
            "users",
            "queues",
            "lead_assignment_owner",
            "stages",
            "opportunity_record_types",
            "custom_fields",
            "records",
        ),
        *(
            "validation_rules",
            "duplicate_rules",
            "state_country_picklists",
            "activity_external_ids",
            "shared_activities",
        ),
    }
)


def unknown_keys(world: Mapping[str, Any]) -> list[str]:
    """The keys that no part of the laptop stack reads, each with its place."""
    portals = world.get("hubspot") or ()
    return [
        *_strangers("", world, WORLD),
        *(
            name
            for at, portal in enumerate(portals)
            for name in _strangers(f"hubspot[{at}].", portal, HUBSPOT)
        ),
        *_strangers("salesforce.", world.get("salesforce") or {}, SALESFORCE),
    ]


def _strangers(place: str, keys: Iterable[str], known: frozenset[str]) -> list[str]:
    return [f"{place}{name}" for name in keys if name not in known]
