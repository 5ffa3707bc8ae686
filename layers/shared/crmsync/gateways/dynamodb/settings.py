"""The settings in force and all earlier versions, in a table of their own, which Lambda functions
may only read.

    pk          sk          attributes
    settings    current     version, text, settings (JSON), pushed_at (ISO 8601, UTC), by, seal
    settings    v000001     the same, one item per push, kept for ever

The newest push is stored twice, in one transaction, so that reading the settings in force costs one
small read. An item whose signature (`seal`, see `crmsync.wire.settings.signature`) is not valid is
not used: the right to write the table is not enough to change the settings.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from crmsync.errors import Conflict, Distrusted, Refused
from crmsync.gateways.aws.key_ring import KeyRing
from crmsync.gateways.aws.secrets import MIN_AGE
from crmsync.gateways.dynamodb.table import (
    ABSENT,
    CONDITION_FAILED,
    DynamoTable,
    Item,
    Key,
    TransactionCancelled,
)
from crmsync.model.settings import Settings
from crmsync.wire.settings.signature import StoredPush, is_valid, sign
from crmsync.wire.settings.stored import Entry, Revision, from_json, to_json

_PARTITION = "settings"
_CURRENT = "current"
_TAKEN = frozenset({CONDITION_FAILED, "TransactionConflict"})
_WHAT = "The settings table"

MAX_AGE = 60.0
"""Seconds after which a warm Lambda reads the settings again."""

UNSIGNED = "SETTINGS_SEAL"
"""The code for settings whose signature is not valid."""

REPLACED = "SETTINGS_REPLACED"
"""The code for settings that are older than ones that were in force, or that are missing."""

EARLIER = "SETTINGS_EARLIER"
"""The code for settings that were stored by an earlier release."""

_HINT = (
    "Find out who wrote to the table (CloudTrail); then crmsync settings history shows which "
    "versions are good, and crmsync settings push or rollback puts settings in force. "
    "Until then all changes wait."
)


class SettingsTable:
    """The operator's settings on a table with the keys `pk` and `sk`."""

    def __init__(self, client: Any, table: str, ring: KeyRing, *, earlier: str = "") -> None:
        """Use the boto3 `client` ("dynamodb") and the settings' own keys.

        `earlier` names the table in which releases before 0.2 kept them.
        """
        self._table = DynamoTable(client, table, _WHAT)
        self._ring = ring
        self._earlier = DynamoTable(client, earlier, _WHAT) if earlier else None

    def load(self, *, consistent: bool = True) -> Settings:
        """The settings in force, empty before the first push. Raises `TryAgain`, of which
        `Distrusted` is one.

        Unless the read is `consistent`, a push of the last second may be missing. That costs half.
        """
        current = self._current(consistent=consistent)
        return Settings() if current is None else current.settings

    def current(self) -> Revision | None:
        """The push in force, or None before the first one. Unlike `load` it checks that there is no
        later version. Raises what `load` raises.
        """
        current = self._current()
        if current is None and self.earlier() is not None:
            raise Distrusted(
                "The settings are still where an earlier release of crmsync has put them, "
                "without a seal.",
                code=EARLIER,
                hint="Look your file through and push it again: "
                "crmsync settings push FILE --apply. Until then all changes wait.",
            )
        if current is not None and self._item(_place(current.version + 1)):
            # Somebody may have pushed between the two reads.
            again = self._current()
            if again is None or again.version == current.version:
                raise _replaced(
                    f"Version {current.version} of the settings is in force, "
                    "though there is a later one."
                )
            return again
        return current

    def revision(self, version: int) -> Revision | None:
        """The push with that number, or None. Raises what `load` raises."""
        item = self._item(_place(version))
        return None if item is None else self._revision(item)

    def history(self) -> Sequence[Entry]:
        """All pushes, newest first; those without a valid signature without their content. Raises
        `TryAgain`.
        """
        rows = self._table.query(
            _PARTITION,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :v)",
            ExpressionAttributeValues={":pk": {"S": _PARTITION}, ":v": {"S": "v"}},
            ScanIndexForward=False,
        )
        return [self._entry(row) for row in rows]

    def earlier(self) -> Revision | None:
        """The settings that an earlier release stored, or None; they have no signature. Raises
        `TryAgain`.
        """
        item = self._earlier.get(_key(_CURRENT)) if self._earlier else None
        return None if item is None else _opened(_stored(item))

    def push(self, text: str, settings: Settings, *, at: datetime, by: str = "") -> Settings:
        """Put settings in force that were checked against version `settings.version`; returns them
        with their new version.

        Raises `Conflict` if somebody else has pushed since, `Refused` without a key, else
        `TryAgain`. Then nothing is changed.
        """
        version = settings.version + 1
        stored = StoredPush(version, text, to_json(settings), at.isoformat(), by)
        place = _place(version)
        puts = [
            self._table.put_action(_key(place), self._signed(stored, place), **ABSENT),
            self._table.put_action(_key(_CURRENT), self._signed(stored, _CURRENT)),
        ]
        try:
            self._table.transact(puts)
        except TransactionCancelled as cancelled:
            if not _TAKEN & set(cancelled.codes):
                raise cancelled.error from None
            raise Conflict(
                "Somebody else has pushed settings meanwhile; look at them and push again.",
                code="SETTINGS",
            ) from None
        return replace(settings, version=version)

    def now(self) -> datetime:
        """The time at AWS (UTC, whole seconds), so that the time of a push does not depend on the
        operator's machine. Raises `TryAgain`.
        """
        return self._table.server_time(_key(_CURRENT))

    def _current(self, *, consistent: bool = True) -> Revision | None:
        item = self._item(_CURRENT, consistent=consistent)
        if item is None and self._item(_place(1)):
            # The first push may have happened between the two reads.
            item = self._item(_CURRENT)
            if item is None:
                raise _replaced("The settings in force are gone, though some were pushed.")
        return None if item is None else self._revision(item)

    def _revision(self, item: Item) -> Revision:
        """The push of an item. Raises `Distrusted` unless it is signed with a key of the stack, for
        this very place.
        """
        place = str(item["sk"]["S"])
        try:
            stored, found = _stored(item), str(item["seal"]["S"])
            if any(
                is_valid(stored, place, found, keys().values())
                for keys in (self._ring.keys, self._ring.renewed)
            ):
                return _opened(stored)
        except (KeyError, ValueError):
            pass
        except Refused as error:
            raise Distrusted(error.text, code=error.code, hint=error.hint) from None
        which = (
            "The settings in force have"
            if place == _CURRENT
            else f"Version {int(place[1:])} of the settings has"
        )
        raise Distrusted(
            f"{which} a seal that does not hold: the table was written by somebody else than "
            "crmsync settings push.",
            code=UNSIGNED,
            hint=_HINT,
        )

    def _entry(self, row: Item) -> Entry:
        version = int(row["sk"]["S"][1:])
        try:
            return Entry(version, self._revision(row))
        except Distrusted:
            return Entry(version)

    def _signed(self, stored: StoredPush, place: str) -> Item:
        texts = {name: {"S": value} for name, value in asdict(stored).items() if name != "version"}
        signature = sign(stored, place, next(iter(self._ring.keys().values())))
        return {"version": {"N": str(stored.version)}, **texts, "seal": {"S": signature}}

    def _item(self, place: str, *, consistent: bool = True) -> Item | None:
        return self._table.get(_key(place), consistent=consistent)


