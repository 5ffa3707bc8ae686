"""The figures by name: what each should be at most or at least, and its unit. Data only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

COLD_START = "cold_start_ms_"
"""Begins the names of the figures that each function has; the rest is the function's folder."""


@dataclass(frozen=True, slots=True)
class Goal:
    """What a figure should be.

    Attributes:
        limit: ``<=`` or ``>=`` and a number; None for a figure that is only published.
        unit: The unit of the figure.
    """

    limit: str | None
    unit: str


GOALS: Mapping[str, Goal] = MappingProxyType(
    {
        "calls_hubspot_to_salesforce": Goal("<= 16", "calls per 1,000 changes"),
        "calls_salesforce_to_hubspot": Goal("<= 21", "calls per 1,000 changes"),
        "writes_echo": Goal("<= 0", "writes per 1,000 echoes"),
        "dynamodb_writes_update": Goal("<= 1", "units per record"),
        "dynamodb_reads_update": Goal("<= 1.005", "units per record"),
        "dynamodb_writes_create": Goal("<= 4", "units per pair"),
        "salesforce_calls_idle_day": Goal("<= 1440", "calls per day"),
        "planner_contacts_per_second": Goal(">= 20000", "contacts/s"),
        "engine_contacts_per_second": Goal(">= 2000", "contacts/s"),
        "durable_records_per_second": Goal(">= 1000", "contacts/s"),
        "change_event_invocations_per_1000": Goal("<= 20", "invocations"),
        "memory_mib_1000": Goal(None, "MiB"),
        "memory_mib_10000": Goal(None, "MiB"),
        "memory_mib_100000": Goal(None, "MiB"),
        "webhook_ratio": Goal("<= 1.3", "times"),
        "webhook_service_ms": Goal("<= 8", "ms"),
        "webhook_burst_p50_ms": Goal("<= 60", "ms"),
        "webhook_burst_p95_ms": Goal("<= 100", "ms"),
        "lag_p50_ms": Goal("<= 100", "ms"),
        "lag_p99_ms": Goal("<= 500", "ms"),
        "usd_per_million_changes": Goal("<= 3", "USD"),
        "peer_usd_per_million_changes": Goal(None, "USD"),
        "seconds_per_1000_changes": Goal(None, "s"),
        "peer_seconds_per_1000_changes": Goal(None, "s"),
        "backfill_share": Goal(">= 0.95", "of the permitted calls"),
        "peer_calls_hubspot_to_salesforce": Goal(None, "calls per 1,000 changes"),
    }
)


def goal_of(name: str) -> Goal:
    """Return the goal of a figure. Raises `KeyError` for a name that is not in the table."""
    return Goal(None, "ms") if name.startswith(COLD_START) else GOALS[name]
