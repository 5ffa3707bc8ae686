"""The first call of each function: a fresh process imports the handler and answers one event.

Law: the processor time of that process, so other work on the machine hardly matters; Lambda's own
part of a cold start, before the handler is imported, is not in it. Events are those of ``events/``;
the webhook gets a signed request.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from local.bench.contacts import SETTINGS, WORLD
from local.bench.figures import Figure, figure
from local.bench.fresh import first_call
from local.bench.goals import COLD_START
from local.bench.webhook.webhook import FUNCTION as WEBHOOK
from local.bench.webhook.webhook import Sender
from local.stack import Stack
from local.stack.operator import ROOT

ROUNDS = 3
EVENTS: Mapping[str, str] = MappingProxyType(
    {
        "salesforce_changes": "poll",
        "hubspot_sweep": "scheduled",
        "contact_sync": "edited_in_hubspot",
        "account_sync": "edited_in_hubspot",
        "activity_sync": "edited_in_hubspot",
        "opportunity_sync": "edited_in_hubspot",
        "backfill": "next_turn",
        "email_events": "scheduled",
        "email_tasks": "opened",
        "alerts": "look",
        "console": "forged_session",
    }
)
"""The event of each function: a file's name in its folder of ``events/``."""


def measure() -> Sequence[Figure]:
    """Return the milliseconds of each function in the template. Raises `BenchError`."""
    with Stack(SETTINGS, WORLD) as stack:
        sender = Sender(stack)
        times = {
            function.name: min(
                sender.fresh("handler")
                if function.name == WEBHOOK
                else first_call(stack, function.name, "handler", event_of(function.name))[1]
                for _ in range(ROUNDS)
            )
            for function in stack.cloud.functions.values()
        }
    return [figure(f"{COLD_START}{name}", took) for name, took in times.items()]


def event_of(function: str) -> dict[str, Any]:
    """Return the event that the function gets. Raises `KeyError` for a function without one."""
    path = ROOT / "events" / function / f"{EVENTS[function]}.json"
    event: dict[str, Any] = json.loads(path.read_text())
    return event
