"""The company and the account of a contact: which of the two follows the other (FLD-8, DUP-4,
CH-23, Q-29).

In HubSpot the parent is the contact's primary company, in Salesforce its account. Companies and
accounts have links of their own, which say what belongs together; where one has no counterpart yet,
the contact waits for it. Where the counterpart was deleted, the parent is not agreed on until it
has one again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from crmsync.model.conflicts import FieldConflict
from crmsync.model.crm_names import ACCOUNT, COMPANY, PARENT_ACCOUNT, PRIMARY_COMPANY
from crmsync.model.effects import Because
from crmsync.model.fields import Update
from crmsync.model.records import Kind, Ref, Side
from crmsync.rules.merge.baseline import SideView
from crmsync.rules.merge.person_accounts import is_person
from crmsync.rules.merge.policies import FieldState, MergePart, newest_of
from crmsync.rules.merge.ruleset import Ruleset

PARENT_OF = {Side.HUBSPOT: PRIMARY_COMPANY, Side.SALESFORCE: PARENT_ACCOUNT}
"""The field that names the parent of a contact on each side."""


@dataclass(frozen=True, slots=True)
class ParentDecision:
    """What becomes of the parents of a contact.

    Attributes:
        company: The id of the company to associate in HubSpot, None to leave it.
        account: The id of the account to write in Salesforce, None to leave it.
        leaves: The id of the company to dissociate, "" = none.
        awaits: A parent that must get its counterpart first.
        unpaired: The side whose parent counts, but cannot cross, as its counterpart was deleted: it
            is not agreed on, as it may get a counterpart again.
        because: The rules.
        contested: Whether both sides changed the parent, so that the more recent change won.
    """

    company: str | None = None
    account: str | None = None
    leaves: str = ""
    awaits: Ref | None = None
    unpaired: Side | None = None
    because: Because = ()
    contested: bool = False


NO_CHANGE = ParentDecision()

_UNPAIRED = {side: ParentDecision(unpaired=side) for side in Side}


@dataclass(frozen=True, slots=True)
class ParentPart(MergePart):
    """What company and account contribute to the merge of a pair.

    Attributes:
        decision: Which parent the contact gets where.
    """

    decision: ParentDecision = NO_CHANGE


def company_of(value: object) -> Ref | None:
    """The company that a property names, None where it is blank."""
    return Ref(Side.HUBSPOT, COMPANY, str(value)) if value else None


def account_of(value: object) -> Ref | None:
    """The account that a field names, None where it is blank."""
    return Ref(Side.SALESFORCE, ACCOUNT, str(value)) if value else None


def merge_parents(hubspot: SideView, salesforce: SideView, ruleset: Ruleset) -> ParentPart:
    """Decide company and account (FLD-8). The company is no write of a field: the plan associates
    it.
    """
    company, account = hubspot.state(PRIMARY_COMPANY), salesforce.state(PARENT_ACCOUNT)
    newest = newest_of(PRIMARY_COMPANY, hubspot.record, salesforce.record, ruleset.our_app)
    decision = decide_parent(
        company,
        account,
        newest,
        ruleset.parents,
        removes=_removes_associations(ruleset),
        fixed=is_person(salesforce.record),
    )
    conflicts: tuple[FieldConflict, ...] = ()
    if decision.contested:
        fields, values = (PRIMARY_COMPANY, PARENT_ACCOUNT), (company.value, account.value)
        conflicts = (FieldConflict(*fields, *values, Update.TWO_WAY, newest),)
    if decision.account is None:
        return ParentPart(conflicts=conflicts, decision=decision)
    return ParentPart(
        to_salesforce={PARENT_ACCOUNT: decision.account},
        because_salesforce=decision.because,
        conflicts=conflicts,
        decision=decision,
    )


def _removes_associations(ruleset: Ruleset) -> bool:
    """Whether an association that is removed on one side is removed on the other, too (Q-29)."""
    connection = ruleset.connection
    section = connection.deals if ruleset.kind is Kind.OPPORTUNITY else connection.companies
    return section.remove_associations


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

    At the first sync Salesforce's account wins if the contact has one (DUP-2: company and account
    are a pair then); later the more recent change wins. Removing a parent on one side removes
    nothing on the other, so it never outweighs a parent that was set there (Q-29). With `removes`,
    the company is removed when the account is; an account is never removed (CH-23). A person
    account (`fixed`) stays its contact's account whatever HubSpot shows (PA-2). `parents` has None
    for a parent whose counterpart was deleted.
    """
    ours, theirs = company_of(company.value), account_of(account.value)
    if (ours is None and theirs is None) or (ours and theirs and parents.get(ours) == theirs):
        return NO_CHANGE
    contested = (
        bool(company.changed and account.changed and ours and (theirs or removes)) and not fixed
    )
    winner = newest if contested else _winner(company, account, parents)
    if winner is Side.HUBSPOT and not fixed:
        decision = _follow_company(ours, parents)
    elif winner:
        decision = _follow_account(ours, theirs, parents, removes=removes)
    else:
        decision = NO_CHANGE
    return replace(decision, contested=contested)


def _winner(
    company: FieldState, account: FieldState, parents: Mapping[Ref, Ref | None]
) -> Side | None:
    """The side whose parent wins where the times of the changes do not matter.

    An account that was never agreed on, as its company was deleted, leaves the choice to a company
    that was changed since.
    """
    theirs = account_of(account.value)
    is_unpaired = theirs is not None and theirs in parents and parents[theirs] is None
    if company.changed and account.changed is None and is_unpaired:
        return Side.HUBSPOT
    both = None not in (company.changed, account.changed)
    if not both or (company.changed and account.changed):
        return Side.SALESFORCE if account.value else Side.HUBSPOT
    if company.changed:
        return Side.HUBSPOT
    return Side.SALESFORCE if account.changed else None


def _follow_company(company: Ref | None, parents: Mapping[Ref, Ref | None]) -> ParentDecision:
    if company is None:
        return NO_CHANGE
    if company not in parents:
        return ParentDecision(awaits=company)
    account = parents[company]
    if account is None:
        return _UNPAIRED[Side.HUBSPOT]
    return ParentDecision(account=account.id, because=("FLD-8", "DUP-4"))


def _follow_account(
    company: Ref | None, account: Ref | None, parents: Mapping[Ref, Ref | None], *, removes: bool
) -> ParentDecision:
    if account is None:
        return (
            ParentDecision(leaves=company.id, because=("Q-29",))
            if company and removes
            else NO_CHANGE
        )
    if account not in parents:
        return ParentDecision(awaits=account)
    company = parents[account]
    if company is None:
        return _UNPAIRED[Side.SALESFORCE]
    return ParentDecision(company=company.id, because=("FLD-8", "FLD-9"))
