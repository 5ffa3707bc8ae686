"""Signing in before a concern's changes are looked at: where that does not work they wait, as for
any side that is down.

Who we are in Salesforce must be known before anything can be planned, and only a login tells.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from crmsync.errors import SyncError
from crmsync.flows.engine.circuit_breaker import CircuitBreaker
from crmsync.flows.engine.results import Summary
from crmsync.flows.engine.scheduler import outage_line
from crmsync.model.changes import Change
from crmsync.rules.timing.outages import is_refusal

Context = TypeVar("Context")


def sign_in_and_sync(
    breaker: CircuitBreaker,
    changes: Sequence[Change],
    make: Callable[[], Context],
    sync: Callable[[Context], Summary],
) -> Summary:
    """Sync the changes in the world that `make` signs in to; where that does not work, or is known
    not to, they are put back.

    Raises `SyncError` when that did not work either.
    """
    summary = Summary()
    breaker.load()
    if breaker.is_open:
        summary.counts["PutOff"] += breaker.requeue((), changes)
        _note(changes, breaker.code, summary)
        return summary
    try:
        context = make()
    except SyncError as error:
        outage = breaker.trip(error, is_whole=True)
        summary.counts.update(Down=1, PutOff=breaker.requeue(changes))
        if is_refusal(error):
            summary.counts["LooksRefused"] += 1
        _note(changes, error.code, summary)
        summary.decisions.append(outage_line(len(changes), error, outage))
        return summary
    return sync(context)


def _note(changes: Sequence[Change], code: str, summary: Summary) -> None:
    for change in changes:
        summary.waits(change, code)
