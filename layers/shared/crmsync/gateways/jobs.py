"""Backfills and finished imports in the state table.

    pk               sk              attributes
    job#acme         7f3a2c          job (JSON), version, started (ISO 8601, UTC); expires_at once it is over
    imported#acme    Account         at (ISO 8601, UTC)

The job is one JSON text: nobody asks for its parts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from crmsync.errors import Conflict
from crmsync.gateways.aws_errors import aws_error
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

    def load(self, connection: str, job_id: str) -> Job | None:
        """The job as it stands, strongly consistent, or None. Raises `TryAgain`."""
        item = self._get(_job_key(connection, job_id))
        return None if item is None else _job(item)

    def save(self, job: Job) -> Job:
        """Store a job under its next version. Raises `Conflict` when somebody has stored one since, else `TryAgain`."""
        saved = replace(job, version=job.version + 1)
        item = {
            **_job_key(job.connection, job.id),
            "job": {"S": to_json(saved)},
            "version": {"N": str(saved.version)},
            "started": {"S": job.started_at.isoformat()},
        }
        if job.state.is_over:
            item["expires_at"] = {"N": str(int((job.moved_at + KEPT).timestamp()))}
        unchanged: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(pk)"}
        if job.version:
            values = {":version": {"N": str(job.version)}}
            unchanged = {"ConditionExpression": "version = :version", "ExpressionAttributeValues": values}
        try:
            self._client.put_item(TableName=self._table, Item=item, **unchanged)
        except ClientError as problem:
            if problem.response["Error"]["Code"] == "ConditionalCheckFailedException":
                raise Conflict("The job was changed meanwhile; look at it again.", code="JOB") from None
            raise aws_error(problem, _WHAT) from None
        except BotoCoreError as problem:
            raise aws_error(problem, _WHAT) from None
        return saved

    def all(self, connection: str) -> Sequence[Job]:
        """The connection's jobs, newest first. Raises `TryAgain`."""
        return sorted(map(_job, self._rows(connection)), key=lambda job: (job.started_at, job.id), reverse=True)

    def mark_imported(self, connection: str, name: str, at: datetime) -> None:
        """Remember that an object was imported; the first time counts. Raises `TryAgain`."""
        try:
            self._client.update_item(
                TableName=self._table,
                Key=_import_key(connection, name),
                UpdateExpression="SET #at = if_not_exists(#at, :at)",
                ExpressionAttributeNames={"#at": "at"},
                ExpressionAttributeValues={":at": {"S": at.isoformat()}},
            )
        except (BotoCoreError, ClientError) as problem:
            raise aws_error(problem, _WHAT) from None

    def imported(self, connection: str, name: str) -> datetime | None:
        """Since when the import of an object is finished, or None. Raises `TryAgain`."""
        item = self._get(_import_key(connection, name))
        return None if item is None else datetime.fromisoformat(item["at"]["S"])

    def _get(self, key: Mapping[str, Any]) -> Mapping[str, Any] | None:
        try:
            answer = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True)
        except (BotoCoreError, ClientError) as problem:
            raise aws_error(problem, _WHAT) from None
        item: Mapping[str, Any] | None = answer.get("Item")
        return item

    def _rows(self, connection: str) -> Iterator[Mapping[str, Any]]:
        request: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": {":pk": {"S": f"job#{connection}"}},
            "ConsistentRead": True,
        }
        while True:
            try:
                page = self._client.query(**request)
            except (BotoCoreError, ClientError) as problem:
                raise aws_error(problem, _WHAT) from None
            yield from page["Items"]
            if "LastEvaluatedKey" not in page:
                return
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def _job_key(connection: str, job_id: str) -> dict[str, Any]:
    return {"pk": {"S": f"job#{connection}"}, "sk": {"S": job_id}}


def _import_key(connection: str, name: str) -> dict[str, Any]:
    return {"pk": {"S": f"imported#{connection}"}, "sk": {"S": name}}


def _job(item: Mapping[str, Any]) -> Job:
    return replace(from_json(item["job"]["S"]), version=int(item["version"]["N"]))
