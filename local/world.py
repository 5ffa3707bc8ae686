"""The keys of a world file. A key that the stack does not know is a mistake, and is reported.

Names only; the simulators know what the values mean. A new key of a CRM is added here.
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
        ),
        # Accepted, and read nowhere: with Shared Activities a task may have several contacts, but a
        # task of crmsync has one and looks the same either way.
        "shared_activities",
    }
)


def unknown_keys(world: Mapping[str, Any]) -> list[str]:
    """Return the keys that the laptop stack does not know, each with its path."""
    portals = world.get("hubspot") or ()
    return [
        *_unknown("", world, WORLD),
        *(
            name
            for at, portal in enumerate(portals)
            for name in _unknown(f"hubspot[{at}].", portal, HUBSPOT)
        ),
        *_unknown("salesforce.", world.get("salesforce") or {}, SALESFORCE),
    ]


def _unknown(place: str, keys: Iterable[str], known: frozenset[str]) -> list[str]:
    return [f"{place}{name}" for name in keys if name not in known]
