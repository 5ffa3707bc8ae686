"""Helpers of the tests about deals and opportunities in memory."""

from __future__ import annotations

from crmsync.model.records import Ref
from tests.memory.world import MemoryWorld


def a_pair_of_contacts(
    world: MemoryWorld, email: str = "ada@example.com", **fields: str
) -> tuple[Ref, Ref]:
    """A HubSpot contact and the Salesforce contact it syncs with."""
    theirs = world.new_salesforce_contact(None, email, **fields)
    world.sync(theirs)
    return world.counterpart(theirs), theirs


def shown(world: MemoryWorld, ref: Ref, *names: str) -> dict[str, object]:
    """The values of a record's fields."""
    fields = world.crm(ref.side).fields(ref)
    return {name: fields.get(name) for name in names}


def stage_of(world: MemoryWorld, deal: Ref) -> tuple[str, str]:
    """The labels of a deal's pipeline and stage."""
    fields = world.hubspot.fields(deal)
    (pipeline,) = [one for one in world.deals.pipelines() if one.id == fields["pipeline"]]
    (stage,) = [one for one in pipeline.stages if one.id == fields["dealstage"]]
    return pipeline.label, stage.label
