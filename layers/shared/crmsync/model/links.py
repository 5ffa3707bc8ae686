"""What is remembered of a pair: the id mapping, the base of the three-way merge, what we announced
to write, and what was decided lately.

A link holds no values: its bases are made of fingerprints (`crmsync.model.fingerprints`). Of people
it has only the ids of owners and of Salesforce users.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TypeAlias

from crmsync.model.change_limits import Hold
from crmsync.model.decisions import LETTERS, POLICIES, SIDES, Decision
from crmsync.model.fingerprints import (
    FINGERPRINT_BYTES,
    REVISION_BYTES,
    TAG_BYTES,
    Base,
    rows_of,
    tag,
)
from crmsync.model.moments import epoch_seconds
from crmsync.model.records import Kind, Ref, Side

LONGEST_WRITE = timedelta(minutes=3)
"""No write happens later than this after it was announced: a sync Lambda ends after two minutes,
and a call to a CRM outlives it by less than another.
"""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_TIME_BYTES = 6
_COUNT_BYTES = 1
_EARLIER_TAG = bytes(TAG_BYTES)
_EARLIER = bytes(FINGERPRINT_BYTES)
_ARRIVED = _EARLIER_TAG + _EARLIER
LOOP_BYTES = _COUNT_BYTES + _TIME_BYTES


@dataclass(frozen=True, slots=True)
class Slot:
    """Stands for the id of a record that does not exist yet; filled once its `CreateRecord` has
    been applied.
    """

    name: str


Place: TypeAlias = Ref | Slot
"""A record that exists, or one that will."""


@dataclass(frozen=True, slots=True)
class EarlierWrites:
    """Writes of ours that had not arrived when the next one was announced, and may arrive last.

    Attributes:
        revisions: What the record may then show.
        fields: The tags of their fields.
        at: None of them was announced later than this (UTC); stored as that of the intent.
        values: Tag of a field -> the fingerprints that only one of these writes can leave there, as
            the record did not show them when the last one was announced.
    """

    revisions: frozenset[bytes]
    fields: frozenset[bytes]
    at: datetime | None = field(default=None, compare=False)
    values: Mapping[bytes, frozenset[bytes]] = field(default_factory=dict)

    def rows(self) -> list[bytes]:
        """The rows in the compact form of an intent: a tag and a fingerprint that no field has."""
        return [
            *(_EARLIER_TAG + one for one in self.revisions),
            *(key + _EARLIER for key in self.fields),
        ]


@dataclass(frozen=True, slots=True)
class Intent:
    """What we last announced to write to one side of a pair, before writing it.

    Attributes:
        revision: What the record shows once the write has reached it; b"" before the first write.
        replaces: Tag of each field in flight -> the fingerprints that the record may show instead
            of the announced value: of the values that the write replaces, or that an earlier write
            of ours, which may still be under way, would leave.
        at: When it was announced (UTC).
        earlier: The writes before it that had not arrived; None once all of them have ended.
        arrived: Whether its worker has noted that it reached the record, which may show an earlier
            write since.
    """

    revision: bytes = b""
    replaces: Mapping[bytes, frozenset[bytes]] = field(default_factory=dict)
    at: datetime | None = None
    earlier: EarlierWrites | None = None
    arrived: bool = False

    def dated(self, now: datetime) -> Intent:
        """This intent as announced at `now`, to the millisecond, without earlier writes that have
        ended by then, and without what only they can leave.

        Unchanged if nothing is in flight, or if it has a time already.
        """
        if self.at is not None or not (self.replaces or self.earlier):
            return self
        at = now.replace(microsecond=now.microsecond // 1000 * 1000)
        if self.earlier and self.earlier.at and now - self.earlier.at >= LONGEST_WRITE:
            ended = self.earlier.values
            left = {key: some - ended.get(key, frozenset()) for key, some in self.replaces.items()}
            replaces = {key: some for key, some in left.items() if some}
            return replace(self, at=at, earlier=None, replaces=replaces)
        return replace(self, at=at)

    def to_bytes(self) -> bytes:
        """The compact form that the table stores: revision, time in milliseconds (0 for none), then
        tags and fingerprints, sorted, those of the earlier write and of the arrival among them. A
        value that only an earlier write can leave is there twice.
        """
        at = (self.at - _EPOCH) // _MILLISECOND if self.at else 0
        rows = [
            key + fingerprint
            for key, fingerprints in self.replaces.items()
            for fingerprint in fingerprints
        ]
        if self.earlier:
            rows += self.earlier.rows()
            rows += [
                key + fingerprint
                for key, fingerprints in self.earlier.values.items()
                for fingerprint in fingerprints & self.replaces.get(key, frozenset())
            ]
        rows += [_ARRIVED] if self.arrived else []
        revision = self.revision.rjust(REVISION_BYTES, b"\0")
        return revision + at.to_bytes(_TIME_BYTES) + b"".join(sorted(rows))

    @classmethod
    def from_bytes(cls, raw: bytes) -> Intent:
        """Read the compact form. Raises `ValueError` when it is truncated."""
        start = REVISION_BYTES + _TIME_BYTES
        revision, at = raw[:REVISION_BYTES], int.from_bytes(raw[REVISION_BYTES:start])
        replaces: dict[bytes, frozenset[bytes]] = {}
        values: dict[bytes, frozenset[bytes]] = {}
        revisions, fields, arrived = set[bytes](), set[bytes](), False
        for key, fingerprint in rows_of(raw[start:]):
            if key + fingerprint == _ARRIVED:
                arrived = True
            elif key == _EARLIER_TAG:
                revisions.add(fingerprint)
            elif fingerprint == _EARLIER:
                fields.add(key)
            else:
                known = replaces.get(key, frozenset())
                if fingerprint in known:
                    values[key] = values.get(key, frozenset()) | {fingerprint}
                replaces[key] = known | {fingerprint}
        announced = _EPOCH + at * _MILLISECOND if at else None
        return cls(
            revision if revision.strip(b"\0") else b"",
            replaces,
            announced,
            EarlierWrites(frozenset(revisions), frozenset(fields), announced, values)
            if revisions
            else None,
            arrived,
        )


@dataclass(frozen=True, slots=True)
class LoopState:
    """How often in a row somebody changed a field soon after crmsync had written it (CH-5).

    Attributes:
        count: How often.
        at: When one of the two records was last modified at that time, and not before the write
            that was changed last was announced (UTC).
    """

    count: int
    at: datetime

    def to_bytes(self) -> bytes:
        """The compact form that the table stores: the count, and the time in milliseconds."""
        at = (self.at - _EPOCH) // _MILLISECOND
        return self.count.to_bytes(_COUNT_BYTES) + at.to_bytes(_TIME_BYTES)

    @classmethod
    def from_bytes(cls, raw: bytes) -> LoopState:
        """Read the compact form."""
        at = _EPOCH + int.from_bytes(raw[_COUNT_BYTES:]) * _MILLISECOND
        return cls(int.from_bytes(raw[:_COUNT_BYTES]), at)


HISTORY_KEPT = timedelta(days=90)
"""How long a decision is kept at most."""

NEWEST_RARE = 10
"""Lines of rare decisions that are kept in preference to other lines."""


def with_decided(history: str, decided: Iterable[Decision], now: datetime) -> str:
    """A history with decisions that were made at `now`, and without those that are too old."""
    entries: dict[tuple[bool, str], list[str]] = {}
    for one in decided:
        letter = LETTERS[one.type]
        entry = f"{letter}{SIDES[one.side]}{POLICIES[one.policy]}{one.because},{one.name}"
        entries.setdefault((letter.islower(), one.by), []).append(entry)
    if not entries:
        return history
    oldest = epoch_seconds(now - HISTORY_KEPT)
    lines = [
        f"{epoch_seconds(now):x}|{by}|{';'.join(entries[rare, by])}" for rare, by in sorted(entries)
    ]
    lines += [line for line in history.split("\n") if line and _seconds(line) > oldest]
    return "\n".join(lines)


def fitted(history: str, room: int) -> str:
    """As much of a history as takes `room` bytes, line ends included: rare decisions first, then
    the newest. The newest line of rare decisions is kept in any case.
    """
    if len(history.encode()) < room:
        return history
    lines = history.split("\n")
    rare = [line for line in lines if line.rpartition("|")[2][:1].isupper()][:NEWEST_RARE]
    kept: list[str] = []
    for line in (*rare, *(line for line in lines if line not in rare)):
        room -= len(line.encode()) + 1
        if room < 0 and (kept or not rare):
            break
        kept.append(line)
    return "\n".join(line for line in lines if line in kept)


def _seconds(line: str) -> int:
    return int(line.partition("|")[0], 16)


class LinkState(StrEnum):
    """Whether the pair is kept in sync.

    - ``ACTIVE``: it is.
    - ``TOMBSTONE``: one of its records was deleted.
    - ``FORGOTTEN``: its contact was deleted for privacy. The link has no hashes and no owners any
      more; it keeps its Salesforce record from making the contact again.
    """

    ACTIVE = "active"
    TOMBSTONE = "tombstone"
    FORGOTTEN = "forgotten"


@dataclass(frozen=True, slots=True)
class Link:
    """The stored id mapping of a pair.

    The link is saved before a write, so its intents announce what is about to be written.

    Attributes:
        connection: The connection's name.
        kind: The concern.
        hubspot: The HubSpot record.
        salesforce: The Salesforce record.
        hubspot_base: What HubSpot showed when the two last agreed.
        salesforce_base: What Salesforce showed then.
        wrote: The tags of the fields of our last write to Salesforce, whose answer does not show
            them. A value that differs although we were the last to write was reformatted by
            Salesforce, not changed by a person.
        state: Whether the pair is kept in sync, and if not, why.
        version: Counts saves; 0 for a new one.
        hubspot_owner: The owner's id, "" for none, None if it was never read; an id that no owner
            has where an undo has put one back that has still to cross.
        salesforce_owner: Likewise. Owners are kept as plain ids, as the last Salesforce owner must
            be recognised again (OWN-7).
        overtaken_owner: The owner that Salesforce's record had when an older write of ours replaced
            it and what that left has still to be corrected; "" where none did.
        tied: The ids of the HubSpot contacts that both sides agreed to tie to the deal and its
            opportunity (OPP-9, OPP-12), each with that of the Salesforce contact that it synced
            with then.
        deleted_on: The side on which a deletion made the link a tombstone, if known.
        is_merged: The link is a tombstone, and one of its records lived on in another pair while
            the HubSpot record, or what that became, was still there: crmsync has not deleted it.
        hubspot_intent: What was announced to be written to HubSpot.
        salesforce_intent: What was announced to be written to Salesforce.
        tying: The announcement that the ties are about to change.
        holds: What a limit on changes holds back until the operator decides.
        loops: Tag of a HubSpot field -> how often in a row the field was changed on one of the two
            sides soon after crmsync had written it there; usually empty.
        key: The number of the key of all its fingerprints.
        history: What was decided lately (`decisions_of`). Nothing depends on it, so links that
            differ in nothing else are equal.
        decided: What has been decided since the link was read, without a time; saving the link
            adds it to the history.
        stored: The records of the link as it was read or saved, HubSpot's first; None for a new
            one. Where they are others, saving the link moves it.
    """

    connection: str
    kind: Kind
    hubspot: Place
    salesforce: Place
    hubspot_base: Base = field(default_factory=Base)
    salesforce_base: Base = field(default_factory=Base)
    wrote: frozenset[bytes] = frozenset()
    state: LinkState = LinkState.ACTIVE
    version: int = 0
    hubspot_owner: str | None = None
    salesforce_owner: str | None = None
    overtaken_owner: str = ""
    tied: Mapping[str, str] = field(default_factory=dict)
    deleted_on: Side | None = None
    is_merged: bool = False
    hubspot_intent: Intent = Intent()
    salesforce_intent: Intent = Intent()
    tying: Intent = Intent()
    holds: frozenset[Hold] = frozenset()
    loops: Mapping[bytes, LoopState] = field(default_factory=dict)
    key: int = 1
    history: str = field(default="", compare=False)
    decided: tuple[Decision, ...] = field(default=(), compare=False)
    stored: tuple[Place, Place] | None = field(default=None, compare=False)

    @property
    def has_moved(self) -> bool:
        """Whether one of its records was replaced since it was read or saved."""
        return self.stored is not None and self.stored != (self.hubspot, self.salesforce)

    def saved(self) -> Link:
        """The link once it is saved: under the next version, with these records."""
        return replace(self, version=self.version + 1, stored=(self.hubspot, self.salesforce))

    def on(self, side: Side) -> Place:
        """The record of this pair on `side`."""
        return self.hubspot if side is Side.HUBSPOT else self.salesforce

    def base(self, side: Side) -> Base:
        """What `side` showed when the two last agreed."""
        return self.hubspot_base if side is Side.HUBSPOT else self.salesforce_base

    @property
    def owners(self) -> tuple[str | None, str | None]:
        """Both owners at the last sync of the pair, HubSpot's first."""
        return self.hubspot_owner, self.salesforce_owner

    def joins(self, hubspot: Ref, salesforce: Ref) -> bool:
        """Whether the link is active and its records are these two."""
        return (self.state, self.hubspot, self.salesforce) == (
            LinkState.ACTIVE,
            hubspot,
            salesforce,
        )

    def intent(self, side: Side) -> Intent:
        """What was last announced to be written to `side`."""
        return self.hubspot_intent if side is Side.HUBSPOT else self.salesforce_intent

    def announcing(self, side: Side, intent: Intent) -> Link:
        """The link with another intent for `side`."""
        return (
            replace(self, hubspot_intent=intent)
            if side is Side.HUBSPOT
            else replace(self, salesforce_intent=intent)
        )

    def announced_at(self, now: datetime) -> Link:
        """The link with `now` as the time of each intent that has something in flight and no time
        yet, and of what has been decided.
        """
        return replace(
            self,
            hubspot_intent=self.hubspot_intent.dated(now),
            salesforce_intent=self.salesforce_intent.dated(now),
            tying=self.tying.dated(now),
            history=with_decided(self.history, self.decided, now),
            decided=(),
        )

    def deciding(self, *decided: Decision) -> Link:
        """The link with further decisions."""
        return replace(self, decided=(*self.decided, *decided))

    def has_written(self, name: str) -> bool:
        """Whether our last write to Salesforce contained the field."""
        return tag(name) in self.wrote
