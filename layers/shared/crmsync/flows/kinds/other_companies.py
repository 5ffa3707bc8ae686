"""The companies for which a contact decides from now on.

A contact decides for its primary company, or, if it has none, for each company that it is
associated with (docs/decisions/0023-parents-first.md). So the others may have an account to sync
with, or may be due for one, once the primary one is gone. And a company whose contacts are all
outside the inclusion list gets no account until one of them joins it (ACC-9, ACC-12). Nothing else
tells: HubSpot reports no change of these companies. Entered only where a linked contact has lost
its company, or will lose it because the account was removed, and where a list is set.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from crmsync.flows.engine.context import SyncContext
from crmsync.flows.engine.planning import loses_company
from crmsync.flows.kinds.dependants import has_new_stage
from crmsync.model.changes import Cause
from crmsync.model.crm_names import COMPANY, PRIMARY_COMPANY
from crmsync.model.links import LinkState
from crmsync.model.records import Record, Ref
from crmsync.plans.contact import ContactFacts
from crmsync.rules.kinds.contact.inclusion import needs_membership, qualifies
from crmsync.rules.merge.parents import company_of
from crmsync.rules.merge.ruleset import Ruleset

_NO_JOIN = frozenset({Cause.WOKEN, Cause.EDITED, Cause.COMPARED})
"""Causes of looks at a contact that has not joined a list of HubSpot's: the sweep of the list has
it synced `AGAIN`, and what outweighs that may stand for both.
"""


def with_other_companies(
    facts: Sequence[ContactFacts], context: SyncContext, ruleset: Ruleset
) -> list[ContactFacts]:
    """The facts, with the companies for which contacts decide from now on: those that are left of
    one that loses its primary company, and those without a link of one that may have joined the
    inclusion list. At most a call and a read of the links, and neither without such contacts.
    Raises `SyncError`.
    """
    losing = _contacts(one for one in facts if loses_company(one, ruleset))
    joined = _contacts(one for one in facts if _may_have_joined(one, ruleset))
    asked = {*losing, *(ref for ref, contact in joined.items() if not _primary_of(contact))}
    found = context.associations.of(sorted(asked), COMPANY) if asked else {}
    companies = _without_link(
        {
            ref: (primary,) if (primary := _primary_of(contact)) else found.get(ref, ())
            for ref, contact in joined.items()
        },
        context,
    )
    for ref, contact in losing.items():
        others = (one for one in found.get(ref, ()) if one != _primary_of(contact))
        companies[ref] = tuple(dict.fromkeys((*companies.get(ref, ()), *others)))
    return [
        replace(one, other_companies=companies[one.hubspot.ref])
        if one.hubspot and one.hubspot.ref in companies
        else one
        for one in facts
    ]


def _may_have_joined(facts: ContactFacts, ruleset: Ruleset) -> bool:
    """Whether a contact that is in the inclusion list may have been outside when its companies were
    looked at. By default there is no list.

    A stage that is new may have brought a contact into the preset list. What a contact without a
    pair showed before is not known.
    """
    contact, settings = facts.hubspot, ruleset.connection.contacts
    if contact is None or not settings.inclusion_list or not ruleset.connection.companies.sync:
        return False
    if not qualifies(contact, settings, ruleset.contact.members):
        return False
    if needs_membership(settings):
        return facts.change.cause not in _NO_JOIN
    link = facts.link
    is_pair = link is not None and link.state is LinkState.ACTIVE and facts.salesforce is not None
    return not is_pair or has_new_stage(facts, ruleset)


def _contacts(facts: Iterable[ContactFacts]) -> dict[Ref, Record]:
    return {one.hubspot.ref: one.hubspot for one in facts if one.hubspot}


def _primary_of(contact: Record) -> Ref | None:
    return company_of(contact.fields.get(PRIMARY_COMPANY))


def _without_link(
    companies: Mapping[Ref, Sequence[Ref]], context: SyncContext
) -> dict[Ref, tuple[Ref, ...]]:
    """Contact -> those of its companies that have no link, not even a tombstone. Raises
    `SyncError`.
    """
    asked = list(dict.fromkeys(one for mine in companies.values() for one in mine))
    links = context.links.find(context.connection.name, asked) if asked else {}
    return {ref: tuple(one for one in mine if one not in links) for ref, mine in companies.items()}
