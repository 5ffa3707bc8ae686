"""Gathers what planning contacts needs: for a record without a link, the records with the same
address that it may be linked with (DUP-1).
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
    return loader.facts_of(changes, to_sync, _identity)


def _identity(facts: ContactFacts) -> object:
    if facts.link is not None:
        return facts.link.hubspot
    return (facts.named and _address(facts.named)) or facts.change.ref


def _find_by_address(unlinked: Sequence[Record], loader: BatchLoader[ContactFacts]) -> None:
    """For records without a link, find those of the other side with the same address; a HubSpot
    contact may have it as an additional one.
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
        by_address: dict[str, tuple[Record, ...]] = {}
        for record in found:
            for address in addresses_of(record) if side is Side.HUBSPOT else [_address(record)]:
                by_address[address] = (*by_address.get(address, ()), record)
        loader.candidates.update(
            (record.ref, by_address.get(_address(record), ())) for record in seekers
        )


def _inherit_links(unlinked: Sequence[Record], loader: BatchLoader[ContactFacts]) -> None:
    """Let a record that took the place of a linked one take over its link (DUP-26, MRG-1,
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
