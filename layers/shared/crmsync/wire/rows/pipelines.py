"""Pipeline maps as JSON, for the state table."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from crmsync.model.kinds.pipelines import MappedPipeline, PipelineMap


def to_json(known: PipelineMap) -> str:
    """The map as compact JSON."""
    row = {
        "tracks": [dataclasses.asdict(one) for one in known.pipelines],
        "default_type": known.default_type,
    }
    return json.dumps(row, separators=(",", ":"), sort_keys=True)


def from_json(text: str) -> PipelineMap | None:
    """The map in a text; keys that this release does not know are ignored. None if it is not a map,
    as the map can be rebuilt.
    """
    try:
        row = json.loads(text)
        return PipelineMap(tuple(map(_mapped, row["tracks"])), str(row.get("default_type", "")))
    except (ValueError, KeyError, TypeError):
        return None


def _mapped(row: dict[str, Any]) -> MappedPipeline:
    stages, also = (
        tuple((str(stage), str(name)) for stage, name in pairs)
        for pairs in (row["stages"], row.get("also", ()))
    )
    return MappedPipeline(
        str(row["pipeline"]), str(row["label"]), tuple(map(str, row["record_types"])), stages, also
    )
