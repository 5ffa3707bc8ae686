"""A lead that has no link yet is merged into one that was made of another contact, and has none
either.
"""

from __future__ import annotations

import pytest

from crmsync.errors import TryAgain
from crmsync.model.records import Ref
from tests.memory.world import MemoryWorld


@pytest.mark.rule("MRG-2")
@pytest.mark.parametrize(
    "batches", [("own", "other"), ("other", "own"), ("own other",), ("other own",)]
)
def test_a_lead_goes_with_the_contact_that_it_was_made_of_whatever_was_merged_into_it(
    batches: tuple[str, ...],
):
    """Also if the contact of the other lead is read first, and has another address by then."""
    world = MemoryWorld()
    contact, lead = world.new_contact(email="a@example.com"), world.new_lead(Email="b@example.com")
    made = without_links(world, contact, lead)
    world.wait()
    world.hubspot.edit(made["contact"], {"email": "c@example.com"})
    world.salesforce.merge(made["Lead"], lead)
    called = {"own": contact, "other": made["contact"]}

    for batch in batches:
        world.sync(*(called[name] for name in batch.split()))
        world.drain()

    (other,) = set(world.salesforce.refs("Lead")) - {made["Lead"]}
    assert {(one.hubspot, one.salesforce) for one in world.links.all} == {
        (contact, made["Lead"]),
        (made["contact"], other),
    }


def without_links(world: MemoryWorld, *refs: Ref) -> dict[str, Ref]:
    """Sync records whose links cannot be saved; returns what was made of them, by its object."""
    save, world.links.save = world.links.save, lambda links: [TryAgain("Killed.") for _ in links]
    world.sync(*refs)
    world.links.save = save
    made = [*world.hubspot.refs("contact"), *world.salesforce.refs("Lead")]
    return {ref.object: ref for ref in made if ref not in refs}
