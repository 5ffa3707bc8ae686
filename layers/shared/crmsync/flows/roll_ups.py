"""Add up the opportunities of contacts anew, and move their lifecycle stages forward with them: for a whole batch, in a few calls.

What it comes to is decided in `crmsync.rules.roll_ups`; here the contacts are read, written where they show something else, and a stage
that moved spreads to their companies and colleagues as any other does (LIFE-4, LIFE-7).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from crmsync.errors import SyncError, TryAgain
from crmsync.flows.stages import CONTACT, FIELDS, report_refused, spread_stages, tell_of_stages, thawed
from crmsync.flows.world import World
from crmsync.model.effects import RollUp, UpdateRecord
from crmsync.model.links import LinkState, Place
from crmsync.model.records import Record, Ref, Side, Value
from crmsync.model.roles import Tie
from crmsync.ports import Outcome, Written
from crmsync.rules.inclusion import STAGE
from crmsync.rules.lifecycle import is_forward
from crmsync.rules.roll_ups import ROLL_UPS, outdated, rolled_up, stage_reached


def roll_up(effects: Sequence[RollUp], world: World) -> Sequence[Outcome]:
    """Bring the contacts of the effects up to date, in order of the effects (ROLL-1 to ROLL-6, LIFE-1, LIFE-8).

    Contacts that are frozen are left alone (Q-22). One that HubSpot refuses is reported about and holds nobody up; what may work later is
    the outcome of every effect that names the contact. Raises `SyncError` when something could not be read: nothing was written then.
    """
    contacts = dict.fromkeys(ref for effect in effects for ref in sorted(effect.contacts))
    moves = frozenset(ref for effect in effects for ref in effect.moves)
    ties = _ties(contacts, world)
    shown = world.hubspot.read(contacts, {CONTACT: (*FIELDS[CONTACT], *ROLL_UPS)})
    records = thawed(list(shown.values()), world)
    stages = _stages(records, moves, ties, world)
    failed = dict(spread_stages(stages, world).failed)
    failed |= _write(records, ties, {ref: stage for ref, stage in stages.items() if ref not in failed}, world)
    return [_outcome(effect, failed) for effect in effects]


def _ties(contacts: Iterable[Ref], world: World) -> Mapping[Ref, tuple[Tie, ...]]:
    """HubSpot contact -> the opportunities that its Salesforce contact is tied to by a role (OPP-10)."""
    links = world.links.find(world.connection.name, list(contacts))
    across = {
        ref: link.salesforce
        for ref, link in links.items()
        if link.state is LinkState.ACTIVE and isinstance(link.salesforce, Ref) and link.salesforce.object == "Contact"
    }
    ties = world.opportunities.ties_of(list(across.values())) if across else {}
    return {ref: ties.get(there, ()) for ref, there in across.items()}


def _stages(
    records: Sequence[Record], moves: frozenset[Ref], ties: Mapping[Ref, tuple[Tie, ...]], world: World
) -> dict[Ref, str]:
    """The lifecycle stages that go forward: only with the switch (LIFE-3), of contacts with a role (LIFE-5), and never back (LIFE-21).

    That accounts sync (LIFE-2) is what opportunities need to sync at all; colleagues follow where stages spread to them (LIFE-4, Q-33).
    """
    if not world.connection.lifecycle.automatic_transitions:
        return {}
    reached = {one.ref: stage_reached(ties.get(one.ref, ())) for one in records if one.ref in moves}
    return {
        one.ref: reached[one.ref]
        for one in records
        if one.ref in reached and is_forward(str(one.fields.get(STAGE) or ""), reached[one.ref])
    }


def _write(
    records: Sequence[Record], ties: Mapping[Ref, tuple[Tie, ...]], stages: Mapping[Ref, str], world: World
) -> dict[Ref, TryAgain]:
    """Write what the contacts do not show yet; answers those to try again."""
    basis = world.connection.deals.total_revenue_basis
    effects: list[UpdateRecord] = []
    for record in records:
        fields: dict[str, Value] = {**outdated(record.fields, rolled_up(ties.get(record.ref, ()), basis))}
        fields |= {STAGE: stages[record.ref]} if record.ref in stages else {}
        if fields:
            effects.append(UpdateRecord(record.ref, Side.HUBSPOT, fields, ("ROLL-1",)))
    outcomes = world.hubspot.update(effects) if effects else []
    errors: dict[Place, SyncError] = {}
    written: list[UpdateRecord] = []
    for effect, outcome in zip(effects, outcomes, strict=True):
        if isinstance(outcome, SyncError):
            errors[effect.place] = outcome
        else:
            written.append(effect)
    report_refused(errors, world)
    tell_of_stages([one for one in written if STAGE in one.fields], world)
    return {ref: one for ref, one in errors.items() if isinstance(one, TryAgain) and isinstance(ref, Ref)}


def _outcome(effect: RollUp, failed: Mapping[Ref, TryAgain]) -> Outcome:
    waits = [failed[ref] for ref in sorted(effect.contacts) if ref in failed]
    return waits[0] if waits else Written(min(effect.contacts), {})
