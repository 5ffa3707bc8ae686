"""Salesforce contacts that a converted lead became, where nothing else leads to the pair of that
lead: its HubSpot contact is gone, or has another address (DUP-26).

Without this such a contact would make the HubSpot contact again that a person has deleted, perhaps
for privacy (CH-9, docs/decisions/0016-tombstones.md), or be taken for the second one of an address
that another HubSpot contact has. Entered only for contacts without a link that name no HubSpot
contact, and whose address none has that is free; it costs one call for all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from crmsync.flows.engine.loader import BatchLoader
from crmsync.model.crm_names import SALESFORCE_CONTACT
from crmsync.model.links import Intent, Link, LinkState
from crmsync.model.records import Record, Ref
from crmsync.plans.contact import ContactFacts
from crmsync.rules.fields.values import is_blank


def inherit_from_leads(unlinked: Sequence[Record], loader: BatchLoader[ContactFacts]) -> None:
    """Let these contacts take over the links of their leads. Of several leads one whose HubSpot
    contact is there goes first.

    A link that has ended moves at once. If the lead has none, but names a HubSpot contact that is
    gone, that one was deleted for privacy, or the link was lost. Raises `SyncError`.
    """
    alone = [
        one.ref
        for one in unlinked
        if one.ref.object == SALESFORCE_CONTACT
        and one.ref not in loader.links
        and all(loader.is_taken(there.ref) for there in loader.candidates.get(one.ref, ()))
        and not loader.counterpart_named_by(one)
    ]
    leads = loader.context.accounts.leads_of(alone) if alone else {}
    everyone = [lead for some in leads.values() for lead in some]
    if not everyone:
        return
    loader.follow(everyone)
    loader.load_counterparts(everyone)
    named = {
        lead: there
        for lead in everyone
        if (record := loader.records.get(lead)) and (there := loader.counterpart_named_by(record))
    }
    loader.follow(named.values())
    loader.read_links(named.values())
    for contact, some in leads.items():
        links = [loader.links[lead] for lead in some if lead in loader.links]
        if loader.candidates.get(contact):
            # Another pair's contact has its address: it is reported, unless its own pair goes on.
            links = [one for one in links if one.hubspot in loader.records]
        gone = [named[lead] for lead in some if lead in named and _is_gone(loader, named[lead])]
        if links:
            living = [one for one in links if _is_alive(loader, one)]
            if living:
                loader.links[contact] = living[0]
            else:
                _move(links[0], contact, loader)
        elif loader.candidates.get(contact):
            continue
        elif gone and gone[0] in loader.links:
            # It is in one link only, with another record: that one stays, and nothing is made.
            loader.links[contact] = loader.links[gone[0]]
        elif gone:
            _move(_ended(gone[0], contact, loader), contact, loader)


def _move(link: Link, contact: Ref, loader: BatchLoader[ContactFacts]) -> None:
    """Let the contact take over a link, for this batch; its plan saves that. What the conversion
    left blank was never cleared.
    """
    record, base = loader.records[contact], link.salesforce_base
    forms = loader.ruleset.mapping_of(record).salesforce_forms
    blanks = [form.key for name, form in forms.items() if is_blank(record.fields.get(name))]
    places = [one for one in (link.hubspot, link.salesforce) if isinstance(one, Ref)]
    moved = replace(
        link,
        salesforce=contact,
        salesforce_base=base.with_unagreed(filter(base.knows, blanks)),
        salesforce_intent=Intent(),
        wrote=frozenset(),
    )
    loader.links.update(dict.fromkeys((*places, contact), moved))
    loader.unlinked.discard(contact)


def _ended(gone: Ref, contact: Ref, loader: BatchLoader[ContactFacts]) -> Link:
    """The link of a pair that had ended without one."""
    rules = loader.ruleset
    return Link(
        rules.connection.name,
        rules.kind,
        gone,
        contact,
        state=LinkState.FORGOTTEN,
        key=rules.fingerprinter.number,
    )


def _is_alive(loader: BatchLoader[ContactFacts], link: Link) -> bool:
    is_there = isinstance(link.hubspot, Ref) and not _is_gone(loader, link.hubspot)
    return link.state is LinkState.ACTIVE and is_there


def _is_gone(loader: BatchLoader[ContactFacts], contact: Ref) -> bool:
    return loader.successor_of(contact) is None
