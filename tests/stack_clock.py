"""When a test begins on the laptop stack: not just before a sweep.

The clock of the stack runs from the real time of day, and each quarter of an hour has sweeps, which
find what a test has hidden from the product. A test that expects nobody to have heard of a change
would fail in some minutes of the day.
"""

from __future__ import annotations

from local.stack import Stack

QUARTER = 15 * 60
LEAST = 60
"""Seconds: longer than a test lasts that does not move the clock itself."""

AFTER = 5
"""Seconds after the quarter of an hour at which its sweeps are over."""


def pass_near_sweep(stack: Stack) -> None:
    """Move the clock past the next quarter of an hour if that is less than `LEAST` ahead."""
    left = QUARTER - stack.clock.now_ms() / 1000 % QUARTER
    if left < LEAST:
        stack.advance(left + AFTER)
