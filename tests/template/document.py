"""The template as the laws see it: its resources as plain values, and its text for the laws about
comments and order.

Intrinsic functions stay as they are written: ``!GetAtt Queue.Arn`` is ``{"Fn::GetAtt":
"Queue.Arn"}``, ``!Ref X`` is ``{"Ref": "X"}``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import yaml

from local.stack.template.template import transformed

ROOT = Path(__file__).resolve().parents[2]

FUNCTION = "AWS::Serverless::Function"
QUEUE = "AWS::SQS::Queue"
SHORT_LIVED = frozenset({"ConsoleSecret", "OverwrittenTable"})
"""What is deleted with the stack: tables whose items must be forgotten within days, which have no
backup either, as it would keep the items for weeks; and a key with which nothing is lost.
"""
FOUND_BY_POLLS = frozenset({"SalesforceEventQueue"})
"""Queues that may forget their messages after minutes, because a poll finds the same records."""
OWN_KEY = {
    "Effect": "Allow",
    "Principal": {"AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}},
    "Action": "kms:*",
    "Resource": "*",
}
"""The statement of a key's own policy that lets the account's policies apply; without it nobody
could ever change or delete the key.
"""


class _Loader(yaml.CSafeLoader):
    """YAML with CloudFormation's short forms."""


def _short_form(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        return {name: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    return {name: loader.construct_mapping(node, deep=True)}


_Loader.add_multi_constructor("!", _short_form)


@dataclass(frozen=True)
class Template:
    """A template's text and content."""

    text: str
    body: Mapping[str, Any]

    @classmethod
    def read(cls, text: str) -> Template:
        """Read a template. Raises ``yaml.YAMLError``."""
        return cls(text, yaml.load(text, Loader=_Loader))  # noqa: S506 - a safe loader with CloudFormation's tags

    def of_type(self, kind: str) -> dict[str, dict[str, Any]]:
        """Properties of the resources of a type, by logical id."""
        resources = self.body["Resources"].items()
        return {
            name: resource.get("Properties", {})
            for name, resource in resources
            if resource["Type"] == kind
        }

    @property
    def functions(self) -> dict[str, dict[str, Any]]:
        """Properties of the functions, by logical id."""
        return self.of_type(FUNCTION)

    def sqs_events(self) -> Iterator[tuple[str, dict[str, Any], str]]:
        """Return for every function that reads a queue: its logical id, the event's properties, the
        queue's logical id.
        """
        for name, function in self.functions.items():
            for event in function.get("Events", {}).values():
                if event["Type"] == "SQS":
                    yield name, event["Properties"], target(event["Properties"]["Queue"])

    @cached_property
    def deployed(self) -> Mapping[str, Any]:
        """Return the resources as CloudFormation gets them, by logical id: SAM's transformation of
        the template, with everything it adds.
        """
        made: dict[str, Any] = json.loads(transformed(self.text))["Resources"]
        return made

    def statements(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Return every deployed policy statement, including conditional ones, with the logical id
        of its resource.
        """
        for name, resource in self.deployed.items():
            yield from (
                (name, statement) for statement in _statements(resource.get("Properties", {}))
            )

    def roles(self) -> dict[str, dict[str, Any]]:
        """Return the properties of the deployed roles, by logical id."""
        return {
            name: one["Properties"]
            for name, one in self.deployed.items()
            if one["Type"] == "AWS::IAM::Role"
        }


def _statements(value: Any) -> Iterator[dict[str, Any]]:
    """Return the content of every key ``Statement``, at any depth."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "Statement":
                yield from spread(inner)
            else:
                yield from _statements(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _statements(inner)


def spread(value: Any) -> Iterator[Any]:
    """Return one or many values as a list; of an ``Fn::If`` both branches, except
    ``AWS::NoValue``.
    """
    if isinstance(value, list):
        for inner in value:
            yield from spread(inner)
    elif isinstance(value, dict) and "Fn::If" in value:
        yield from spread(value["Fn::If"][1:])
    elif value != {"Ref": "AWS::NoValue"}:
        yield value


def target(value: object) -> str:
    """Return the logical id that a reference names: ``{"Fn::GetAtt": "Queue.Arn"}`` and ``{"Ref":
    "Queue"}`` are both ``Queue``.
    """
    if isinstance(value, dict) and len(value) == 1:
        (inner,) = value.values()
        if isinstance(inner, list) and inner:
            inner = inner[0]
        if isinstance(inner, str):
            return inner.partition(".")[0]
    return ""


def as_list(value: object) -> list[Any]:
    """Return the one or many values of a policy as a list."""
    return value if isinstance(value, list) else [value]


@cache
def template_of_the_repository() -> Template:
    """Return template.yaml."""
    return Template.read((ROOT / "template.yaml").read_text(encoding="utf-8"))
