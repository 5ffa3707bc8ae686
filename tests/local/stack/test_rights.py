"""On the laptop a function may do what the template grants, as with IAM."""

import base64
import json
from typing import Any

import boto3
import pytest

from local.stack.aws import Aws
from local.stack.rights import Call, Grant, Rights, calls_of
from local.stack.template.intrinsics import UnresolvedError
from local.stack.template.template import REGION
from tests.local.stack.conftest import Build
from tests.local.stack.laptop import TEMPLATE

WRITES = """
    import boto3, os
    def lambda_handler(event, context):
        table = boto3.client("dynamodb")
        table.put_item(TableName=os.environ["TABLE"], Item={"pk": {"S": "put"}})
        table.delete_item(TableName=os.environ["TABLE"], Key={"pk": {"S": "put"}})
"""
HERE = "eu-west-1:111122223333"
KEY = "00000000-0000-4000-8000-000000000001"
TABLES = f"arn:aws:dynamodb:{HERE}:table/"
SECRETS = f"arn:aws:secretsmanager:{HERE}:secret:"

READERS = """
  Readers:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      PolicyDocument:
        Statement: [{Effect: Allow, Action: dynamodb:GetItem, Resource: !GetAtt Notes.Arn}]
"""


DELETERS = """
  Deleters:
    Type: AWS::IAM::Policy
    Properties:
      PolicyName: deleters
      Roles: [!Ref ReaderFunctionRole]
      PolicyDocument:
        Statement: [{Effect: Allow, Action: dynamodb:DeleteItem, Resource: !GetAtt Notes.Arn}]
"""


def client(aws: Aws, key: str) -> Any:
    return boto3.client(
        "dynamodb",
        endpoint_url=aws.url,
        region_name=REGION,
        aws_access_key_id=key,
        aws_secret_access_key="any",
    )


def test_a_call_that_is_not_granted_is_denied(laptop: Build):
    """The write that the role allows is done, the deletion that it does not allow fails; both are
    recorded.
    """
    stack = laptop(reader=WRITES)
    stack.send("go")
    stack.runner.settle()
    notes = stack.cloud.deployed.attribute("Notes", "Arn")
    assert client(stack.cloud.aws, "anybody").scan(TableName="crmsync-Notes")["Items"] == [
        {"pk": {"S": "put"}}
    ]
    rights = stack.cloud.aws.rights
    assert rights.done["ReaderFunction"] == {Call("dynamodb:PutItem", notes)}
    assert rights.denied["ReaderFunction"] == {Call("dynamodb:DeleteItem", notes)}
    assert rights.unused("ReaderFunction") == [Grant("dynamodb:GetItem", notes)]
    assert "is not authorized to perform: dynamodb:DeleteItem" in stack.cloud.lambdas.output(
        "reader"
    )


def test_the_holder_of_a_managed_policy_has_only_its_rights(laptop: Build):
    """A caller whose access key is the policy's logical id may read, but not write."""
    reader = client(laptop(template=TEMPLATE + READERS).cloud.aws, "Readers")
    assert "Item" not in reader.get_item(TableName="crmsync-Notes", Key={"pk": {"S": "a"}})
    with pytest.raises(reader.exceptions.ClientError, match="AccessDenied"):
        reader.put_item(TableName="crmsync-Notes", Item={"pk": {"S": "a"}})


def test_a_separate_policy_applies_to_the_roles_it_names(laptop: Build):
    """It works as if each role contained it; if its condition is false, it applies to none."""
    clause = "Condition: HasPartner"
    for text, expected in (
        (DELETERS, True),
        (DELETERS.replace("Properties:", f"{clause}\n    Properties:", 1), False),
    ):
        rights = laptop(template=TEMPLATE + text).cloud.aws.rights
        assert (
            any(one.action == "dynamodb:DeleteItem" for one in rights.granted["ReaderFunction"])
            is expected
        )


