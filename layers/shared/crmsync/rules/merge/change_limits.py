"""The limits on changes: what counts, and how much is allowed within an hour (Q-30). What a merge
leaves out because of them is in `crmsync.rules.merge.record`.

Law: an opt-out is never held back, and neither is a new record. A held change stays an edit that
has still to cross: its fields stay unagreed in the link. A change that the operator drops leaves
the two sides different, as if one side had refused it. A held deletion stays held in the link,
however often it is reported.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from crmsync.model.change_limits import ChangeLimit, Hold
from crmsync.model.changes import BY_HAND, Cause
from crmsync.model.crm_names import (
    HUBSPOT_EMAIL,
    HUBSPOT_OPT_OUT,
    SALESFORCE_EMAIL,
    SALESFORCE_OPT_OUT,
)
from crmsync.model.decisions import Decision, DecisionType
from crmsync.model.effects import DeleteRecord, Effect, UpdateRecord
from crmsync.model.facts import Facts
from crmsync.model.kinds.activities import ActivitySettings
from crmsync.model.links import Link
from crmsync.model.plan import Plan
from crmsync.model.records import Kind, Record, Side, Value
from crmsync.model.settings import CompanySettings, Connection, ContactSettings, DealSettings
from crmsync.rules.fields.values import is_blank
from crmsync.rules.merge.person_accounts import account_field
from crmsync.rules.merge.policies import MergePart

FLOORS: Mapping[ChangeLimit, int] = MappingProxyType(
    {ChangeLimit.CHANGES: 2_000, ChangeLimit.BLANKS: 500, ChangeLimit.UNDONE: 2_000}
)
"""The least that "auto" allows within an hour."""

_SHARES: Mapping[ChangeLimit, int] = MappingProxyType(
    {ChangeLimit.CHANGES: 5, ChangeLimit.BLANKS: 20, ChangeLimit.UNDONE: 5}
)
"""The part of all pairs that "auto" allows within an hour: 5 is a fifth, 20 a twentieth."""

_DECIDED: Mapping[Cause, DecisionType] = MappingProxyType(
    {Cause.RELEASED: DecisionType.RELEASED, Cause.DROPPED: DecisionType.DROPPED}
)
"""What the operator decides about a held change."""

OPT_OUT_FIELDS = frozenset({HUBSPOT_OPT_OUT, SALESFORCE_OPT_OUT, account_field(SALESFORCE_OPT_OUT)})
"""Fields that no limit counts or holds back."""

DELETIONS: Mapping[Side, Hold] = MappingProxyType(
    {side: Hold(side, ChangeLimit.DELETES) for side in Side}
)
"""The deletion of a record of a side is held back; of Salesforce's, that of tasks and events."""


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
) -> ContactSettings | CompanySettings | DealSettings | ActivitySettings:
    if kind is Kind.CONTACT:
        return connection.contacts
    if kind is Kind.ACCOUNT:
        return connection.companies
    if kind is Kind.ACTIVITY:
        return connection.activities
    return connection.deals


def without_held_deletions(link: Link) -> Link:
    """The link of two records that are both there: the deletion of a record whose counterpart is
    back needs no decision.
    """
    left = link.holds - frozenset(DELETIONS.values())
    return link if left == link.holds else replace(link, holds=left)


def with_holds(link: Link, facts: Facts) -> Link:
    """The link with the holds that apply now: earlier ones, until the operator releases them, and
    those of this batch. New ones are decisions, and so is what the operator decides. It is not
    asked about a pair that does not sync at the time (decision 0041).
    """
    if not (link.holds or facts.holds):
        return link
    if facts.salesforce and facts.hubspot:
        link = without_held_deletions(link)
    cause = facts.change.cause
    was = _DECIDED.get(cause, DecisionType.HELD)
    about = link.holds if cause in _DECIDED else facts.holds - link.holds
    link = link.deciding(
        *(Decision(was, side, because="Q-30") for side in sorted({one.side for one in about}))
    )
    if cause is Cause.RELEASED:
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
        if name not in OPT_OUT_FIELDS and not is_blank(shown.get(name)) and shown.get(name) != value
    ]


def sides_of_held_address(
    fields: MergePart, hubspot: Record, salesforce: Record, link: Link | None
) -> frozenset[Side]:
    """The sides on which a limit keeps the new address back. Usually there is no hold."""
    sides = (
        (Side.HUBSPOT, HUBSPOT_EMAIL, fields.to_hubspot, hubspot),
        (Side.SALESFORCE, SALESFORCE_EMAIL, fields.to_salesforce, salesforce),
    )
    holds = link.holds if link else frozenset()
    return frozenset(
        side
        for hold in holds
        for side, name, writes, record in sides
        if side is hold.side and name in writes and is_held(name, writes[name], record, hold)
    )


def is_held(name: str, value: Value, record: Record, hold: Hold) -> bool:
    """Whether a hold keeps a new value of a field out of a record."""
    if name in OPT_OUT_FIELDS:
        return False
    return hold.counted is ChangeLimit.CHANGES or (
        hold.counted is ChangeLimit.BLANKS
        and is_blank(value)
        and not is_blank(record.fields.get(name))
    )
