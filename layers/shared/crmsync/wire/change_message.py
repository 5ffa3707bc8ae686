"""The message of the sync queues: changes of one connection and kind.

The same text is the detail of an event on the bus and the body of a message that is sent straight
to a queue, with a delay.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from crmsync.model.changes import Cause, Change, TieEvent
from crmsync.model.moments import epoch_ms, from_epoch_ms
from crmsync.model.records import Kind, Ref, Side
from crmsync.wire import envelope

MAX = 100
"""Changes per message, so that a batch of messages stays far below the payload limits."""

MAX_NEWS = 1_000
"""Changes of associations per message, some 60 bytes each; a record with more of them has a message
of its own.
"""


def dump(changes: Sequence[Change]) -> list[str]:
    """The messages for these changes, each with at most `MAX` of one connection and kind.

    Messages are in the order of connection and kind, the changes of each in the order given.
    """

    def queue(change: Change) -> tuple[str, Kind]:
        return change.connection, change.kind

    return [
        envelope.dump(
            {"connection": connection, "kind": kind, "changes": [_row(change) for change in part]}
        )
        for (connection, kind), group in groupby(sorted(changes, key=queue), key=queue)
        for part in _parts(group)
    ]


def load(text: str) -> list[Change]:
    """The changes of a message. Raises `UnreadableError`."""
    return envelope.load(text, _read)


def _parts(changes: Iterator[Change]) -> Iterator[list[Change]]:
    part: list[Change] = []
    news = 0
    for change in changes:
        news += len(change.ties)
        if part and (len(part) == MAX or news > MAX_NEWS):
            yield part
            part, news = [], len(change.ties)
        part.append(change)
    yield part


def _row(change: Change) -> dict[str, Any]:
    row: dict[str, Any] = {
        "side": change.ref.side,
        "object": change.ref.object,
        "id": change.ref.id,
        "cause": change.cause,
        "at": epoch_ms(change.at),
    }
    if change.tries:
        row["tries"] = change.tries
    if change.waiting:
        row["waiting"] = [_cells(ref) for ref in change.waiting]
    if change.held:
        row["held"] = True
    if change.ties:
        row["ties"] = [[*_cells(tie.contact), epoch_ms(tie.at), tie.is_gone] for tie in change.ties]
    return row


def _read(body: Mapping[str, Any]) -> list[Change]:
    connection, kind = str(body["connection"]), Kind(body["kind"])
    return [_change(row, connection, kind) for row in body["changes"]]


def _change(row: Mapping[str, Any], connection: str, kind: Kind) -> Change:
    return Change(
        connection,
        kind,
        _ref(row["side"], row["object"], row["id"]),
        Cause(row["cause"]),
        at=from_epoch_ms(row["at"]),
        tries=int(row.get("tries", 0)),
        waiting=tuple(_ref(*cells) for cells in row.get("waiting", ())),
        held=bool(row.get("held", False)),
        ties=tuple(
            TieEvent(_ref(side, name, record_id), from_epoch_ms(at), bool(gone))
            for side, name, record_id, at, gone in row.get("ties", ())
        ),
    )


def _cells(ref: Ref) -> list[str]:
    return [ref.side, ref.object, ref.id]


def _ref(side: str, name: object, record_id: object) -> Ref:
    return Ref(Side(side), str(name), str(record_id))
