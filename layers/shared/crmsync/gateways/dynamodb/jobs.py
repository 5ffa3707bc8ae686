"""Backfills and finished imports in the state table.

    pk               sk              attributes
    job#acme         7f3a2c          job (JSON), version, started (ISO 8601, UTC); expires_at once it is over
    imported#acme    Account         at (ISO 8601, UTC)

The job is one JSON text: nobody asks for its parts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from crmsync.errors import Conflict
from crmsync.gateways.aws.errors import aws_error
from crmsync.gateways.dynamodb.table import DynamoTable, Key, item_of
from crmsync.model.jobs import Job
from crmsync.wire.job_rows import from_json, to_json

KEPT = timedelta(days=90)
"""How long a job that is over can still be looked up."""

_WHAT = "The table of jobs"


class JobsTable:
    """Implements `Jobs` on a table with the keys `pk` and `sk`."""

    def __init__(self, client: Any, table: str) -> None:
        """Use the boto3 `client` ("dynamodb")."""
        self._client = client
        self._table = table
        self._items = DynamoTable(client, table, _WHAT)

    def load(self, connection: str, job_id: str) -> Job | None:
        """The job as it stands, strongly consistent, or None. Raises `TryAgain`."""
        item = self._items.one(_job_key(connection, job_id))
        return None if item is None else _job(item)

    def save(self, job: Job) -> Job:
        """Store a job under its next version. Raises `Conflict` when somebody has stored one since,
        else `TryAgain`.
        """
        saved = replace(job, version=job.version + 1)
        others = {
            "job": {"S": to_json(saved)},
            "version": {"N": str(saved.version)},
            "started": {"S": job.started_at.isoformat()},
        }
        if job.state.is_over:
            others["expires_at"] = {"N": str(int((job.moved_at + KEPT).timestamp()))}
        item = item_of(_job_key(job.connection, job.id), others)
        unchanged: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(pk)"}
        if job.version:
            values = {":version": {"N": str(job.version)}}
            unchanged = {
                "ConditionExpression": "version = :version",
                "ExpressionAttributeValues": values,
            }
        try:
            self._client.put_item(TableName=self._table, Item=item, **unchanged)
        except ClientError as problem:
            if problem.response["Error"]["Code"] == "ConditionalCheckFailedException":
                raise Conflict(
                    "The job was changed meanwhile; look at it again.", code="JOB"
                ) from None
            raise aws_error(problem, _WHAT) from None
        except BotoCoreError as problem:
            raise aws_error(problem, _WHAT) from None
        return saved

    def all(self, connection: str) -> Sequence[Job]:
        """The connection's jobs, newest first. Raises `TryAgain`."""
        jobs = map(_job, self._items.under(_partition(connection)))
        return sorted(jobs, key=lambda job: (job.started_at, job.id), reverse=True)

    def mark_imported(self, connection: str, name: str, at: datetime) -> None:
        """Remember that an object was imported; the first time counts. Raises `TryAgain`."""
        self._items.update(
            _import_key(connection, name),
            UpdateExpression="SET #at = if_not_exists(#at, :at)",
            ExpressionAttributeNames={"#at": "at"},
            ExpressionAttributeValues={":at": {"S": at.isoformat()}},
        )

    def imported(self, connection: str, name: str) -> datetime | None:
        """Since when the import of an object is finished, or None. Raises `TryAgain`."""
        item = self._items.one(_import_key(connection, name))
        return None if item is None else datetime.fromisoformat(item["at"]["S"])


def _partition(connection: str) -> str:
    return f"job#{connection}"


def _job_key(connection: str, job_id: str) -> Key:
    return _partition(connection), job_id


def _import_key(connection: str, name: str) -> Key:
    return f"imported#{connection}", name


def _job(item: Mapping[str, Any]) -> Job:
    return replace(from_json(item["job"]["S"]), version=int(item["version"]["N"]))
