"""The window through which a town in memory is looked at, and the operator's two ways of
looking.
"""

from __future__ import annotations

from dataclasses import replace

from crmsync.flows.preview.explain import Explained, Explainer
from crmsync.flows.preview.first_sync import Preview, Previewer, PreviewRequest
from crmsync.flows.preview.read_only import read_only
from crmsync.flows.preview.window import ReadOnlyView
from crmsync.model.records import Ref, Side
from crmsync.model.settings import Connection, Settings
from tests.memory import MemoryLister
from tests.memory.worlds import Town


def window(town: Town, connection: Connection | None = None) -> ReadOnlyView:
    """The town's connection, to be looked at only; a call is a read of a side."""
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
    previewer = Previewer(lambda connection, _: window(town, connection), lambda: town.now)
    return previewer.preview(settings or settings_of(town), wanted or PreviewRequest())


def counts(seen: Preview) -> dict[str, dict[str, int]]:
    """What would be done, by object and deed."""
    return {f"{side} {name}": dict(found) for (side, name), found in seen.outlook.counts.items()}


def explain(town: Town, ref: Ref) -> Explained:
    """All that is known of a record."""
    explainer = Explainer(
        lambda: settings_of(town), lambda connection, _: window(town, connection), lambda: town.now
    )
    (told,) = explainer.explain(ref.side, ref.object, ref.id)
    return told
