"""What comparisons use, in memory: a walk through the links, the last results, and a job that is
worked through on a world in memory.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

from crmsync.flows.backfill.run import BackfillContext, run_turn
from crmsync.flows.comparison.compare import Comparer
from crmsync.gateways.dynamodb.links.link_items import placed
from crmsync.model.links import LinkState
from crmsync.model.operations.comparison import Comparison, ObjectComparison, Standing
from crmsync.model.operations.jobs import LINKS, Job, JobStep, JobType, job_message_of
from crmsync.model.records import Side
from crmsync.ports.comparison import LinkedPair, LinkPage
from crmsync.rules.backfill.objects import BACKFILL_OBJECTS
from tests.builders import a_job
from tests.memory.calls import OpenGate
from tests.memory.jobs import MemoryBacklog, MemoryJobMessages, MemoryJobs, MemoryLister
from tests.memory.preview import view
from tests.memory.stores import MemoryLinks
from tests.memory.world import MemoryWorld


class MemoryLinkPages:
    """Implements `LinkPages` for the links of a `MemoryLinks`. `more` are links that have gone since
    the table was read.
    """

    def __init__(self, links: MemoryLinks, most: int = 2_000) -> None:
        """A page has at most `most` links."""
        self.more: list[LinkedPair] = []
        self._links = links
        self._most = most

    def page(self, connection: str, after: str, size: int) -> LinkPage:
        """See the port."""
        pairs = [
            LinkedPair(one.kind, placed(one.hubspot), placed(one.salesforce))
            for one in self._links.all
            if (one.connection, one.state) == (connection, LinkState.ACTIVE)
        ]
        rows = sorted([*pairs, *self.more], key=lambda one: str(one.hubspot))
        left = [one for one in rows if str(one.hubspot) > after]
        part = tuple(left[: min(size, self._most)])
        return LinkPage(part, str(part[-1].hubspot) if len(left) > len(part) else None)


class MemoryComparisons:
    """Implements `Comparisons`."""

    def __init__(self) -> None:
        """Nothing was compared yet."""
        self._results: dict[tuple[str, Side, str], ObjectComparison] = {}

    def save(self, connection: str, results: Sequence[ObjectComparison]) -> None:
        """See the port."""
        self._results.update({(connection, one.side, one.object): one for one in results})

    def latest(self, connection: str) -> Sequence[ObjectComparison]:
        """See the port."""
        return [one for key, one in sorted(self._results.items()) if key[0] == connection]


class MemoryComparer:
    """Runs comparisons of a world in memory, turn by turn."""

    def __init__(self, world: MemoryWorld, page: int = 2_000) -> None:
        """A page of links has at most `page`."""
        self.world = world
        self.jobs, self.job_messages = MemoryJobs(), MemoryJobMessages()
        self.backlog, self.results = MemoryBacklog(), MemoryComparisons()
        self.pages = MemoryLinkPages(world.links, page)
        self.comparer = Comparer(
            view=lambda connection: view(world, connection),
            pages=self.pages,
            results=self.results,
            jobs=self.jobs,
            cursors=world.cursors,
            outbox=world.outbox,
            now=lambda: world.now,
        )
        tokens = itertools.count(1)
        self.context = BackfillContext(
            connection=lambda _name: world.context.connection,
            lister=lambda _connection, side: MemoryLister(world.crm(side)),
            calls=lambda _connection: OpenGate(),
            jobs=self.jobs,
            job_messages=self.job_messages,
            outbox=world.outbox,
            backlog=self.backlog,
            new_turn_token=lambda: f"t{next(tokens)}",
            now=lambda: world.now,
            compare=self.comparer.run,
        )

    def start(self, *, repairs: bool = False, job_id: str = "v1") -> Job:
        """Start a comparison of everything that is switched on."""
        steps = [one.step() for one in BACKFILL_OBJECTS if one.syncs(self.world.context.connection)]
        job = replace(
            a_job(JobStep(Side.HUBSPOT, LINKS), *steps, id=job_id, type=JobType.VERIFY),
            comparison=Comparison(repairs),
            started_at=self.world.now,
            moved_at=self.world.now,
        )
        saved = self.jobs.save(job.with_turn_token("t0"))
        self.job_messages.send(job_message_of(saved))
        return saved

    def run(self, *, repairs: bool = False, job_id: str = "v1") -> Job:
        """Work through a comparison; the job as it is then."""
        job = self.start(repairs=repairs, job_id=job_id)
        while self.job_messages.sent:
            run_turn(self.job_messages.take(), self.context)
        stored = self.jobs.load(job.connection, job.id)
        assert stored is not None
        return stored


def counts(results: Sequence[ObjectComparison]) -> dict[str, dict[Standing, int]]:
    """Return the counts by object, without objects that have no records."""
    return {f"{one.side} {one.object}": dict(one.counts) for one in results if one.records}


def findings(results: Sequence[ObjectComparison]) -> dict[str, str]:
    """Return the standing and the reason of each finding by its record."""
    return {
        str(found.ref): f"{found.standing}: {found.reason}"
        for one in results
        for found in one.findings
    }
