"""To whom a record without a link belongs that another one has found by its address.

It may name a record that is still there: one of the two was made for the other, and the link could
not be saved yet. Entered only for such records.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from crmsync.flows.engine.context import SyncContext
from crmsync.model.links import Link
from crmsync.model.records import Kind, Record, Ref
from crmsync.rules.merge.ruleset import Ruleset


class LoadedCandidates(Protocol):
    """What was loaded of a batch so far: as much of `BatchLoader` as is needed here."""

    links: dict[Ref, Link]
    records: dict[Ref, Record]
    candidates: dict[Ref, tuple[Record, ...]]

    @property
    def context(self) -> SyncContext:
        """The sides and stores to read."""

    @property
    def ruleset(self) -> Ruleset:
        """The rules of the batch."""

    def find_links(self, refs: Iterable[Ref]) -> None:
        """Read the links of records."""

    def follow(self, places: Iterable[Ref]) -> None:
        """Find out which records have taken the place of others."""

    def counterpart_named_by(self, record: Record) -> Ref | None:
        """The record that a record names as its counterpart."""

    def successor_of(self, place: Ref) -> Ref | None:
        """The record that a record lives on in."""


def named_by_candidates(
    loader: LoadedCandidates, candidates: Iterable[Ref], unlinked: Iterable[Record]
) -> Mapping[Ref, Ref]:
    """Candidate -> the record that it names, or what that record became, where neither has a link
    and both are there. These two are linked as soon as one of them is read. Raises `SyncError`.

    The records `unlinked` are known to have no link.
    """
    named = {
        ref: one
        for ref in candidates
        if ref not in loader.links and (one := loader.counterpart_named_by(loader.records[ref]))
    }
    if not named:
        return {}
    loader.follow(named.values())
    found = {ref: there for ref, one in named.items() if (there := loader.successor_of(one))}
    loader.find_links(set(found.values()) - {one.ref for one in unlinked})
    return {ref: there for ref, there in found.items() if there not in loader.links}


def reported_alone(loader: LoadedCandidates, unlinked: Iterable[Record]) -> set[Ref]:
    """Those contacts and leads for whose address nothing was found, and about which something is
    reported: what was made of one may have another address by now. Raises `SyncError`.
    """
    is_asked = loader.ruleset.kind is Kind.CONTACT
    alone = [one.ref for one in unlinked if is_asked and loader.candidates.get(one.ref) == ()]
    return set(loader.context.inbox.reported(loader.context.connection.name, alone))
