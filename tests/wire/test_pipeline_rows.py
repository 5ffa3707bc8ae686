"""Pipeline maps as the state table keeps them."""

from __future__ import annotations

import json

import pytest

from crmsync.model.pipelines import PipelineMap, Track
from crmsync.wire.pipeline_rows import from_json, to_json

KNOWN = PipelineMap(
    (Track("740001", "Ours", ("012000000000001AAA",), (("740002", "Closed Won"),)),), ""
)


def test_what_a_later_release_adds_is_left_out() -> None:
    """A map that it stored can still be read."""
    row = json.loads(to_json(KNOWN))
    row["tracks"][0]["colour"] = row["mood"] = "blue"

    assert from_json(json.dumps(row)) == KNOWN


@pytest.mark.parametrize(
    "text", ["", "[]", "null", "{}", '{"tracks": 7}', '{"tracks": [{}]}', '{"tracks": ["x"]}']
)
def test_what_is_no_map_is_none(text: str) -> None:
    """It will be made anew."""
    assert from_json(text) is None
