"""What the sync functions print about how long changes took."""

from __future__ import annotations

import json
from typing import Any

from local.people import People
from local.stack import Stack

MANY = 120


def lag_lines(stack: Stack, function: str) -> list[dict[str, Any]]:
    """The lines with lags that a function has printed, without their times."""
    lines = [
        json.loads(line)
        for line in stack.cloud.lambdas.output(function).splitlines()
        if '"ChangeLagSeconds"' in line
    ]
    for line in lines:
        del line["_aws"]["Timestamp"]
    return lines


def test_many_changes_of_a_batch_are_told_in_few_lines(stack: Stack) -> None:
    """A value for each change and at most a hundred in a line, by stack and connection and by
    nothing else. Reading the same records once more adds none.
    """
    people = People(stack.ready())
    inputs = [
        {"properties": {"email": f"many{number}@example.com", "lastname": "Lang"}}
        for number in range(MANY)
    ]
    for start in range(0, MANY, 100):
        people.hubspot.crm.contacts.batch_api.create({"inputs": inputs[start : start + 100]})
    stack.settle()
    stack.advance(900)
    lines = lag_lines(stack, "contact_sync")
    values = [line.pop("ChangeLagSeconds") for line in lines]

    assert sum(map(len, values)) == MANY
    assert max(map(len, values)) <= 100
    assert all(value >= 0 for one in values for value in one)
    directive = {
        "Namespace": "crmsync",
        "Dimensions": [["stack", "connection"]],
        "Metrics": [{"Name": "ChangeLagSeconds", "Unit": "Seconds"}],
    }
    assert {json.dumps(line, sort_keys=True) for line in lines} == {
        json.dumps(
            {
                "_aws": {"CloudWatchMetrics": [directive]},
                "connection": "acme",
                "stack": "crmsync",
            },
            sort_keys=True,
        )
    }
