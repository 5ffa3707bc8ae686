"""The calls to a CRM for which a person waits at a page of the console."""

from __future__ import annotations

from crmsync.errors import Down
from crmsync.model.operations.calls import CallClass
from crmsync.ports.calls import CallGate


def begin_for_a_person(calls: CallGate) -> None:
    """Have the calls that follow count as live. Raises `Down` while the calls that are left are
    kept for the sync: a page may use what a sweep may use.
    """
    held = calls.hold(CallClass.SWEEP)
    if held is not None:
        raise Down(held.text, side="", code=held.code, hint=held.hint)
    calls.work_as(CallClass.LIVE)
