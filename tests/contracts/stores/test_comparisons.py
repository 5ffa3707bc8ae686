"""The results of comparisons, and the walk through the links, behind their ports."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from crmsync.gateways.dynamodb.comparisons import ComparisonTable, LinkPageTable
from crmsync.gateways.dynamodb.links.links import LinksTable
from crmsync.model.links import Link, LinkState
from crmsync.model.operations.comparison import Discrepancy, ObjectComparison, Standing
from crmsync.model.records import Kind, Ref, Side
from crmsync.ports.comparison import LinkedPair
from tests.builders import NOON, at
from tests.contracts.stores.tables import dynamodb
from tests.memory import MemoryLinks
from tests.memory.comparison import MemoryComparisons, MemoryLinkPages

CONTACT = Ref(Side.HUBSPOT, "contact", "81")
RESULT = ObjectComparison(
    Side.HUBSPOT,
    "contact",
    {Standing.IN_STEP: 7, Standing.DIFFERENT: 1},
    (Discrepancy(CONTACT, Standing.DIFFERENT, "update salesforce:Lead:00Q1: Title (MAP-3)"),),
    1,
    at(5),
    300,
    {Side.HUBSPOT: 20, Side.SALESFORCE: 2},
    NOON,
)


@pytest.fixture(params=["memory", "dynamodb"])
def comparisons(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Each implementation in turn."""
    if request.param == "memory":
        yield MemoryComparisons()
    else:
        with dynamodb("pk", "sk") as client:
            yield ComparisonTable(client, "Table")


def test_results_are_read_back_completely(comparisons: Any) -> None:
    """Each object and connection has its own, by side and object."""
    leads = ObjectComparison(Side.SALESFORCE, "Lead", at=NOON)

    comparisons.save("acme", [leads, RESULT])

    assert list(comparisons.latest("acme")) == [RESULT, leads]
    assert list(comparisons.latest("beta")) == []


def test_a_result_takes_the_place_of_the_one_before(comparisons: Any) -> None:
    """Results of other objects stay."""
    leads = ObjectComparison(Side.SALESFORCE, "Lead", at=NOON)
    newer = replace(RESULT, counts={Standing.IN_STEP: 8}, findings=(), since=None)
    comparisons.save("acme", [RESULT, leads])

    comparisons.save("acme", [newer])

    assert list(comparisons.latest("acme")) == [newer, leads]


@pytest.fixture(params=["memory", "dynamodb"])
def walk(request: pytest.FixtureRequest) -> Iterator[Callable[[list[Link]], Any]]:
    """Each implementation in turn: makes the walk through these links."""
    if request.param == "memory":

        def in_memory(links: list[Link]) -> MemoryLinkPages:
            store = MemoryLinks()
            store.save(links)
            return MemoryLinkPages(store)

        yield in_memory
        return
    with dynamodb("pk") as client:

        def in_table(links: list[Link]) -> LinkPageTable:
            LinksTable(client, "Table").save(links)
            return LinkPageTable(client, "Table")

        yield in_table


def a_link(number: int, **changes: Any) -> Link:
    """A new link of two records of the same number."""
    lead = Ref(Side.SALESFORCE, "Lead", f"00Q{number:012d}AAA")
    return replace(Link("acme", Kind.CONTACT, replace(CONTACT, id=str(number)), lead), **changes)


@pytest.mark.rule("CH-31")
def test_every_link_of_a_pair_is_named_once(walk: Callable[[list[Link]], Any]) -> None:
    """However small the pages are; other connections, pointers and tombstones are left out."""
    links = [a_link(number) for number in range(1, 8)]
    pages = walk(
        [
            *links,
            a_link(8, state=LinkState.TOMBSTONE),
            a_link(9, state=LinkState.FORGOTTEN),
            a_link(10, connection="beta"),
            a_link(11, connection="acme2"),
        ]
    )
    found: list[LinkedPair] = []
    after: str | None = ""
    while after is not None:
        page = pages.page("acme", after, 3)
        assert len(page.pairs) <= 3
        found += page.pairs
        after = page.after

    expected = [LinkedPair(Kind.CONTACT, one.hubspot, one.salesforce) for one in links]
    assert sorted(found, key=str) == sorted(expected, key=str)


def test_a_connection_without_links_has_one_empty_page(walk: Callable[[list[Link]], Any]) -> None:
    """There is nothing to walk through."""
    page = walk([]).page("acme", "", 10)
    assert (page.pairs, page.after) == ((), None)
