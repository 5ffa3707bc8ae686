"""To whom a record belongs that one without a link has found by its address, where no active link
tells.

It may name a record that is still there: one of the two was made for the other, and the link could
not be saved yet. Or its pair has ended with a deletion, and both records are there again. Entered
only for such records.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from crmsync.flows.engine.merged_links import LoadedBatch, belongs_to_another
from crmsync.model.links import LinkState
from crmsync.model.records import Kind, Record, Ref, Side


class LoadedCandidates(LoadedBatch, Protocol):
    """What was loaded of a batch so far: as much of `BatchLoader` as is needed here."""

    candidates: dict[Ref, tuple[Record, ...]]

    def find_links(self, refs: Iterable[Ref]) -> None:
        """Read the links of records."""


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


def revived(loader: LoadedCandidates, candidates: Iterable[Ref]) -> set[Ref]:
    """The candidates of which the pair was ended by a deletion, and goes on, as both records are
    there again, or what they have become. Raises `SyncError`.

    Nothing may have read that yet. Such a pair ends for nobody else (DEL-1), so it is synced, and
    the record that has found it is the second one of its address.
    """
    ended = {
        ref: (link, there)
        for ref in candidates
        if (link := loader.links.get(ref))
        and link.state is LinkState.TOMBSTONE
        and isinstance(there := link.on(ref.side.other), Ref)
    }
    if not ended:
        return set()
    loader.follow(there for _, there in ended.values())
    now = {ref: (link, there, loader.successor_of(there)) for ref, (link, there) in ended.items()}
    loader.find_links(one for _, there, one in now.values() if one and one != there)
    return {
        ref
        for ref, (link, there, one) in now.items()
        if one and (one == there or not belongs_to_another(loader, one, link))
    }


def orphans(loader: LoadedCandidates, unlinked: Iterable[Record]) -> set[Ref]:
    """The HubSpot records without a link whose Salesforce record was merged into, or converted to,
    one that names another HubSpot record, even one that is gone, and has no link yet: it belongs to
    that record (MRG-2), unless that one is linked with another. Raises `SyncError`.

    Linked with these, it would name them instead, and a second one would be made of the other.
    """
    named: dict[Ref, Ref] = {}
    for record in unlinked:
        before = loader.counterpart_named_by(record) if record.ref.side is Side.HUBSPOT else None
        now = loader.successor_of(before) if before else None
        if now and now != before and now not in loader.links:
            theirs = loader.counterpart_named_by(loader.records[now])
            named |= {record.ref: theirs} if theirs else {}
    if not named:
        return set()
    loader.follow(named.values())
    loader.find_links(named.values())
    return {
        ref
        for ref, theirs in named.items()
        if ref not in loader.with_successors(theirs) and not loader.counterpart_of(theirs)
    }


def reported_alone(loader: LoadedCandidates, unlinked: Iterable[Record]) -> set[Ref]:
    """Those contacts and leads for whose address nothing was found, and about which something is
    reported: what was made of one may have another address by now. Raises `SyncError`.
    """
    is_asked = loader.ruleset.kind is Kind.CONTACT
    alone = [one.ref for one in unlinked if is_asked and loader.candidates.get(one.ref) == ()]
    return set(loader.context.inbox.reported(loader.context.connection.name, alone))
