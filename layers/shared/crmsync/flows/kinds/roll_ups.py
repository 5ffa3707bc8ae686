"""Adds up the opportunities of contacts, and moves the contacts' lifecycle stages forward with
them: for a whole batch, in a few calls.

The sums are decided in `crmsync.rules.kinds.opportunity.roll_ups`. Here contacts are read, and
written if they show other sums. A stage that moved spreads to companies and their other contacts
like any other (LIFE-4, LIFE-7).

Several workers may add up one contact at the same time, and HubSpot keeps the last write. So after
a write the opportunities are read once more, and if the sums have changed, they are written again:
the last writer is then right.

If a tie was just created, the tie that it follows must still exist, and if one was removed, that
one must still be gone. Otherwise the pair is synced again: the change may have been reported before
our write, and would not be reported again.

A contact may need new sums although none of its opportunities has changed: its link has moved or
ended, or a sum was refused. Its own sync then queues a change of the opportunity concern that names
the contact (`crmsync.flows.engine.waits.sums_again`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from crmsync.errors import Down, SyncError, TryAgain
from crmsync.flows.engine.batches import SyncPass
from crmsync.flows.engine.context import SyncContext
from crmsync.flows.engine.lifecycle import (
    FIELDS,
    report_refused,
    request_stage_syncs,
    spread_stages,
)
from crmsync.flows.engine.results import Summary, record_outcome, retry_later
from crmsync.flows.engine.waits import queue_missing
from crmsync.flows.inclusion import not_frozen
from crmsync.model.changes import Cause, Change
from crmsync.model.crm_names import HUBSPOT_CONTACT, LIFECYCLE_STAGE, SALESFORCE_CONTACT
from crmsync.model.effects import RollUp, UpdateRecord
from crmsync.model.facts import Facts
from crmsync.model.kinds.roles import RelatedOpportunity, TieWrites
from crmsync.model.links import LinkState, Place
from crmsync.model.plan import Plan
from crmsync.model.records import Record, Ref, Side, Value
from crmsync.ports.crm import Outcome, Written
from crmsync.rules.kinds.contact.lifecycle import is_forward
from crmsync.rules.kinds.opportunity.roll_ups import ROLL_UPS, outdated, rolled_up, stage_reached

OpportunityTies: TypeAlias = Mapping[Ref, tuple[RelatedOpportunity, ...]]
"""HubSpot contact -> the opportunities in which its Salesforce contact has a role (OPP-10). A
contact that syncs with no Salesforce contact is missing.
"""

_ROUNDS = 3
"""How often contacts are added up while their opportunities keep changing; then they are put off.
"""


def adding_up(sync_pass: SyncPass) -> SyncPass:
    """The pass over deals and opportunities, preceded by one over the contacts among the changes,
    whose opportunities are added up (ROLL-1). Those that are more than woken go on to the pass. A
    pass without contacts costs nothing more.
    """

    def both(
        changes: list[Change], context: SyncContext, summary: Summary, *, is_last: bool
    ) -> list[Change]:
        contacts = [change for change in changes if change.ref.object == HUBSPOT_CONTACT]
        if contacts:
            _add_up(contacts, context, summary)
            changes = [
                change
                for change in changes
                if change not in contacts or change.cause is not Cause.WOKEN
            ]
        return sync_pass(changes, context, summary, is_last=is_last) if changes else []

    return both


def _add_up(changes: Sequence[Change], context: SyncContext, summary: Summary) -> None:
    """Add up the opportunities of these contacts. No stage moves, as no opportunity has news. What
    fails for now is queued again with growing waits. Raises `SyncError`.
    """
    effects = [RollUp(frozenset({one.ref}), frozenset(), ("ROLL-1",)) for one in changes]
    later: list[tuple[Change, TryAgain]] = []
    for change, effect, outcome in zip(changes, effects, roll_up(effects, context), strict=True):
        error = outcome if isinstance(outcome, SyncError) else None
        record_outcome(Facts(change), Plan((effect,)), error, summary)
        if isinstance(error, Down):
            summary.down.append((change, error))
        elif isinstance(error, TryAgain):
            later.append((change, error))
    retry_later(later, context, summary)


def roll_up(effects: Sequence[RollUp], context: SyncContext) -> Sequence[Outcome]:
    """Bring the contacts of the effects up to date; returns one outcome per effect (ROLL-1 to
    ROLL-6, LIFE-1, LIFE-8).

    Frozen contacts are not written (Q-22). A contact that HubSpot refuses is reported and stops no
    effect. An error that may pass is the outcome of every effect that names the contact, and so is
    a tie that has changed on the side it came from. Raises `SyncError` when something could not be
    read: nothing was written then.
    """
    contacts = list(dict.fromkeys(ref for effect in effects for ref in sorted(effect.contacts)))
    moves = frozenset(ref for effect in effects for ref in effect.moves)
    across = _across(contacts, context)
    ties = _ties(contacts, across, context)
    associated = _associated(effects, context)
    written, failed = _bring_up(contacts, ties, moves, context)
    failed |= _written_again(written, ties, across, moves, context)
    return [_outcome(effect, failed, ties, associated) for effect in effects]


def wrong_sums(effects: Sequence[RollUp], context: SyncContext) -> frozenset[Ref]:
    """The contacts of the effects that show other sums than `roll_up` would write; writes nothing.
    Raises `SyncError`.
    """
    contacts = list(dict.fromkeys(ref for effect in effects for ref in sorted(effect.contacts)))
    if not contacts:
        return frozenset()
    ties = _ties(contacts, _across(contacts, context), context)
    shown = context.hubspot.read(contacts, {HUBSPOT_CONTACT: (*FIELDS[HUBSPOT_CONTACT], *ROLL_UPS)})
    return frozenset(
        record.ref
        for record in not_frozen(list(shown.values()), context.connection.contacts, context.lists)
        if outdated(record.fields, _sums(ties, record.ref, context))
    )


def _written_again(
    written: Sequence[Ref],
    ties: OpportunityTies,
    across: Mapping[Ref, Ref],
    moves: frozenset[Ref],
    context: SyncContext,
) -> dict[Ref, TryAgain]:
    """Read the opportunities of written contacts again, and write again until the sums are right.

    Returns the contacts for which they are still not known to be right. Raises nothing, as
    something was written already.
    """
    failed: dict[Ref, TryAgain] = {}
    for _ in range(_ROUNDS):
        if not written:
            return failed
        try:
            now = _ties(written, across, context)
            behind = [
                ref for ref in written if _sums(now, ref, context) != _sums(ties, ref, context)
            ]
            written, more = _bring_up(behind, now, moves, context) if behind else ([], {})
        except SyncError as error:
            again = error if isinstance(error, TryAgain) else TryAgain(error.text, code=error.code)
            return failed | dict.fromkeys(written, again)
        ties, failed = now, failed | more
    overtaken = TryAgain("Others keep changing the same opportunities.", code="OVERTAKEN")
    return failed | dict.fromkeys(written, overtaken)


def _bring_up(
    contacts: Sequence[Ref], ties: OpportunityTies, moves: frozenset[Ref], context: SyncContext
) -> tuple[list[Ref], dict[Ref, TryAgain]]:
    """Bring contacts up to date; returns those that were written, and the errors of those to try
    again. Raises `SyncError` before anything is written.
    """
    shown = context.hubspot.read(contacts, {HUBSPOT_CONTACT: (*FIELDS[HUBSPOT_CONTACT], *ROLL_UPS)})
    if missing := [ref for ref in contacts if ref in ties and ref not in shown]:
        queue_missing(missing, context)
    records = not_frozen(list(shown.values()), context.connection.contacts, context.lists)
    stages = _stages(records, moves, ties, context)
    failed = dict(spread_stages(stages, context).failed)
    written, more = _write(
        records, ties, {ref: stage for ref, stage in stages.items() if ref not in failed}, context
    )
    return written, failed | more


def _across(contacts: Sequence[Ref], context: SyncContext) -> Mapping[Ref, Ref]:
    """HubSpot contact -> the Salesforce contact that it syncs with."""
    links = context.links.find(context.connection.name, contacts)
    return {
        ref: link.salesforce
        for ref, link in links.items()
        if link.state is LinkState.ACTIVE
        and isinstance(link.salesforce, Ref)
        and link.salesforce.object == SALESFORCE_CONTACT
    }


def _ties(
    contacts: Iterable[Ref], across: Mapping[Ref, Ref], context: SyncContext
) -> OpportunityTies:
    """The ties of each contact now."""
    theirs = {ref: across[ref] for ref in contacts if ref in across}
    ties = context.opportunities.of_contacts(list(theirs.values())) if theirs else {}
    return {ref: ties.get(there, ()) for ref, there in theirs.items()}


def _sums(ties: OpportunityTies, ref: Ref, context: SyncContext) -> Mapping[str, str | None]:
    """The roll-up fields of a contact that is up to date."""
    return rolled_up(
        ties.get(ref, ()), context.connection.deals.total_revenue_basis, context.zone()
    )


def _stages(
    records: Sequence[Record], moves: frozenset[Ref], ties: OpportunityTies, context: SyncContext
) -> dict[Ref, str]:
    """Contact -> the lifecycle stage that it moves forward to: only if it is switched on (LIFE-3),
    only for contacts with a role (LIFE-5), and never back (LIFE-21).

    Accounts must sync for this (LIFE-2), as they must for opportunities. Other contacts of the
    company follow if stages spread to them (LIFE-4, Q-33).
    """
    if not context.connection.lifecycle.automatic_transitions:
        return {}
    reached = {one.ref: stage_reached(ties.get(one.ref, ())) for one in records if one.ref in moves}
    return {
        one.ref: reached[one.ref]
        for one in records
        if one.ref in reached
        and is_forward(str(one.fields.get(LIFECYCLE_STAGE) or ""), reached[one.ref])
    }


def _write(
    records: Sequence[Record],
    ties: OpportunityTies,
    stages: Mapping[Ref, str],
    context: SyncContext,
) -> tuple[list[Ref], dict[Ref, TryAgain]]:
    """Write what the contacts do not show yet; returns those whose sums were written, and the
    errors of those to try again.
    """
    effects: list[UpdateRecord] = []
    for record in records:
        fields: dict[str, Value] = {**outdated(record.fields, _sums(ties, record.ref, context))}
        fields |= {LIFECYCLE_STAGE: stages[record.ref]} if record.ref in stages else {}
        if fields:
            effects.append(UpdateRecord(record.ref, Side.HUBSPOT, fields, ("ROLL-1",)))
    outcomes = context.hubspot.update(effects) if effects else []
    errors: dict[Place, SyncError] = {}
    written: list[UpdateRecord] = []
    for effect, outcome in zip(effects, outcomes, strict=True):
        if isinstance(outcome, SyncError):
            errors[effect.place] = outcome
        else:
            written.append(effect)
    report_refused(errors, context)
    request_stage_syncs([one for one in written if LIFECYCLE_STAGE in one.fields], context)
    again = {
        ref: one
        for ref, one in errors.items()
        if isinstance(one, TryAgain) and isinstance(ref, Ref)
    }
    # A lifecycle stage is not read again: HubSpot moves none back (PLT-5), whoever writes last.
    rolled = [one.place for one in written if not one.fields.keys() <= {LIFECYCLE_STAGE}]
    return [ref for ref in rolled if isinstance(ref, Ref)], again


def _associated(effects: Sequence[RollUp], context: SyncContext) -> Mapping[Ref, Sequence[Ref]]:
    """Deal -> its contacts, for deals whose associations have just led to roles being created or
    ended.
    """
    deals = dict.fromkeys(
        one.ties.deal for one in effects if one.ties and one.ties.given_roles | one.ties.ended_roles
    )
    return context.associations.of(list(deals), HUBSPOT_CONTACT) if deals else {}


def _outcome(
    effect: RollUp,
    failed: Mapping[Ref, TryAgain],
    ties: OpportunityTies,
    associated: Mapping[Ref, Sequence[Ref]],
) -> Outcome:
    waits = [failed[ref] for ref in sorted(effect.contacts) if ref in failed]
    if not waits and effect.ties and not _are_still_so(effect.ties, ties, associated):
        return TryAgain("a contact was tied or untied while that crossed", after=0)
    return waits[0] if waits else Written(min(effect.contacts), {})


def _are_still_so(
    wrote: TieWrites, ties: OpportunityTies, associated: Mapping[Ref, Sequence[Ref]]
) -> bool:
    """Whether the ties that led to these writes have not changed since."""
    in_roles = frozenset(
        ref
        for ref, mine in ties.items()
        if wrote.opportunity.id in {tie.opportunity for tie in mine}
    )
    of_deal = frozenset(associated.get(wrote.deal, ()))
    return (
        wrote.associated <= in_roles
        and wrote.parted.isdisjoint(in_roles)
        and wrote.given_roles <= of_deal
        and wrote.ended_roles.isdisjoint(of_deal)
    )