class FreshSettings:
    """The settings in force, kept for a minute by a warm Lambda, so that a push takes effect
    everywhere within a minute.
    """

    def __init__(self, table: SettingsTable, *, now: Callable[[], float]) -> None:
        """Read from `table`; `now` gives seconds on a clock that does not go back."""
        self._table = table
        self._now = now
        self._kept: tuple[Settings, float] | None = None
        self._refused: tuple[Distrusted, float] | None = None

    def settings(self) -> Settings:
        """The settings, at most `MAX_AGE` seconds old and never an older version than before.
        Raises `TryAgain`, of which `Distrusted` is one.
        """
        if self._kept is not None and self._now() - self._kept[1] < MAX_AGE:
            return self._kept[0]
        if self._refused is not None and self._now() - self._refused[1] < MIN_AGE:
            raise self._refused[0]
        try:
            self._kept = (self._load(), self._now())
        except Distrusted as error:
            self._refused = (error, self._now())
            raise
        return self._kept[0]

    def _load(self) -> Settings:
        found = self._table.load(consistent=False)
        seen = self._kept[0].version if self._kept is not None else 0
        if found.version < seen:
            found = self._table.load()
        if found.version < seen:
            raise _replaced(
                f"Version {found.version} of the settings is in force, though version {seen} was."
            )
        return found


def _replaced(text: str) -> Distrusted:
    return Distrusted(f"{text} Nobody has pushed that.", code=REPLACED, hint=_HINT)


def _key(place: str) -> Key:
    return _PARTITION, place


def _place(version: int) -> str:
    return f"v{version:06d}"


def _stored(item: Item) -> StoredPush:
    """The push in an item. Raises `KeyError` and `ValueError` if the item is not ours."""
    texts = {name: str(item[name]["S"]) for name in ("text", "settings", "pushed_at", "by")}
    return StoredPush(int(item["version"]["N"]), **texts)


def _opened(stored: StoredPush) -> Revision:
    settings = from_json(stored.settings, stored.version)
    return Revision(
        stored.version, stored.text, settings, datetime.fromisoformat(stored.pushed_at), stored.by
    )
