"""A record without a link is read while another worker, which had read it before, links it: it is
read again, as people may have edited it in between.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from crmsync.flows.kinds.contact import sync_contacts
from crmsync.model.links import Link
from crmsync.model.names import SALESFORCE_KEY
from crmsync.model.records import Ref
from tests.flows.interleaving.gate import Gate, KilledError, with_gate
from tests.memory.world import MemoryWorld


def the_link() -> Link:
    """The link that the worker is about to save that has made the lead of a new contact."""
    world = MemoryWorld()
    world.sync(world.new_contact())
    (link,) = world.links.all
    return replace(link, version=link.version - 1)


def a_lead_without_address() -> tuple[MemoryWorld, Ref, Ref]:
    """A new contact and its lead, which has lost its address since. The worker that has made the
    lead has still to save their link.
    """
    world, names = MemoryWorld(), Gate()
    sync_contacts([world.change(world.new_contact())], with_gate(world.context, names))
    world = MemoryWorld()
    contact = world.new_contact()
    stands = Gate(dies_at=names.calls.index("links.save"))
    with pytest.raises(KilledError):
        sync_contacts([world.change(contact)], with_gate(world.context, stands))
    world.wait()
    (lead,) = world.salesforce.refs("Lead")
    world.salesforce.edit(lead, {"Email": None})
    return world, contact, lead


def test_a_lead_that_is_linked_while_it_is_read_keeps_the_id_and_its_edit_crosses() -> None:
    """A second worker has read the lead without a link, and finds the contact's link afterwards,
    which is that of this very lead.
    """
    (world, _, lead), names = a_lead_without_address(), Gate()
    sync_contacts([world.change(lead)], with_gate(world.context, names))
    first = names.calls.index("links.find")
    world, contact, lead = a_lead_without_address()
    before, link = world.salesforce.fields(lead).get(SALESFORCE_KEY), the_link()
    saved: list[object] = []
    gate = Gate(
        at=names.calls.index("links.find", first + 1),
        meanwhile=lambda: saved.extend(world.links.save([link])),
    )
    sync_contacts([world.change(lead)], with_gate(world.context, gate))
    after, reported = world.salesforce.fields(lead).get(SALESFORCE_KEY), world.inbox.parked("acme")
    world.drain()

    assert saved == [replace(link, version=link.version + 1)]
    assert (after, reported) == (before, [])
    assert (world.hubspot.fields(contact).get("email"), len(world.links.all)) == (None, 1)
