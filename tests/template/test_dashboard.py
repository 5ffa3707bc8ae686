"""The dashboard of template.yaml shows what the code counts, problems first."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.template.document import QUEUE, template_of_the_repository
from tests.template.wiring_reads import wiring_source

TEMPLATE = template_of_the_repository()
(BOARD,) = TEMPLATE.of_type("AWS::CloudWatch::Dashboard").values()
WIDGETS: list[dict[str, Any]] = json.loads(BOARD["DashboardBody"]["Fn::Sub"])["widgets"]
LAGS = "Seconds from a change to its write, by connection"
METRICS = [one["properties"] for one in WIDGETS if one["type"] == "metric"]
GRAPHS = [one for one in METRICS if one["title"] != LAGS]
PLURALS = {
    "contact_sync": "Contacts",
    "account_sync": "Accounts",
    "opportunity_sync": "Opportunities",
    "activity_sync": "Activities",
}
"""What the names of a service's own metrics begin with."""

MOST = 12
"""Widgets that a person reads without scrolling far."""


def counted() -> list[str]:
    """The names in the wiring of metrics, as patterns."""
    names = re.findall(r'add_metric\(\s*f?"(\w[^"]*)"', wiring_source())
    return [re.sub(r"\{[^}]*\}", r"\\w+", name) for name in names]


def test_the_alarms_come_first() -> None:
    """The first widget shows every alarm that each deployment has, and there are few widgets."""
    made = {
        f"${{{name}.Arn}}"
        for name, resource in TEMPLATE.body["Resources"].items()
        if resource["Type"] == "AWS::CloudWatch::Alarm" and "Condition" not in resource
    }
    first = WIDGETS[0]
    assert (first["type"], set(first["properties"]["alarms"])) == ("alarm", made)
    assert len(WIDGETS) <= MOST


def test_widgets_do_not_overlap() -> None:
    """Each cell of the grid, which is 24 wide, belongs to at most one widget."""
    cells = [
        (x, y)
        for one in WIDGETS
        for x in range(one["x"], one["x"] + one["width"])
        for y in range(one["y"], one["y"] + one["height"])
    ]
    assert len(cells) == len(set(cells))
    assert {x for x, _ in cells} == set(range(24))


@pytest.mark.parametrize("graph", GRAPHS, ids=lambda graph: graph["title"])
def test_a_graph_shows_what_is_counted(graph: dict[str, Any]) -> None:
    """A metric is one that a function of the template counts under its own service, or that of a
    queue of the template.
    """
    services = {
        function["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"]
        for function in TEMPLATE.functions.values()
    }
    patterns = counted()
    wrong = []
    for namespace, name, dimension, value, _ in graph["metrics"]:
        if namespace == "crmsync":
            fine = (
                dimension == "service"
                and value in services
                and any(re.fullmatch(pattern, name) for pattern in patterns)
                and all(not name.startswith(it) or value == of for of, it in PLURALS.items())
            )
        else:
            queue = re.sub(r"\$\{(\w+)\.QueueName\}", r"\1", value)
            fine = namespace == "AWS/SQS" and queue in TEMPLATE.of_type(QUEUE)
        if not fine:
            wrong.append((namespace, name, value))
    assert wrong == []


def test_every_dead_letter_queue_is_shown() -> None:
    """No queue of dead letters is missing from its graph."""
    (graph,) = (one for one in GRAPHS if one["title"] == "Dead letters")
    shown = {value for _, _, _, value, _ in graph["metrics"]}
    queues = TEMPLATE.of_type(QUEUE)
    assert shown == {f"${{{name}.QueueName}}" for name in queues if name.endswith("DeadLetters")}


def test_the_lag_of_every_connection_is_shown() -> None:
    """Connections are in the settings and not in the template, so the graph searches for them: the
    metric and its dimensions are those that are counted, of this stack alone, once for half of the
    changes and once for nearly all.
    """
    (dimensions,) = re.findall(
        r'metric_set=\{"ChangeLagSeconds".*?dimension_set=\{(.*?)\}', wiring_source(), re.DOTALL
    )
    named = ",".join(sorted(re.findall(r'"(\w+)":', dimensions)))
    (graph,) = (one for one in METRICS if one["title"] == LAGS)

    assert [one["expression"] for (one,) in graph["metrics"]] == [
        f'SEARCH(\'{{crmsync,{named}}} MetricName="ChangeLagSeconds" '
        f"stack=\"${{AWS::StackName}}\"', '{statistic}', 300)"
        for statistic in ("p50", "p95")
    ]
