"""The size of a batch says how many calls it will take."""

from __future__ import annotations

import pytest

from crmsync.flows.engine.batches import expected_calls
from crmsync.model.changes import Cause, Change
from crmsync.model.records import Kind, Ref, Side
from tests.builders import NOON


@pytest.mark.parametrize(
    ("hubspot", "salesforce", "calls"), [(1, 0, 1), (1_000, 0, 10), (0, 1_000, 20), (150, 50, 3)]
)
def test_the_calls_that_a_batch_will_take(hubspot: int, salesforce: int, calls: int) -> None:
    """HubSpot's records are read, and those of Salesforce's changes are written as well."""
    counts = {
        Ref(Side.HUBSPOT, "contact", "1"): hubspot,
        Ref(Side.SALESFORCE, "Lead", "1"): salesforce,
    }
    changes = [
        Change("acme", Kind.CONTACT, ref, Cause.EDITED, NOON)
        for ref, count in counts.items()
        for _ in range(count)
    ]

    assert expected_calls(changes) == calls
