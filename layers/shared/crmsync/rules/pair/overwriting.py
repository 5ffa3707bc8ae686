"""Which values a plan overwrites, so that they can be kept before it is applied.

Only values that can be restored count: mapped fields and the owner. Fields of our own hold nothing
that could be lost. An opt-out is never restored, as only the contact itself may resubscribe
(OPT-6); parent, stage and pipeline have rules of their own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from crmsync.model.crm_names import (
    ACCOUNT,
    HUBSPOT_OWNER,
    PARENT_ACCOUNT,
    SALESFORCE_CONTACT,
    SALESFORCE_OWNER,
)
from crmsync.model.effects import SaveLink, UpdateRecord
from crmsync.model.facts import Facts
from crmsync.model.operations.overwritten import Overwrite, OverwrittenPair
from crmsync.model.plan import Plan
from crmsync.model.records import Record, Ref, Side
from crmsync.rules.merge.person_accounts import account_field
from crmsync.rules.merge.ruleset import Ruleset

OWNER_ROW = (HUBSPOT_OWNER, SALESFORCE_OWNER)
"""The two owner fields, which correspond although they are not mapped."""


def overwritten(
    facts: Facts, plan: Plan, ruleset: Ruleset, made: Collection[Ref] = ()
) -> OverwrittenPair | None:
    """The values of a pair that the plan overwrites, None where it overwrites none. Records in
    `made` are new, so nothing of theirs is lost.
    """
    pair = _pair(facts, plan)
    if pair is None:
        return None
    hubspot, salesforce = pair
    fields = tuple(
        one
        for effect in plan.effects
        if isinstance(effect, UpdateRecord) and not effect.best_effort
        for one in _of(effect, hubspot, salesforce, ruleset, made)
    )
    return OverwrittenPair(hubspot.ref, salesforce.ref, fields) if fields else None


def _pair(facts: Facts, plan: Plan) -> tuple[Record, Record] | None:
    """The two records of the link that the plan saves, as they were read; in a new pair one of them
    is a candidate.
    """
    link = next((effect.link for effect in plan.effects if isinstance(effect, SaveLink)), None)
    if link is None:
        return None
    read = (facts.hubspot, facts.salesforce, facts.named_counterpart, *facts.candidates)
    by_ref = {record.ref: record for record in read if record}
    hubspot, salesforce = (
        by_ref.get(place) if isinstance(place, Ref) else None
        for place in (link.hubspot, link.salesforce)
    )
    return (hubspot, salesforce) if hubspot and salesforce else None


def _of(
    effect: UpdateRecord,
    hubspot: Record,
    salesforce: Record,
    ruleset: Ruleset,
    made: Collection[Ref],
) -> Iterator[Overwrite]:
    record = hubspot if effect.side is Side.HUBSPOT else salesforce
    through = effect.place != record.ref
    if record.ref in made or (through and not _is_account_of(effect, record)):
        return
    rows = (
        *((rule.hubspot, rule.salesforce) for rule in ruleset.mapping_of(salesforce).field_map),
        OWNER_ROW,
    )
    for row in rows:
        name = row[0] if effect.side is Side.HUBSPOT else row[1]
        sent = account_field(name) if through else name
        if sent in effect.fields and name in record.fields:
            yield Overwrite(effect.side, *row, record.fields[name], effect.fields[sent])


def _is_account_of(effect: UpdateRecord, record: Record) -> bool:
    """Whether a write goes to the person account that `record` is behind (PA-3)."""
    place = effect.place
    return (
        isinstance(place, Ref)
        and (place.side, place.object, record.ref.object)
        == (Side.SALESFORCE, ACCOUNT, SALESFORCE_CONTACT)
        and place.id == record.fields.get(PARENT_ACCOUNT)
    )
