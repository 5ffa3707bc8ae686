"""After an opt-out, HubSpot is read again until the contact shows it (OPT-4, decision 0032).

HubSpot stores the status by address, and sets the contact's property some time later. Each check
costs one read once the property is set; until then it repeats the opt-out, which is idempotent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from crmsync.flows.engine.context import SyncContext
from crmsync.model.changes import Cause, Change
from crmsync.model.effects import Report
from crmsync.model.facts import Facts
from crmsync.rules.pair import reports

FIRST_WAIT = 60
LONGEST_WAIT = 900
REPORT_AFTER = 8
"""Checks after which a missing opt-out is reported: three quarters of an hour."""
GIVE_UP_AFTER = 40
"""Checks after which there are no more, unless one of the two records changes: half a day."""


def check_opt_outs_later(opted_out: Sequence[Facts], context: SyncContext) -> list[Report]:
    """Queue the contacts to be read again, after a minute at first and later ever more rarely.

    Each is queued as a change of its HubSpot record, as the Salesforce record shows nothing new.
    Returns reports about those that have not shown their opt-out for long. Raises `TryAgain`.
    """
    again: list[tuple[Change, int]] = []
    overdue: list[Report] = []
    for facts in opted_out:
        if facts.hubspot is None:
            continue
        contact, tries = facts.hubspot.ref, facts.change.tries
        if tries < GIVE_UP_AFTER:
            check = replace(
                facts.change,
                ref=contact,
                cause=Cause.EDITED,
                at=context.now(),
                tries=tries + 1,
                waiting=(),
            )
            again.append((check, min(LONGEST_WAIT, max(FIRST_WAIT, 15 * 2**tries))))
        if tries >= REPORT_AFTER:
            overdue.append(reports.opt_out_not_shown(contact))
    if again:
        context.outbox.again(again)
    return overdue
