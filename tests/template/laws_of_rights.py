"""The laws of template.yaml about who may do what: roles, policies and keys, after SAM's
transformation.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from tests.template.document import OWN_KEY, QUEUE, Template, as_list, spread, target
from tests.template.laws import Law

FOR_ANY_RESOURCE = frozenset(
    {
        "cloudwatch:GetMetricData",
        "ec2:AssignPrivateIpAddresses",
        "ec2:CreateNetworkInterface",
        "ec2:DeleteNetworkInterface",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSubnets",
        "ec2:UnassignPrivateIpAddresses",
        "sqs:ListQueues",
        "xray:PutTelemetryRecords",
        "xray:PutTraceSegments",
    }
)
"""Actions that AWS allows for all resources or none (Service Authorization Reference), such as
those on the interfaces that Lambda makes in a VPC.
"""

WITHOUT_TLS = {"Bool": {"aws:SecureTransport": "false"}}
"""The condition of a request without TLS."""

SECRETS = re.compile(
    r":secret:"
    r"(?:\$\{AWS::StackName\}-[a-z-]+-\*"
    r"|(?:admin|alerts|signing)/\$\{SecretPrefix\}\*"
    r"|\$\{ConsoleClientSecret\}-\?{6}"
    r"|\$\{SecretPrefix\}\*\$\{(?:Hubspot|Salesforce)SecretSuffix\}-\?{6})"
    r'"\}$'
)
"""Allowed forms of a secret's ARN: a name of the stack's own, the part of the connections' secrets
that a function needs, or the one secret that a parameter names.
"""


def operators_see_every_queue(template: Template) -> list[str]:
    """Whoever may read, and the console, may ask each queue how much waits: `crmsync status` and
    the first page ask all of them.
    """
    resources = template.body["Resources"]
    (console,) = resources["ConsoleFunctionRole"]["Properties"]["Policies"]
    policies = {
        "operators": resources["OperatorReadPolicy"]["Properties"]["PolicyDocument"],
        "the console": console["PolicyDocument"],
    }
    complaints = []
    for who, policy in policies.items():
        seen = {
            target(resource)
            for statement in policy["Statement"]
            if "sqs:GetQueueAttributes" in as_list(statement.get("Action", ()))
            for resource in as_list(statement["Resource"])
        }
        queues = template.of_type(QUEUE)
        complaints += [f"{name}: not seen by {who}" for name in queues if name not in seen]
    return complaints


def requests_need_tls(template: Template) -> list[str]:
    """Queues and topics deny every request without TLS."""
    denied = {
        target(resource)
        for _, statement in template.statements()
        if statement["Effect"] == "Deny"
        and statement.get("Condition") == WITHOUT_TLS
        and statement["Principal"] == "*"
        for resource in as_list(statement["Resource"])
    }
    kinds = (QUEUE, "AWS::SNS::Topic")
    return [
        f"{name}: takes plain HTTP"
        for kind in kinds
        for name in template.of_type(kind)
        if name not in denied
    ]


def everything_is_encrypted_with_the_chosen_key(template: Template) -> list[str]:
    """Everything that is stored is encrypted with the key of the parameter, if it is given."""
    key = {"Ref": "KmsKeyArn"}
    properties = {
        "AWS::DynamoDB::Table": "SSESpecification",
        "AWS::Logs::LogGroup": "KmsKeyId",
        "AWS::SNS::Topic": "KmsMasterKeyId",
        "AWS::SecretsManager::Secret": "KmsKeyId",
        QUEUE: "KmsMasterKeyId",
    }
    complaints = [
        f"{name}: takes no key"
        for kind, where in properties.items()
        for name, one in template.of_type(kind).items()
        if _if(one.get(where), "HasKmsKey")
        not in (key, {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": key})
    ]
    shared = template.body["Globals"]["Function"]
    return complaints + (
        []
        if _if(shared.get("KmsKeyArn"), "HasKmsKey") == key
        else ["Globals: variables take no key"]
    )


def policies_name_actions_and_resources(template: Template) -> list[str]:
    """No allowed action or resource is a wildcard.

    Three exceptions: a secret's ARN ends in one, because Secrets Manager adds six characters to the
    name; actions that AWS allows for all resources or none (`FOR_ANY_RESOURCE`); and the statement
    by which a key belongs to the account (`OWN_KEY`).
    """
    complaints = []
    for name, statement in template.statements():
        actions = as_list(statement.get("Action", "*"))
        if {"NotAction", "NotResource", "NotPrincipal"} & set(statement):
            complaints.append(f"{name}: says what it does not mean")
        if statement["Effect"] == "Deny" or statement == OWN_KEY:
            continue
        if any("*" in action for action in actions):
            complaints.append(f"{name}: wildcard in {statement.get('Action')}")
        trusts = "sts:AssumeRole" in actions
        for resource in (
            ()
            if trusts or FOR_ANY_RESOURCE.issuperset(actions)
            else spread(statement.get("Resource", "*"))
        ):
            text = json.dumps(resource)
            if "*" in text and not SECRETS.search(text):
                complaints.append(f"{name}: wildcard in {text}")
    return complaints


def roles_are_in_the_template(template: Template) -> list[str]:
    """Every deployed role is in the template: SAM adds none, and none has a managed policy of AWS,
    which would allow more.

    Each has the permissions boundary that an account may require.
    """
    written = template.of_type("AWS::IAM::Role")
    policies = template.of_type("AWS::IAM::ManagedPolicy")
    complaints = []
    for name, role in template.roles().items():
        if name not in written:
            complaints.append(f"{name}: made by SAM")
        if any(target(policy) not in policies for policy in role.get("ManagedPolicyArns", [])):
            complaints.append(f"{name}: has a policy that is not written here")
        if role.get("PermissionsBoundary", {}).get("Fn::If", [""])[0] != "HasPermissionsBoundary":
            complaints.append(f"{name}: goes without the boundary")
    return complaints


def each_function_has_its_own_role(template: Template) -> list[str]:
    """Every function runs in a role of its own, which only Lambda can assume."""
    complaints = []
    roles = template.roles()
    for name, function in template.functions.items():
        role = target(function.get("Role"))
        trusted = list(_principals(roles.get(role, {})))
        if role != f"{name}Role" or trusted != [{"Service": "lambda.amazonaws.com"}]:
            complaints.append(f"{name}: not in a role of its own")
    return complaints


def policies_open_to_services_name_the_source(template: Template) -> list[str]:
    """A policy that admits a service names the resource or account for which it acts; a policy for
    events names their source.

    Lambda assumes a function's role for that function alone, without naming a source.
    """
    complaints = []
    for name, statement in template.statements():
        condition = json.dumps(statement.get("Condition", {}))
        trusted = (
            statement.get("Principal") == {"Service": "lambda.amazonaws.com"}
            or statement == OWN_KEY
        )
        if statement["Effect"] == "Deny" or trusted:
            continue
        if "Principal" in statement and "aws:Source" not in condition:
            complaints.append(f"{name}: lets in any {statement['Principal']}")
        if "events:PutEvents" in as_list(statement["Action"]) and "events:source" not in condition:
            complaints.append(f"{name}: puts events in anybody's name")
    return complaints


def policies_have_a_reason_above(template: Template) -> list[str]:
    """The line above each statement gives its reason."""
    lines = template.text.splitlines()
    return [
        f"line {number}: no reason above the statement"
        for number in _statement_lines(yaml.compose(template.text, Loader=yaml.CSafeLoader))
        if not lines[number - 2].strip().startswith("# ")
    ]


LAWS: tuple[Law, ...] = (
    operators_see_every_queue,
    requests_need_tls,
    everything_is_encrypted_with_the_chosen_key,
    policies_name_actions_and_resources,
    roles_are_in_the_template,
    each_function_has_its_own_role,
    policies_open_to_services_name_the_source,
    policies_have_a_reason_above,
)


def _if(value: Any, condition: str) -> Any:
    """Return the value that applies if a condition holds, or nothing."""
    given = value.get("Fn::If", [""]) if isinstance(value, dict) else [""]
    return given[1] if given[0] == condition else None


def _principals(role: Mapping[str, Any]) -> Iterator[Any]:
    """Return who may assume a role."""
    for statement in role.get("AssumeRolePolicyDocument", {}).get("Statement", []):
        yield statement["Principal"]


def _statement_lines(node: yaml.Node | None) -> Iterator[int]:
    """Return the line numbers, from 1, on which the statements under every key ``Statement``
    begin.
    """
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == "Statement" and isinstance(value, yaml.SequenceNode):
                yield from (statement.start_mark.line + 1 for statement in value.value)
            else:
                yield from _statement_lines(value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _statement_lines(value)
