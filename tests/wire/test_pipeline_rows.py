"""Pipeline maps as JSON for the state table."""

from __future__ import annotations

import json

import pytest

from crmsync.model.kinds.pipelines import MappedPipeline, PipelineMap
from crmsync.wire.rows.pipelines import from_json, to_json

KNOWN = PipelineMap(
    (MappedPipeline("740001", "Ours", ("012000000000001AAA",), (("740002", "Closed Won"),)),), ""
)


def test_unknown_keys_are_ignored() -> None:
    """A map that a later release stored can still be read."""
    row = json.loads(to_json(KNOWN))
    row["tracks"][0]["colour"] = row["mood"] = "blue"

    assert from_json(json.dumps(row)) == KNOWN


@pytest.mark.parametrize(
    "text", ["", "[]", "null", "{}", '{"tracks": 7}', '{"tracks": [{}]}', '{"tracks": ["x"]}']
)
def test_any_other_text_is_not_a_map(text: str) -> None:
    """Any other text gives None, as the map can be rebuilt."""
    assert from_json(text) is None
