"""Results of comparisons as JSON: inside a job, and one by one for the state table and the
command's ``--json`` output.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from crmsync.model.operations.comparison import Comparison, Discrepancy, ObjectComparison, Standing
from crmsync.model.records import Ref, Side


def to_json(one: ObjectComparison) -> str:
    """The result as compact JSON."""
    row = dataclasses.asdict(one)
    return json.dumps(row, separators=(",", ":"), sort_keys=True, default=datetime.isoformat)


def from_json(text: str) -> ObjectComparison:
    """The result in a text. Raises `ValueError` or `KeyError` if it is none."""
    return _object_of(json.loads(text))


def comparison_of(row: Mapping[str, Any]) -> Comparison:
    """The comparison in a row of a job. Raises `ValueError` or `KeyError` if it is none."""
    objects = tuple(_object_of(one) for one in row["objects"])
    return Comparison(bool(row["repairs"]), objects, _calls_of(row["calls"]))


def shown(one: ObjectComparison) -> dict[str, object]:
    """The result as ``--json`` prints it."""
    return {
        "side": str(one.side),
        "object": one.object,
        "records": one.records,
        "counts": {str(standing): one.counts.get(standing, 0) for standing in Standing},
        "findings": [
            {"id": found.ref.id, "standing": str(found.standing), "reason": found.reason}
            for found in one.findings
        ],
        "repaired": one.repaired,
        "at": one.at.isoformat() if one.at else None,
        "seconds": one.seconds,
        "calls": {str(side): one.calls.get(side, 0) for side in Side},
        "since": one.since.isoformat() if one.since else None,
    }


def _object_of(row: Mapping[str, Any]) -> ObjectComparison:
    return ObjectComparison(
        Side(row["side"]),
        row["object"],
        {Standing(name): int(count) for name, count in row["counts"].items()},
        tuple(_finding_of(one) for one in row["findings"]),
        row["repaired"],
        _moment(row["at"]),
        row["seconds"],
        _calls_of(row["calls"]),
        _moment(row["since"]),
    )


def _finding_of(row: Mapping[str, Any]) -> Discrepancy:
    ref = Ref(Side(row["ref"]["side"]), row["ref"]["object"], row["ref"]["id"])
    return Discrepancy(ref, Standing(row["standing"]), row["reason"])


def _calls_of(row: Mapping[str, Any]) -> dict[Side, int]:
    return {Side(side): int(count) for side, count in row.items()}


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
