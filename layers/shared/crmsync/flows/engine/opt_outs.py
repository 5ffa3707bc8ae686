"""An opt-out that HubSpot was asked for is looked for on the contact until HubSpot shows it (OPT-4,
decision 0032).

HubSpot keeps the status by address and shows it on the contact some time later. What asks here for
another look costs one read where the property has turned meanwhile; else that look asks HubSpot
once more, which may be repeated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from crmsync.flows.engine.context import SyncContext
from crmsync.model.changes import Cause, Change
from crmsync.model.effects import OptOut, Plan, Report
from crmsync.model.facts import Facts
from crmsync.model.records import Ref
from crmsync.rules.pair import reports

FIRST_WAIT = 60
LONGEST_WAIT = 900
REPORT_AFTER = 8
"""Looks after which an opt-out that does not show becomes a visible error: three quarters of an
hour.
"""
GIVE_UP_AFTER = 40
"""Looks after which nobody looks any more unless the contact or its record in Salesforce changes:
half a day.
"""


def asks_for_opt_out(plan: Plan) -> bool:
    """Whether HubSpot is asked for an opt-out, so that the pair is not in step before HubSpot shows
    it.
    """
    return any(isinstance(effect, OptOut) for effect in plan.effects)


def check_opt_outs_later(asked: Sequence[Facts], context: SyncContext) -> list[Report]:
    """Have the contacts looked at again in a minute, later ones more rarely; answers what people
    must be told. Raises `TryAgain`.

    Each is looked at from HubSpot's side, as Salesforce's record shows nothing new by then.
    """
    again: list[tuple[Change, int]] = []
    told: list[Report] = []
    for facts in asked:
        contact = _contact(facts)
        tries = facts.change.tries
        if contact is None:
            continue
        if tries < GIVE_UP_AFTER:
            look = replace(
                facts.change,
                ref=contact,
                cause=Cause.EDITED,
                at=context.now(),
                tries=tries + 1,
                waiting=(),
            )
            again.append((look, min(LONGEST_WAIT, max(FIRST_WAIT, 15 * 2**tries))))
        if tries >= REPORT_AFTER:
            told.append(reports.opt_out_not_shown(contact))
    if again:
        context.outbox.again(again)
    return told


def _contact(facts: Facts) -> Ref | None:
    return facts.hubspot.ref if facts.hubspot else None
