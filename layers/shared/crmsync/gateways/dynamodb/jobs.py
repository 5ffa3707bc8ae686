"""Backfills and finished imports, in the state table.

    pk             sk       attributes
    job#acme       7f3a2c   job (JSON), version, started (ISO 8601, UTC); expires_at once it is over
    imported#acme  Account  at (ISO 8601, UTC)

The job is one JSON text, because its parts are never queried.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from crmsync.errors import Conflict
from crmsync.gateways.dynamodb.table import ConditionFailed, DynamoTable, Item, Key, same_version
from crmsync.model.jobs import Job
from crmsync.model.moments import epoch_seconds
from crmsync.wire.job_rows import from_json, to_json

KEPT = timedelta(days=90)
"""How long a job that is over can still be shown."""


class JobsTable:
    """Implements `Jobs` on a table with the keys `pk` and `sk`."""

    def __init__(self, client: Any, table: str) -> None:
        """Use the boto3 `client` ("dynamodb")."""
        self._table = DynamoTable(client, table, "The table of jobs")

    def load(self, connection: str, job_id: str) -> Job | None:
        """The job, strongly consistent, or None. Raises `TryAgain`."""
        item = self._table.get(_job_key(connection, job_id))
        return None if item is None else _job(item)

    def save(self, job: Job) -> Job:
        """Store a job under its next version, and return it with that version.

        Raises `Conflict` if it has been stored since it was loaded, else `TryAgain`.
        """
        saved = replace(job, version=job.version + 1)
        attributes = {
            "job": {"S": to_json(saved)},
            "version": {"N": str(saved.version)},
            "started": {"S": job.started_at.isoformat()},
        }
        if job.state.is_over:
            attributes["expires_at"] = {"N": str(epoch_seconds(job.moved_at + KEPT))}
        key = _job_key(job.connection, job.id)
        try:
            self._table.put(key, attributes, **same_version(job.version))
        except ConditionFailed:
            raise Conflict("The job was changed meanwhile; look at it again.", code="JOB") from None
        return saved

    def all(self, connection: str) -> Sequence[Job]:
        """The connection's jobs, newest first. Raises `TryAgain`."""
        return _newest_first(map(_job, self._table.query(_partition(connection))))

    def not_over(self, connection: str) -> Sequence[Job]:
        """Those of them that can still go on, newest first. DynamoDB leaves the others out, because
        the findings of a comparison are long. Raises `TryAgain`.
        """
        items = self._table.query(
            _partition(connection), FilterExpression="attribute_not_exists(expires_at)"
        )
        return _newest_first(job for job in map(_job, items) if not job.state.is_over)

    def mark_imported(self, connection: str, name: str, at: datetime) -> None:
        """Store when the import of an object was first finished. Raises `TryAgain`."""
        self._table.update(
            _import_key(connection, name),
            UpdateExpression="SET #at = if_not_exists(#at, :at)",
            ExpressionAttributeNames={"#at": "at"},
            ExpressionAttributeValues={":at": {"S": at.isoformat()}},
        )

    def imported(self, connection: str, name: str) -> datetime | None:
        """When the import of an object was first finished, or None. Raises `TryAgain`."""
        item = self._table.get(_import_key(connection, name))
        return None if item is None else datetime.fromisoformat(item["at"]["S"])

    def imports(self, connection: str) -> Mapping[str, datetime]:
        """When each import of the connection was first finished, by object; those that are not
        finished are left out. Raises `TryAgain`.
        """
        items = self._table.query(_imports(connection))
        return {item["sk"]["S"]: datetime.fromisoformat(item["at"]["S"]) for item in items}


def _newest_first(jobs: Iterable[Job]) -> list[Job]:
    return sorted(jobs, key=lambda job: (job.started_at, job.id), reverse=True)


def _partition(connection: str) -> str:
    return f"job#{connection}"


def _job_key(connection: str, job_id: str) -> Key:
    return _partition(connection), job_id


def _import_key(connection: str, name: str) -> Key:
    return _imports(connection), name


def _imports(connection: str) -> str:
    return f"imported#{connection}"


def _job(item: Item) -> Job:
    return replace(from_json(item["job"]["S"]), version=int(item["version"]["N"]))
