"""The links to the console that have been used."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from crmsync.gateways.dynamodb.links.used_links import KEPT, UsedLinks
from crmsync.model.moments import epoch_seconds
from tests.builders import NOON
from tests.contracts.stores.tables import dynamodb


def test_a_link_is_used_once() -> None:
    """Another one is not touched by that, and the row expires an hour after the link."""
    with dynamodb("pk", "sk") as client:
        links = UsedLinks(client, "Table")

        assert [links.use(one, NOON) for one in ("a", "a", "b", "a")] == [True, False, True, False]
        assert client.scan(TableName="Table")["Items"][0] == {
            "pk": {"S": "console-link#a"},
            "sk": {"S": "used"},
            "expires_at": {"N": str(epoch_seconds(NOON + KEPT))},
        }


def test_of_many_at_the_same_time_one_uses_it() -> None:
    """Eight browsers open the same link at once."""
    with dynamodb("pk", "sk") as client, ThreadPoolExecutor(8) as pool:
        links = UsedLinks(client, "Table")

        assert sorted(pool.map(lambda _: links.use("a", NOON), range(8))) == [False] * 7 + [True]
