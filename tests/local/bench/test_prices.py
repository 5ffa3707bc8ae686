"""The price of a use is arithmetic on list prices."""

from __future__ import annotations

import pytest

from local.bench.prices import Usage, costs, gb_seconds


def test_a_million_of_everything() -> None:
    """Each field is charged by its own price."""
    usage = Usage(
        lambda_requests=2_000_000,
        lambda_gb_seconds=100_000,
        events=1_000_000,
        queue_requests=1_000_000,
        write_units=1_000_000,
        read_units=2_000_000,
        log_gb=4,
    )
    assert costs(usage) == pytest.approx(
        {
            "lambda_requests": 0.40,
            "lambda_gb_seconds": 1.33334,
            "events": 1.00,
            "queue_requests": 0.40,
            "write_units": 0.625,
            "read_units": 0.25,
            "log_gb": 2.00,
        }
    )


def test_computing_takes_longer_with_a_part_of_a_core_and_waiting_does_not() -> None:
    """Half a core doubles the processor time; more than a core does not shorten it."""
    assert gb_seconds(1024, 0, 3) == 3
    assert gb_seconds(1024, 1, 0) == pytest.approx(1769 / 1024)
    assert gb_seconds(3538, 1, 0) == pytest.approx(3538 / 1024)
