"""Jobs as JSON: for the state table, and for the command's ``--json`` output."""

from __future__ import annotations

import dataclasses
import json
from datetime import datetime
from typing import Any

from crmsync.model.kinds.activities import ActivityKind
from crmsync.model.operations.jobs import Job, JobState, JobStep, JobType
from crmsync.model.records import Side
from crmsync.rules.backfill.pacing import progress
from crmsync.wire.rows.comparisons import comparison_of

_STORED_NAMES = {"type": "verb", "steps": "legs", "turn_token": "ticket"}
"""Fields of a job -> their keys in JSON, where the two differ."""

_STEP_KEYS = {field.name for field in dataclasses.fields(JobStep)}
_JOB_KEYS = {
    _STORED_NAMES.get(field.name, field.name): field.name for field in dataclasses.fields(Job)
}


def to_json(job: Job) -> str:
    """The job as compact JSON, without its version, which is an attribute of its own."""
    fields = dataclasses.asdict(job)
    row = {key: fields[name] for key, name in _JOB_KEYS.items() if name != "version"}
    return json.dumps(row, separators=(",", ":"), sort_keys=True, default=datetime.isoformat)


def from_json(text: str) -> Job:
    """The job in a text; keys that this release does not know are ignored. Raises `ValueError` or
    `KeyError` if it is not a job.
    """
    row: dict[str, Any] = {
        _JOB_KEYS[key]: value for key, value in json.loads(text).items() if key in _JOB_KEYS
    }
    row["type"], row["state"] = JobType(row["type"]), JobState(row["state"])
    row["steps"] = tuple(_step(step) for step in row["steps"])
    for name in ("started_at", "moved_at", "listed_at"):
        row[name] = datetime.fromisoformat(row[name]) if row.get(name) else None
    if row.get("comparison"):
        row["comparison"] = comparison_of(row["comparison"])
    return Job(**row)


def shown(job: Job) -> dict[str, object]:
    """The job as ``--json`` prints it: its steps, its state and its progress."""
    so_far = progress(job)
    return {
        "connection": job.connection,
        "id": job.id,
        "verb": str(job.type),
        "legs": [str(step) for step in job.steps],
        "state": str(job.state),
        "total": job.total,
        "queued": job.queued,
        "done": job.done,
        "left_out": job.left_out,
        "per_second": so_far.per_second,
        "seconds_left": so_far.seconds_left,
        "started_at": job.started_at.isoformat(),
        "moved_at": job.moved_at.isoformat(),
        "trouble": job.trouble,
        "by": job.by,
    }


def _step(row: dict[str, Any]) -> JobStep:
    known = {name: value for name, value in row.items() if name in _STEP_KEYS}
    activity = ActivityKind(row["activity"]) if row.get("activity") else None
    ids = tuple(row.get("ids", ()))
    return JobStep(**{**known, "side": Side(row["side"]), "ids": ids, "activity": activity})
