"""Backfills and finished imports, in the state table.

    pk                 sk             attributes
    job#acme           7f3a2c         job (JSON), version, started (ISO 8601, UTC); expires_at once
                                      it is over, and then apart, whether its findings are apart
    job-findings#acme  7f3a2c         job (JSON) with all its findings, expires_at
    job-counts#acme    7f3a2c         made, linked, refused, expires_at
    imported#acme      Account        at (ISO 8601, UTC)

The job is one JSON text, because its parts are never queried. The findings of a comparison that is
over are apart: with those of ninety nights a list of the jobs would be megabytes long.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from crmsync.errors import Conflict
from crmsync.gateways.dynamodb.table import (
    CONDITION_FAILED,
    ConditionFailed,
    DynamoTable,
    Item,
    Key,
    TransactionCancelled,
    TransactionWrite,
    same_version,
)
from crmsync.model.moments import epoch_seconds
from crmsync.model.operations.jobs import Job, JobCounts, without_findings
from crmsync.wire.rows.jobs import from_json, to_json

_TAKEN = frozenset({CONDITION_FAILED, "TransactionConflict"})
"""Why a transaction is cancelled when somebody else has written the job."""

KEPT = timedelta(days=90)
"""How long a job that is over can still be shown."""

COUNTS_KEPT = timedelta(days=120)
"""How long counts are kept after they last grew: records may come back for a while after a job."""

COUNTS = ("made", "linked", "refused")
"""What is counted, as `JobCounts` has it."""


class JobsTable:
    """Implements `Jobs` on a table with the keys `pk` and `sk`."""

    def __init__(self, client: Any, table: str) -> None:
        """Use the boto3 `client` ("dynamodb")."""
        self._table = DynamoTable(client, table, "The table of jobs")

    def load(self, connection: str, job_id: str) -> Job | None:
        """The job with all its findings, strongly consistent, or None. Raises `TryAgain`."""
        item = self._table.get(_job_key(connection, job_id))
        if item is None:
            return None
        job = _job(item)
        if "apart" not in item:
            return job
        whole = self._table.get(_findings_key(connection, job_id))
        return job if whole is None else replace(from_json(whole["job"]["S"]), version=job.version)

    def save(self, job: Job) -> Job:
        """Store a job under its next version, and return it with that version.

        Raises `Conflict` if it has been stored since it was loaded, else `TryAgain`.
        """
        saved = replace(job, version=job.version + 1)
        attributes: dict[str, Any] = {
            "job": {"S": to_json(saved)},
            "version": {"N": str(saved.version)},
            "started": {"S": job.started_at.isoformat()},
        }
        if job.state.is_over:
            attributes["expires_at"] = {"N": str(epoch_seconds(job.moved_at + KEPT))}
        key, condition = _job_key(job.connection, job.id), same_version(job.version)
        short = without_findings(saved)
        try:
            if job.state.is_over and short != saved:
                whole = {name: attributes[name] for name in ("job", "expires_at")}
                attributes |= {"job": {"S": to_json(short)}, "apart": {"BOOL": True}}
                self._put_both(
                    self._table.put_action(key, attributes, **condition),
                    self._table.put_action(_findings_key(job.connection, job.id), whole),
                )
            else:
                self._table.put(key, attributes, **condition)
        except ConditionFailed:
            raise Conflict("The job was changed meanwhile; look at it again.", code="JOB") from None
        return saved

    def all(self, connection: str) -> Sequence[Job]:
        """The connection's jobs, newest first; those that are over without their findings. Raises
        `TryAgain`.
        """
        return _newest_first(map(_job, self._table.query(_partition(connection))))

    def not_over(self, connection: str) -> Sequence[Job]:
        """Those of them that can still go on, newest first. DynamoDB leaves the others out. Raises
        `TryAgain`.
        """
        items = self._table.query(
            _partition(connection), FilterExpression="attribute_not_exists(expires_at)"
        )
        return _newest_first(job for job in map(_job, items) if not job.state.is_over)

    def count(self, connection: str, job_id: str, counts: JobCounts, now: datetime) -> None:
        """Add to what became of a job's records, until long after it is over. Raises
        `TryAgain`.
        """
        added = {f":{name}": {"N": str(getattr(counts, name))} for name in COUNTS}
        self._table.update(
            _counts_key(connection, job_id),
            UpdateExpression=(
                f"SET expires_at = :ends ADD {', '.join(f'{name} :{name}' for name in COUNTS)}"
            ),
            ExpressionAttributeValues={
                **added,
                ":ends": {"N": str(epoch_seconds(now + COUNTS_KEPT))},
            },
        )

    def counts(self, connection: str) -> Mapping[str, JobCounts]:
        """What became of the records of each job, by its id; jobs without any are left out. Raises
        `TryAgain`.
        """
        return {
            item["sk"]["S"]: JobCounts(*(int(item[name]["N"]) for name in COUNTS))
            for item in self._table.query(_counts(connection))
        }

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

    def _put_both(self, *puts: TransactionWrite) -> None:
        """Store a job and its findings, or neither: of two workers that end the same job, the later
        one replaces nothing. Raises `ConditionFailed`.
        """
        try:
            self._table.transact(puts)
        except TransactionCancelled as cancelled:
            if not _TAKEN & set(cancelled.codes):
                raise cancelled.error from None
            raise ConditionFailed({}) from None


def _newest_first(jobs: Iterable[Job]) -> list[Job]:
    return sorted(jobs, key=lambda job: (job.started_at, job.id), reverse=True)


def _partition(connection: str) -> str:
    return f"job#{connection}"


def _job_key(connection: str, job_id: str) -> Key:
    return _partition(connection), job_id


def _findings_key(connection: str, job_id: str) -> Key:
    return f"job-findings#{connection}", job_id


def _counts(connection: str) -> str:
    return f"job-counts#{connection}"


def _counts_key(connection: str, job_id: str) -> Key:
    return _counts(connection), job_id


def _import_key(connection: str, name: str) -> Key:
    return _imports(connection), name


def _imports(connection: str) -> str:
    return f"imported#{connection}"


def _job(item: Item) -> Job:
    return replace(from_json(item["job"]["S"]), version=int(item["version"]["N"]))
