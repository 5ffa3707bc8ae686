"""A batch of SQS messages: one call of a flow per connection, and which messages must be delivered
again.

A message holds many changes. What goes wrong with one record is handled by the flow and never
brings the message back.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from crmsync.errors import SyncError
from crmsync.model.changes import Change, redelivered
from crmsync.model.mail import LogRange
from crmsync.wire import range_messages
from crmsync.wire.queue_messages import UnreadableError, load_changes


def run_batch(
    records: Sequence[Mapping[str, Any]], sync: Callable[[str, list[Change]], None]
) -> dict[str, Any]:
    """Call `sync` with each connection's name and changes; returns SQS's partial batch response.

    A message is delivered again, and in the end becomes a dead letter, if it cannot be read or if
    `sync` raised `SyncError` for its connection: then its changes are stored nowhere else. The
    records of a redelivered message are synced even if they show nothing new, as the first worker
    may have died on the way.
    """
    failed: set[str] = set()
    changes: dict[str, list[Change]] = defaultdict(list)
    messages: dict[str, set[str]] = defaultdict(set)
    for record in records:
        try:
            for change in load_changes(record["body"]):
                changes[change.connection].append(
                    redelivered(change) if _is_redelivered(record) else change
                )
                messages[change.connection].add(record["messageId"])
        except UnreadableError:
            failed.add(record["messageId"])
    for connection, some in changes.items():
        try:
            sync(connection, some)
        except SyncError:
            failed |= messages[connection]
    return _response(failed)


def run_ranges(
    records: Sequence[Mapping[str, Any]],
    work: Callable[[str, list[LogRange]], Collection[LogRange]],
) -> dict[str, Any]:
    """Call `work` with each connection's name and log ranges; returns SQS's partial batch response.

    A message is delivered again if it cannot be read, if `work` returns its range as given up, or
    if `work` raised `SyncError`.
    """
    failed: set[str] = set()
    messages: dict[str, dict[str, LogRange]] = defaultdict(dict)
    for record in records:
        try:
            one = range_messages.load_range(record["body"])
        except UnreadableError:
            failed.add(record["messageId"])
        else:
            messages[one.connection][record["messageId"]] = one
    for connection, some in messages.items():
        try:
            given_up = work(connection, list(some.values()))
        except SyncError:
            failed |= some.keys()
        else:
            failed |= {message for message, one in some.items() if one in given_up}
    return _response(failed)


def _is_redelivered(record: Mapping[str, Any]) -> bool:
    """Whether SQS has delivered this message before."""
    return int((record.get("attributes") or {}).get("ApproximateReceiveCount", 1)) > 1


def _response(failed: set[str]) -> dict[str, Any]:
    return {"batchItemFailures": [{"itemIdentifier": message} for message in sorted(failed)]}