@pytest.mark.parametrize(
    ("grant", "call", "covered"),
    [
        (Grant("sqs:SendMessage", "queue"), Call("sqs:SendMessage", "queue"), True),
        (Grant("sqs:SendMessage", "queue"), Call("sqs:SendMessage", "queue-2"), False),
        (Grant("sqs:Send*", "*"), Call("sqs:SendMessage", "queue"), True),
        (
            Grant("a:Get", "secret:crm/*/hub-??????"),
            Call("a:Get", "secret:crm/acme/hub-AbCdEf"),
            True,
        ),
        (
            Grant("a:Get", "secret:crm/*/hub-??????"),
            Call("a:Get", "secret:crm/acme/hub-two-AbCdEf"),
            False,
        ),
        (Grant("a:Get", "secret.name"), Call("a:Get", "secret-name"), False),
        (Grant("events:PutEvents", "bus", "ours"), Call("events:PutEvents", "bus", "ours"), True),
        (
            Grant("events:PutEvents", "bus", "ours"),
            Call("events:PutEvents", "bus", "theirs"),
            False,
        ),
    ],
)
def test_a_grant_covers_what_iam_would_allow(grant: Grant, call: Call, covered: bool):  # noqa: FBT001 - a row's answer
    """Names are compared literally, apart from the two wildcards, and so is the source of
    an event.
    """
    assert grant.covers(call) is covered


@pytest.mark.parametrize(
    ("service", "operation", "body", "calls"),
    [
        ("dynamodb", "GetItem", {"TableName": "t"}, {Call("dynamodb:GetItem", f"{TABLES}t")}),
        (
            "dynamodb",
            "BatchGetItem",
            {"RequestItems": {"t": {}, "u": {}}},
            {
                Call("dynamodb:BatchGetItem", f"{TABLES}t"),
                Call("dynamodb:BatchGetItem", f"{TABLES}u"),
            },
        ),
        (
            "dynamodb",
            "TransactWriteItems",
            {
                "TransactItems": [
                    {"Put": {"TableName": "t"}},
                    {"ConditionCheck": {"TableName": "u"}},
                ]
            },
            {
                Call("dynamodb:PutItem", f"{TABLES}t"),
                Call("dynamodb:ConditionCheckItem", f"{TABLES}u"),
            },
        ),
        (
            "sqs",
            "SendMessageBatch",
            {"QueueUrl": "https://host.example/1/q"},
            {Call("sqs:SendMessage", f"arn:aws:sqs:{HERE}:q")},
        ),
        (
            "events",
            "PutEvents",
            {"Entries": [{"EventBusName": "b", "Source": "ours"}]},
            {Call("events:PutEvents", f"arn:aws:events:{HERE}:event-bus/b", "ours")},
        ),
        (
            "secretsmanager",
            "GetSecretValue",
            {"SecretId": "crm/a"},
            {Call("secretsmanager:GetSecretValue", f"{SECRETS}crm/a-AbCdEf")},
        ),
        ("kms", "GenerateDataKey", {"KeyId": "arn:key"}, {Call("kms:GenerateDataKey", "arn:key")}),
        (
            "kms",
            "Decrypt",
            {"CiphertextBlob": base64.b64encode(KEY.encode() + b"sealed").decode()},
            {Call("kms:Decrypt", f"arn:aws:kms:{HERE}:key/{KEY}")},
        ),
        (
            "secretsmanager",
            "GetSecretValue",
            {"SecretId": f"{SECRETS}crm/a-123456"},
            {Call("secretsmanager:GetSecretValue", f"{SECRETS}crm/a-123456")},
        ),
    ],
)
def test_a_request_needs_these_actions(
    service: str, operation: str, body: dict[str, Any], calls: set[Call]
):
    """A transaction needs the rights of its parts, a batch of messages those of one; encryption
    needs the key.
    """
    assert set(calls_of(service, operation, json.dumps(body).encode(), "111122223333")) == calls


def test_everybody_may_read_their_own_identity():
    """Older requests name the action in a form field; IAM allows this one to everybody."""
    asked = set(calls_of("sts", "", b"Action=GetCallerIdentity&Version=2011-06-15", "111122223333"))
    assert asked == {Call("sts:GetCallerIdentity", "*")}
    assert Rights({"Nobody": ()}).refusal("Nobody", asked) is None


@pytest.mark.parametrize(
    "policy",
    [
        '{Effect: Deny, Action: "dynamodb:GetItem", Resource: "*"}',
        '{Effect: Allow, NotAction: "dynamodb:GetItem", Resource: "*"}',
        '{Effect: Allow, Action: "s3:GetObject", Resource: "*", Condition: {StringEquals: {"aws:SourceVpc": "v"}}}',
    ],
)
def test_a_statement_that_the_laptop_cannot_check_is_refused(laptop: Build, policy: str):
    """It must not count as a permission."""
    written = "[{Effect: Allow, Action: sqs:SendMessage, Resource: !GetAtt Queue.Arn}]"
    assert written in TEMPLATE
    with pytest.raises(UnresolvedError):
        laptop(template=TEMPLATE.replace(written, f"[{policy}]"))
