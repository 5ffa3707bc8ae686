"""Jobs as the state table keeps them, and as the command shows them to programs."""

from __future__ import annotations

import dataclasses
import json
from datetime import datetime
from typing import Any

from crmsync.model.jobs import Job, JobState, JobStep, JobType
from crmsync.model.records import Side
from crmsync.rules.backfill.pacing import progress

_LEGS = {field.name for field in dataclasses.fields(JobStep)}
_JOBS = {field.name for field in dataclasses.fields(Job)}


def to_json(job: Job) -> str:
    """The job as compact JSON, without its version, which the row has itself."""
    row = dataclasses.asdict(job)
    del row["version"]
    return json.dumps(row, separators=(",", ":"), sort_keys=True, default=datetime.isoformat)


def from_json(text: str) -> Job:
    """The job of a row; what this release does not know is left out. Raises `ValueError` or
    `KeyError` for what is none.
    """
    row: dict[str, Any] = {name: value for name, value in json.loads(text).items() if name in _JOBS}
    row["verb"], row["state"] = JobType(row["verb"]), JobState(row["state"])
    row["legs"] = tuple(_leg(leg) for leg in row["legs"])
    for name in ("started_at", "moved_at", "listed_at"):
        row[name] = datetime.fromisoformat(row[name]) if row.get(name) else None
    return Job(**row)


def shown(job: Job) -> dict[str, object]:
    """The job as ``--json`` prints it: what it does, where it stands, how it gets on."""
    so_far = progress(job)
    return {
        "connection": job.connection,
        "id": job.id,
        "verb": str(job.verb),
        "legs": [str(leg) for leg in job.legs],
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


def _leg(row: dict[str, Any]) -> JobStep:
    known = {name: value for name, value in row.items() if name in _LEGS}
    return JobStep(**{**known, "side": Side(row["side"]), "ids": tuple(row.get("ids", ()))})
