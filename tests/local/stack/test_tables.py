"""DynamoDB on the laptop: capacity units, faults, and transactions."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from local.stack.aws import Aws
from simulators.clock import Clock
from simulators.faults import Faults


class Tables:
    """An account with two tables; `table` calls as a Lambda, `owner` as the stack itself."""

    def __init__(self, aws: Aws, clock: Clock, faults: Faults) -> None:
        self.aws, self.clock, self.faults = aws, clock, faults
        aws.callers.functions["LAMBDA"] = "ReaderFunction"
        self.table = self._client("LAMBDA")
        self.owner = aws.client("dynamodb")
        key = [{"AttributeName": "pk", "KeyType": "HASH"}]
        text = [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")]
        paid = {"BillingMode": "PAY_PER_REQUEST"}
        self.owner.create_table(
            TableName="Plain", KeySchema=key, AttributeDefinitions=text[:1], **paid
        )
        key = [*key, {"AttributeName": "sk", "KeyType": "RANGE"}]
        self.owner.create_table(
            TableName="Sorted", KeySchema=key, AttributeDefinitions=text, **paid
        )

    def _client(self, key: str) -> Any:
        return boto3.client(
            "dynamodb",
            endpoint_url=self.aws.url,
            region_name="eu-west-1",
            aws_access_key_id=key,
            aws_secret_access_key="x",
            config=Config(retries={"total_max_attempts": 1}),
        )

    def cost(self, operation: str, **given: Any) -> tuple[float, float]:
        """Return the read and write units of one call, refused or not."""
        before = (self.aws.tables.units.reads, self.aws.tables.units.writes)
        with suppress(ClientError):
            getattr(self.table, operation)(**given)
        return self.aws.tables.units.reads - before[0], self.aws.tables.units.writes - before[1]

    def rows(self, table: str = "Plain") -> dict[str, str]:
        """Return the value of ``v`` by key."""
        items = self.owner.scan(TableName=table)["Items"]
        return {
            item["pk"]["S"] + item.get("sk", {"S": ""})["S"]: item.get("v", {"S": ""})["S"]
            for item in items
        }


def item(key: str, value: str = "", *, sort: str | None = None) -> dict[str, Any]:
    return {"pk": {"S": key}, **({"sk": {"S": sort}} if sort else {}), "v": {"S": value}}


def put(key: str, value: str = "", table: str = "Plain", **more: Any) -> dict[str, Any]:
    return {"Put": {"TableName": table, "Item": item(key, value), **more}}


NEW = {"ConditionExpression": "attribute_not_exists(pk)"}


@pytest.fixture
def tables() -> Iterator[Tables]:
    clock = Clock()
    faults = Faults(clock)
    aws = Aws(clock, faults)
    yield Tables(aws, clock, faults)
    aws.close()


def test_reads_and_writes_are_counted_in_capacity_units(tables: Tables):
    """Each operation on an item has its documented price."""
    big = "x" * 5000
    found = {
        "put": tables.cost("put_item", TableName="Plain", Item=item("a")),
        "put a large one": tables.cost("put_item", TableName="Plain", Item=item("b", big)),
        "replace it by a small one": tables.cost("put_item", TableName="Plain", Item=item("b")),
        "get": tables.cost("get_item", TableName="Plain", Key={"pk": {"S": "a"}}),
        "get consistently": tables.cost(
            "get_item", TableName="Plain", Key={"pk": {"S": "a"}}, ConsistentRead=True
        ),
        "get nothing": tables.cost(
            "get_item", TableName="Plain", Key={"pk": {"S": "none"}}, ConsistentRead=True
        ),
        "get three": tables.cost(
            "batch_get_item",
            RequestItems={
                "Plain": {
                    "Keys": [{"pk": {"S": key}} for key in ("a", "b", "none")],
                    "ConsistentRead": True,
                }
            },
        ),
        "refused": tables.cost("put_item", TableName="Plain", Item=item("a"), **NEW),
        "transaction": tables.cost("transact_write_items", TransactItems=[put("c"), put("d")]),
        "refused transaction": tables.cost(
            "transact_write_items", TransactItems=[put("c", **NEW), put("e")]
        ),
        "update": tables.cost(
            "update_item",
            TableName="Plain",
            Key={"pk": {"S": "c"}},
            UpdateExpression="SET v = :v",
            ExpressionAttributeValues={":v": {"S": "y" * 1500}},
        ),
        "delete": tables.cost("delete_item", TableName="Plain", Key={"pk": {"S": "c"}}),
    }
    assert found == {
        "put": (0, 1),
        "put a large one": (0, 5),
        "replace it by a small one": (0, 5),
        "get": (0.5, 0),
        "get consistently": (1, 0),
        "get nothing": (1, 0),
        "get three": (3, 0),
        "refused": (0, 1),
        "transaction": (0, 4),
        "refused transaction": (0, 4),
        "update": (0, 2),
        "delete": (0, 2),
    }


def test_a_query_is_charged_for_what_it_read_before_it_filtered(tables: Tables):
    """Ten items of about 1 KiB cost three times 4 KiB, however many of them are returned."""
    for number in range(10):
        tables.owner.put_item(TableName="Sorted", Item=item("a", "x" * 1000, sort=str(number)))
    plain = {
        "TableName": "Sorted",
        "KeyConditionExpression": "#pk = :pk",
        "ExpressionAttributeNames": {"#pk": "pk"},
        "ExpressionAttributeValues": {":pk": {"S": "a"}},
    }
    narrow = {
        **plain,
        "FilterExpression": "#v = :nothing",
        "ProjectionExpression": "#sk",
        "ExpressionAttributeNames": {"#pk": "pk", "#v": "v", "#sk": "sk"},
        "ExpressionAttributeValues": {":pk": {"S": "a"}, ":nothing": {"S": "no"}},
    }
    assert tables.cost("query", **plain) == (1.5, 0)
    assert tables.cost("query", **narrow, ConsistentRead=True) == (3, 0)
    assert tables.cost("query", **plain, Select="COUNT") == (1.5, 0)
    assert tables.cost("scan", TableName="Plain") == (0.5, 0)


def pages_of(table: Any, **request: Any) -> list[dict[str, Any]]:
    """All pages of a query: the answer to each call, without what belongs to its HTTP response."""
    pages: list[dict[str, Any]] = []
    while True:
        page = table.query(**request)
        del page["ResponseMetadata"]
        pages.append(page)
        if "LastEvaluatedKey" not in page:
            return pages
        request["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def test_a_whole_partition_is_read_as_moto_reads_it(tables: Tables):
    """Values of every type, in the order of the keys, and nothing of another partition; the key
    condition in other words is left to moto.
    """
    values = [
        {"S": "text"},
        {"N": "1.50"},
        {"BOOL": True},
        {"NULL": True},
        {"B": b"\x00\xff"},
        {"SS": ["a", "b"]},
        {"BS": [b"\x01"]},
        {"L": [{"S": "a"}, {"M": {"b": {"B": b"\x02"}}}]},
        {"M": {}},
    ]
    sorts = ["b", "B", "a#1", "a", "\u00e9", "z", "a" * 30, "10", "9"]
    for sort, value in zip(sorts, values, strict=True):
        tables.owner.put_item(TableName="Sorted", Item={**item("a", sort=sort), "v": value})
    tables.owner.put_item(TableName="Sorted", Item=item("ab", sort="b"))

    def read(key: str, **more: Any) -> list[dict[str, Any]]:
        given = {":pk": {"S": key}}
        return pages_of(tables.table, TableName="Sorted", ExpressionAttributeValues=given, **more)

    plain, in_other_words = (
        {"KeyConditionExpression": "pk = :pk"},
        {
            "KeyConditionExpression": "#pk = :pk",
            "ExpressionAttributeNames": {"#pk": "pk"},
        },
    )
    assert read("a", **plain) == read("a", **in_other_words)
    assert [one["sk"]["S"] for one in read("a", **plain)[0]["Items"]] == sorted(sorts)
    assert (
        read("none", **plain)
        == read("none", **in_other_words)
        == [{"Items": [], "Count": 0, "ScannedCount": 0}]
    )


@pytest.mark.parametrize("condition", ["pk = :pk", "pk = :pk AND sk > :none"])
def test_a_large_partition_is_read_in_pages(tables: Tables, condition: str):
    """A page has at most a megabyte, and the next one begins after its last item."""
    for number in range(7):
        large = item("a", "x" * 300_000, sort=str(number))
        tables.owner.put_item(TableName="Sorted", Item=large)
    values = {":pk": {"S": "a"}, **({":none": {"S": "0"}} if ":none" in condition else {})}

    pages = pages_of(
        tables.table,
        TableName="Sorted",
        KeyConditionExpression=condition,
        ExpressionAttributeValues=values,
    )

    keys = [[one["sk"]["S"] for one in page["Items"]] for page in pages]
    everything = ["0", "1", "2", "3", "4", "5", "6"]
    wanted = everything[1:] if ":none" in condition else everything
    assert keys == [wanted[0:3], wanted[3:6], *([wanted[6:]] if wanted[6:] else [])]
    assert [page["Count"] for page in pages] == [len(one) for one in keys]


def test_the_stacks_own_calls_cost_nothing(tables: Tables):
    """Only the product is measured."""
    tables.owner.put_item(TableName="Plain", Item=item("a"))
    assert (tables.aws.tables.units.reads, tables.aws.tables.units.writes) == (0, 0)


def test_a_transaction_is_applied_whole_or_not_at_all(tables: Tables):
    """Every reason is at its action's position; no put, update or delete is applied."""
    tables.owner.put_item(TableName="Plain", Item=item("old", "1"))
    tables.owner.put_item(TableName="Sorted", Item=item("old", "1", sort="s"))
    place = {"pk": {"S": "old"}}
    set_v = {"UpdateExpression": "SET v = :v", "ExpressionAttributeValues": {":v": {"S": "2"}}}
    actions = [
        {"Update": {"TableName": "Plain", "Key": place, **set_v}},
        {"Delete": {"TableName": "Sorted", "Key": {**place, "sk": {"S": "s"}}}},
        put("new"),
        {
            "ConditionCheck": {
                "TableName": "Plain",
                "Key": {"pk": {"S": "none"}},
                "ConditionExpression": "attribute_exists(pk)",
            }
        },
    ]
    with pytest.raises(ClientError) as caught:
        tables.table.transact_write_items(TransactItems=actions)
    reasons = [reason["Code"] for reason in caught.value.response["CancellationReasons"]]
    assert reasons == ["None", "None", "None", "ConditionalCheckFailed"]
    assert (tables.rows(), tables.rows("Sorted")) == ({"old": "1"}, {"olds": "1"})
    tables.table.transact_write_items(TransactItems=actions[:3])
    assert (tables.rows(), tables.rows("Sorted")) == ({"old": "2", "new": ""}, {})


