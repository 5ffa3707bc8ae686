"""What is remembered of a pair: the id mapping, the base of the three-way merge, and what we
announced to write.

A link holds no personal data: the base is made of keyed hashes (fingerprints), which can show that
a value differs but not what it was.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import TypeAlias

from crmsync.model.brakes import Hold
from crmsync.model.records import Kind, Ref, Side, Value

TAG_BYTES = 4
FINGERPRINT_BYTES = 5
"""Four bytes name a field and five are the fingerprint of its value: a link of forty mapped fields,
with both bases, stays under one DynamoDB write unit (1 KB), and a changed value goes unnoticed once
in 10^12.
"""

UNAGREED = bytes(FINGERPRINT_BYTES)
"""Stands in a base for a field that was compared and not agreed on."""


CHANGED = b"\xff" * FINGERPRINT_BYTES
"""Stands in a base for a field whose value has yet to cross: it equals no value, so the field
counts as changed.
"""

LONGEST_WRITE = timedelta(minutes=3)
"""No write happens later than this after it was announced: a sync Lambda ends after two minutes,
and a call to a CRM outlives it by less than another.
"""

REVISION_BYTES = 5
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_TIME_BYTES = 6

ALIAS_BYTES = 16
"""An alias is compared by itself, without a field's tag, so it is long enough that no two texts
share one.
"""


@lru_cache(maxsize=4096)
def tag(name: str) -> bytes:
    """The short name of a field inside a base."""
    return hashlib.blake2b(name.encode(), digest_size=TAG_BYTES).digest()


class Fingerprinter:
    """Makes fingerprints of values with the deployment's secret key.

    Without the key, stored hashes cannot be guessed back from lists of names. While keys are being
    changed it knows the earlier ones as well: all fingerprints of a link are made with one key,
    whose number is stored in the link.
    """

    __slots__ = ("_earlier", "_keyed", "_naming", "number")

    def __init__(self, key: bytes, number: int = 1, earlier: Iterable[Fingerprinter] = ()) -> None:
        """Use `key` (16 to 64 bytes), which has that number.

        Raises `ValueError` for a shorter or longer key.
        """
        if not 16 <= len(key) <= 64:  # noqa: PLR2004 - blake2b's own ceiling, and a floor against toy keys
            msg = "the link key must have 16 to 64 bytes"
            raise ValueError(msg)
        self.number = number
        self._keyed = hashlib.blake2b(digest_size=FINGERPRINT_BYTES, key=key)
        self._naming = hashlib.blake2b(digest_size=ALIAS_BYTES, key=key, person=b"alias")
        self._earlier = {one.number: one for one in earlier}

    def knows(self, number: int) -> bool:
        """Whether the key of that number is known."""
        return number == self.number or number in self._earlier

    def of(self, number: int) -> Fingerprinter:
        """The fingerprinter that uses only the key of that number.

        For a key that is gone, one whose fingerprints equal no existing one.
        """
        if number == self.number:
            return self
        known = self._earlier.get(number)
        return known or Fingerprinter(bytes.fromhex(self.alias(f"no key {number}")), number)

    def fingerprint(self, name: str, value: Value) -> bytes:
        """The fingerprint of a canonical value of the field called `name`."""
        sealing = self._keyed.copy()
        sealing.update(f"{name}\x00{type(value).__name__}\x00{value}".encode())
        return sealing.digest()

    def alias(self, text: str) -> str:
        """A stable pseudonym of a text: 32 hexadecimal digits that do not give the text away.

        It is made with the oldest key, so that a text keeps its alias until that key is removed.
        """
        if older := [one for one in self._earlier.values() if one.number < self.number]:
            return min(older, key=lambda one: one.number).alias(text)
        naming = self._naming.copy()
        naming.update(text.encode())
        return naming.hexdigest()

    def revision(self, text: str) -> bytes:
        """The name of one write, derived from all that distinguishes it from others."""
        return bytes.fromhex(self.alias(text))[:REVISION_BYTES]

    def fingerprint_diverged(self, name: str, value: Value) -> bytes:
        """The fingerprint of a value where the other side was left with a different one."""
        return self.fingerprint(f"{name}\x00apart", value)


@dataclass(frozen=True, slots=True)
class Base:
    """What one side showed when the two last agreed.

    Attributes:
        fingerprints: Field tag -> fingerprint of that side's value.
    """

    fingerprints: Mapping[bytes, bytes] = field(default_factory=dict)

    def knows(self, name: str) -> bool:
        """Whether the field has been compared before, agreed on or not."""
        return tag(name) in self.fingerprints

    def fingerprint_of(self, name: str) -> bytes | None:
        """The fingerprint of the field's agreed value; None where it was never agreed on."""
        fingerprint = self.fingerprints.get(tag(name))
        return None if fingerprint == UNAGREED else fingerprint

    def showing(self, fingerprints: Mapping[str, bytes]) -> Base:
        """This base with the fingerprints of the named fields replaced."""
        return Base(
            {
                **self.fingerprints,
                **{tag(name): fingerprint for name, fingerprint in fingerprints.items()},
            }
        )

    def leaving_unagreed(self, names: Iterable[str]) -> Base:
        """This base with the named fields marked as compared and not agreed on.

        Unlike fields that the base does not know, they have still to cross.
        """
        return Base({**self.fingerprints, **dict.fromkeys(tags(names), UNAGREED)})

    def still_to_cross(self, names: Iterable[str]) -> Base:
        """This base with the named fields, which were agreed on, counting as changed since."""
        return Base({**self.fingerprints, **dict.fromkeys(tags(names), CHANGED)})

    def to_bytes(self) -> bytes:
        """The compact form that the table stores: tag and fingerprint of each field, sorted."""
        return b"".join(key + self.fingerprints[key] for key in sorted(self.fingerprints))

    @classmethod
    def from_bytes(cls, raw: bytes) -> Base:
        """Read the compact form. Raises `ValueError` when it is truncated."""
        return cls(dict(_rows(raw)))


