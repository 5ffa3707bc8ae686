"""The law of template.yaml about who may do what: roles, policies and keys, in what SAM makes of
the template.
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
"""What AWS allows for all resources or for none (Service Authorization Reference), and the
interfaces that Lambda makes in a VPC.
"""

CLEAR = {"Bool": {"aws:SecureTransport": "false"}}
"""The condition of what is asked without TLS."""

SECRETS = re.compile(
    r":secret:"
    r"(?:\$\{AWS::StackName\}-[a-z-]+-\*"
    r"|(?:admin|signing)/\$\{SecretPrefix\}\*"
    r"|\$\{SecretPrefix\}\*\$\{(?:Hubspot|Salesforce)SecretSuffix\}-\?{6})"
    r'"\}$'
)
"""How the ARN of a secret may be put: a name of the stack's, or the part of the connections'
secrets that a function works with.
"""


def nobody_speaks_in_clear(template: Template) -> list[str]:
    """Queues and topics deny whatever comes without TLS."""
    denied = {
        target(resource)
        for _, statement in template.statements()
        if statement["Effect"] == "Deny"
        and statement.get("Condition") == CLEAR
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


def keys_may_be_ones_own(template: Template) -> list[str]:
    """Whatever is stored is encrypted with the key of the parameter, if there is one."""
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
    """No action and no resource that is allowed is a wildcard.

    Three exceptions: a secret's ARN ends in one, because Secrets Manager adds six characters to the
    name; what AWS allows for all resources or none (`FOR_ANY_RESOURCE`); and that a key is the
    account's own (`OWN_KEY`).
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


def roles_are_written_out(template: Template) -> list[str]:
    """Every role that is deployed stands in the template: SAM adds none, and none has a policy of
    AWS's, which would allow more.

    Each has the boundary that an account may demand.
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


def roles_are_nobody_elses(template: Template) -> list[str]:
    """Every function runs in a role of its own, that Lambda alone can take on."""
    complaints = []
    roles = template.roles()
    for name, function in template.functions.items():
        role = target(function.get("Role"))
        trusted = list(_principals(roles.get(role, {})))
        if role != f"{name}Role" or trusted != [{"Service": "lambda.amazonaws.com"}]:
            complaints.append(f"{name}: not in a role of its own")
    return complaints


def policies_open_to_services_name_the_source(template: Template) -> list[str]:
    """Who lets a service in says for which resource or account; who puts events says under which
    name.

    Lambda takes on a function's role for that function alone, and names no source then.
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
    """The line above each statement says why it is there."""
    lines = template.text.splitlines()
    return [
        f"line {number}: no reason above the statement"
        for number in _statement_lines(yaml.compose(template.text, Loader=yaml.CSafeLoader))
        if not lines[number - 2].strip().startswith("# ")
    ]


LAWS: tuple[Law, ...] = (
    nobody_speaks_in_clear,
    keys_may_be_ones_own,
    policies_name_actions_and_resources,
    roles_are_written_out,
    roles_are_nobody_elses,
    policies_open_to_services_name_the_source,
    policies_have_a_reason_above,
)


def _if(value: Any, condition: str) -> Any:
    """What stands where a condition holds, or nothing."""
    given = value.get("Fn::If", [""]) if isinstance(value, dict) else [""]
    return given[1] if given[0] == condition else None


def _principals(role: Mapping[str, Any]) -> Iterator[Any]:
    """Who may take on a role."""
    for statement in role.get("AssumeRolePolicyDocument", {}).get("Statement", []):
        yield statement["Principal"]


def _statement_lines(node: yaml.Node | None) -> Iterator[int]:
    """The line numbers, from 1, on which the statements under every key ``Statement`` begin."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == "Statement" and isinstance(value, yaml.SequenceNode):
                yield from (statement.start_mark.line + 1 for statement in value.value)
            else:
                yield from _statement_lines(value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _statement_lines(value)
