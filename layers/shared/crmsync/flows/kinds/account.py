"""Companies and accounts, batch by batch: gather everything, plan each record, apply all plans
together.

Whoever waits for an account is looked at again as soon as its pair is linked (FLD-8).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from crmsync.flows.engine.apply import Applied
from crmsync.flows.engine.change_limits import hold_excess
from crmsync.flows.engine.complete import carry_out
from crmsync.flows.engine.context import World
from crmsync.flows.engine.passes import in_passes
from crmsync.flows.engine.planning import Looked, plan_batch, with_owners, zone_for
from crmsync.flows.engine.resting_mappings import forgive, gather_what_is_there
from crmsync.flows.engine.results import Summary, conclude
from crmsync.flows.kinds.account_gather import gather
from crmsync.flows.kinds.dependants import dependants
from crmsync.model.changes import Cause, Change
from crmsync.model.effects import Plan, SaveLink
from crmsync.model.links import LinkState
from crmsync.model.records import Kind, Ref
from crmsync.plans.account import AccountFacts, plan_account
from crmsync.rules.kinds.account.ruleset import account_book
from crmsync.rules.merge.ruleset import Book


def sync_accounts(changes: Sequence[Change], world: World) -> Summary:
    """Bring the named companies and accounts in step. Raises `SyncError` only when not even putting
    them off worked.
    """

    def sync(some: list[Change], summary: Summary, is_last: bool) -> list[Change]:  # noqa: FBT001 - as `Pass` says
        return _sync_pass(some, world, summary, is_last=is_last)

    return in_passes(changes, world, sync)


def look(changes: Sequence[Change], world: World) -> Looked[AccountFacts]:
    """Gather and plan; writes nothing. Raises `SyncError` when a side or a store does not
    answer.
    """
    persons = world.accounts.has_person_accounts()
    zone = zone_for(world.connection.companies.field, world)
    book = account_book(
        world.connection,
        world.sealer,
        world.our_user,
        world.our_app,
        person_accounts=persons,
        zone=zone,
    )
    book = replace(book, places=world.accounts.places())
    book, gathered = gather_what_is_there(
        book, changes, world, lambda book: gather(changes, world, book)
    )
    book = with_owners(gathered.facts, world, book)
    plans = _plan_all(gathered.facts, world, book)
    hold_excess(gathered.facts, plans, world, book, plan_account)
    return Looked(gathered.facts, plans, book, gathered.not_yet, gathered.quiet)


def _sync_pass(
    changes: list[Change], world: World, summary: Summary, *, is_last: bool
) -> list[Change]:
    """Look and apply once; answers the changes that must be looked at again at once."""
    looked = look(changes, world)
    facts, plans, book = looked.facts, looked.plans, looked.book
    summary.counts["Quiet"] += looked.quiet
    woken = dependants(facts, plans, world)
    applied = carry_out(facts, plans, world, book, lambda pairs: _plan_all(pairs, world, book))
    forgive(applied, book, changes, world)
    world.outbox.again([(change, 0) for change in woken])
    _wake(changes, looked.not_yet, facts, plans, applied, world)
    return [*looked.not_yet, *conclude(facts, plans, applied, world, summary, is_last=is_last)]


def _plan_all(facts: list[AccountFacts], world: World, book: Book) -> list[Plan]:
    return plan_batch(facts, world, book, plan_account)


def _wake(
    changes: Sequence[Change],
    not_yet: Sequence[Change],
    facts: Sequence[AccountFacts],
    plans: Sequence[Plan],
    applied: Sequence[Applied],
    world: World,
) -> None:
    """Have those looked at who wait for a record that is linked now."""
    still_alone = {change.ref for change in not_yet} | {
        one.change.ref
        for one, plan, done in zip(facts, plans, applied, strict=True)
        if done.error is not None or not _is_linked(one, plan)
    }
    told = [ref for change in changes if change.ref not in still_alone for ref in change.waiting]
    paired = [
        place
        for plan, done in zip(plans, applied, strict=True)
        if done.error is None
        for place in _paired(plan)
    ]
    waiting = dict.fromkeys([*told, *world.inbox.waiting_for(world.connection.name, paired)])
    now = world.now()
    world.outbox.again(
        [
            (Change(world.connection.name, Kind.CONTACT, ref, Cause.EDITED, now), 0)
            for ref in waiting
        ]
    )


def _paired(plan: Plan) -> list[Ref]:
    """The records that a plan links for the first time: those who gave up asking for one of them
    are in the error inbox (ACC-21).
    """
    links = [
        effect.link
        for effect in plan.effects
        if isinstance(effect, SaveLink) and not effect.link.version
    ]
    return [
        place
        for link in links
        for place in (link.hubspot, link.salesforce)
        if isinstance(place, Ref)
    ]


def _is_linked(facts: AccountFacts, plan: Plan) -> bool:
    saved = [effect.link for effect in plan.effects if isinstance(effect, SaveLink)]
    link = saved[-1] if saved else facts.link
    return link is not None and link.state is LinkState.ACTIVE
