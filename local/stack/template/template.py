"""template.yaml as the laptop stack reads it: transformed by SAM's own translator, then taken
apart.

Law: nothing here knows what the product does. Every function, mapping, schedule, route and rule
that runs on the laptop is in the template; what the template leaves out does not happen, and what
the laptop cannot do as AWS would is refused with a sentence instead of being skipped.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from local.stack.template.intrinsics import Names, Resolver, UnresolvedError

REGION = "eu-west-1"

LAPTOP_BUCKET = "laptop"
"""SAM's translator accepts code from S3 only; local folders become keys of this bucket, and are
read back from the result.
"""

MADE = (
    "AWS::SecretsManager::Secret",
    "AWS::KMS::Key",
    "AWS::Events::EventBus",
    "AWS::DynamoDB::Table",
    "AWS::SNS::Topic",
    "AWS::SQS::Queue",
    "AWS::SQS::QueuePolicy",
    "AWS::Events::Rule",
)
"""Resource types that are made in moto, in this order. Lambdas, mappings, schedules and routes run
here; alarms, roles and log groups have no effect on a laptop.
"""


@dataclass(frozen=True, slots=True)
class Function:
    """One Lambda.

    Attributes:
        logical_id: Its logical id in the template.
        name: The name of its code's folder.
        aws_name: Its name in AWS.
        code: The folder of its code.
        layers: The folders of its layers.
        handler: Module and function, joined by a dot.
        timeout: Seconds.
        memory_mb: Megabytes.
        environment: Its environment variables.
        async_retries: How often a failed asynchronous call is repeated.
        log_format: ``Text`` or ``JSON``.
        log_level: The lowest level that Lambda keeps of its log; empty for plain text.
    """

    logical_id: str
    name: str
    aws_name: str
    code: Path
    layers: tuple[Path, ...]
    handler: str
    timeout: int
    memory_mb: int
    environment: Mapping[str, str]
    async_retries: int
    log_format: str = "Text"
    log_level: str = ""


@dataclass(frozen=True, slots=True)
class QueueMapping:
    """An event source mapping from an SQS queue to a function.

    Attributes:
        function: The function's logical id.
        queue_arn: The queue.
        batch_size: The largest number of messages in a call.
        partial_failures: Whether the function lists the messages that failed.
        most_at_once: ``MaximumConcurrency``; None where the mapping sets no limit.
    """

    function: str
    queue_arn: str
    batch_size: int
    partial_failures: bool
    most_at_once: int | None

    def side_by_side(self, workers: int) -> int:
        """Return how many of `workers` the mapping may use at once."""
        return min(workers, self.most_at_once or workers)


@dataclass(frozen=True, slots=True)
class Schedule:
    """A schedule of EventBridge Scheduler and the event it sends."""

    name: str
    expression: str
    function: str
    event: Any


@dataclass(frozen=True, slots=True)
class PartnerRule:
    """A rule on a partner's event bus that sends events to a queue.

    Attributes:
        bus: The name of the bus.
        pattern: Which events it takes.
        queue: The ARN of the queue.
        transformer: How an event becomes a message, as the target's `InputTransformer` says; empty
            for the whole event.
    """

    bus: str
    pattern: Mapping[str, Any]
    queue: str
    transformer: Mapping[str, Any]


class Template:
    """One transformed template with the values of its parameters.

    Attributes:
        parameters: The value of each parameter.
        transformed: The template after SAM's transformation.
        resources: Its resources by logical id.
    """

    def __init__(self, path: Path, parameters: Mapping[str, str]) -> None:
        """Read and transform `path`. A parameter that the template does not have is ignored.

        Raises `UnresolvedError`.
        """
        self._root = path.resolve().parent
        text = path.read_text()
        declared = _parsed(text).get("Parameters", {})
        self.parameters = {
            name: parameters.get(name, spec.get("Default", "")) for name, spec in declared.items()
        }
        self.transformed: dict[str, Any] = json.loads(transformed(text, frozenset(parameters)))
        self.resources: dict[str, dict[str, Any]] = self.transformed["Resources"]

    def resolver(self, stack: str, account: str, names: Names) -> Resolver:
        """Return a resolver of this template's values, deployed as `stack` into `account`."""
        pseudo = {
            "AWS::AccountId": account,
            "AWS::Partition": "aws",
            "AWS::Region": REGION,
            "AWS::StackName": stack,
            "AWS::StackId": f"arn:aws:cloudformation:{REGION}:{account}:stack/{stack}/laptop",
            "AWS::URLSuffix": "amazonaws.com",
        }
        return Resolver(pseudo | self.parameters, self.transformed.get("Conditions", {}), names)

    def of_type(self, kind: str, resolver: Resolver) -> dict[str, dict[str, Any]]:
        """Return the resources of one type that exist with these parameters, by logical id."""
        return {
            logical_id: resource
            for logical_id, resource in self.resources.items()
            if resource["Type"] == kind
            and ("Condition" not in resource or resolver.condition(resource["Condition"]))
        }

    def functions(self, resolver: Resolver) -> dict[str, Function]:
        """Return all Lambdas, by logical id."""
        retries = self._async_retries(resolver)
        return {
            logical_id: self._function(logical_id, resolver, retries.get(logical_id, 2))
            for logical_id in self.of_type("AWS::Lambda::Function", resolver)
        }

    def queue_mappings(self, resolver: Resolver) -> list[QueueMapping]:
        """Return all event source mappings that are enabled."""
        found = []
        for logical_id, resource in self.of_type(
            "AWS::Lambda::EventSourceMapping", resolver
        ).items():
            given = resource["Properties"]
            _refuse(logical_id, given, "FilterCriteria")
            properties = resolver.resolve(given)
            if ":sqs:" not in properties["EventSourceArn"]:
                raise UnresolvedError(f"{logical_id}: the laptop stack maps SQS queues only")
            if properties.get("Enabled", True):
                partial = "ReportBatchItemFailures" in properties.get("FunctionResponseTypes", [])
                function = function_of(given["FunctionName"])
                most = properties.get("ScalingConfig", {}).get("MaximumConcurrency")
                size = properties.get("BatchSize", 10)
                found.append(
                    QueueMapping(function, properties["EventSourceArn"], size, partial, most)
                )
        return found

    def schedules(self, resolver: Resolver) -> list[Schedule]:
        """Return all schedules that are enabled."""
        found = []
        for logical_id, resource in self.of_type("AWS::Scheduler::Schedule", resolver).items():
            given = resource["Properties"]
            _refuse(logical_id, given, "StartDate", "EndDate")
            properties = resolver.resolve(given)
            if properties.get("ScheduleExpressionTimezone", "UTC") != "UTC":
                raise UnresolvedError(f"{logical_id}: the laptop stack runs schedules in UTC only")
            if properties.get("State", "ENABLED") == "ENABLED":
                event = json.loads(properties["Target"].get("Input", "{}"))
                function = function_of(given["Target"]["Arn"])
                found.append(
                    Schedule(logical_id, properties["ScheduleExpression"], function, event)
                )
        return found

    def function_urls(self, resolver: Resolver) -> list[str]:
        """Return the logical ids of the functions that have a Function URL."""
        urls = self.of_type("AWS::Lambda::Url", resolver).values()
        return [function_of(resource["Properties"]["TargetFunctionArn"]) for resource in urls]

    def partner_rules(self, resolver: Resolver) -> list[PartnerRule]:
        """Return the rules on partner event buses."""
        found = []
        for logical_id in sorted(self.partner_rule_ids(resolver)):
            given = self.resources[logical_id]["Properties"]
            pattern = resolver.resolve(given["EventPattern"])
            for target in given["Targets"]:
                _refuse(logical_id, target, "Input", "InputPath")
                bus, queue = (
                    resolver.resolve(given["EventBusName"]),
                    resolver.resolve(target["Arn"]),
                )
                if ":sqs:" not in queue:
                    raise UnresolvedError(
                        f"{logical_id}: the laptop stack's rules lead to SQS queues only"
                    )
                transformer = resolver.resolve(target.get("InputTransformer", {}))
                found.append(PartnerRule(bus, pattern, queue, transformer))
        return found

    def partner_rule_ids(self, resolver: Resolver) -> set[str]:
        """Return the logical ids of the rules on partner event buses (moto refuses such a bus)."""
        rules = self.of_type("AWS::Events::Rule", resolver).items()
        return {name for name, rule in rules if _on_partner_bus(rule, resolver)}

    def made(self, kind: str, resolver: Resolver) -> dict[str, dict[str, Any]]:
        """Return the resolved properties of the resources of one type in `MADE`, by logical id."""
        partner = self.partner_rule_ids(resolver)
        found = {
            name: resolver.resolve(resource.get("Properties", {}))
            for name, resource in self.of_type(kind, resolver).items()
            if name not in partner
        }
        if kind == "AWS::Events::EventBus":
            found = {
                name: properties
                for name, properties in found.items()
                if not _is_partner(properties["Name"])
            }
        if kind == "AWS::Events::Rule":
            for name, properties in found.items():
                _check_rule(name, properties)
        return found

    def _function(self, logical_id: str, resolver: Resolver, retries: int) -> Function:
        given = self.resources[logical_id]["Properties"]
        code = self._folder(given["Code"])
        layers = [
            self.resources[layer["Ref"]]["Properties"]["Content"]
            for layer in given.get("Layers", [])
        ]
        variables = resolver.resolve(given.get("Environment", {}).get("Variables", {}))
        logging = resolver.resolve(given.get("LoggingConfig", {}))
        return Function(
            logical_id=logical_id,
            name=code.name,
            aws_name=resolver.resolve({"Ref": logical_id}),
            code=code,
            layers=tuple(map(self._folder, layers)),
            handler=resolver.resolve(given["Handler"]),
            timeout=int(resolver.resolve(given.get("Timeout", 3))),
            memory_mb=int(resolver.resolve(given.get("MemorySize", 128))),
            environment={name: str(value) for name, value in variables.items()},
            async_retries=retries,
            log_format=str(logging.get("LogFormat", "Text")),
            log_level=str(logging.get("ApplicationLogLevel", "INFO"))
            if logging.get("LogFormat") == "JSON"
            else "",
        )

    def _async_retries(self, resolver: Resolver) -> dict[str, int]:
        settings = self.of_type("AWS::Lambda::EventInvokeConfig", resolver).values()
        return {
            function_of(setting["Properties"]["FunctionName"]): int(
                resolver.resolve(setting["Properties"].get("MaximumRetryAttempts", 2))
            )
            for setting in settings
        }

    def _folder(self, content: Any) -> Path:
        if not isinstance(content, dict) or content.get("S3Bucket") != LAPTOP_BUCKET:
            raise UnresolvedError(
                f"code must be in a folder next to the template, not at {content!r}"
            )
        return self._root / str(content["S3Key"])


