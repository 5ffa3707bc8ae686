"""What the operator does with links: looks one up, has one forgotten, has all made anew from the
ids in both CRMs.

Shows first and acts only when told. Nothing is written to a CRM here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from crmsync.errors import Gone, Refused, SyncError
from crmsync.flows.backfill.link_keys import LinkKeyAdmin
from crmsync.flows.backfill.link_rebuild import Rebuild, RebuildResult, RebuildSides
from crmsync.model.links import Link
from crmsync.model.records import Ref, Side
from crmsync.model.settings import Connection, Settings
from crmsync.ports.stores import Links
from crmsync.rules.backfill.objects import WALKED, walked


@dataclass(frozen=True, slots=True)
class LinkAdmin:
    """Everything about links that the command can do. `sides` makes a connection's CRMs when they
    are needed.

    `full` gives the form of an id by which the side's records are stored: people paste short ones
    of Salesforce.
    """

    settings: Callable[[], Settings]
    links: Links
    sides: Callable[[Connection], RebuildSides]
    full: Callable[[str], str]
    keys: LinkKeyAdmin

    def show(self, side: Side, name: str, identifier: str, only: str = "") -> list[Link]:
        """The links of a record, one per connection that has one; ids of two HubSpot accounts may
        be alike.

        Raises `Refused` for an object that never has links, `Gone` where the record has none.
        """
        ref = self._ref(side, name, identifier)
        held = [self.links.find(one.name, [ref]) for one in self._connections(only)]
        found = [links[ref] for links in held if ref in links]
        if not found:
            raise Gone(f"{ref} has no link")
        return found

    def drop(self, side: Side, name: str, identifier: str, only: str = "", *, apply: bool) -> Link:
        """Forget the link of a record; the next look at it finds its counterpart anew, or none.

        Raises as `show` does, `Refused` where several connections have one, and `Conflict` where it
        was changed meanwhile.
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

    def rebuild(
        self, tell: Callable[[RebuildResult], None], only: str = "", *, apply: bool
    ) -> list[RebuildResult]:
        """Make the links anew that both CRMs agree on, connection by connection; `tell` hears of
        each page. Raises `SyncError`.
        """
        return [
            Rebuild(one, self.sides(one), self.links, apply, tell).run()
            for one in self._connections(only)
        ]

    def _ref(self, side: Side, name: str, identifier: str) -> Ref:
        found = walked(side, name)
        if found is None:
            known = ", ".join(one.object for one in WALKED if one.side is side)
            raise Refused(
                f"{side} has no {name} that could be linked; there are {known}.", code="OBJECT"
            )
        return Ref(
            side, found.object, self.full(identifier) if side is Side.SALESFORCE else identifier
        )

    def _connections(self, only: str) -> list[Connection]:
        known = [one for one in self.settings().connections if only in {"", one.name}]
        if not known:
            raise Refused(
                f"There is no connection {only}." if only else "There are no connections.",
                code="CONNECTION",
            )
        return known
