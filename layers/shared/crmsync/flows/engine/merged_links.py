"""Whose link a record has that others were merged into. Entered only for such records.

In HubSpot the survivor takes over the link of the primary record, and the other links end (MRG-3,
MRG-4). A link whose Salesforce record is gone, or became part of another pair, has ended, whether
or not anything has read that yet: the survivor takes over one that can go on. In Salesforce the
survivor keeps its own link, or stays with the contact that it names; if its own contact was
deleted, it takes the link over.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Protocol

from crmsync.flows.engine.context import SyncContext
from crmsync.model.changes import Cause, Change
from crmsync.model.facts import Facts
from crmsync.model.links import Link, LinkState, Place
from crmsync.model.records import Record, Ref, Side
from crmsync.rules.merge.ruleset import Ruleset
from crmsync.rules.pair.successors import merged_from, primary_link


class LoadedBatch(Protocol):
    """What was loaded of a batch so far: as much of `BatchLoader` as is needed here."""

    links: dict[Ref, Link]
    records: dict[Ref, Record]

    @property
    def context(self) -> SyncContext:
        """The sides and stores to read."""

    @property
    def ruleset(self) -> Ruleset:
        """The rules of the batch."""

    def read_links(self, refs: Iterable[Ref]) -> None:
        """Read the links of records that were not read yet."""

    def follow(self, refs: Iterable[Ref]) -> None:
        """Find out which records have taken the place of others."""

    def counterpart_of(self, ref: Ref) -> Ref | None:
        """The other record of a record's link."""

    def counterpart_named_by(self, record: Record) -> Ref | None:
        """The record that a record names as its counterpart."""

    def successor_of(self, ref: Ref) -> Ref | None:
        """The record that a record lives on in."""

    def with_successors(self, place: Place | None) -> frozenset[Ref]:
        """A record and the record that took its place."""


def inherit_links(loader: LoadedBatch, merged: Mapping[Ref, tuple[Ref, ...]]) -> set[Ref]:
    """Let each HubSpot record take over the link of the primary one of those that were merged into
    it, or of those whose Salesforce record is still there and theirs. Returns the others whose
    links have still to end, and those whose tombstones do not say yet that their record has lived
    on. Raises `SyncError`.
    """
    loader.read_links(dict.fromkeys(one for old in merged.values() for one in old))
    found = {
        ref: [loader.links[one] for one in old if loader.counterpart_of(one)]
        for ref, old in merged.items()
    }
    named = {
        ref: one
        for ref, links in found.items()
        if links and (one := loader.counterpart_named_by(loader.records[ref]))
    }
    places = [
        place
        for links in found.values()
        for link in links
        for place in (link.hubspot, link.salesforce)
        if isinstance(place, Ref)
    ]
    loader.follow([*places, *named.values()])
    loader.read_links(
        [now for one in places if (now := loader.successor_of(one)) not in {None, one}]
    )
    ended = {one for old in merged.values() for one in old if _is_unmarked(loader, one)}
    for ref, links in found.items():
        ends = [
            (link, loader.with_successors(link.salesforce))
            for link in links
            if isinstance(link.hubspot, Ref) and loader.successor_of(link.hubspot) == ref
        ]
        go_on = [(link, theirs) for link, theirs in ends if _goes_on(loader, link)]
        link = loader.links.get(ref) or primary_link(
            loader.records[ref],
            loader.with_successors(named.get(ref)),
            go_on or ends,
            loader.ruleset,
        )
        if link:
            loader.links[ref] = link
            others = (one.hubspot for one in links if one != link)
            ended.update(one for one in others if isinstance(one, Ref) and one != ref)
    return ended


def _goes_on(loader: LoadedBatch, link: Link) -> bool:
    """Whether the Salesforce record of a link is there, or what it became, in no other pair."""
    place = link.salesforce
    now = loader.successor_of(place) if isinstance(place, Ref) else None
    return now is not None and (now == place or not belongs_to_another(loader, now, link))


def _is_unmarked(loader: LoadedBatch, gone: Ref) -> bool:
    """Whether a record that was merged had a tombstone before, which does not say so."""
    link = loader.links.get(gone)
    return link is not None and link.state is LinkState.TOMBSTONE and not link.is_merged


def unread_links(
    loader: LoadedBatch,
    found: Collection[Ref],
    changes: Iterable[Change],
    facts: Iterable[Facts],
) -> list[Change]:
    """A change for each of the `found` links that has still to end with a merge, or to go on, but
    for those that the `changes` of the batch are about.

    A tombstone that is looked at for such a change asks for none of the others that were merged
    into the same record: it does not link that record, so they have nothing new to say, and would
    have each other looked at for ever.
    """
    read = {change.ref for change in changes}
    for one in facts:
        is_woken = one.change.cause is Cause.WOKEN
        if is_woken and one.hubspot and one.link and one.link.state is LinkState.TOMBSTONE:
            read.update(gone for gone in merged_from(one.hubspot) if _is_unmarked(loader, gone))
    name, kind, now = loader.context.connection.name, loader.ruleset.kind, loader.context.now()
    return [Change(name, kind, ref, Cause.WOKEN, now) for ref in sorted(set(found) - read)]


def tombstone_of_merged(loader: LoadedBatch, survivor: Record) -> Link | None:
    """The tombstone of a HubSpot record that was merged into one without a link, which still names
    the Salesforce record that was deleted.
    """
    named = loader.counterpart_named_by(survivor)
    links = (loader.links.get(one) for one in merged_from(survivor))
    ended = (one for one in links if one and one.state is LinkState.TOMBSTONE)
    return next((one for one in ended if one.salesforce == named), None)


def ended_link(loader: LoadedBatch, survivor: Ref, link: Link) -> Link | None:
    """The tombstone of the Salesforce record that a linked one was merged into, if that one has no
    HubSpot record of its own any more: it was deleted, or merged into that of the `link`, which may
    then move to the survivor (MRG-1). A `link` that has ended with the merge, as the survivor's own
    pair was alive, does not: it would come back at whatever look came next, as nothing tells who
    was merged into that record.
    """
    record, other = loader.records.get(survivor), loader.links.get(survivor, link)
    if survivor.side is Side.HUBSPOT or record is None or other == link:
        return None
    if link.state is LinkState.TOMBSTONE and link.deleted_on is None:
        return None
    named = loader.counterpart_named_by(record)
    if other.state is not LinkState.TOMBSTONE or named is None or named != other.hubspot:
        return None
    lives_on = loader.successor_of(named)
    return other if lives_on is None or lives_on in loader.with_successors(link.hubspot) else None


def belongs_to_another(loader: LoadedBatch, survivor: Ref, link: Link) -> bool:
    """Whether the record that a linked one was merged into belongs to another pair."""
    if ended_link(loader, survivor, link):
        return False
    return loader.links.get(survivor, link) != link or _names_another(loader, survivor, link)


def _names_another(loader: LoadedBatch, survivor: Ref, link: Link) -> bool:
    """Whether the Salesforce record that a linked one was merged into names another HubSpot record
    than that of the link, even one that is gone.

    It belongs to that record even without a link: after a privacy deletion, what is left in
    Salesforce must not come back by way of another contact (CH-9).
    """
    record = loader.records.get(survivor)
    if survivor.side is Side.HUBSPOT or record is None or not isinstance(link.hubspot, Ref):
        return False
    named = loader.counterpart_named_by(record)
    here = loader.with_successors(link.hubspot)
    return named is not None and not here & loader.with_successors(named)
