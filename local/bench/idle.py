"""A day on which nobody changes anything, with Salesforce polled each minute.

Law: a simulated day on the laptop stack, after set-up; every call of the product counts.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

from local.bench.contacts import SETTINGS, WORLD
from local.bench.figures import BenchError, Figure, figure
from local.stack import Stack

HOUR = 3600
HOURS = 24


def measure() -> Sequence[Figure]:
    """Return Salesforce's calls of a day. Raises `BenchError` if the day was not idle."""
    with Stack(SETTINGS, WORLD) as stack:
        stack.advance(HOUR)
        before = stack.stats()
        for _ in range(HOURS):
            stack.advance(HOUR)
        after = stack.stats()
    calls = {
        side: after[side]["calls"] - before[side]["calls"] for side in ("hubspot", "salesforce")
    }
    units = {name: after["dynamodb"][name] - before["dynamodb"][name] for name in after["dynamodb"]}
    print(f"an idle day: calls {json.dumps(calls)}, units {json.dumps(units)}", file=sys.stderr)
    if after["salesforce"]["writes"] != before["salesforce"]["writes"]:
        raise BenchError("something was written to Salesforce on the idle day")
    return [figure("salesforce_calls_idle_day", calls["salesforce"])]
