"""template.yaml as the laptop reads it: values are evaluated, and unsupported properties are
refused.
"""

from pathlib import Path

import pytest

from local.stack.cloud import Cloud
from local.stack.template.intrinsics import Resolver, UnresolvedError
from simulators.clock import Clock
from simulators.faults import Faults
from tests.local.stack.laptop import TEMPLATE

ROOT = Path(__file__).resolve().parents[3]


class Names:
    """Returns the name itself for each reference."""

    def ref(self, logical_id: str) -> str:
        """Return the name."""
        return f"ref of {logical_id}"

    def attribute(self, logical_id: str, attribute: str) -> str:
        """Return the name and the attribute."""
        return f"{attribute} of {logical_id}"


def resolver() -> Resolver:
    conditions = {
        "Yes": {"Fn::Equals": [{"Ref": "Colour"}, "green"]},
        "No": {"Fn::Not": [{"Condition": "Yes"}]},
        "Both": {"Fn::And": [{"Condition": "Yes"}, {"Condition": "No"}]},
        "Either": {"Fn::Or": [{"Condition": "Yes"}, {"Condition": "No"}]},
    }
    return Resolver({"Colour": "green", "AWS::Region": "here"}, conditions, Names())


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"Ref": "Colour"}, "green"),
        ({"Ref": "Table"}, "ref of Table"),
        ({"Fn::GetAtt": ["Table", "Arn"]}, "Arn of Table"),
        ({"Fn::GetAtt": "Table.Arn"}, "Arn of Table"),
        ({"Fn::Sub": "${AWS::Region}/${Table}/${Table.Arn}/${!kept}"}, "here/ref of Table/Arn of Table/${kept}"),
        ({"Fn::Sub": ["${Own}-${Colour}", {"Own": {"Ref": "Table"}}]}, "ref of Table-green"),
        ({"Fn::Join": ["-", ["a", {"Ref": "Colour"}]]}, "a-green"),
        ({"Fn::Select": [1, {"Fn::Split": ["/", "a/b/c"]}]}, "b"),
        ({"Fn::If": ["Yes", {"Ref": "Colour"}, "other"]}, "green"),
        ({"Fn::If": ["No", "one", {"a": [1, {"Ref": "Colour"}]}]}, {"a": [1, "green"]}),
        ({"kept": 1, "dropped": {"Ref": "AWS::NoValue"}, "list": [{"Fn::If": ["No", 1, {"Ref": "AWS::NoValue"}]}, 2]},
         {"kept": 1, "list": [2]}),
        ({"Condition": {"StringEquals": {"a": "b"}}}, {"Condition": {"StringEquals": {"a": "b"}}}),
    ],
)  # fmt: skip
def test_an_intrinsic_function_has_this_value(value, expected):
    """It is the same value as in CloudFormation."""
    assert resolver().resolve(value) == expected


def test_conditions_may_be_made_of_conditions():
    """They are joined by And, Or and Not."""
    assert {name: resolver().condition(name) for name in ("Yes", "No", "Both", "Either")} == {
        "Yes": True,
        "No": False,
        "Both": False,
        "Either": True,
    }


@pytest.mark.parametrize("value", [{"Fn::ImportValue": "x"}, {"Fn::If": ["Unheard", 1, 2]}])
def test_an_unknown_function_or_condition_is_refused(value):
    """It is never passed on half evaluated."""
    with pytest.raises(UnresolvedError):
        resolver().resolve(value)


@pytest.mark.parametrize(
    ("written", "instead", "words"),
    [
        ("BatchSize: 5", "BatchSize: 5, FilterCriteria: {Filters: []}", "FilterCriteria"),
        ("rate(10 minutes)", "rate(10 weeks)", "not a rate"),
        ("Input: '{\"turn\": true}'", "ScheduleExpressionTimezone: Europe/Berlin", "UTC only"),
        (
            "Targets: [{Id: queue, Arn: !GetAtt Queue.Arn}]",
            "Targets: [{Id: q, Arn: !GetAtt ReaderFunction.Arn}]",
            "SQS queues only",
        ),
        (
            "Targets: [{Id: queue, Arn: !GetAtt Queue.Arn}]",
            "Targets: [{Id: q, Arn: !GetAtt Queue.Arn, Input: '{}'}]",
            "Input",
        ),
    ],
)
def test_an_unsupported_property_is_refused_with_a_sentence(
    laptop, written: str, instead: str, words: str
):
    """Otherwise the laptop's wiring would differ from the template's."""
    assert written in TEMPLATE
    with pytest.raises(UnresolvedError, match=words):
        laptop(template=TEMPLATE.replace(written, instead))


def test_the_real_template_can_be_read():
    """Each function has its folder, handler, layer and plain text variables; the partner bus has
    its rule.
    """
    clock = Clock()
    bus = "aws.partner/salesforce.com/org/channel"
    with Cloud(
        ROOT / "template.yaml",
        clock=clock,
        faults=Faults(clock),
        parameters={"SalesforceEventBus": bus},
    ) as cloud:
        assert cloud.partner_bus.names == {bus}
        assert cloud.functions
        for function in cloud.functions.values():
            assert (function.code / f"{function.handler.partition('.')[0]}.py").is_file()
            assert [(layer / "crmsync").is_dir() for layer in function.layers] == [True]
            assert all(isinstance(value, str) for value in function.environment.values())
