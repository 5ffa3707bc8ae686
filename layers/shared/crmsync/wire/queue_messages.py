"""The form of the messages in our own queues, and those about changes to sync.

Law: no message carries personal data, and what is not a message of ours is `UnreadableError`,
whatever it contains. Each is compact JSON with a version.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any, TypeVar

from crmsync.model.changes import Cause, Change, TieEvent
from crmsync.model.moments import epoch_ms, from_epoch_ms
from crmsync.model.records import Kind, Ref, Side

T = TypeVar("T")

VERSION = 1

MAX = 100
"""Changes per message, so that a batch of messages stays far below the payload limits."""

MAX_NEWS = 1_000
"""Changes of associations, and records that wait for others, per message: some 70 bytes each. A
change with more of them becomes several, each in a message of its own.
"""

_MALFORMED = (
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    RecursionError,
    OverflowError,
    OSError,
)
"""What reading a message may raise: for wrong shapes, values that are no numbers or times, and
lists nested too deeply.
"""


class UnreadableError(ValueError):
    """The message is not ours, or has a version that this release does not know."""


def dump_message(body: Mapping[str, Any]) -> str:
    """The message with this body; its keys stay in order."""
    return json.dumps({"version": VERSION, **body}, separators=(",", ":"))


def load_message(text: str, read: Callable[[Mapping[str, Any]], T]) -> T:
    """What `read` makes of a message's body. Raises `UnreadableError`, also if `read` fails.

    A queue behind a rule of the event bus receives the message as the `detail` of an event; both
    forms are read.
    """
    try:
        body = json.loads(text)
        body = body.get("detail", body)
        version = body["version"]
        if version == VERSION:
            return read(body)
    except UnreadableError:
        raise
    except _MALFORMED as error:
        raise UnreadableError(type(error).__name__) from None
    raise UnreadableError(f"message version {version!r} is not {VERSION}")


def dump_changes(changes: Sequence[Change]) -> list[str]:
    """The messages for these changes, each with at most `MAX` of one connection and kind.

    Messages are in the order of connection and kind, the changes of each in the order given. The
    same text is the detail of an event on the bus and the body of a message that is sent straight
    to a queue, with a delay.
    """

    def queue(change: Change) -> tuple[str, Kind]:
        return change.connection, change.kind

    return [
        dump_message(
            {"connection": connection, "kind": kind, "changes": [_row(change) for change in part]}
        )
        for (connection, kind), group in groupby(sorted(changes, key=queue), key=queue)
        for part in _parts(one for change in group for one in _slices(change))
    ]


def event_id(text: str) -> str:
    """The id of the bus's event that a message is; "" for one that was sent straight to its queue,
    or that cannot be read.
    """
    try:
        return str(json.loads(text)["id"])
    except _MALFORMED:
        return ""


def load_changes(text: str) -> list[Change]:
    """The changes of a message. Raises `UnreadableError`."""
    return load_message(text, _changes)


def _slices(change: Change) -> Iterator[Change]:
    """The change, or several that coalesce to it: as many contacts as an account has may wait for
    it.
    """
    if _news(change) <= MAX_NEWS:
        yield change
        return
    yield replace(change, waiting=())
    for start in range(0, len(change.waiting), MAX_NEWS):
        yield replace(change, ties=(), waiting=change.waiting[start : start + MAX_NEWS])


def _parts(changes: Iterator[Change]) -> Iterator[list[Change]]:
    part: list[Change] = []
    news = 0
    for change in changes:
        news += _news(change)
        if part and (len(part) == MAX or news > MAX_NEWS):
            yield part
            part, news = [], _news(change)
        part.append(change)
    yield part


def _news(change: Change) -> int:
    return len(change.ties) + len(change.waiting)


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
    if change.job:
        row["job"] = change.job
    if change.ties:
        row["ties"] = [[*_cells(tie.contact), epoch_ms(tie.at), tie.is_gone] for tie in change.ties]
    return row


def _changes(body: Mapping[str, Any]) -> list[Change]:
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
        job=str(row.get("job", "")),
    )


def _cells(ref: Ref) -> list[str]:
    return [ref.side, ref.object, ref.id]


def _ref(side: str, name: object, record_id: object) -> Ref:
    return Ref(Side(side), str(name), str(record_id))
