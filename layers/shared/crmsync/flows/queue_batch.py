"""A batch of SQS messages -> one call of a concern's flow per connection, and the messages that must be delivered again.

A message is a parcel of changes; what happens to single records inside it is the flow's business and never makes the parcel come back.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from crmsync.errors import SyncError
from crmsync.model.changes import Change
from crmsync.wire.queue import UnreadableError, load


def run_batch(records: Sequence[Mapping[str, Any]], sync: Callable[[str, list[Change]], None]) -> dict[str, Any]:
    """Give each connection's changes to `sync` together; answers SQS's partial batch response.

    A message comes back (and in the end goes to the dead letters) when it cannot be read, or when `sync` raised `SyncError` for its
    connection: then nothing is known to be safe elsewhere.
    """
    failed: set[str] = set()
    changes: dict[str, list[Change]] = defaultdict(list)
    messages: dict[str, set[str]] = defaultdict(set)
    for record in records:
        try:
            for change in load(record["body"]):
                changes[change.connection].append(change)
                messages[change.connection].add(record["messageId"])
        except UnreadableError:
            failed.add(record["messageId"])
    for connection, some in changes.items():
        try:
            sync(connection, some)
        except SyncError:
            failed |= messages[connection]
    return {"batchItemFailures": [{"itemIdentifier": message} for message in sorted(failed)]}
