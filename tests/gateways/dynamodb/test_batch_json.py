"""Batches of statements are written as botocore writes them; the answers to them, to batch reads and
to queries are parsed as botocore parses them.
"""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from crmsync.gateways.dynamodb.table import DynamoTable
from tests.gateways.scripted import Response, Script, aws_client, script

BYTES = "AP8="
ITEM = {
    "pk": {"S": "acme#hubspot:contact:81"},
    "number": {"N": "1"},
    "bytes": {"B": BYTES},
    "yes": {"BOOL": True},
    "nothing": {"NULL": True},
    "texts": {"SS": ["a", "b"]},
    "numbers": {"NS": ["1", "2"]},
    "all_bytes": {"BS": [BYTES, ""]},
    "list": {"L": [{"B": BYTES}, {"L": [{"B": ""}]}, {"S": BYTES}]},
    "map": {"M": {"B": {"B": BYTES}, "inner": {"M": {"n": {"N": "2"}}}}},
}
REQUEST = {"Table": {"Keys": [{"pk": {"S": "acme#hubspot:contact:81"}}]}}
ANSWERS = (
    {"Responses": {"Table": [ITEM, {}]}, "UnprocessedKeys": REQUEST},
    {"Responses": {}, "UnprocessedKeys": {}},
    {},
)


@pytest.mark.parametrize("answer", ANSWERS)
def test_every_form_of_a_value_is_read_as_botocore_reads_it(answer: dict[str, Any]) -> None:
    """The table's parser gives the same as botocore's own, its metadata included."""
    with script(Response(answer)) as aws:
        own, theirs = (_read(aws, parsed_here=here) for here in (True, False))

    assert own == theirs


PAGES = (
    {"Items": [ITEM, {}], "Count": 2, "ScannedCount": 2, "LastEvaluatedKey": {"pk": {"B": BYTES}}},
    {"Items": [], "Count": 0, "ScannedCount": 0},
    {"Count": 7, "ScannedCount": 7},
)


@pytest.mark.parametrize("answer", PAGES)
def test_a_page_of_a_query_is_read_as_botocore_reads_it(answer: dict[str, Any]) -> None:
    """Its items, its counts, and the key after which the next page begins."""
    with script(Response(answer)) as aws:
        own, theirs = (_query(aws, parsed_here=here) for here in (True, False))

    assert own == theirs


@pytest.mark.parametrize(
    ("response", "code"),
    [
        (Response({"__type": "x#ThrottlingException", "message": "m"}, 400), "ThrottlingException"),
        (Response("<html>", 500), "500"),
    ],
)
def test_errors_are_left_to_botocore(response: Response, code: str) -> None:
    """An answer other than 200 is botocore's error."""
    with script(response) as aws, pytest.raises(ClientError) as caught:
        _read(aws, parsed_here=True)

    assert caught.value.response["Error"]["Code"] == code


PARAMETERS = [{"S": "ü"}, {"N": "1"}, {"B": b"\x00\xff"}, {"SS": ["a", "b"]}, {"NULL": True}]
STATEMENTS = [
    {"Statement": 'UPDATE "Table" SET "s"=? WHERE "pk"=?', "Parameters": PARAMETERS},
    {"Statement": "no parameters"},
    {"Statement": "all bytes", "Parameters": [{"L": [{"B": b""}]}, {"BS": [b"1", b"\xff"]}]},
]
OUTCOMES = (
    {
        "Responses": [
            {"TableName": "Table"},
            {"Error": {"Code": "ConditionalCheckFailed", "Message": "m"}, "TableName": "Table"},
            {"TableName": "Table", "Item": ITEM},
        ]
    },
    {"Responses": []},
)


@pytest.mark.parametrize("answer", OUTCOMES)
def test_statements_are_written_and_answered_as_in_botocore(answer: dict[str, Any]) -> None:
    """The requests hold the same JSON, all statements included, and the same is read of the
    answers.
    """
    with script(Response(answer)) as aws:
        own, theirs = (_execute(aws, written_here=here) for here in (True, False))

    assert own == theirs
    assert [one.body for one in aws.requests[:1]] == [one.body for one in aws.requests[1:]]
    assert len(aws.requests[0].body["Statements"]) == len(STATEMENTS)


def _execute(aws: Script, *, written_here: bool) -> dict[str, Any]:
    client = aws_client(aws.url, "dynamodb")
    if written_here:
        DynamoTable(client, "Table", "The table")
    answer: dict[str, Any] = client.batch_execute_statement(Statements=STATEMENTS)
    answer["ResponseMetadata"]["HTTPHeaders"].pop("date", None)
    return answer


def _read(aws: Script, *, parsed_here: bool) -> dict[str, Any]:
    client = aws_client(aws.url, "dynamodb")
    if parsed_here:
        DynamoTable(client, "Table", "The table")
    answer: dict[str, Any] = client.batch_get_item(RequestItems=REQUEST)
    answer["ResponseMetadata"]["HTTPHeaders"].pop("date", None)
    return answer


def _query(aws: Script, *, parsed_here: bool) -> dict[str, Any]:
    client = aws_client(aws.url, "dynamodb")
    if parsed_here:
        DynamoTable(client, "Table", "The table")
    answer: dict[str, Any] = client.query(TableName="Table", KeyConditionExpression="pk = :pk")
    answer["ResponseMetadata"]["HTTPHeaders"].pop("date", None)
    return answer
