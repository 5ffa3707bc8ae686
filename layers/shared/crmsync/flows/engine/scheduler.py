"""In which portions the changes of an invocation are looked at: whole batches, or one ahead of the
others while a side may be down.

A call that fails as a whole leaves open whether the side is down or one record of the call brings
it about. So the next to go is one record alone. Does it fail, too, the side is down, and all that
is left waits. Does it come through, it is not the side: what failed is then cut in halves until the
record stands alone that fails by itself; it alone uses up a try.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from crmsync.errors import SyncError, TryAgain
from crmsync.flows.engine.circuit_breaker import CircuitBreaker
from crmsync.flows.engine.results import Summary
from crmsync.model.changes import Change
from crmsync.model.troubles import Outage
from crmsync.rules.timing.outages import is_refusal, may_be_one

GROWTH = 10
"""By how much more at a time what has waited follows the one that came through."""


@dataclass(frozen=True, slots=True)
class BatchFailure:
    """What some changes failure instead of their end: an error of a whole call. With `is_whole` they
    could not even be looked at.
    """

    error: SyncError
    changes: tuple[Change, ...]
    is_whole: bool


@dataclass(slots=True)
class BatchScheduler:
    """What is left of an invocation, in the portions in which it goes."""

    breaker: CircuitBreaker
    summary: Summary
    most: int
    _left: list[list[Change]] = field(default_factory=list)
    _waiting: list[Change] = field(default_factory=list)
    _ahead: bool = False
    """Whether the portion that goes now looks ahead of those that wait."""
    _doubted: bool = False
    """Whether a call failed of which one record may be the cause."""
    _proven: bool = False
    """Whether a record came through since."""
    _quiet: int = 0
    _suspects: BatchFailure | None = None
    """The one that looked ahead in vain, while another one shows whether that is its own fault."""

    def start(self, changes: Sequence[Change]) -> None:
        """Take on the changes of an invocation."""
        # One that was held comes back alone although others came through since: then it is not the
        # side.
        self._proven = len(changes) == 1 and changes[0].held and self.breaker.outage is None
        admission = self.breaker.admit(changes)
        self._left = list(_portions(admission.going, self.most))
        self._waiting = list(admission.waiting)
        if admission.ahead is not None:
            self._left.append([admission.ahead])
            self._ahead = True

    def next_batch(self) -> list[Change]:
        """Who goes next; nobody where all have gone."""
        return self._left.pop(0) if self._left else []

    def take_rest(self) -> list[Change]:
        """Who has not gone yet, where the invocation has no time left for them."""
        left, self._left = [change for some in self._left for change in some], []
        return left

    def record(
        self, portion: Sequence[Change], failure: BatchFailure | None
    ) -> list[tuple[Change, TryAgain]]:
        """Take note of what became of a portion; answers whose own fault it was. Raises `SyncError`
        when putting back did not work.
        """
        if failure is None:
            return self._came_through(portion)
        doubtful = may_be_one(failure.error)
        if doubtful and len(failure.changes) > 1:
            self._cut(list(failure.changes))
            return []
        if doubtful and self._proven:
            self._proven = False
            return [(change, _own(failure.error)) for change in failure.changes]
        if doubtful and self._waiting and not self._suspects:
            # Another one alone: if that comes through, the side is well.
            self._suspects = failure
            self._left.insert(0, [self._waiting.pop(0)])
            return []
        self._fall(failure, portion)
        return []

    def finish(self) -> None:
        """Put back what waits. Raises `SyncError` when that did not work."""
        suspects = self._suspects.changes if self._suspects else ()
        if self._waiting or suspects:
            self._requeue(
                suspects, self._waiting, self.breaker.outage.code if self.breaker.outage else ""
            )
            self._waiting, self._suspects = [], None

    def _requeue(self, tried: Sequence[Change], untried: Sequence[Change], code: str) -> None:
        self.summary.counts["PutOff"] += self.breaker.requeue(tried, untried)
        for change in (*tried, *untried):
            self.summary.waits(change, code)

    def _came_through(self, portion: Sequence[Change]) -> list[tuple[Change, TryAgain]]:
        quiet, self._quiet = (
            self.summary.counts["Quiet"] - self._quiet,
            self.summary.counts["Quiet"],
        )
        if quiet >= len(portion):
            # Nothing was asked of the other side, so nothing is known.
            return []
        suspects, self._suspects = self._suspects, None
        self._proven = self._doubted
        if self._ahead and not self._left:
            self._ahead = False
            self._doubted = self._proven = True
            self.breaker.close()
            self._left = list(_growing(self._waiting, self.most))
            self._waiting = []
        return [(change, _own(suspects.error)) for change in suspects.changes] if suspects else []

    def _cut(self, changes: list[Change]) -> None:
        """Ask one of them alone; once one came through, look for the one that does not."""
        half = (len(changes) + 1) // 2 if self._proven else 1
        tried = [replace(change, held=True) for change in changes]
        self._doubted = True
        self._left = [tried[:half], tried[half:], *self._left]

    def _fall(self, failure: BatchFailure, portion: Sequence[Change]) -> None:
        """A side is down: note it, and have those wait that need it."""
        self.summary.counts["Down"] += 1
        if is_refusal(failure.error):
            self.summary.counts["LooksRefused"] += 1
        outage = self.breaker.trip(failure.error, is_whole=failure.is_whole)
        self.summary.decisions.append(outage_line(len(portion), failure.error, outage))
        behind = [
            change for some in self._left for change in some if failure.is_whole or change.held
        ]
        self._left = (
            [] if failure.is_whole else [fresh for some in self._left if (fresh := _fresh(some))]
        )
        tried = (*(self._suspects.changes if self._suspects else ()), *failure.changes)
        self._requeue(tried, [*behind, *self._waiting], failure.error.code)
        self._waiting, self._suspects = [], None
        self._ahead = self._doubted = self._proven = False


def outage_line(count: int, error: SyncError, outage: Outage) -> dict[str, object]:
    """The log's line about a side that is down."""
    told = {
        "records": count,
        "outcome": type(error).__name__,
        "code": error.code,
        "reason": error.text,
    }
    return {**told, "until": outage.next_at.isoformat()}


def _own(error: SyncError) -> TryAgain:
    """The error as one of the record itself, which is tried again and parked in the end."""
    after = error.after if isinstance(error, TryAgain) else 0.0
    return TryAgain(error.text, after=after, code=error.code)


def _fresh(changes: Iterable[Change]) -> list[Change]:
    return [change for change in changes if not change.held]


def _portions(changes: Sequence[Change], size: int) -> Iterator[list[Change]]:
    return (list(changes[start : start + size]) for start in range(0, len(changes), size))


def _growing(changes: Sequence[Change], most: int) -> Iterator[list[Change]]:
    """The changes in portions that grow, so that a side that is down again has cost little when
    that shows.
    """
    start, size = 0, GROWTH
    while start < len(changes):
        yield list(changes[start : start + size])
        start, size = start + size, min(size * GROWTH, most)
