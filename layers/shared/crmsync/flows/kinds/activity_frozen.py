"""Which of the contacts that activities are about are outside the inclusion list (INC-7): one read
for a batch, none without a list.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from crmsync.flows.engine.context import SyncContext
from crmsync.flows.inclusion import frozen_among
from crmsync.model.crm_names import HUBSPOT_CONTACT
from crmsync.model.records import Ref
from crmsync.plans.activity import ActivityPairFacts, named_by


def with_frozen(
    facts: Sequence[ActivityPairFacts], across: Mapping[Ref, Ref], context: SyncContext
) -> list[ActivityPairFacts]:
    """The facts, with the linked contacts outside the inclusion list apart from those that sync.
    `across` has the counterparts of all. Raises `SyncError`.
    """
    contacts = {
        contact
        for one in facts
        for ref in named_by(one)
        for contact in (ref, across.get(ref))
        if contact and contact.object == HUBSPOT_CONTACT and contact in across
    }
    outside = frozen_among(
        sorted(contacts), context.connection.contacts, context.lists, context.hubspot
    )
    if not outside:
        return list(facts)
    pairs = {ref: across[ref] for ref in outside}
    frozen = pairs | {there: ref for ref, there in pairs.items()}
    left = {ref: there for ref, there in across.items() if ref not in frozen}
    return [replace(one, across=left, frozen=frozen) for one in facts]