def function_of(reference: Any) -> str:
    """Return the logical id of the function that `reference` (``Ref`` or ``GetAtt ... Arn``) names.

    Raises `UnresolvedError`.
    """
    match reference:
        case {"Ref": str(name)} | {"Fn::GetAtt": [str(name), "Arn"]}:
            return name
    raise UnresolvedError(
        f"the laptop stack calls functions of the template only, not {reference!r}"
    )


@cache
def _parsed(text: str) -> dict[str, Any]:
    import yaml  # noqa: PLC0415 - as below
    from samtranslator.yaml_helper import intrinsics_multi_constructor  # noqa: PLC0415 - it takes a second to import

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        """Reads CloudFormation's short forms such as ``!Ref``."""

    Loader.add_multi_constructor("!", intrinsics_multi_constructor)
    written: dict[str, Any] = yaml.load(text, Loader)  # noqa: S506 - a safe loader with a few more tags
    return written


def _with_local_folders(written: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy of the template whose local folders are keys of the laptop's bucket."""
    copied: dict[str, Any] = copy.deepcopy(dict(written))
    holders = [copied.get("Globals", {}).get("Function", {})]
    holders += [resource.get("Properties", {}) for resource in copied["Resources"].values()]
    for holder in holders:
        for name in ("CodeUri", "ContentUri"):
            if isinstance(holder.get(name), str):
                holder[name] = f"s3://{LAPTOP_BUCKET}/{re.sub(r'^[.]?/|/$', '', holder[name])}"
    return copied


@cache
def transformed(text: str, given: frozenset[str] = frozenset()) -> str:
    """Return the template after SAM's transformation, as JSON.

    The parameters named in `given` stay ``Ref``s for the resolver: each stack has its own
    addresses, and one translation serves them all.
    """
    import boto3  # noqa: PLC0415 - as below
    from samtranslator.parser.parser import Parser  # noqa: PLC0415 - it takes a second to import
    from samtranslator.translator.translator import Translator  # noqa: PLC0415 - as above

    written = _with_local_folders(_parsed(text))
    written["Parameters"] = {
        name: {key: value for key, value in spec.items() if name not in given or key != "Default"}
        for name, spec in written.get("Parameters", {}).items()
    }
    translator = Translator(None, Parser(), boto_session=boto3.Session(region_name=REGION))
    result = json.dumps(translator.translate(written, parameter_values={}))
    translator.metrics.publish()  # to nowhere; SAM warns about unpublished metrics
    return result


def _on_partner_bus(rule: Mapping[str, Any], resolver: Resolver) -> bool:
    return _is_partner(resolver.resolve(rule["Properties"].get("EventBusName", "default")))


def _is_partner(bus: object) -> bool:
    """Return whether a bus is a partner's. Only AWS can make such a bus, so moto refuses its
    name.
    """
    return str(bus).startswith("aws.partner/")


def _check_rule(name: str, properties: Mapping[str, Any]) -> None:
    _refuse(name, properties, "ScheduleExpression")
    for target in properties.get("Targets", []):
        _refuse(name, target, "Input", "InputPath")
        if ":sqs:" not in target["Arn"]:
            raise UnresolvedError(f"{name}: the laptop stack's own buses lead to SQS queues only")


def _refuse(owner: str, properties: Mapping[str, Any], *names: str) -> None:
    for name in names:
        if name in properties:
            raise UnresolvedError(f"{owner}: the laptop stack does not know {name}")
