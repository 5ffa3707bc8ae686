"""The contacts of companies and accounts that get a counterpart again, after the one that they had
was deleted: as it is restored, merged into another, or replaced.

Meanwhile the parent of such a contact could not cross, so it is not agreed on (FLD-8), and nothing
reports that now it can. The contacts are read and queued twice: before anything is written, with a
delay, in case this worker dies, and again when the link is saved, as a contact that joined
meanwhile could not see it. A contact without news ends at its own read.
"""

from __future__ import annotations

from collections.abc import Sequence

from crmsync.errors import SyncError
from crmsync.flows.engine.context import SyncContext
from crmsync.flows.engine.planning import makes_link
from crmsync.model.changes import Cause, Change, coalesce
from crmsync.model.crm_names import HUBSPOT_CONTACT
from crmsync.model.effects import DropLink
from crmsync.model.plan import Plan
from crmsync.model.records import Kind, Ref, Side
from crmsync.plans.account import AccountFacts

_SAFETY_DELAY = 30
"""Seconds after which the contacts are synced, whatever becomes of this worker."""


def paired_again(facts: Sequence[AccountFacts], plans: Sequence[Plan]) -> list[Ref]:
    """The companies and accounts that these plans link once more: their link moves, ends being a
    tombstone, or replaces one.
    """
    return list(
        dict.fromkeys(
            record.ref
            for one, plan in zip(facts, plans, strict=True)
            if makes_link(one, plan)
            and (one.link or any(isinstance(effect, DropLink) for effect in plan.effects))
            for record in (one.hubspot, one.salesforce, one.named_counterpart, *one.candidates)
            if record
        )
    )


def queue_contacts(places: Sequence[Ref], context: SyncContext) -> list[Change]:
    """Queue the contacts of these companies and accounts, with a delay, and return their changes.

    Costs a call for each side. Raises `SyncError`.
    """
    changes = _contacts(places, context)
    if changes:
        context.outbox.again([(change, _SAFETY_DELAY) for change in changes])
    return changes


def queue_contacts_again(
    places: Sequence[Ref], known: Sequence[Change], context: SyncContext
) -> None:
    """Queue the contacts once more, without a delay, now that the links are saved: the `known`
    ones, and those that joined meanwhile, if they can be read now. Raises `TryAgain`.
    """
    try:
        late = _contacts(places, context)
    except SyncError:
        late = []
    changes = coalesce([*known, *late])
    if changes:
        context.outbox.again([(change, 0) for change in changes])


def _contacts(places: Sequence[Ref], context: SyncContext) -> list[Change]:
    companies = [ref for ref in places if ref.side is Side.HUBSPOT]
    accounts = [ref.id for ref in places if ref.side is Side.SALESFORCE]
    of_companies = context.associations.of(companies, HUBSPOT_CONTACT) if companies else {}
    of_accounts = context.accounts.contacts_of(accounts) if accounts else {}
    found = [ref for refs in (*of_companies.values(), *of_accounts.values()) for ref in refs]
    name, now = context.connection.name, context.now()
    return [Change(name, Kind.CONTACT, ref, Cause.WOKEN, now) for ref in dict.fromkeys(found)]
