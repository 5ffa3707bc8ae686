"""A contact's company and a contact's account: which of the two follows the other (FLD-8, DUP-4,
CH-23, Q-29).

In HubSpot the parent is the contact's primary company, in Salesforce its account. Which company
goes with which account is known from their own links; where one has no counterpart yet, the contact
waits for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from crmsync.model.effects import Because
from crmsync.model.records import Ref, Side
from crmsync.rules.merge.policies import FieldState

HUBSPOT_FIELD = "associatedcompanyid"
"""Contact property that mirrors the primary company [V]; written by associating, never as a
property.
"""

SALESFORCE_FIELD = "AccountId"
"""A contact's reference to its account (FLD-4)."""

COMPANY = "company"
ACCOUNT = "Account"


@dataclass(frozen=True, slots=True)
class ParentDecision:
    """Which parent to give the contact where: ids, "" = none; None = leave it. `awaits` is a parent
    that must get its counterpart first.

    `leaves` is the company that the contact is taken away from. `contested` says that both sides
    moved it, so that it turned on the newest.
    """

    company: str | None = None
    account: str | None = None
    leaves: str = ""
    awaits: Ref | None = None
    because: Because = ()
    contested: bool = False


KEEP = ParentDecision()


def company_of(value: object) -> Ref | None:
    """The company that a contact's property names, None where it names none."""
    return Ref(Side.HUBSPOT, COMPANY, str(value)) if value else None


def account_of(value: object) -> Ref | None:
    """The account that a contact's field names, None where it names none."""
    return Ref(Side.SALESFORCE, ACCOUNT, str(value)) if value else None


def decide_parent(
    company: FieldState,
    account: FieldState,
    newest: Side,
    parents: Mapping[Ref, Ref | None],
    *,
    removes: bool,
    fixed: bool = False,
) -> ParentDecision:
    """Decide the parents of a linked contact.

    Where the two first meet, Salesforce's account stands if there is one (DUP-2: the two are the
    pair); later whoever changed it last. Taking a parent away on one side takes nothing away on the
    other and so never outdoes a parent given there (Q-29), unless `removes`: then a company follows
    its account. An account is never taken away (CH-23). A person account (`fixed`) stays its
    contact's account whatever HubSpot says (PA-2). `parents` has None for a parent whose
    counterpart was deleted.
    """
    ours, theirs = company_of(company.value), account_of(account.value)
    if (ours is None and theirs is None) or (ours and theirs and parents.get(ours) == theirs):
        return KEEP
    contested = (
        bool(company.changed and account.changed and ours and (theirs or removes)) and not fixed
    )
    winner = newest if contested else _winner(company, account)
    if winner is Side.HUBSPOT and not fixed:
        verdict = _follow_company(ours, parents)
    elif winner:
        verdict = _follow_account(ours, theirs, parents, removes=removes)
    else:
        verdict = KEEP
    return replace(verdict, contested=contested)


def _winner(company: FieldState, account: FieldState) -> Side | None:
    """Whose parent stands where no time must be asked for."""
    both = None not in (company.changed, account.changed)
    if not both or (company.changed and account.changed):
        return Side.SALESFORCE if account.value else Side.HUBSPOT
    if company.changed:
        return Side.HUBSPOT
    return Side.SALESFORCE if account.changed else None


def _follow_company(company: Ref | None, parents: Mapping[Ref, Ref | None]) -> ParentDecision:
    if company is None:
        return KEEP
    if company not in parents:
        return ParentDecision(awaits=company)
    account = parents[company]
    return ParentDecision(account=account.id, because=("FLD-8", "DUP-4")) if account else KEEP


def _follow_account(
    company: Ref | None, account: Ref | None, parents: Mapping[Ref, Ref | None], *, removes: bool
) -> ParentDecision:
    if account is None:
        return ParentDecision(leaves=company.id, because=("Q-29",)) if company and removes else KEEP
    if account not in parents:
        return ParentDecision(awaits=account)
    its = parents[account]
    return ParentDecision(company=its.id, because=("FLD-8", "FLD-9")) if its else KEEP
