"""A batch of SQS messages -> one call of a concern's flow per connection, and the messages that
must be delivered again.

A message is a parcel of changes; what happens to single records inside it is the flow's business
and never makes the parcel come back.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from crmsync.errors import SyncError
from crmsync.model.changes import Change, redelivered
from crmsync.model.mail import LogRange
from crmsync.wire import log_range_message
from crmsync.wire.change_message import load
from crmsync.wire.envelope import UnreadableError


def run_batch(
    records: Sequence[Mapping[str, Any]], sync: Callable[[str, list[Change]], None]
) -> dict[str, Any]:
    """Give each connection's changes to `sync` together; answers SQS's partial batch response.

    A message comes back (and in the end goes to the dead letters) when it cannot be read, or when
    `sync` raised `SyncError` for its connection: then nothing is known to be safe elsewhere. The
    records of a message that came back are looked at even if they show nothing new: whoever had it
    before has died or failed on the way.
    """
    failed: set[str] = set()
    changes: dict[str, list[Change]] = defaultdict(list)
    messages: dict[str, set[str]] = defaultdict(set)
    for record in records:
        try:
            for change in load(record["body"]):
                changes[change.connection].append(
                    redelivered(change) if _came_back(record) else change
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
    """Give each connection's windows to `work` together; answers SQS's partial batch response.

    A message comes back when it cannot be read, when `work` answers its window as given up, or when
    it raised `SyncError`.
    """
    failed: set[str] = set()
    messages: dict[str, dict[str, LogRange]] = defaultdict(dict)
    for record in records:
        try:
            window = log_range_message.load(record["body"])
        except UnreadableError:
            failed.add(record["messageId"])
        else:
            messages[window.connection][record["messageId"]] = window
    for connection, some in messages.items():
        try:
            given_up = work(connection, list(some.values()))
        except SyncError:
            failed |= some.keys()
        else:
            failed |= {message for message, window in some.items() if window in given_up}
    return _response(failed)


def _came_back(record: Mapping[str, Any]) -> bool:
    """Whether SQS has delivered this message before."""
    return int((record.get("attributes") or {}).get("ApproximateReceiveCount", 1)) > 1


def _response(failed: set[str]) -> dict[str, Any]:
    return {"batchItemFailures": [{"itemIdentifier": message} for message in sorted(failed)]}
