"""A template's resources made in moto, and what its logical ids stand for.

Law: the only module that knows how a CloudFormation resource becomes calls of a service's API.
moto's own CloudFormation is not used: importing it takes longer (over 4 s) than everything else
that `serve` does.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from local.stack.aws import Aws
from local.stack.template.template import MADE, REGION, Template

STACK = "crmsync"

TABLE_PROPERTIES = frozenset(
    {
        "AttributeDefinitions",
        "KeySchema",
        "BillingMode",
        "ProvisionedThroughput",
        "GlobalSecondaryIndexes",
        "LocalSecondaryIndexes",
    }
)
"""The properties of a table that matter here; no caller sees backups, encryption or tags."""

QUEUE_DOCUMENTS = frozenset({"RedrivePolicy", "RedriveAllowPolicy"})

NAMED_BY = {
    "AWS::DynamoDB::Table": "TableName",
    "AWS::Events::EventBus": "Name",
    "AWS::Events::Rule": "Name",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::SecretsManager::Secret": "Name",
}


class Deployed:
    """A template as it is deployed in the account of one `Aws`; answers what `Ref` and `Fn::GetAtt`
    mean there.
    """

    def __init__(self, aws: Aws, template: Template) -> None:
        """Make the resources. Raises `UnresolvedError` for what the laptop cannot do, and
        botocore's errors for what moto refuses.
        """
        self._aws = aws
        self._template = template
        self._secrets: dict[str, str] = {}
        self._keys: dict[str, str] = {}
        self.resolver = template.resolver(STACK, aws.account, self)
        makers: Mapping[str, Callable[[str, dict[str, Any]], None]] = {
            "AWS::SecretsManager::Secret": self._make_secret,
            "AWS::KMS::Key": self._make_key,
            "AWS::Events::EventBus": self._make_bus,
            "AWS::DynamoDB::Table": self._make_table,
            "AWS::SNS::Topic": self._make_topic,
            "AWS::SQS::Queue": self._make_queue,
            "AWS::SQS::QueuePolicy": self._make_queue_policy,
            "AWS::Events::Rule": self._make_rule,
        }
        for kind in MADE:
            found = template.made(kind, self.resolver)
            for logical_id in sorted(found, key=lambda name: "RedrivePolicy" in found[name]):
                makers[kind](logical_id, found[logical_id])

    def ref(self, logical_id: str) -> str:
        """Return the value of ``Ref``. Raises `KeyError` for a resource that the template does not
        have.
        """
        kind = self._template.resources[logical_id]["Type"]
        if kind == "AWS::SecretsManager::Secret":
            return self._secrets[logical_id]
        name = self._name(logical_id)
        if kind == "AWS::SNS::Topic":
            return self.attribute(logical_id, "Arn")
        return (
            f"https://sqs.{REGION}.amazonaws.com/{self._aws.account}/{name}"
            if kind == "AWS::SQS::Queue"
            else name
        )

    def attribute(self, logical_id: str, attribute: str) -> str:
        """Return the value of ``Fn::GetAtt``: an ARN, or the resource's name."""
        if attribute != "Arn":
            return self._name(logical_id)
        kind = self._template.resources[logical_id]["Type"]
        if kind == "AWS::KMS::Key":
            return self._keys[logical_id]
        _, service, thing = kind.lower().split("::")
        name = self._name(logical_id)
        own = {
            "AWS::SQS::Queue": name,
            "AWS::DynamoDB::Table": f"table/{name}",
            "AWS::Events::EventBus": f"event-bus/{name}",
            "AWS::Events::Rule": f"rule/{self._bus_of(logical_id)}/{name}".replace("default/", ""),
            "AWS::SNS::Topic": name,
        }
        return f"arn:aws:{service}:{REGION}:{self._aws.account}:{own.get(kind, f'{thing}:{name}')}"

    def _name(self, logical_id: str) -> str:
        resource = self._template.resources[logical_id]
        given = resource.get("Properties", {}).get(NAMED_BY.get(resource["Type"], ""))
        return str(self.resolver.resolve(given)) if given else f"{STACK}-{logical_id}"

    def _bus_of(self, logical_id: str) -> str:
        return str(
            self.resolver.resolve(
                self._template.resources[logical_id]["Properties"].get("EventBusName", "default")
            )
        )

    def _make_secret(self, logical_id: str, properties: dict[str, Any]) -> None:
        client = self._aws.client("secretsmanager")
        value = properties.get("SecretString", "")
        if "GenerateSecretString" in properties:
            options = dict(properties["GenerateSecretString"])
            key, form = (
                options.pop("GenerateStringKey", None),
                options.pop("SecretStringTemplate", "{}"),
            )
            value = client.get_random_password(**options)["RandomPassword"]
            value = json.dumps(json.loads(form) | {key: value}) if key else value
        made = client.create_secret(Name=self._name(logical_id), SecretString=value)
        self._secrets[logical_id] = made["ARN"]

    def _make_key(self, logical_id: str, properties: dict[str, Any]) -> None:
        made = self._aws.client("kms").create_key(Description=properties.get("Description", ""))
        self._keys[logical_id] = made["KeyMetadata"]["Arn"]

    def _make_bus(self, logical_id: str, properties: dict[str, Any]) -> None:
        del properties
        self._aws.client("events").create_event_bus(Name=self._name(logical_id))

    def _make_table(self, logical_id: str, properties: dict[str, Any]) -> None:
        client = self._aws.client("dynamodb")
        name = self._name(logical_id)
        options = {key: value for key, value in properties.items() if key in TABLE_PROPERTIES}
        client.create_table(TableName=name, **options)
        if "TimeToLiveSpecification" in properties:
            client.update_time_to_live(
                TableName=name, TimeToLiveSpecification=properties["TimeToLiveSpecification"]
            )

    def _make_topic(self, logical_id: str, properties: dict[str, Any]) -> None:
        del properties
        self._aws.client("sns").create_topic(Name=self._name(logical_id))

    def _make_queue(self, logical_id: str, properties: dict[str, Any]) -> None:
        attributes = {
            key: json.dumps(value)
            if key in QUEUE_DOCUMENTS or isinstance(value, bool)
            else str(value)
            for key, value in properties.items()
            if key not in {"QueueName", "Tags"}
        }
        self._aws.queues.create_queue(QueueName=self._name(logical_id), Attributes=attributes)

    def _make_queue_policy(self, logical_id: str, properties: dict[str, Any]) -> None:
        del logical_id
        policy = json.dumps(properties["PolicyDocument"])
        for url in properties["Queues"]:
            self._aws.queues.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})

    def _make_rule(self, logical_id: str, properties: dict[str, Any]) -> None:
        client = self._aws.client("events")
        place = {"Name": self._name(logical_id), "EventBusName": self._bus_of(logical_id)}
        pattern = json.dumps(properties["EventPattern"])
        client.put_rule(**place, EventPattern=pattern, State=properties.get("State", "ENABLED"))
        client.put_targets(
            Rule=place["Name"], EventBusName=place["EventBusName"], Targets=properties["Targets"]
        )
