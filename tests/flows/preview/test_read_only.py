"""The context of a dry run: reads work, and writes are refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any, get_type_hints

import pytest

from crmsync.flows.engine.context import SyncContext
from crmsync.flows.preview.read_only import (
    NOT_PORTS,
    READ_METHODS,
    ExpectedLinks,
    ReadOnlyRoles,
    WriteRefusedError,
    read_only,
)
from crmsync.model.change_limits import ChangeLimit, Hold
from crmsync.model.effects import CreateRecord, DeleteRecord, OptOut
from crmsync.model.kinds.roles import Role
from crmsync.model.links import Slot
from crmsync.model.records import Kind, Record, Ref, Side
from tests.builders import NOON, a_contact, a_lead, a_link, a_ruleset
from tests.memory import MemoryRoleStore
from tests.memory.world import MemoryWorld

CHANGES = Hold(Side.SALESFORCE, ChangeLimit.CHANGES)
GRACE = Ref(Side.SALESFORCE, "Contact", "3")
ADA = Ref(Side.HUBSPOT, "contact", "81")

WRITES: Mapping[str, Callable[[SyncContext], object]] = {
    "create": lambda context: context.salesforce.create(
        [CreateRecord(Side.SALESFORCE, "Lead", "1", {}, Slot("new"))]
    ),
    "update": lambda context: context.hubspot.update([]),
    "delete": lambda context: context.deleter.delete([DeleteRecord(ADA)]),
    "opt out": lambda context: context.preferences.opt_out([OptOut("ada@example.com")]),
    "delete a task": lambda context: context.activity_bin.delete([DeleteRecord(ADA)]),
    "associate": lambda context: context.associations.associate([]),
    "end roles": lambda context: context.opportunities.end_roles([]),
    "save a link": lambda context: context.links.save([]),
    "drop a link": lambda context: context.links.drop([]),
    "queue": lambda context: context.outbox.again([]),
    "publish": lambda context: context.outbox.publish([]),
    "park": lambda context: context.inbox.park("acme", []),
    "clear": lambda context: context.inbox.clear("acme", []),
    "keep a map": lambda context: context.pipeline_maps.save,
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_a_write_is_refused(write: Callable[[SyncContext], object]) -> None:
    """A write is a defect and raises before anything is written."""
    world = MemoryWorld()
    with pytest.raises(WriteRefusedError, match="is not for a dry run"):
        write(read_only(world.context))
    assert world.writes() == 0


def test_every_port_is_known() -> None:
    """Each part of the context is a port whose reading methods are listed, or no port, and each
    listed method exists.
    """
    parts = {one.name for one in fields(SyncContext)}
    assert parts == {*READ_METHODS, *NOT_PORTS, "change_counts"}
    ports: Mapping[str, Any] = get_type_hints(SyncContext)
    assert [
        (port, name)
        for port, names in READ_METHODS.items()
        for name in names
        if not hasattr(ports[port], name)
    ] == []


def test_reads_work_as_before() -> None:
    """They return the same records, and nothing else of the context changes."""
    world = MemoryWorld()
    ada = world.new_contact()
    context = read_only(world.context)
    assert context.hubspot.read([ada], {"contact": ("email",)})[ada].fields == {
        "email": "ada@example.com"
    }
    assert (context.connection, context.our_user) == (
        world.context.connection,
        world.context.our_user,
    )


def test_the_delete_limit_counts_for_this_run_alone() -> None:
    """As many deletions as the settings allow are planned, and the sync's hour is not used up."""
    world = MemoryWorld()
    context = read_only(world.context)
    assert [
        context.change_counts.reserve("acme", Kind.CONTACT, CHANGES, 2, 3, NOON) for _ in range(3)
    ] == [
        2,
        1,
        0,
    ]
    assert world.change_counts.reserve("acme", Kind.CONTACT, CHANGES, 3, 3, NOON) == 3


def test_roles_that_are_read_are_not_stored() -> None:
    """Roles that were stored before are still read."""
    memory = MemoryRoleStore()
    role = Role(
        Ref(Side.SALESFORCE, "OpportunityContactRole", "1"),
        Ref(Side.SALESFORCE, "Opportunity", "2"),
        GRACE,
    )
    roles = ReadOnlyRoles(memory)
    roles.keep([role])
    assert memory.of([role.ref]) == {}
    memory.keep([role])
    assert roles.of([role.ref]) == {role.ref: role}


def a_pair() -> tuple[Record, Record]:
    """A contact and a lead."""
    return a_contact(), a_lead()


def test_expected_links_are_found_like_stored_ones() -> None:
    """They are found from either side, and cannot be written either."""
    world = MemoryWorld()
    contact, lead = a_pair()
    links = ExpectedLinks(read_only(world.context).links)
    link = a_link(contact, lead, a_ruleset())
    assert links.find("acme", [contact.ref, lead.ref]) == {}
    links.expect(link)
    assert links.find("acme", [contact.ref, lead.ref]) == {contact.ref: link, lead.ref: link}
    for write in (links.save, links.drop):
        with pytest.raises(WriteRefusedError):
            write([link])
