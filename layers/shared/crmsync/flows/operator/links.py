"""The operator's links: one is shown or dropped, or all are rebuilt from the ids in both CRMs
or brought up to date after a restore of their table.

Nothing happens without `apply`, and nothing is written to a CRM.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from crmsync.errors import Gone, Refused, SyncError
from crmsync.flows.arguments import chosen_connections
from crmsync.flows.backfill.link_keys import LinkKeyAdmin
from crmsync.flows.backfill.link_rebuild import Rebuild, RebuildResult, RebuildSides
from crmsync.flows.operator.link_restore import LinkRestore, RestoreResult
from crmsync.flows.preview.read_only import ReadOnlyView
from crmsync.model.links import Link
from crmsync.model.records import Ref, Side
from crmsync.model.settings import Connection, Settings
from crmsync.ports.stores import Links
from crmsync.rules.backfill.objects import BACKFILL_OBJECTS, backfill_object


@dataclass(frozen=True, slots=True, kw_only=True)
class PairLinks:
    """Shows and drops the links of single records.

    Attributes:
        settings: Reads the settings in force.
        links: The stored links.
        full: Gives the 18-character form of a Salesforce id; people paste short ones.
    """

    settings: Callable[[], Settings]
    links: Links
    full: Callable[[str], str]

    def show(self, side: Side, name: str, identifier: str, only: str = "") -> list[Link]:
        """The links of a record, at most one per connection: two HubSpot accounts can use one id.

        Raises `Refused` for an object that never has links, `Gone` when the record has no link.
        """
        ref = self._ref(side, name, identifier)
        found: list[Link] = []
        for connection in chosen_connections(self.settings(), only):
            links = self.links.find(connection.name, [ref])
            if ref in links:
                found.append(links[ref])
        if not found:
            raise Gone(f"{ref} has no link")
        return found

    def drop(self, side: Side, name: str, identifier: str, only: str = "", *, apply: bool) -> Link:
        """Drop the link of a record; its next sync finds its counterpart again, or none.

        Raises as `show` does, `Refused` when several connections have a link of it, and `Conflict`
        when the link was changed meanwhile.
        """
        link, *others = self.show(side, name, identifier, only)
        if others:
            known = ", ".join(one.connection for one in (link, *others))
            raise Refused(
                f"{known} have a link of that record.",
                code="CONNECTION",
                hint="Name one with --connection.",
            )
        if apply:
            (outcome,) = self.links.drop([link])
            if isinstance(outcome, SyncError):
                raise outcome
        return link

    def _ref(self, side: Side, name: str, identifier: str) -> Ref:
        found = backfill_object(side, name)
        if found is None:
            known = ", ".join(one.object for one in BACKFILL_OBJECTS if one.side is side)
            raise Refused(
                f"{side} has no {name} that could be linked; there are {known}.", code="OBJECT"
            )
        if side is Side.SALESFORCE:
            identifier = self.full(identifier)
        return Ref(side, found.object, identifier)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkAdmin(PairLinks):
    """What the command does with links.

    Attributes:
        sides: Makes the two CRMs of a connection for a rebuild.
        keys: Changes the keys of the fingerprints in links.
        view: Opens a connection for reading.
        is_paused: Whether the connection of that name is paused.
    """

    sides: Callable[[Connection], RebuildSides]
    keys: LinkKeyAdmin
    view: Callable[[Connection, Settings], ReadOnlyView]
    is_paused: Callable[[str], bool]

    def rebuild(
        self, progress: Callable[[RebuildResult], None], only: str = "", *, apply: bool
    ) -> list[RebuildResult]:
        """Rebuild the links that both CRMs agree on, connection by connection.

        `progress` is called after each page with the result so far. Raises `SyncError`.
        """
        return [
            Rebuild(one, self.sides(one), self.links, apply, progress).run()
            for one in chosen_connections(self.settings(), only)
        ]

    def restore(
        self,
        moment: datetime,
        progress: Callable[[str, int, int], None],
        only: str = "",
        *,
        apply: bool,
    ) -> list[tuple[RebuildResult, RestoreResult]]:
        """Bring the links up to date after their table was restored from a backup: missing ones are
        rebuilt, and where two sides differ, the link gets what they agreed on at `moment` (UTC),
        when both were in step.

        Raises `Refused` while a connection is not paused, and `SyncError`.
        """
        settings = self.settings()
        connections = chosen_connections(settings, only)
        for one in connections:
            if apply and not self.is_paused(one.name):
                hint = f"crmsync pause {one.name} --apply, and wait a minute."
                raise Refused(f"{one.name} is not paused.", code="NOT_PAUSED", hint=hint)

        def report(found: RebuildResult | RestoreResult) -> None:
            progress(found.connection, found.read, found.total)

        results: list[tuple[RebuildResult, RestoreResult]] = []
        for one in connections:
            rebuilt = Rebuild(one, self.sides(one), self.links, apply, report).run()
            view = self.view(one, settings)
            run = LinkRestore(view, self.links, moment, rebuilt.in_hubspot, apply, report)
            results.append((rebuilt, run.run()))
        return results
