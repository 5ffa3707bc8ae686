"""Fingerprints: keyed hashes of values, and the base of the three-way merge, which is made of them.

A fingerprint can show that a value differs but not what it was, so a base holds no personal data.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from struct import Struct
from types import MappingProxyType

from crmsync.model.records import Value

TAG_BYTES = 4
FINGERPRINT_BYTES = 5
"""Four bytes name a field and five are the fingerprint of its value: a link of forty mapped fields,
with both bases, stays under one DynamoDB write unit (1 KB), and a changed value goes unnoticed once
in 10^12.
"""

_ROW = Struct(f"{TAG_BYTES}s{FINGERPRINT_BYTES}s")

UNAGREED = bytes(FINGERPRINT_BYTES)
"""Stands in a base for a field that was compared and not agreed on."""

CHANGED = b"\xff" * FINGERPRINT_BYTES
"""Stands in a base for a field whose value has yet to cross: it equals no value, so the field
counts as changed.
"""

UNDELIVERED = b"\xff" * (FINGERPRINT_BYTES - 1) + b"\xfe"
"""Stands likewise for one whose value a write of ours should have left on the other side, which
shows nobody's edit instead: what an older write of ours left, or what the lost one should have
replaced.
"""

PENDING = frozenset({CHANGED, UNDELIVERED})

REVISION_BYTES = 5

ALIAS_BYTES = 16
"""An alias is compared by itself, without a field's tag, so it is long enough that no two texts
share one.
"""


@lru_cache(maxsize=4096)
def tag(name: str) -> bytes:
    """The short name of a field inside a base."""
    return hashlib.blake2b(name.encode(), digest_size=TAG_BYTES).digest()


@lru_cache(maxsize=4096)
def prefixes(name: str) -> Mapping[type, bytes]:
    """Type of a value -> what is hashed before the value in the field called `name`."""
    types = (str, bool, int, float, type(None))
    return MappingProxyType({one: f"{name}\x00{one.__name__}\x00".encode() for one in types})


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
        hashing = self._keyed.copy()
        hashing.update(prefixes(name)[type(value)] + f"{value}".encode())
        return hashing.digest()

    def fingerprints(
        self, fields: Iterable[Mapping[type, bytes]], values: Iterable[Value]
    ) -> list[bytes]:
        """The fingerprints of canonical values, each of the field with the `prefixes` in its
        place.
        """
        start = self._keyed.copy
        found: list[bytes] = []
        for prefix, value in zip(fields, values, strict=True):
            hashing = start()
            hashing.update(prefix[type(value)] + f"{value}".encode())
            found.append(hashing.digest())
        return found

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

    def with_fingerprints(self, fingerprints: Mapping[str, bytes]) -> Base:
        """This base with the fingerprints of the named fields replaced."""
        if not fingerprints:
            return self
        return Base(
            {
                **self.fingerprints,
                **{tag(name): fingerprint for name, fingerprint in fingerprints.items()},
            }
        )

    def with_unagreed(self, names: Iterable[str]) -> Base:
        """This base with the named fields marked as compared and not agreed on.

        Unlike fields that the base does not know, they have still to cross.
        """
        unagreed = dict.fromkeys(tags(names), UNAGREED)
        return Base({**self.fingerprints, **unagreed}) if unagreed else self

    def with_pending(self, names: Iterable[str]) -> Base:
        """This base with the named fields, which were agreed on, counting as changed since."""
        return Base({**self.fingerprints, **dict.fromkeys(tags(names), CHANGED)})

    def with_undelivered(self, names: Iterable[str]) -> Base:
        """This base with the named fields counting as changed, over a value of the other side that
        is nobody's edit.
        """
        return Base({**self.fingerprints, **dict.fromkeys(tags(names), UNDELIVERED)})

    def to_bytes(self) -> bytes:
        """The compact form that the table stores: tag and fingerprint of each field, sorted."""
        fingerprints = self.fingerprints
        return b"".join([key + fingerprints[key] for key in sorted(fingerprints)])

    @classmethod
    def from_bytes(cls, raw: bytes) -> Base:
        """Read the compact form. Raises `ValueError` when it is truncated."""
        return cls(dict(rows_of(raw)))


def rows_of(raw: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Tag and fingerprint, field after field. Raises `ValueError` when they are truncated."""
    if len(raw) % _ROW.size:
        msg = f"a base of {len(raw)} bytes is cut short"
        raise ValueError(msg)
    return _ROW.iter_unpack(raw)


def tags(names: Iterable[str]) -> frozenset[bytes]:
    """The tags of several fields, for `Link.wrote`."""
    return frozenset(map(tag, names))