def test_a_transaction_that_breaks_while_it_is_applied_is_undone(tables: Tables):
    """The second update is invalid (a number is added to a text), so the first one is
    rolled back.
    """
    tables.owner.put_item(TableName="Plain", Item=item("a", "1"))
    tables.owner.put_item(TableName="Plain", Item=item("b", "1"))
    change = {"UpdateExpression": "SET v = :v", "ExpressionAttributeValues": {":v": {"S": "2"}}}
    broken = {"UpdateExpression": "ADD v :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}
    actions = [
        put("c", "2"),
        {"Update": {"TableName": "Plain", "Key": {"pk": {"S": "a"}}, **change}},
        {"Update": {"TableName": "Plain", "Key": {"pk": {"S": "b"}}, **broken}},
    ]
    with pytest.raises(ClientError):
        tables.table.transact_write_items(TransactItems=actions)
    assert tables.rows() == {"a": "1", "b": "1"}


def test_a_refused_action_returns_the_existing_item_on_request(tables: Tables):
    """ReturnValuesOnConditionCheckFailure saves the second read."""
    tables.owner.put_item(TableName="Plain", Item=item("a", "1"))
    with pytest.raises(ClientError) as caught:
        tables.table.transact_write_items(
            TransactItems=[put("b"), put("a", **NEW, ReturnValuesOnConditionCheckFailure="ALL_OLD")]
        )
    assert caught.value.response["CancellationReasons"][1]["Item"] == item("a", "1")


def test_a_transaction_cannot_touch_an_item_twice_nor_have_more_than_a_hundred_actions(
    tables: Tables,
):
    """Both are ValidationExceptions and change nothing."""
    for actions in ([put("a"), put("a")], [put(str(number)) for number in range(101)]):
        with pytest.raises(ClientError) as caught:
            tables.table.transact_write_items(TransactItems=actions)
        assert caught.value.response["Error"]["Code"] == "ValidationException"
    assert tables.rows() == {}


def test_a_transaction_with_the_same_token_is_applied_once(tables: Tables):
    """A token is valid for ten minutes; the same token with another request is an error."""
    count = {"UpdateExpression": "ADD n :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}
    given = {
        "TransactItems": [{"Update": {"TableName": "Plain", "Key": {"pk": {"S": "a"}}, **count}}]
    }

    def counted() -> str:
        return tables.owner.get_item(TableName="Plain", Key={"pk": {"S": "a"}})["Item"]["n"]["N"]

    for _ in range(2):
        tables.table.transact_write_items(**given, ClientRequestToken="t")
    assert counted() == "1"
    with pytest.raises(ClientError) as caught:
        tables.table.transact_write_items(TransactItems=[put("b")], ClientRequestToken="t")
    assert caught.value.response["Error"]["Code"] == "IdempotentParameterMismatchException"
    tables.clock.advance(601)
    tables.table.transact_write_items(**given, ClientRequestToken="t")
    assert counted() == "2"


def test_the_fault_throttle_refuses_any_request_of_a_lambda_only(tables: Tables):
    """The stack's own client is not affected."""
    tables.faults.replace([{"at": "dynamodb", "kind": "throttle", "times": 2}])
    tables.owner.put_item(TableName="Plain", Item=item("a"))
    for call in (
        lambda: tables.table.scan(TableName="Plain"),
        lambda: tables.table.put_item(TableName="Plain", Item=item("b")),
    ):
        with pytest.raises(ClientError) as caught:
            call()
        assert caught.value.response["Error"]["Code"] == "ProvisionedThroughputExceededException"
    assert len(tables.table.scan(TableName="Plain")["Items"]) == 1


def test_the_fault_conflict_affects_conditional_writes_only(tables: Tables):
    """Single writes fail their condition, transactions are cancelled; nothing is written."""
    tables.owner.put_item(TableName="Plain", Item=item("a", "1"))
    tables.faults.replace([{"at": "dynamodb", "kind": "conflict", "times": 2}])
    tables.table.put_item(TableName="Plain", Item=item("b"))
    with pytest.raises(ClientError) as single:
        tables.table.put_item(
            TableName="Plain",
            Item=item("a", "2"),
            ConditionExpression="attribute_exists(pk)",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    assert single.value.response["Error"]["Code"] == "ConditionalCheckFailedException"
    assert single.value.response["Item"] == item("a", "1")
    with pytest.raises(ClientError) as together:
        tables.table.transact_write_items(TransactItems=[put("c"), put("d")])
    assert [reason["Code"] for reason in together.value.response["CancellationReasons"]] == [
        "TransactionConflict",
        "None",
    ]
    assert tables.rows() == {"a": "1", "b": ""}


def statement(key: str, value: str, before: str) -> dict[str, Any]:
    """Return the statement that sets ``v`` of an item if it is as `before`."""
    return {
        "Statement": 'UPDATE "Plain" SET "v"=? WHERE "pk"=? AND "v"=?',
        "Parameters": [{"S": value}, {"S": key}, {"S": before}],
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }


def failed(**more: Any) -> dict[str, Any]:
    """Return the answer to a statement whose condition does not hold."""
    return {
        "Error": {
            "Code": "ConditionalCheckFailed",
            "Message": "The conditional request failed",
            **more,
        }
    }


def test_each_statement_of_a_batch_stands_for_itself(tables: Tables):
    """One whose condition does not hold fails with the stored item, one of a missing item without,
    and the others are done; each costs a write unit.
    """
    for key in ("a", "b"):
        tables.owner.put_item(TableName="Plain", Item=item(key, "1"))
    batch = [statement("a", "2", "1"), statement("b", "2", "7"), statement("c", "2", "1")]
    before = tables.aws.tables.units.writes
    answer = tables.table.batch_execute_statement(Statements=batch)

    assert answer["Responses"] == [
        {"TableName": "Plain"},
        failed(Item=item("b", "1")),
        failed(),
    ]
    assert tables.rows() == {"a": "2", "b": "1"}
    assert tables.aws.tables.units.writes - before == 3


def test_the_fault_conflict_makes_the_first_statement_of_a_batch_fail(tables: Tables):
    """The others are done."""
    for key in ("a", "b"):
        tables.owner.put_item(TableName="Plain", Item=item(key, "1"))
    tables.faults.replace([{"at": "dynamodb", "kind": "conflict", "times": 1}])
    batch = [statement("a", "2", "1"), statement("b", "2", "1")]
    answer = tables.table.batch_execute_statement(Statements=batch)

    assert answer["Responses"] == [failed(Item=item("a", "1")), {"TableName": "Plain"}]
    assert tables.rows() == {"a": "1", "b": "2"}


@pytest.mark.parametrize(
    "text",
    [
        'SELECT * FROM "Plain" WHERE "pk"=?',
        'DELETE FROM "Plain" WHERE "pk"=?',
        'UPDATE "Plain" SET "v"=? REMOVE "w" WHERE "pk"=?',
        'UPDATE "Plain" SET "v"=? WHERE "pk"=? OR "v"=?',
    ],
)
def test_other_statements_are_refused_by_name(tables: Tables, text: str):
    """The laptop would not answer them as AWS does."""
    batch = [{"Statement": text, "Parameters": [{"S": "1"}] * text.count("?")}]
    with pytest.raises(ClientError, match="does not know this statement"):
        tables.table.batch_execute_statement(Statements=batch)


def test_more_than_25_statements_are_refused(tables: Tables):
    """That is DynamoDB's limit."""
    with pytest.raises(ClientError, match="ValidationException"):
        tables.table.batch_execute_statement(Statements=[statement("a", "2", "1")] * 26)


def test_items_are_read_back_as_they_were_written(tables: Tables):
    """Every type is read back through get, batch get, query and scan."""
    whole = {
        "pk": {"S": "a"},
        "sk": {"S": "b"},
        "number": {"N": "-1.5"},
        "bytes": {"B": b"\x00\x01"},
        "many": {"BS": [b"\x02"]},
        "map": {"M": {"list": {"L": [{"NULL": True}, {"BOOL": False}, {"B": b"\x03"}]}}},
        "set": {"SS": ["x"]},
    }
    key = {"pk": whole["pk"], "sk": whole["sk"]}
    tables.table.put_item(TableName="Sorted", Item=whole)
    query = {"KeyConditionExpression": "pk = :a", "ExpressionAttributeValues": {":a": {"S": "a"}}}
    assert tables.table.get_item(TableName="Sorted", Key=key)["Item"] == whole
    assert tables.table.batch_get_item(RequestItems={"Sorted": {"Keys": [key]}})["Responses"] == {
        "Sorted": [whole]
    }
    assert tables.table.query(TableName="Sorted", **query)["Items"] == [whole]
    assert tables.table.scan(TableName="Sorted")["Items"] == [whole]
    assert "Item" not in tables.table.get_item(TableName="Plain", Key={"pk": {"S": "none"}})


def test_an_unusual_or_wrong_read_works_as_in_dynamodb(tables: Tables):
    """Projections narrow the item; wrong, repeated and too many keys are refused."""
    tables.owner.put_item(TableName="Plain", Item=item("a", "1"))
    key = {"pk": {"S": "a"}}
    narrow = tables.table.get_item(TableName="Plain", Key=key, ProjectionExpression="v")
    assert narrow["Item"] == {"v": {"S": "1"}}
    narrow = tables.table.batch_get_item(
        RequestItems={"Plain": {"Keys": [key], "ProjectionExpression": "pk"}}
    )
    assert narrow["Responses"]["Plain"] == [key]
    wrong = [
        lambda: tables.table.get_item(TableName="Plain", Key={"other": {"S": "a"}}),
        lambda: tables.table.get_item(TableName="Sorted", Key=key),
        lambda: tables.table.batch_get_item(RequestItems={"Plain": {"Keys": [key, key]}}),
        lambda: tables.table.batch_get_item(
            RequestItems={"Plain": {"Keys": [{"pk": {"S": str(number)}} for number in range(101)]}}
        ),
    ]
    for read in wrong:
        with pytest.raises(ClientError) as caught:
            read()
        assert caught.value.response["Error"]["Code"] == "ValidationException"
    with pytest.raises(ClientError) as caught:
        tables.table.get_item(TableName="Missing", Key=key)
    assert caught.value.response["Error"]["Code"] == "ResourceNotFoundException"


def test_two_accounts_do_not_see_each_other(tables: Tables):
    """Several stacks can run in one process."""
    tables.table.put_item(TableName="Plain", Item=item("a"))
    other = Aws(Clock(), Faults(tables.clock))
    try:
        assert other.client("dynamodb").list_tables()["TableNames"] == []
    finally:
        other.close()
