"""A read-only view of a connection in memory, and what preview and explain answer about it."""

from __future__ import annotations

from dataclasses import replace

from crmsync.flows.preview.explain import Explained, Explainer
from crmsync.flows.preview.first_sync import Preview, Previewer, PreviewRequest
from crmsync.flows.preview.read_only import ReadOnlyView, read_only
from crmsync.model.records import Ref, Side
from crmsync.model.settings import Connection, Settings
from tests.memory import MemoryLister
from tests.memory.worlds import Town


def view(town: Town, connection: Connection | None = None) -> ReadOnlyView:
    """The connection, for reading only; a call is a read of a side."""
    world = town.world if connection is None else replace(town.world, connection=connection)
    listers = {side: MemoryLister(town.crm(side), most=100) for side in Side}
    return ReadOnlyView(
        read_only(world),
        listers.__getitem__,
        listers[Side.SALESFORCE],
        lambda side: town.crm(side).calls["read"] + town.crm(side).calls["find"],
        lambda text: text,
    )


def settings_of(town: Town) -> Settings:
    """The settings in force: the town's connection alone."""
    return Settings((town.world.connection,))


def preview(
    town: Town, wanted: PreviewRequest | None = None, settings: Settings | None = None
) -> Preview:
    """What a first sync of the town would write."""
    previewer = Previewer(lambda connection, _: view(town, connection), lambda: town.now)
    return previewer.preview(settings or settings_of(town), wanted or PreviewRequest())


def counts(found: Preview) -> dict[str, dict[str, int]]:
    """How often each action would be done, by object."""
    return {
        f"{side} {name}": dict(numbers) for (side, name), numbers in found.report.counts.items()
    }


def explain(town: Town, ref: Ref) -> Explained:
    """All that is known of a record."""
    explainer = Explainer(
        lambda: settings_of(town), lambda connection, _: view(town, connection), lambda: town.now
    )
    (explained,) = explainer.explain(ref.side, ref.object, ref.id)
    return explained
