"""What links cost in DynamoDB, and what happens if it processes only a part."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any

import pytest

from crmsync.errors import Conflict, TryAgain
from crmsync.gateways.dynamodb.inbox.inbox import InboxTable
from crmsync.gateways.dynamodb.links.link_items import WRITE_UNIT, pointer, updated, whole
from crmsync.gateways.dynamodb.links.links import LinksTable
from crmsync.gateways.dynamodb.table import Item
from crmsync.model.decisions import Decision, DecisionType
from crmsync.model.fingerprints import FINGERPRINT_BYTES, Base, tag, tags
from crmsync.model.links import Link, with_decided
from crmsync.model.records import Kind, Ref, Side
from local.stack.dynamodb.capacity import item_size
from tests.contracts.stores.tables import NO_WAIT, dynamodb
from tests.gateways.scripted import Response, aws_client, script

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


HUBSPOT = Ref(Side.HUBSPOT, "contact", "1")
SALESFORCE = Ref(Side.SALESFORCE, "Contact", "003000000000001AAA")


def a_link(number: int = 1, **changes: Any) -> Link:
    """A link of records number `number`."""
    hubspot, salesforce = (
        replace_id(HUBSPOT, str(number)),
        replace_id(SALESFORCE, f"003{number:012d}AAA"),
    )
    return replace(Link("acme", Kind.CONTACT, hubspot, salesforce), **changes)


def replace_id(ref: Ref, identifier: str) -> Ref:
    """Another record of the same object."""
    return Ref(ref.side, ref.object, identifier)


def a_base(fields: int) -> Base:
    """A base with so many fields."""
    return Base({tag(f"field{number}"): bytes(FINGERPRINT_BYTES) for number in range(fields)})


def test_a_link_of_forty_fields_is_one_write_unit() -> None:
    """Items up to 1 KB cost one write unit (docs/vendors.md#aws)."""
    names = [f"field{number}" for number in range(10)]
    link = a_link(
        81234567890, hubspot_base=a_base(40), salesforce_base=a_base(40), wrote=tags(names)
    )

    assert item_size(_stored(as_updated(link, 12345))) <= 1024
    assert item_size(_stored(pointer(link))) <= 1024


def as_updated(link: Link, version: int) -> Item:
    """The item of a link that was updated."""
    return {"pk": whole(link, version)["pk"], **updated(link, version)}


def a_history(lines: int, kind: DecisionType) -> str:
    """A history of so many decisions, one a minute."""
    text = ""
    for minute in range(lines):
        decision = Decision(kind, Side.SALESFORCE, "Favourite_Colour__c", "MAP-3")
        text = with_decided(text, [decision], NOON + timedelta(minutes=minute))
    return text


@pytest.mark.rule("CH-29")
@pytest.mark.parametrize("fields", [0, 15, 30, 39, 40, 41, 60])
def test_a_history_takes_what_is_left_of_the_write_units(fields: int) -> None:
    """However long it is, the link costs as many units as without it; and no line that would have
    fitted is missing.
    """
    link = a_link(
        hubspot_base=a_base(fields),
        salesforce_base=a_base(fields),
        wrote=tags(map(str, range(fields))),
        hubspot_owner="7",
        salesforce_owner="005000000000001AAA",
        tied={"1": "003000000000001AAA", "22": "003000000000002AAA"},
    )
    known = a_history(200, DecisionType.WRITTEN)
    for stored in (whole, as_updated):
        plain = item_size(_stored(stored(link, 12345)))
        item = stored(replace(link, history=known), 12345)
        size = item_size(_stored(item))
        missing = known.removeprefix(item.get("y", {}).get("S", "")).lstrip("\n")

        assert ceil(size / WRITE_UNIT) == ceil(plain / WRITE_UNIT)
        assert size + len(missing.split("\n")[0]) + 2 > ceil(plain / WRITE_UNIT) * WRITE_UNIT


@pytest.mark.rule("CH-3")
def test_the_last_conflict_is_kept_even_in_a_full_write_unit() -> None:
    """It then costs another unit, for this pair alone."""
    full = a_link(
        hubspot_base=a_base(43), salesforce_base=a_base(43), wrote=tags(map(str, range(40)))
    )
    size = item_size(_stored(whole(full, 1)))
    history = a_history(3, DecisionType.CONFLICT)

    item = whole(replace(full, history=history), 1)

    assert WRITE_UNIT - size < len(history.split("\n")[0])
    assert item["y"]["S"] == history.split("\n")[0]


def _stored(item: Mapping[str, Any]) -> dict[str, Any]:
    """An item as it is sent: bytes as base64 text."""
    return {
        name: {"B": base64.b64encode(value["B"]).decode()} if "B" in value else dict(value)
        for name, value in item.items()
    }


@contextmanager
def with_client() -> Iterator[tuple[LinksTable, Any]]:
    """A link table in moto, and its client, whose requests can be counted."""
    with dynamodb("pk") as client:
        yield LinksTable(client, "Table", retry_policy=NO_WAIT), client


def writes_of(client: Any) -> list[int]:
    """Return a list that grows with each batch of statements: how many it has."""
    found: list[int] = []
    client.meta.events.register(
        "before-call.dynamodb.BatchExecuteStatement",
        lambda params, **_: found.append(len(json.loads(params["body"])["Statements"])),
    )
    return found


def reads_of(client: Any) -> list[tuple[int, bool]]:
    """Return a list that grows with each batch read: the requested keys, and whether it is strongly
    consistent.
    """
    reads: list[tuple[int, bool]] = []

    def note(params: Mapping[str, Any], **_: Any) -> None:
        reads.extend(
            (len(table["Keys"]), table["ConsistentRead"])
            for table in params["RequestItems"].values()
        )

    client.meta.events.register("provide-client-params.dynamodb.BatchGetItem", note)
    return reads


STRONG, EVENTUAL = (1, True), (1, False)


def test_a_link_costs_one_strong_read_from_hubspot_and_half_a_read_more_from_salesforce() -> None:
    """The pointer is read eventually consistent, and not at all if it is in memory."""
    with with_client() as (table, client):
        reads = reads_of(client)
        table.save([a_link()])
        cold = LinksTable(client, "Table")
        assert list(cold.find("acme", [SALESFORCE])) == [SALESFORCE]
        assert list(cold.find("acme", [SALESFORCE])) == [SALESFORCE]
        assert list(cold.find("acme", [HUBSPOT])) == [HUBSPOT]

    assert reads == [EVENTUAL, STRONG, STRONG, STRONG]


def test_a_link_is_missing_only_if_a_strong_read_finds_none() -> None:
    """An eventually consistent read may miss a link that was just created."""
    with with_client() as (table, client):
        reads = reads_of(client)
        assert table.find("acme", [SALESFORCE]) == {}

    assert reads == [EVENTUAL, STRONG]


def test_an_outdated_pointer_does_no_harm() -> None:
    """The link itself names both its records."""
    with with_client() as (table, client):
        table.save([a_link()])
        (link,) = table.find("acme", [SALESFORCE]).values()
        moved = replace(link, hubspot=Ref(Side.HUBSPOT, "contact", "99"))
        LinksTable(client, "Table").save([moved])

        assert table.find("acme", [SALESFORCE]) == {SALESFORCE: replace(moved, version=2)}


def test_unprocessed_keys_are_read_again_and_then_left_to_the_queue() -> None:
    """A throttled read is not a missing link."""
    left = {"Table": {"Keys": [{"pk": {"S": "acme#hubspot:contact:1"}}], "ConsistentRead": True}}
    with script(Response({"Responses": {"Table": []}, "UnprocessedKeys": left})) as aws:
        table = LinksTable(aws_client(aws.url, "dynamodb"), "Table", retry_policy=NO_WAIT)
        with pytest.raises(TryAgain):
            table.find("acme", [HUBSPOT])

    assert len(aws.requests) == 3


def test_a_pair_that_was_busy_in_a_transaction_does_not_stop_the_others() -> None:
    """The links that did not cause the failure are saved without the others (fault 18)."""
    fine, taken = {"Code": "None"}, {"Code": "ConditionalCheckFailed"}
    busy = {"Code": "TransactionConflict"}
    cancelled = {
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "message": "cancelled",
    }
    reasons = [fine, fine, taken, fine, fine, busy]
    with script(
        Response({**cancelled, "CancellationReasons": reasons}, 400),
        Response({**cancelled, "CancellationReasons": [fine, fine, fine, busy]}, 400),
        Response({**cancelled, "CancellationReasons": [fine, fine, fine, busy]}, 400),
        Response({}),
    ) as aws:
        table = LinksTable(aws_client(aws.url, "dynamodb"), "Table", retry_policy=NO_WAIT)
        outcomes = table.save([a_link(1), a_link(2), a_link(3)])

    assert [type(one) for one in outcomes] == [Link, Conflict, TryAgain]
    assert [len(one.body["TransactItems"]) for one in aws.requests] == [6, 4, 4, 2]


def test_a_busy_link_is_updated_again_without_the_others() -> None:
    """Known links are updated by one call, each under its own condition (fault 18)."""
    busy = {"Error": {"Code": "ThrottlingError"}}
    taken = {"Error": {"Code": "ConditionalCheckFailed"}}
    with script(
        Response({"Responses": [{}, busy, taken, busy]}),
        Response({"Responses": [{}, busy]}),
        Response({"Responses": [busy]}),
    ) as aws:
        table = LinksTable(aws_client(aws.url, "dynamodb"), "Table", retry_policy=NO_WAIT)
        outcomes = table.save([a_link(number, version=4) for number in (1, 3, 2, 4)])

    assert outcomes[:2] == [a_link(1, version=5), a_link(3, version=5)]
    assert [type(one) for one in outcomes[2:]] == [Conflict, TryAgain]
    assert [len(one.body["Statements"]) for one in aws.requests] == [4, 2, 1]


def test_what_a_link_no_longer_has_is_gone_after_an_update() -> None:
    """An update sets every attribute, so nothing of the earlier version is left."""
    before = a_link(
        hubspot_owner="7",
        salesforce_owner="",
        tied={"1": "003000000000001AAA"},
        deleted_on=Side.HUBSPOT,
        is_merged=True,
    )
    with with_client() as (table, _):
        (saved,) = table.save([before])
        table.save([a_link(version=1)])

        assert table.find("acme", [HUBSPOT]) == {HUBSPOT: a_link(version=2)}
        assert isinstance(saved, Link)


def test_sixty_links_are_updated_by_three_calls() -> None:
    """A call takes 25 links (docs/vendors.md#aws)."""
    links = [a_link(number) for number in range(60)]
    with with_client() as (table, client):
        saved = table.save(links)
        sizes = writes_of(client)
        outcomes = table.save([one for one in saved if isinstance(one, Link)])

    assert sorted(sizes) == [10, 25, 25]
    assert [one.version for one in outcomes if isinstance(one, Link)] == [2] * 60


@pytest.mark.parametrize(
    "code",
    ["ProvisionedThroughputExceededException", "InternalServerError", "AccessDeniedException"],
)
def test_a_failing_table_leaves_the_work_to_the_queue(code: str) -> None:
    """Nothing is lost or parked because of our own stores."""
    refusal = Response(
        {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "acme#hubspot:contact:1"},
        400,
    )
    with script(refusal) as aws:
        client = aws_client(aws.url, "dynamodb")
        links = LinksTable(client, "Table", retry_policy=NO_WAIT)
        outcomes = links.save([a_link(1), a_link(2, version=3)])
        with pytest.raises(TryAgain) as caught:
            links.find("acme", [HUBSPOT])
        with pytest.raises(TryAgain):
            InboxTable(client, "Table", now=lambda: NOON, ticks=lambda: 0.0).clear(
                "acme", [HUBSPOT]
            )

    assert [type(one) for one in outcomes] == [TryAgain, TryAgain]
    assert (caught.value.code, "acme" in caught.value.text) == (code, False)
