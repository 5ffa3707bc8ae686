"""The brakes on changes: what counts, how much an hour allows, and what a merge leaves out that is
held back (Q-30).

Law: an opt-out is never held back, and neither is a new record. What is held stays an edit that has
yet to cross: the link agrees on nothing in its fields. What the operator drops is agreed on as
different, as if one side had refused it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from crmsync.model.brakes import Counted, Hold
from crmsync.model.changes import BY_HAND, Cause
from crmsync.model.crm_names import (
    HUBSPOT_OPT_OUT,
    HUBSPOT_OWNER,
    PRIMARY_COMPANY,
    SALESFORCE_OPT_OUT,
    SALESFORCE_OWNER,
)
from crmsync.model.effects import DeleteRecord, Effect, Plan, UpdateRecord
from crmsync.model.facts import Facts
from crmsync.model.links import Link
from crmsync.model.records import Kind, Record, Side, Value
from crmsync.model.settings import CompanySettings, Connection, ContactSettings, DealSettings
from crmsync.rules.fields.values import is_blank
from crmsync.rules.merge import owners, parents
from crmsync.rules.merge.intents import across
from crmsync.rules.merge.parents import ParentDecision
from crmsync.rules.merge.person_accounts import account_field
from crmsync.rules.merge.result import HeldBack, MergeResult
from crmsync.rules.merge.ruleset import Ruleset

FLOORS: Mapping[Counted, int] = MappingProxyType(
    {Counted.CHANGES: 2_000, Counted.BLANKS: 500, Counted.UNDONE: 2_000}
)
"""What "auto" allows within an hour at least."""

_SHARES: Mapping[Counted, int] = MappingProxyType(
    {Counted.CHANGES: 5, Counted.BLANKS: 20, Counted.UNDONE: 5}
)
"""The part of all pairs that "auto" allows: a fifth, a twentieth."""

_DECIDED = frozenset({Cause.RELEASED, Cause.DROPPED})
"""The operator has looked at what was held back."""

_ALL_IN_HUBSPOT = Hold(Side.HUBSPOT, Counted.CHANGES)

_OPT_OUT = frozenset({HUBSPOT_OPT_OUT, SALESFORCE_OPT_OUT, account_field(SALESFORCE_OPT_OUT)})


def auto(counted: Counted, pairs: int) -> int:
    """What "auto" allows within an hour, of a kind with so many linked pairs."""
    return max(FLOORS[counted], pairs // _SHARES[counted])


def limit_set(connection: Connection, kind: Kind, counted: Counted) -> int | None:
    """What the settings allow within an hour; 0 is no brake, None "auto"."""
    section = _section(connection, kind)
    limits = {
        Counted.CHANGES: section.max_changes_per_hour,
        Counted.BLANKS: section.max_blanks_per_hour,
        Counted.DELETES: section.max_deletes_per_hour,
        Counted.UNDONE: section.max_changes_per_hour,
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
    """The link with what is held back now: what was before, until the operator releases it, and
    what this batch holds back.
    """
    if facts.change.cause is Cause.RELEASED:
        return replace(link, holds=frozenset())
    return replace(link, holds=link.holds | facts.holds)


def counts(facts: Facts, plan: Plan) -> frozenset[Hold]:
    """In what a plan counts: a deletion, and each side on which it overwrites a value of a linked
    record, or takes one away.

    A birth and a first meeting do not count, and neither does what the operator released. A job of
    the operator's counts where it deletes, and so does what follows an undo.
    """
    if facts.link is None or not facts.link.version or facts.change.cause in _DECIDED:
        return frozenset()
    held = frozenset(hold for effect in plan.effects for hold in _counted(effect, facts))
    by_hand = facts.change.cause in {*BY_HAND, Cause.UNDONE}
    return frozenset(hold for hold in held if hold.counted is Counted.DELETES) if by_hand else held


def _counted(effect: Effect, facts: Facts) -> Iterator[Hold]:
    if isinstance(effect, DeleteRecord):
        yield Hold(effect.side, Counted.DELETES)
    if not isinstance(effect, UpdateRecord) or effect.best_effort:
        return
    record = facts.hubspot if effect.side is Side.HUBSPOT else facts.salesforce
    new = _overwriting(effect, record) if record else []
    if new:
        yield Hold(effect.side, Counted.CHANGES)
    if any(map(is_blank, new)):
        yield Hold(effect.side, Counted.BLANKS)


def _overwriting(effect: UpdateRecord, record: Record) -> list[Value]:
    """The values that take the place of others; a person's fields are written under the names of
    its account (PA-3).
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
    """The merge without what the link holds back, and with a note of the fields of either side that
    this leaves unagreed.
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
        others = across(hold.side, salesforce, ruleset)
        fields[hold.side] |= names
        fields[hold.side.other] |= {others[name] for name in names if name in others}
    agreed = merged.owners
    if HUBSPOT_OWNER in fields[Side.HUBSPOT] or SALESFORCE_OWNER in fields[Side.SALESFORCE]:
        owning = owners.owning_of(hubspot, salesforce, link)
        agreed = (owning.hubspot, owning.salesforce) if is_dropped else owners.last_owners(link)
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
    return hold.counted is Counted.CHANGES or (
        is_blank(value) and not is_blank(record.fields.get(name))
    )


def _moves_company(decision: ParentDecision) -> bool:
    """Whether HubSpot's record would get another company, or lose it: that is an association, no
    field.
    """
    return bool(decision.company or decision.leaves)
