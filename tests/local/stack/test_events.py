"""Rules of the bus on the laptop stack: faster than moto, with the same results."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from moto.events.models import EventPattern

from local.stack.aws import Aws
from simulators.clock import Clock
from simulators.faults import Faults

EVENT = {
    "source": "crmsync.hubspot",
    "detail-type": "contact.changed",
    "detail": {"kind": "contact", "changes": [{"id": "81"}], "more": {"deep": 1}},
}


@pytest.mark.parametrize(("pattern", "wanted"), [
    ({}, True),
    ({"source": ["crmsync.hubspot"]}, True),
    ({"source": ["crmsync.salesforce"]}, False),
    ({"source": [{"prefix": "crmsync."}], "detail-type": ["contact.changed", "deal.changed"]}, True),
    ({"detail": {"kind": ["contact"], "more": {"deep": [1]}}}, True),
    ({"detail": {"more": {"deep": [2]}}}, False),
    ({"detail": {"absent": [{"exists": False}]}}, True),
], ids=str)  # fmt: skip
def test_a_rule_matches_by_its_pattern(pattern: Mapping[str, Any], wanted: bool) -> None:  # noqa: FBT001 - a table
    """A pattern matches values at any depth, lists of choices, prefixes and absence."""
    aws = Aws(Clock(), Faults(Clock()))
    try:
        assert EventPattern(None, dict(pattern)).matches_event(EVENT) is wanted
    finally:
        aws.close()
