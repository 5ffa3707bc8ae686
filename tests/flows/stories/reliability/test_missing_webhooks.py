"""A story of HubSpot's webhooks that no longer come: the alarm of template.yaml sees it in what the
functions count, and no change is lost.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

from local.people import People
from local.stack import Stack
from tests.flows.conftest import NewStack
from tests.flows.stories.story_contacts import lead_id, metric_values
from tests.template.document import template_of_the_repository

ALARM: dict[str, Any] = template_of_the_repository().of_type("AWS::CloudWatch::Alarm")[
    "HubspotWebhooksMissingAlarm"
]
SWEEP = 15 * 60


def goes_off(stack: Stack) -> bool:
    """Whether the alarm's expression holds for all that was counted since the start."""
    sums = {
        one["Id"]: sum(
            metric_values(
                stack,
                one["MetricStat"]["Metric"]["Dimensions"][0]["Value"],
                one["MetricStat"]["Metric"]["MetricName"],
            )
        )
        for one in ALARM["Metrics"]
        if "MetricStat" in one
    }
    (expression,) = (one["Expression"] for one in ALARM["Metrics"] if "Expression" in one)
    found = re.fullmatch(r"IF\(found >= (\d+) AND FILL\(accepted, 0\) < (\d+), 1, 0\)", expression)
    assert found is not None
    return sums["found"] >= int(found[1]) and sums["accepted"] < int(found[2])


@pytest.mark.long
def test_webhooks_that_do_not_come_are_noticed_by_what_the_sweep_finds(
    new_stack: NewStack,
) -> None:
    """Not before the sweep has found some number of changes, and no more once a webhook comes."""
    stack = new_stack()
    people = People(stack.ready())
    stack.advance(SWEEP)
    stack.faults([{"at": "webhook", "kind": "drop", "times": 1_000}])
    seen = []
    for number in range(30):
        people.new_contact(email=f"ada{number}@example.com", lastname="Lang", company="Example")
        if number in {4, 29}:
            stack.advance(SWEEP + 60)
            seen.append(goes_off(stack))
    stack.faults([])
    people.new_contact(email="last@example.com", lastname="Lang", company="Example")
    stack.settle()

    assert seen == [False, True]
    assert not goes_off(stack)
    assert lead_id(people, "ada0@example.com")
    assert lead_id(people, "ada29@example.com")
