"""A measurement of the webhook counts only if the webhook did its work."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.bench.contacts import PORTAL, SETTINGS
from local.bench.figures import BenchError
from local.bench.webhook.webhook import RECEIVER, Sender
from local.stack import Stack


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """Return a stack with one connection."""
    with Stack(SETTINGS, {"hubspot": [{"portal_id": PORTAL}]}) as made:
        yield made


def test_every_request_of_a_burst_has_its_time(stack: Stack) -> None:
    """Five requests over two connections give five times, all events are queued, and processor time
    was used.
    """
    sender = Sender(stack)
    sender.run(1, 1)
    run = sender.run(5, 2)

    assert len(run.milliseconds) == 5
    assert min(run.milliseconds) > 0
    assert run.stack_ms > 0


def test_a_refused_burst_is_no_measurement(stack: Stack) -> None:
    """If the function is throttled, the result is an error that says so instead of a figure."""
    stack.faults([{"at": "lambda", "kind": "throttle", "function": "hubspot_webhook", "times": 2}])
    with pytest.raises(BenchError, match=r"2 of 3 requests were not accepted: \[429\]"):
        Sender(stack).run(3, 1)


@pytest.mark.parametrize("module", ["handler", RECEIVER])
def test_a_new_process_works_too(stack: Stack, module: str) -> None:
    """The product's webhook and the shortest receiver do the same work, each in a process of its
    own.
    """
    assert Sender(stack).fresh(module) > 0
