"""The stack's own calls of AWS: without HTTP, with the same results."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import moto.core.utils
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from moto.dynamodb.models.dynamo_type import DynamoType

from local.stack.aws import Aws
from local.stack.dynamodb import ordering
from simulators.clock import Clock
from simulators.faults import Faults

KEYS = [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]


@pytest.fixture(name="clock")
def _clock() -> Clock:
    return Clock()


@pytest.fixture(name="aws")
def _aws(clock: Clock) -> Iterator[Aws]:
    aws = Aws(clock, Faults(clock))
    yield aws
    aws.close()


def by_http(aws: Aws, service: str) -> Any:
    """Return a client of another program."""
    return boto3.client(
        service,
        endpoint_url=aws.url,
        region_name="eu-west-1",
        aws_access_key_id="PERSON",
        aws_secret_access_key="x",
        config=Config(user_agent="tests", retries={"total_max_attempts": 1}),
    )


def table(aws: Aws, *, numbers: bool = False) -> Any:
    """Make a table whose second key is a text or a number; return the stack's own client."""
    client = aws.client("dynamodb")
    types = {"pk": "S", "sk": "N" if numbers else "S"}
    client.create_table(
        TableName="Sorted",
        KeySchema=KEYS,
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": kind} for name, kind in types.items()
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    return client


def content(answer: dict[str, Any]) -> dict[str, Any]:
    """Return an answer without what differs from call to call."""
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def test_an_own_call_is_answered_as_one_by_http(aws: Aws) -> None:
    """The content and the status are the same for each service that a deployment calls, whether the
    operation is named in a header or in the body.
    """
    table(aws)
    aws.client("secretsmanager").create_secret(Name="one", SecretString="ä")
    aws.client("sns").create_topic(Name="alarms")
    for service, operation, given in (
        ("dynamodb", "describe_table", {"TableName": "Sorted"}),
        ("secretsmanager", "get_secret_value", {"SecretId": "one"}),
        ("sns", "list_topics", {}),
        ("sqs", "list_queues", {}),
        ("events", "list_event_buses", {}),
        ("kms", "list_keys", {}),
        ("sts", "get_caller_identity", {}),
    ):
        own = getattr(aws.client(service), operation)(**given)
        other = getattr(by_http(aws, service), operation)(**given)
        assert content(own) == content(other)
        status = "HTTPStatusCode"
        assert own["ResponseMetadata"][status] == other["ResponseMetadata"][status] == 200


def test_an_own_call_is_refused_as_one_by_http(aws: Aws) -> None:
    """Errors have the same code, message and status."""
    refusals = []
    for client in (aws.client("dynamodb"), by_http(aws, "dynamodb")):
        with pytest.raises(ClientError) as caught:
            client.get_item(TableName="Missing", Key={"pk": {"S": "a"}})
        answer = caught.value.response
        refusals.append((answer["Error"], answer["ResponseMetadata"]["HTTPStatusCode"]))
    assert refusals[0] == refusals[1]
    assert refusals[0][1] == 400


def test_an_own_call_does_not_bring_the_stacks_time_to_its_caller(aws: Aws, clock: Clock) -> None:
    """It is answered in simulated time; after it moto's clock shows the caller the present."""
    clock.advance(1_000_000)
    secrets = aws.client("secretsmanager")
    secrets.create_secret(Name="one", SecretString="s")
    made = secrets.describe_secret(SecretId="one")["CreatedDate"].timestamp()
    assert made == pytest.approx(clock.now_ms() / 1000, abs=60)
    now = datetime.now(UTC).timestamp()
    shown = moto.core.utils.utcnow().replace(tzinfo=UTC).timestamp()
    assert shown == pytest.approx(now, abs=60)


@pytest.mark.parametrize("numbers", [False, True], ids=["texts", "numbers"])
def test_a_query_returns_items_in_the_order_of_their_keys(aws: Aws, *, numbers: bool) -> None:
    """Numbers by their values and texts by their letters, forwards and backwards."""
    client = table(aws, numbers=numbers)
    kind, keys = "N" if numbers else "S", [str(number) for number in range(1, 13)]
    for pk in ("b", "a", "c"):
        for sk in random.Random(pk).sample(keys, len(keys)):
            client.put_item(TableName="Sorted", Item={"pk": {"S": pk}, "sk": {kind: sk}})
    wanted = keys if numbers else sorted(keys)
    for forward in (True, False):
        answer = client.query(
            TableName="Sorted",
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": "a"}},
            ScanIndexForward=forward,
        )
        found = [item["sk"][kind] for item in answer["Items"]]
        assert found == (wanted if forward else wanted[::-1])


def test_keys_that_share_a_private_key_do_not_share_what_they_encrypt(aws: Aws) -> None:
    """Each symmetric key opens only what it has sealed."""
    kms = aws.client("kms")
    first, second = (kms.create_key()["KeyMetadata"]["Arn"] for _ in range(2))
    sealed = kms.encrypt(KeyId=first, Plaintext=b"secret")["CiphertextBlob"]
    opened = kms.decrypt(CiphertextBlob=sealed, KeyId=first)
    assert (opened["Plaintext"], opened["KeyId"]) == (b"secret", first)
    with pytest.raises(ClientError, match="AccessDenied"):
        kms.decrypt(CiphertextBlob=sealed, KeyId=second)


@pytest.mark.parametrize("value", [
    {"S": "ä"}, {"N": "10"}, {"N": "-0.5"}, {"B": b"\x00"}, {"BOOL": False}, {"NULL": True},
    {"SS": ["a", "b"]}, {"NS": ["1", "2"]}, {"L": [{"S": "a"}, {"N": "1"}]}, {"M": {"a": {"N": "1"}}},
], ids=str)  # fmt: skip
def test_a_value_is_compared_as_moto_compares_it(value: dict[str, Any]) -> None:
    """The faster way to a value's plain form gives what moto's own gives."""
    ordering.install()
    assert DynamoType(value).cast_value == ordering._CAST.fget(DynamoType(value))
