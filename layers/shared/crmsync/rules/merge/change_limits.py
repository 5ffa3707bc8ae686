"""The limits on changes: what counts, how much is allowed within an hour, and what a merge leaves
out because of them (Q-30).

Law: an opt-out is never held back, and neither is a new record. A held change stays an edit that
has still to cross: its fields stay unagreed in the link. A change that the operator drops leaves
the two sides different, as if one side had refused it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from crmsync.model.change_limits import ChangeLimit, Hold
from crmsync.model.changes import BY_HAND, Cause
from crmsync.model.crm_names import (
    HUBSPOT_OPT_OUT,
    HUBSPOT_OWNER,
    PRIMARY_COMPANY,
    SALESFORCE_OPT_OUT,
    SALESFORCE_OWNER,
)
from crmsync.model.effects import DeleteRecord, Effect, UpdateRecord
from crmsync.model.facts import Facts
from crmsync.model.links import Link
from crmsync.model.plan import Plan
from crmsync.model.records import Kind, Record, Side, Value
from crmsync.model.settings import CompanySettings, Connection, ContactSettings, DealSettings
from crmsync.rules.fields.values import is_blank
from crmsync.rules.merge import owners, parents
from crmsync.rules.merge.intents import counterparts
from crmsync.rules.merge.parents import ParentDecision
from crmsync.rules.merge.person_accounts import account_field
from crmsync.rules.merge.result import HeldBack, MergeResult
from crmsync.rules.merge.ruleset import Ruleset

FLOORS: Mapping[ChangeLimit, int] = MappingProxyType(
    {ChangeLimit.CHANGES: 2_000, ChangeLimit.BLANKS: 500, ChangeLimit.UNDONE: 2_000}
)
"""The least that "auto" allows within an hour."""

_SHARES: Mapping[ChangeLimit, int] = MappingProxyType(
    {ChangeLimit.CHANGES: 5, ChangeLimit.BLANKS: 20, ChangeLimit.UNDONE: 5}
)
"""The part of all pairs that "auto" allows within an hour: 5 is a fifth, 20 a twentieth."""

_DECIDED = frozenset({Cause.RELEASED, Cause.DROPPED})
"""The operator has decided about the held change."""

_ALL_IN_HUBSPOT = Hold(Side.HUBSPOT, ChangeLimit.CHANGES)

_OPT_OUT = frozenset({HUBSPOT_OPT_OUT, SALESFORCE_OPT_OUT, account_field(SALESFORCE_OPT_OUT)})


def auto(counted: ChangeLimit, pairs: int) -> int:
    """What "auto" allows within an hour for a kind with `pairs` linked pairs."""
    return max(FLOORS[counted], pairs // _SHARES[counted])


def limit_set(connection: Connection, kind: Kind, counted: ChangeLimit) -> int | None:
    """What the settings allow within an hour; 0 means no limit, None means "auto"."""
    section = _section(connection, kind)
    limits = {
        ChangeLimit.CHANGES: section.max_changes_per_hour,
        ChangeLimit.BLANKS: section.max_blanks_per_hour,
        ChangeLimit.DELETES: section.max_deletes_per_hour,
        ChangeLimit.UNDONE: section.max_changes_per_hour,
    }
    return limits[counted]


def _section(
    connection: Connection, kind: Kind
) -> ContactSettings | CompanySettings | DealSettings:
    if kind is Kind.CONTACT:
        return connection.contacts
    if kind is Kind.ACCOUNT:
        return connection.companies
    return connection.deals


def with_holds(link: Link, facts: Facts) -> Link:
    """The link with the holds that apply now: earlier ones, until the operator releases them, and
    those of this batch.
    """
    if facts.change.cause is Cause.RELEASED:
        return replace(link, holds=frozenset())
    return replace(link, holds=link.holds | facts.holds)


def counts(facts: Facts, plan: Plan) -> frozenset[Hold]:
    """The limits that a plan counts towards: for a deletion, and for each side on which it
    overwrites or clears a value of a linked record.

    New records and new pairs do not count, and neither does a change that the operator released.
    Jobs of the operator and the changes that follow an undo count only where they delete.
    """
    if facts.link is None or not facts.link.version or facts.change.cause in _DECIDED:
        return frozenset()
    held = frozenset(hold for effect in plan.effects for hold in _counted(effect, facts))
    by_hand = facts.change.cause in {*BY_HAND, Cause.UNDONE}
    return (
        frozenset(hold for hold in held if hold.counted is ChangeLimit.DELETES) if by_hand else held
    )


def _counted(effect: Effect, facts: Facts) -> Iterator[Hold]:
    if isinstance(effect, DeleteRecord):
        yield Hold(effect.side, ChangeLimit.DELETES)
    if not isinstance(effect, UpdateRecord) or effect.best_effort:
        return
    record = facts.hubspot if effect.side is Side.HUBSPOT else facts.salesforce
    new = _overwriting(effect, record) if record else []
    if new:
        yield Hold(effect.side, ChangeLimit.CHANGES)
    if any(map(is_blank, new)):
        yield Hold(effect.side, ChangeLimit.BLANKS)


def _overwriting(effect: UpdateRecord, record: Record) -> list[Value]:
    """The values that replace others; fields of a person account are written under the names that
    they have in the account (PA-3).
    """
    shown = record.fields
    if effect.place != record.ref:
        shown = {account_field(name): value for name, value in record.fields.items()}
    return [
        value
        for name, value in effect.fields.items()
        if name not in _OPT_OUT and not is_blank(shown.get(name)) and shown.get(name) != value
    ]


def hold_back(
    merged: MergeResult,
    hubspot: Record,
    salesforce: Record,
    link: Link,
    ruleset: Ruleset,
    *,
    is_dropped: bool,
) -> MergeResult:
    """The merge without what the link holds back; ``held_back`` lists the fields of either side
    that this concerns.
    """
    writes = {side: dict(merged.writes(side)) for side in Side}
    records = {Side.HUBSPOT: hubspot, Side.SALESFORCE: salesforce}
    holds: set[Hold] = set()
    fields: dict[Side, set[str]] = {side: set() for side in Side}
    for hold in sorted(link.holds):
        names = {
            name
            for name, value in writes[hold.side].items()
            if _is_held(name, value, records[hold.side], hold)
        }
        for name in names:
            del writes[hold.side][name]
        if hold == _ALL_IN_HUBSPOT and _moves_company(merged.parents):
            names.add(PRIMARY_COMPANY)
        if names:
            holds.add(hold)
        others = counterparts(hold.side, salesforce, ruleset)
        fields[hold.side] |= names
        fields[hold.side.other] |= {others[name] for name in names if name in others}
    agreed = merged.owners
    if HUBSPOT_OWNER in fields[Side.HUBSPOT] or SALESFORCE_OWNER in fields[Side.SALESFORCE]:
        shown = owners.owners_of(hubspot, salesforce, link)
        agreed = (shown.hubspot, shown.salesforce) if is_dropped else link.owners
    keeps_company = PRIMARY_COMPANY in fields[Side.HUBSPOT]
    return replace(
        merged,
        to_hubspot=writes[Side.HUBSPOT],
        to_salesforce=writes[Side.SALESFORCE],
        conflicts=tuple(one for one in merged.conflicts if one.hubspot not in fields[Side.HUBSPOT]),
        parents=parents.NO_CHANGE if keeps_company else merged.parents,
        owners=agreed,
        held_back=HeldBack(
            frozenset(holds),
            {side: frozenset(names) for side, names in fields.items()},
            is_dropped,
        ),
    )


def _is_held(name: str, value: Value, record: Record, hold: Hold) -> bool:
    if name in _OPT_OUT:
        return False
    return hold.counted is ChangeLimit.CHANGES or (
        is_blank(value) and not is_blank(record.fields.get(name))
    )


def _moves_company(decision: ParentDecision) -> bool:
    """Whether the HubSpot record would get another company or lose its company. That is an
    association, not a field.
    """
    return bool(decision.company or decision.leaves)
