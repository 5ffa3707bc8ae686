"""The store of pipeline maps behind the port."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from crmsync.model.kinds.pipelines import MappedPipeline, PipelineMap
from tests.contracts.stores.tables import pipeline_maps_on_dynamodb
from tests.memory import MemoryPipelineMaps

KNOWN = PipelineMap(
    (
        MappedPipeline(
            "740001",
            "Salesforce - 012000000000001AAA",
            ("012000000000001AAA",),
            (("740002", "Closed Won"),),
        ),
        MappedPipeline(
            "default",
            "Sales Pipeline",
            (),
            (("closedwon", "Closed Won"), ("closedlost", "Closed Lost")),
        ),
    ),
    "012000000000001AAA",
)


@pytest.fixture(params=["memory", "dynamodb"])
def maps(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Each implementation in turn."""
    if request.param == "memory":
        yield MemoryPipelineMaps()
    else:
        with pipeline_maps_on_dynamodb() as table:
            yield table


def test_a_map_is_read_back_per_connection(maps: Any) -> None:
    """Tracks, their record types and stages in order, and the default type are read back."""
    assert maps.load("acme") is None

    maps.save("acme", KNOWN)
    maps.save("beta", PipelineMap())

    assert (maps.load("acme"), maps.load("beta"), maps.load("gamma")) == (
        KNOWN,
        PipelineMap(),
        None,
    )


def test_the_last_writer_wins(maps: Any) -> None:
    """The map can be rebuilt from the two CRMs, so no order of writers matters."""
    maps.save("acme", KNOWN)

    maps.save("acme", PipelineMap(KNOWN.pipelines[:1]))

    assert maps.load("acme") == PipelineMap(KNOWN.pipelines[:1])
