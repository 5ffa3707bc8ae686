"""Brings the links of one connection up to date after their table was restored from a backup.

Law: the connection is paused. No CRM is written to, and a link is only changed if both its records
are there and still belong to it; all others are the sync's business, which follows merges,
conversions and deletions by itself.

The links that are missing are rebuilt first (`crmsync.flows.backfill.link_rebuild`). Everything is
read page by page; a run that broke off is simply started again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from crmsync.errors import Conflict
from crmsync.flows.kinds.dispatch import plan_changes
from crmsync.flows.preview.read_only import ReadOnlyView
from crmsync.model.changes import Cause, Change
from crmsync.model.concerns import KIND_OF
from crmsync.model.facts import Facts
from crmsync.model.fields import FieldRule
from crmsync.model.links import Link
from crmsync.model.records import Kind, Record, Ref, Side
from crmsync.ports.stores import Links
from crmsync.rules.merge.past_agreement import out_of_step, with_base_of
from crmsync.rules.merge.ruleset import Ruleset

PAGE = 500
"""HubSpot records that are read and compared together."""


@dataclass(slots=True)
class RestoreResult:
    """The result of a restore so far.

    Attributes:
        connection: The name of the connection.
        total: The number of HubSpot records.
        read: The number of HubSpot records that were read.
        pairs: How many of them have a counterpart.
        different: The number of pairs whose sides differ from each other.
        dated: The number of links that were changed to what was agreed on, or would be.
    """

    connection: str
    total: int = 0
    read: int = 0
    pairs: int = 0
    different: int = 0
    dated: int = 0


@dataclass(slots=True)
class LinkRestore:
    """The restore of one connection.

    Attributes:
        view: The connection, for reading only.
        links: The stored links.
        moment: Until when both sides were in step (UTC).
        total: How many HubSpot records there are, for `progress`.
        apply: Whether links are saved.
        progress: Called after each page.
        result: The result so far.
    """

    view: ReadOnlyView
    links: Links
    moment: datetime
    total: int
    apply: bool
    progress: Callable[[RestoreResult], None]
    result: RestoreResult = field(init=False)

    def __post_init__(self) -> None:
        """Start with an empty result."""
        self.result = RestoreResult(self.view.connection.name, self.total)

    def run(self) -> RestoreResult:
        """Work through all HubSpot records of the kinds that are switched on.

        Raises `SyncError`; links that were saved until then remain.
        """
        lister = self.view.lister(Side.HUBSPOT)
        for name, kind in KIND_OF[Side.HUBSPOT].items():
            if kind not in self.view.connection.kinds:
                continue
            after: str | None = ""
            while after is not None:
                page = lister.page(name, after, PAGE)
                self._restore(kind, page.refs)
                self.result.read += len(page.refs)
                self.progress(self.result)
                after = page.after
        return self.result

    def _restore(self, kind: Kind, refs: Sequence[Ref]) -> None:
        context = self.view.context
        known = context.links.find(context.connection.name, refs)
        now = context.now()
        changes = [
            Change(context.connection.name, kind, ref, Cause.AGAIN, now)
            for ref in refs
            if ref in known
        ]
        if not changes:
            return
        self._compare(changes)

    def _compare(self, changes: Sequence[Change]) -> None:
        """Compare the two records of each link, and give it what was agreed on. Changes whose
        records belong to another of these links follow in a pass of their own.
        """
        planned = plan_changes(changes, self.view.context)
        pairs = list(_own_pairs(planned.facts))
        differing: dict[Ref, tuple[Facts, Sequence[FieldRule]]] = {}
        for facts, link, hubspot, salesforce in pairs:
            rows = out_of_step(link, hubspot, salesforce, planned.ruleset)
            if rows:
                differing[hubspot.ref] = facts, rows
        self.result.pairs += len(pairs)
        self.result.different += len(differing)
        if differing:
            self._save(self._dated(differing, planned.ruleset))
        if planned.not_yet and len(planned.not_yet) < len(changes):
            self._compare(planned.not_yet)

    def _dated(
        self, differing: Mapping[Ref, tuple[Facts, Sequence[FieldRule]]], ruleset: Ruleset
    ) -> list[Link]:
        """The links with what was agreed on at the moment, where that is not what they have."""
        fields = ruleset.fields(Side.HUBSPOT)
        aged = self.view.context.hubspot.read(list(differing), fields, history=True)
        links: list[Link] = []
        for ref, (facts, rows) in differing.items():
            if ref in aged and facts.link and facts.salesforce:
                link = with_base_of(
                    facts.link, aged[ref], facts.salesforce, rows, ruleset, self.moment
                )
                if link != facts.link:
                    links.append(link)
        return links

    def _save(self, links: Sequence[Link]) -> None:
        for outcome in self.links.save(links) if self.apply and links else links:
            if isinstance(outcome, Link):
                self.result.dated += 1
            elif not isinstance(outcome, Conflict):
                raise outcome


def _own_pairs(facts: Sequence[Facts]) -> Iterator[tuple[Facts, Link, Record, Record]]:
    """The pairs whose two records are those of their link."""
    for one in facts:
        link, hubspot, salesforce = one.link, one.hubspot, one.salesforce
        if link and hubspot and salesforce and link.joins(hubspot.ref, salesforce.ref):
            yield one, link, hubspot, salesforce
