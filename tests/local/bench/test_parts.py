"""The bench covers every function and every figure."""

from __future__ import annotations

import pytest

from local.bench.cold_start import EVENTS, event_of
from local.bench.peer import Run
from local.bench.prices import costs
from local.bench.webhook.webhook import FUNCTION
from local.stack.operator import ROOT


def test_every_function_has_an_event_for_its_first_call() -> None:
    """Each folder of functions/ but the webhook's, which signs its own, has an event that exists."""
    functions = {path.parent.name for path in ROOT.glob("functions/*/handler.py")}
    assert {*EVENTS, FUNCTION} == functions
    assert all(event_of(name) for name in EVENTS)


def test_the_peer_is_charged_for_what_it_does() -> None:
    """A thousand changes with 3,000 calls: 110 invocations, 300 requests to SQS, and the calls'
    time at half a gigabyte, in microdollars.
    """
    usd = costs(Run(changes=1_000, calls=3_000, processor=0).usage())
    assert {name: value * 1e6 for name, value in usd.items() if value} == pytest.approx(
        {
            "lambda_requests": 110 * 0.2,
            "lambda_gb_seconds": (3_000 * 0.2 + 100 * 0.01) * 0.5 * 13.3334,
            "queue_requests": 300 * 0.4,
        }
    )
