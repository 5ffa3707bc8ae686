"""The log of decided conflicts: the functions of the concerns write it, the console reads it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING

from crmsync.errors import SyncError
from crmsync.telemetry import logger
from crmsync.wiring.stores import aws_client, table_name

if TYPE_CHECKING:
    from crmsync.gateways.dynamodb.conflict_log import ConflictLog
    from crmsync.model.conflicts import LoggedConflict


@cache
def conflict_log() -> ConflictLog:
    """The log."""
    from crmsync.gateways.dynamodb.conflict_log import ConflictLog

    return ConflictLog(
        aws_client("dynamodb"), table_name("state"), new_id=lambda: uuid.uuid4().hex[:8]
    )


def keep_conflicts(name: str, conflicts: Sequence[LoggedConflict], at: datetime) -> None:
    """Log the conflicts of a connection. The links have them as well, so a store that does not
    answer is no reason to sync again.
    """
    try:
        conflict_log().add(name, conflicts, at)
    except SyncError as error:
        logger.warning(
            "conflicts are not in their log",
            connection=name,
            conflicts=len(conflicts),
            code=error.code,
        )