def _rows(raw: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Tag and fingerprint, field after field. Raises `ValueError` when they are truncated."""
    size = TAG_BYTES + FINGERPRINT_BYTES
    if len(raw) % size:
        msg = f"a base of {len(raw)} bytes is cut short"
        raise ValueError(msg)
    for start in range(0, len(raw), size):
        yield raw[start : start + TAG_BYTES], raw[start + TAG_BYTES : start + size]


@dataclass(frozen=True, slots=True)
class Slot:
    """Stands for the id of a record that does not exist yet; filled once its `CreateRecord` has
    been applied.
    """

    name: str


Place: TypeAlias = Ref | Slot
"""A record that exists, or one that will."""


@dataclass(frozen=True, slots=True)
class Intent:
    """What we last announced to write to one side of a pair, before writing it.

    Attributes:
        revision: What the record shows once the write has reached it; b"" before the first write.
        replaces: Tag of each field in flight -> the fingerprints that the record may show instead
            of the announced value: of the values that the write replaces, or that an earlier write
            of ours, which may still be under way, would leave.
        at: When it was announced (UTC).
    """

    revision: bytes = b""
    replaces: Mapping[bytes, frozenset[bytes]] = field(default_factory=dict)
    at: datetime | None = None

    def dated(self, now: datetime) -> Intent:
        """This intent as announced at `now`, to the millisecond.

        Unchanged if nothing is in flight, or if it has a time already.
        """
        at = now.replace(microsecond=now.microsecond // 1000 * 1000)
        return replace(self, at=at) if self.replaces and self.at is None else self

    def to_bytes(self) -> bytes:
        """The compact form that the table stores: revision, time in milliseconds (0 for none), then
        tags and fingerprints, sorted.
        """
        at = (self.at - _EPOCH) // _MILLISECOND if self.at else 0
        rows = sorted(
            key + fingerprint
            for key, fingerprints in self.replaces.items()
            for fingerprint in fingerprints
        )
        return (
            self.revision.rjust(REVISION_BYTES, b"\0") + at.to_bytes(_TIME_BYTES) + b"".join(rows)
        )

    @classmethod
    def from_bytes(cls, raw: bytes) -> Intent:
        """Read the compact form. Raises `ValueError` when it is truncated."""
        start = REVISION_BYTES + _TIME_BYTES
        revision, at = raw[:REVISION_BYTES], int.from_bytes(raw[REVISION_BYTES:start])
        replaces: dict[bytes, frozenset[bytes]] = {}
        for key, fingerprint in _rows(raw[start:]):
            replaces[key] = replaces.get(key, frozenset()) | {fingerprint}
        return cls(
            revision if revision.strip(b"\0") else b"",
            replaces,
            _EPOCH + at * _MILLISECOND if at else None,
        )


class LinkState(StrEnum):
    """Whether the pair is kept in sync."""

    ACTIVE = "active"
    TOMBSTONE = "tombstone"


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
        state: Active, or a tombstone.
        version: Counts saves; 0 for a new one.
        hubspot_owner: The owner's id, "" for none, None if it was never read.
        salesforce_owner: Likewise. Owners are kept as plain ids, as the last Salesforce owner must
            be recognised again (OWN-7).
        tied: The ids of the HubSpot contacts that both sides agreed to tie to the deal and its
            opportunity (OPP-9, OPP-12).
        died: The side on which a deletion made the link a tombstone, if known.
        hubspot_intent: What was announced to be written to HubSpot.
        salesforce_intent: What was announced to be written to Salesforce.
        tying: The announcement that the ties are about to change.
        holds: What a limit on changes holds back until the operator decides.
        key: The number of the key of all its fingerprints.
    """

    connection: str
    kind: Kind
    hubspot: Place
    salesforce: Place
    hubspot_base: Base = Base()
    salesforce_base: Base = Base()
    wrote: frozenset[bytes] = frozenset()
    state: LinkState = LinkState.ACTIVE
    version: int = 0
    hubspot_owner: str | None = None
    salesforce_owner: str | None = None
    tied: frozenset[str] = frozenset()
    died: Side | None = None
    hubspot_intent: Intent = Intent()
    salesforce_intent: Intent = Intent()
    tying: Intent = Intent()
    holds: frozenset[Hold] = frozenset()
    key: int = 1

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
        yet.
        """
        return replace(
            self,
            hubspot_intent=self.hubspot_intent.dated(now),
            salesforce_intent=self.salesforce_intent.dated(now),
            tying=self.tying.dated(now),
        )

    def has_written(self, name: str) -> bool:
        """Whether our last write to Salesforce contained the field."""
        return tag(name) in self.wrote


def tags(names: Iterable[str]) -> frozenset[bytes]:
    """The tags of several fields, for `Link.wrote`."""
    return frozenset(map(tag, names))
