"""Our own message: changes of one connection and kind, versioned JSON, no personal data.

The same document is the detail of an event on the bus and the body of a message that looks again; a
queue behind a bus rule receives it wrapped in the EventBridge envelope, and both forms are read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from crmsync.model.changes import Cause, Change, TieNews
from crmsync.model.records import Kind, Ref, Side

VERSION = 1
MOST = 100
"""Changes per message, so that a batch of messages stays far below the payload limits."""

MOST_NEWS = 1_000
"""News of ties per message, of some 60 bytes each; a change with more has a message of its own."""


MALFORMED = (
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    RecursionError,
    OverflowError,
    OSError,
)
"""What reading a message may raise that is not ours: for wrong shapes, values that are no numbers
or times, lists in lists without end.
"""


class UnreadableError(ValueError):
    """The message is not one of ours, or of a version from the future."""


def dump(changes: Sequence[Change]) -> list[str]:
    """The messages that carry the changes, each with at most `MOST` of one connection and kind, in
    order.
    """
    ordered = sorted(changes, key=lambda change: (change.connection, change.kind))
    return [
        json.dumps(
            {
                "version": VERSION,
                "connection": connection,
                "kind": kind,
                "changes": [_dump(change) for change in some],
            },
            separators=(",", ":"),
        )
        for (connection, kind), group in groupby(
            ordered, key=lambda change: (change.connection, change.kind)
        )
        for some in _portions(list(group))
    ]


def load(text: str) -> list[Change]:
    """The changes of a message. Raises `UnreadableError`."""
    try:
        document = json.loads(text)
        document = document.get("detail", document)
        if document["version"] != VERSION:
            msg = f"message version {document['version']!r} is not {VERSION}"
            raise UnreadableError(msg)
        connection, kind = str(document["connection"]), Kind(document["kind"])
        return [_load(row, connection, kind) for row in document["changes"]]
    except MALFORMED as error:
        raise (
            error if isinstance(error, UnreadableError) else UnreadableError(type(error).__name__)
        ) from None


def _portions(changes: list[Change]) -> Iterator[list[Change]]:
    portion: list[Change] = []
    news = 0
    for change in changes:
        news += len(change.ties)
        if portion and (len(portion) == MOST or news > MOST_NEWS):
            yield portion
            portion, news = [], len(change.ties)
        portion.append(change)
    yield portion


def _dump(change: Change) -> dict[str, Any]:
    row: dict[str, Any] = {
        "side": change.ref.side,
        "object": change.ref.object,
        "id": change.ref.id,
        "cause": change.cause,
    }
    row["at"] = _milliseconds(change.at)
    if change.tries:
        row["tries"] = change.tries
    if change.waiting:
        row["waiting"] = [_dump_ref(ref) for ref in change.waiting]
    if change.held:
        row["held"] = True
    if change.ties:
        row["ties"] = [
            [*_dump_ref(one.contact), _milliseconds(one.at), one.is_gone] for one in change.ties
        ]
    return row


def _load(row: dict[str, Any], connection: str, kind: Kind) -> Change:
    ref = Ref(Side(row["side"]), str(row["object"]), str(row["id"]))
    waiting = tuple(
        Ref(Side(side), str(name), str(one)) for side, name, one in row.get("waiting", ())
    )
    tries, held = int(row.get("tries", 0)), bool(row.get("held", False))
    ties = tuple(
        TieNews(Ref(Side(side), str(name), str(one)), _moment(at), bool(gone))
        for side, name, one, at, gone in row.get("ties", ())
    )
    return Change(
        connection, kind, ref, Cause(row["cause"]), _moment(row["at"]), tries, waiting, held, ties
    )


def _dump_ref(ref: Ref) -> list[str]:
    return [ref.side, ref.object, ref.id]


def _milliseconds(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
