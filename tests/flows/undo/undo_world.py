"""Helpers of the tests of an undo: a world that keeps overwritten values, a mistake, and the undo of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from crmsync.flows.operator.undo import UndoAdmin, UndoRequest, UndoResult
from crmsync.flows.undo.summary import SkippedValues
from crmsync.model.records import Ref, Side
from crmsync.model.settings import Connection, UndoSettings
from crmsync.rules.pair.undo import REASONS, SkipReason
from tests.memory import MemoryJobs
from tests.memory.preview import settings_of, view
from tests.memory.world import MemoryWorld

KEPT = UndoSettings(hours=72)


def a_world(**more: Any) -> MemoryWorld:
    """A world that keeps overwritten values."""
    return MemoryWorld(undo=KEPT, **more)


def pair(world: MemoryWorld, name: str = "ada", **fields: str) -> tuple[Ref, Ref]:
    """A synced contact and its lead."""
    contact = world.new_contact(
        email=f"{name}@example.com", **{"lastname": "Lang", "phone": "0100", **fields}
    )
    world.sync(contact)
    (lead,) = {
        place for link in world.links.all if link.hubspot == contact for place in [link.salesforce]
    }
    assert isinstance(lead, Ref)
    world.wait()
    return contact, lead


def mistake(world: MemoryWorld, *contacts: Ref, **fields: str) -> datetime:
    """Overwrite contacts in HubSpot and sync them; when that began."""
    world.wait()
    since = world.now
    for contact in contacts:
        world.hubspot.edit(contact, fields or {"lastname": "HACKED", "phone": ""})
    world.wait()
    world.sync(*contacts)
    return since


def undo_admin(
    world: MemoryWorld, jobs: MemoryJobs | None = None, others: Sequence[Connection] = ()
) -> UndoAdmin:
    """The undo command's flow over this world, whose settings have other connections too."""
    kept_jobs = jobs or MemoryJobs()
    settings = settings_of(world)
    settings = replace(settings, connections=(*settings.connections, *others))
    return UndoAdmin(
        settings=lambda: settings,
        kept=lambda: world.overwritten,
        view=lambda connection, _: view(world, connection),
        context=lambda _connection, _settings: world.context,
        jobs=kept_jobs,
        new_id=lambda: f"job{len(kept_jobs.all('acme')) + 1}",
        now=lambda: world.now,
        caller=lambda: "ada",
    )


def undo(
    world: MemoryWorld,
    since: datetime,
    name: str = "",
    *,
    apply: bool = True,
    jobs: MemoryJobs | None = None,
) -> UndoResult:
    """Run the undo, without the syncs that it requests."""
    world.wait()
    return undo_admin(world, jobs).undo(UndoRequest(since, name), apply=apply)


def shown(world: MemoryWorld, contact: Ref, lead: Ref) -> list[Any]:
    """Name and phone number on both sides."""
    hubspot, salesforce = world.hubspot.fields(contact), world.salesforce.fields(lead)
    return [
        hubspot.get("lastname"),
        hubspot.get("phone"),
        salesforce.get("LastName"),
        salesforce.get("Phone"),
    ]


def left(side: Side, name: str, values: int, why: SkipReason) -> SkippedValues:
    """Skipped values of an object, with their reason."""
    return SkippedValues("acme", side, name, REASONS[why], values, why is SkipReason.MOVING)


def leads(values: int, why: SkipReason) -> SkippedValues:
    """Skipped values of leads, with their reason."""
    return left(Side.SALESFORCE, "Lead", values, why)


HACKED = ["HACKED", None, "HACKED", None]


GOOD = ["Lang", "0100", "Lang", "0100"]
