"""When a test begins on the laptop stack: not just before a sweep, and with HubSpot's calls unused.

The clock of the stack runs from the real time of day, and each quarter of an hour has sweeps, which
find what a test has hidden from the product. A test that expects nobody to have heard of a change
would fail in some minutes of the day.

Several tests in ten seconds on one stack may use the calls that HubSpot allows in that time. The
product then waits, as it should, and what the test expects at once comes later.
"""

from __future__ import annotations

from local.stack import Stack

QUARTER = 15 * 60
LEAST = 60
"""Seconds: longer than a test lasts that does not move the clock itself."""

AFTER = 5
"""Seconds after the quarter of an hour at which its sweeps are over."""


WINDOW = 10
"""Seconds in which HubSpot counts calls (docs/vendors.md#hubspot-rate-limits)."""

FEW = 30
"""Calls that are no matter: a test makes some sixty, and the smallest account has a hundred."""


def pass_used_calls(stack: Stack) -> None:
    """Move the clock past the ten seconds in which earlier tests have called HubSpot."""
    heads = [portal.limits.headers() for portal in stack.hubspot.portals]
    name = "X-HubSpot-RateLimit-{}"
    if any(
        int(one[name.format("Max")]) - int(one[name.format("Remaining")]) > FEW for one in heads
    ):
        stack.advance(WINDOW, settle=False)


def pass_near_sweep(stack: Stack, least: float = LEAST) -> None:
    """Move the clock past the next quarter of an hour if that is less than `least` seconds ahead."""
    left = QUARTER - stack.clock.now_ms() / 1000 % QUARTER
    if left < least:
        stack.advance(left + AFTER)
