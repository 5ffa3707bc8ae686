"""Signing in before a concern's changes are looked at: where that does not work they wait, as for
any side that is down.

Who we are in Salesforce must be known before anything can be planned, and only a login tells.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from crmsync.errors import SyncError
from crmsync.flows.engine.gate import Gate
from crmsync.flows.engine.results import Summary
from crmsync.flows.engine.turns import fall_line
from crmsync.model.changes import Change
from crmsync.rules.timing.outages import is_refusal

World = TypeVar("World")


def through(
    gate: Gate,
    changes: Sequence[Change],
    make: Callable[[], World],
    sync: Callable[[World], Summary],
) -> Summary:
    """Sync the changes in the world that `make` signs in to; where that does not work, or is known
    not to, they are put back.

    Raises `SyncError` when that did not work either.
    """
    summary = Summary()
    gate.look()
    if gate.is_shut:
        summary.counts["PutOff"] += gate.put_back((), changes)
        _note(changes, gate.code, summary)
        return summary
    try:
        context = make()
    except SyncError as error:
        outage = gate.fell(error, is_whole=True)
        summary.counts.update(Down=1, PutOff=gate.put_back(changes))
        if is_refusal(error):
            summary.counts["LooksRefused"] += 1
        _note(changes, error.code, summary)
        summary.decisions.append(fall_line(len(changes), error, outage))
        return summary
    return sync(context)


def _note(changes: Sequence[Change], code: str, summary: Summary) -> None:
    for change in changes:
        summary.waits(change, code)
