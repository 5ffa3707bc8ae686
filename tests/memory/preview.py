"""Preview and explain on a world in memory."""

from __future__ import annotations

from dataclasses import replace

from crmsync.flows.preview.explain import Explained, Explainer
from crmsync.flows.preview.first_sync import Preview, Previewer, PreviewRequest
from crmsync.flows.preview.read_only import ReadOnlyView, read_only
from crmsync.model.records import Ref, Side
from crmsync.model.settings import Connection, Settings
from tests.memory import MemoryLister
from tests.memory.world import MemoryWorld

OWN_CALLS = 1_000
"""The calls of the last 24 hours that are crmsync's own."""


def view(world: MemoryWorld, connection: Connection | None = None) -> ReadOnlyView:
    """Return the connection for reading only; reads of a side count as calls."""
    context = world.context if connection is None else replace(world.context, connection=connection)
    listers = {side: MemoryLister(world.crm(side), most=100) for side in Side}
    return ReadOnlyView(
        read_only(context),
        listers.__getitem__,
        listers[Side.SALESFORCE],
        lambda: OWN_CALLS,
        lambda side: world.crm(side).calls["read"] + world.crm(side).calls["find"],
        lambda text: text,
    )


def settings_of(world: MemoryWorld) -> Settings:
    """Return the settings in force: the world's only connection."""
    return Settings((world.context.connection,))


def preview(
    world: MemoryWorld, wanted: PreviewRequest | None = None, settings: Settings | None = None
) -> Preview:
    """Return what a first sync would write."""
    previewer = Previewer(
        lambda connection, _: view(world, connection), lambda: world.now, lambda _one: ()
    )
    return previewer.preview(settings or settings_of(world), wanted or PreviewRequest())


def counts(found: Preview) -> dict[str, dict[str, int]]:
    """Return the number of each action by object."""
    return {
        f"{side} {name}": dict(numbers) for (side, name), numbers in found.report.counts.items()
    }


def explain(world: MemoryWorld, ref: Ref) -> Explained:
    """Return the explanation of a record."""
    explainer = Explainer(
        lambda: settings_of(world),
        lambda connection, _: view(world, connection),
        lambda: world.now,
        world.campaigns,
    )
    (explained,) = explainer.explain(ref.side, ref.object, ref.id)
    return explained
