"""What keeps connections from syncing completely, in the state table.

    pk            sk                           attributes
    trouble#acme  down:contact                 side, code, text, hint, since, seen, next (ISO 8601,
                                               UTC), fails, whole, sure, version, expires_at (90
                                               days after `seen`, for removed connections)
    trouble#acme  pause                        since (ISO 8601, UTC), by (an ARN): the operator has
                                               paused the connection
    trouble#acme  field:salesforce:Lead:Title  since (ISO 8601, UTC), needed, edit, over

An item exists only while the trouble lasts, so normally one read finds nothing.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from crmsync.gateways.dynamodb.table import (
    ABSENT,
    ConditionFailed,
    DynamoTable,
    Item,
    Key,
    same_version,
)
from crmsync.model.moments import epoch_seconds
from crmsync.model.operations.troubles import Outage, Pause, Rest, Troubles
from crmsync.model.records import Kind, Side
from crmsync.ports.troubles import TroubleStore

KEPT = timedelta(days=90)
DOWN = "down:"
FIELD = "field:"
PAUSE = "pause"


class TroubleTable:
    """Implements `TroubleStore` on a table with the keys `pk` and `sk`."""

    def __init__(self, client: Any, table: str) -> None:
        """Use the boto3 `client` ("dynamodb")."""
        self._table = DynamoTable(client, table, "The list of troubles")

    def load(self, connection: str) -> Troubles:
        """All present troubles, strongly consistent, in one read. Raises `TryAgain`."""
        outages: dict[Kind, Outage] = {}
        rests: list[Rest] = []
        pause: Pause | None = None
        for item in self._table.query(_partition(connection)):
            name = item["sk"]["S"]
            if name.startswith(DOWN):
                outages[Kind(name.removeprefix(DOWN))] = _outage(item)
            elif name.startswith(FIELD):
                rests.append(_rest(item))
            elif name == PAUSE:
                pause = Pause(datetime.fromisoformat(item["since"]["S"]), item["by"]["S"])
        return Troubles(outages, tuple(rests), pause)

    def save_outage(self, connection: str, kind: Kind, outage: Outage) -> Outage | None:
        """Store an outage under its next version, and return it with that version; None if another
        one was stored since it was loaded. Raises `TryAgain`.
        """
        stored = replace(outage, version=outage.version + 1)
        key = _key(connection, f"{DOWN}{kind}")
        try:
            self._table.put(key, _outage_item(stored), **same_version(outage.version))
        except ConditionFailed:
            return None
        return stored

    def save_rest(self, connection: str, rest: Rest) -> bool:
        """Store a field that is left out; returns whether the field is new. Raises `TryAgain`."""
        attributes = {
            "since": {"S": rest.since.isoformat()},
            "needed": {"BOOL": rest.is_needed},
            "edit": {"BOOL": rest.needs_edit},
            "over": {"BOOL": rest.is_over},
        }
        return not self._table.put(_rest_key(connection, rest), attributes, ReturnValues="ALL_OLD")

    def end_rest(self, connection: str, rest: Rest) -> None:
        """Delete a field that is no longer left out. Raises `TryAgain`."""
        self._table.delete(_rest_key(connection, rest))

    def end_outage(self, connection: str, kind: Kind) -> None:
        """Delete an outage that is over. Raises `TryAgain`."""
        self._table.delete(_key(connection, f"{DOWN}{kind}"))

    def pause(self, connection: str, pause: Pause) -> None:
        """Pause the connection; an earlier pause stays as it is. Raises `TryAgain`."""
        attributes = {"since": {"S": pause.since.isoformat()}, "by": {"S": pause.by}}
        with contextlib.suppress(ConditionFailed):
            self._table.put(_key(connection, PAUSE), attributes, **ABSENT)

    def resume(self, connection: str) -> None:
        """End the pause. Raises `TryAgain`."""
        self._table.delete(_key(connection, PAUSE))


def _partition(connection: str) -> str:
    return f"trouble#{connection}"


def _key(connection: str, name: str) -> Key:
    return _partition(connection), name


def _rest_key(connection: str, rest: Rest) -> Key:
    return _key(connection, f"{FIELD}{rest.side}:{rest.object}:{rest.field}")


def _rest(item: Item) -> Rest:
    side, name, field = item["sk"]["S"].removeprefix(FIELD).split(":", 2)
    return Rest(
        Side(side),
        name,
        field,
        since=datetime.fromisoformat(item["since"]["S"]),
        is_needed=item["needed"]["BOOL"],
        needs_edit=item["edit"]["BOOL"],
        is_over=item["over"]["BOOL"],
    )


def _outage_item(outage: Outage) -> Item:
    return {
        "side": {"S": outage.side},
        "code": {"S": outage.code},
        "text": {"S": outage.text},
        "hint": {"S": outage.hint},
        "since": {"S": outage.since.isoformat()},
        "seen": {"S": outage.seen_at.isoformat()},
        "next": {"S": outage.next_at.isoformat()},
        "fails": {"N": str(outage.fails)},
        "whole": {"BOOL": outage.is_whole},
        "sure": {"BOOL": outage.is_sure},
        "version": {"N": str(outage.version)},
        "expires_at": {"N": str(epoch_seconds(outage.seen_at + KEPT))},
    }


def _outage(item: Item) -> Outage:
    return Outage(
        side=item["side"]["S"],
        code=item["code"]["S"],
        text=item["text"]["S"],
        hint=item["hint"]["S"],
        since=datetime.fromisoformat(item["since"]["S"]),
        seen_at=datetime.fromisoformat(item["seen"]["S"]),
        next_at=datetime.fromisoformat(item["next"]["S"]),
        fails=int(item["fails"]["N"]),
        is_whole=item["whole"]["BOOL"],
        is_sure=item["sure"]["BOOL"],
        version=int(item["version"]["N"]),
    )


@dataclass(slots=True)
class CachedTroubles:
    """Implements `TroubleStore` over another one, for one invocation: troubles are read once, and
    again after each change that this invocation makes.

    What another worker notes in the meantime is found by the next invocation, or by the call that
    is refused. Writes are conditional in the store itself.
    """

    store: TroubleStore
    _known: dict[str, Troubles] = field(default_factory=dict)

    def load(self, connection: str) -> Troubles:
        """As the port says; read once."""
        if connection not in self._known:
            self._known[connection] = self.store.load(connection)
        return self._known[connection]

    def save_outage(self, connection: str, kind: Kind, outage: Outage) -> Outage | None:
        """As the port says."""
        self._known.pop(connection, None)
        return self.store.save_outage(connection, kind, outage)

    def save_rest(self, connection: str, rest: Rest) -> bool:
        """As the port says."""
        self._known.pop(connection, None)
        return self.store.save_rest(connection, rest)

    def end_rest(self, connection: str, rest: Rest) -> None:
        """As the port says."""
        self._known.pop(connection, None)
        self.store.end_rest(connection, rest)

    def end_outage(self, connection: str, kind: Kind) -> None:
        """As the port says."""
        self._known.pop(connection, None)
        self.store.end_outage(connection, kind)

    def pause(self, connection: str, pause: Pause) -> None:
        """As the port says."""
        self._known.pop(connection, None)
        self.store.pause(connection, pause)

    def resume(self, connection: str) -> None:
        """As the port says."""
        self._known.pop(connection, None)
        self.store.resume(connection)
