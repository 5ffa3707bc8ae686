"""Gather all that planning contacts needs: whom a record without a link may be the same as, by its
address (DUP-1).
"""

from __future__ import annotations

from collections.abc import Sequence

from crmsync.flows.engine.context import SyncContext
from crmsync.flows.engine.loader import BatchLoader, Gathered
from crmsync.model.changes import Change
from crmsync.model.crm_names import ADDITIONAL_EMAILS, HUBSPOT_CONTACT
from crmsync.model.emails import normalise_email
from crmsync.model.links import Link
from crmsync.model.records import Record, Ref, Side
from crmsync.plans.contact import ContactFacts, address_of
from crmsync.rules.merge.ruleset import Ruleset
from crmsync.rules.pair.email_moves import addresses_of


def gather(
    changes: Sequence[Change], context: SyncContext, ruleset: Ruleset
) -> Gathered[ContactFacts]:
    """Read all that the plans of these changes need. Raises `SyncError` when a side or a store does
    not answer.
    """
    loader = BatchLoader(context, ruleset, ContactFacts)
    to_sync, unlinked = loader.load(changes)
    _find_by_address(unlinked, loader)
    loader.resolve_named(unlinked)
    _inherit_links(unlinked, loader)
    return loader.facts_of(changes, to_sync, _person)


def _person(facts: ContactFacts) -> object:
    if facts.link is not None:
        return facts.link.hubspot
    return (facts.named and _address(facts.named)) or facts.change.ref


def _find_by_address(unlinked: Sequence[Record], loader: BatchLoader[ContactFacts]) -> None:
    """For records without a link: those across that hold the same address, a HubSpot contact also
    as one of its further ones.
    """
    for side in Side:
        seekers = [
            record for record in unlinked if record.ref.side is side.other and _address(record)
        ]
        if not seekers:
            continue
        fields = loader.ruleset.fields(side)
        if side is Side.HUBSPOT:
            fields = {HUBSPOT_CONTACT: (*fields[HUBSPOT_CONTACT], ADDITIONAL_EMAILS)}
        found = loader.context.crm(side).find([_address(record) for record in seekers], fields)
        loader.keep(found)
        holders: dict[str, tuple[Record, ...]] = {}
        for record in found:
            for address in addresses_of(record) if side is Side.HUBSPOT else [_address(record)]:
                holders[address] = (*holders.get(address, ()), record)
        loader.candidates.update(
            (record.ref, holders.get(_address(record), ())) for record in seekers
        )


def _inherit_links(unlinked: Sequence[Record], loader: BatchLoader[ContactFacts]) -> None:
    """Have a record that is what became of a linked one take over its link (DUP-26, MRG-1,
    MRG-3).
    """
    successors: list[tuple[Record, Link]] = []
    for record in unlinked:
        successors += [
            (record, loader.links[one.ref])
            for one in loader.candidates.get(record.ref, ())
            if one.ref in loader.links
        ]
    loader.follow(
        place for record, link in successors if isinstance(place := link.on(record.ref.side), Ref)
    )
    for record, link in successors:
        place = link.on(record.ref.side)
        if isinstance(place, Ref) and loader.successor_of(place) == record.ref:
            loader.links.setdefault(record.ref, link)


def _address(record: Record) -> str:
    return normalise_email(address_of(record))
