"""What a merge becomes: the writes, the link as it must be stored afterwards, and what people are
told.

Alike for every kind; whether a pair is to be planned at all is decided in `crmsync.plans`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from crmsync.model import names
from crmsync.model.changes import Cause
from crmsync.model.crm_names import (
    COMPANY,
    HUBSPOT_CONTACT,
    HUBSPOT_EMAIL,
    HUBSPOT_OPT_OUT,
    HUBSPOT_OWNER,
    PARENT_ACCOUNT,
    PRIMARY_COMPANY,
    SALESFORCE_CONTACT,
    SALESFORCE_OWNER,
)
from crmsync.model.effects import (
    Associate,
    Because,
    Dissociate,
    Effect,
    Note,
    OptOut,
    Plan,
    Report,
    RequestSync,
    SaveLink,
    UpdateRecord,
)
from crmsync.model.fields import FieldRule
from crmsync.model.links import Base, Link, LinkState, tags
from crmsync.model.records import Kind, Record, Ref, Side, Value
from crmsync.rules.merge.baseline import key_of, rebased, view
from crmsync.rules.merge.intents import announce, asks_for_history, withdraw_lost
from crmsync.rules.merge.parents import ParentDecision
from crmsync.rules.merge.person_accounts import other_half, through_account
from crmsync.rules.merge.record import merge_pair
from crmsync.rules.merge.result import MergeResult
from crmsync.rules.merge.ruleset import Ruleset
from crmsync.rules.pair import reports

_MATCHED_BY: Mapping[Kind, Because] = MappingProxyType(
    {
        Kind.CONTACT: ("DUP-1",),
        Kind.ACCOUNT: ("DUP-2", "DUP-3"),
        Kind.OPPORTUNITY: ("DUP-7", "CH-14"),
    }
)
"""By which rule the two records of a new pair belong together."""


def is_unchanged(record: Record, link: Link, ruleset: Ruleset) -> bool:
    """Whether a linked record shows nothing but what the two sides agreed on, so that the other
    side need not be read at all.
    """
    if (
        link.holds
        or link.state is not LinkState.ACTIVE
        or record.successor
        or not isinstance(link.salesforce, Ref)
    ):
        return False
    side = record.ref.side
    owner, last = (
        (HUBSPOT_OWNER, link.hubspot_owner)
        if side is Side.HUBSPOT
        else (SALESFORCE_OWNER, link.salesforce_owner)
    )
    forms = ruleset.mappings[link.salesforce.object].forms(side)
    us = ruleset.our_user_in(record)
    same_owner = str(record.fields.get(owner) or "") == last
    return (
        same_owner
        and _names_its_counterpart(record, link)
        and view(record, forms, link, ruleset.fingerprinter, us).unchanged
    )


def _names_its_counterpart(record: Record, link: Link) -> bool:
    """Whether a record shows the other one's id (DUP-24). In Salesforce any id will do, as another
    portal's may stand there (TEN-1).
    """
    if record.ref.side is Side.SALESFORCE:
        return names.SALESFORCE_KEY not in record.fields or bool(
            record.fields[names.SALESFORCE_KEY]
        )
    shown = record.fields.get(names.HUBSPOT_KEY)
    return names.HUBSPOT_KEY not in record.fields or (
        isinstance(link.salesforce, Ref) and shown == link.salesforce.id
    )


def plan_pair(
    hubspot: Record,
    salesforce: Record,
    link: Link,
    ruleset: Ruleset,
    *,
    anew: bool,
    cause: Cause = Cause.EDITED,
    holder: Ref | None = None,
) -> Plan:
    """Merge a pair and say what follows; `anew`: the link must be stored whatever the merge brings.

    `holder` has, and keeps, the address that HubSpot's record should get: the address waits,
    everything else goes on. So it does where the link holds back some of it.
    """
    refused = frozenset({HUBSPOT_EMAIL} if holder else ())
    asks = asks_for_history(link, hubspot, salesforce, ruleset)
    link = withdraw_lost(link, hubspot, salesforce, ruleset)
    merged = merge_pair(hubspot, salesforce, link, ruleset, cause=cause, refused=refused)
    effects = [*_pair_writes(hubspot, salesforce, merged)]
    holds = frozenset() if merged.held_back.is_dropped else merged.held_back.holds
    if anew or merged.has_news or not link.version or effects or holds != link.holds:
        after = announce(
            link,
            replace(_after(link, hubspot, salesforce, merged, ruleset), holds=holds),
            _written(merged),
            (hubspot, salesforce),
            ruleset,
        )
        effects.insert(0, SaveLink(after, _MATCHED_BY[link.kind] if not link.version else ()))
    records = {Side.SALESFORCE: salesforce.ref, Side.HUBSPOT: hubspot.ref}
    marks = (
        UpdateRecord(
            records[side],
            side,
            fields,
            ("DUP-24",),
            best_effort=True,
            group=_group(salesforce, side, merged),
        )
        for side, fields in merged.own_fields.items()
        if fields
    )
    awaited = merged.parents.awaits
    waits = (
        (RequestSync(awaited, Kind.ACCOUNT, _who_waits(hubspot), ("FLD-8",)),) if awaited else ()
    )
    looks = (*waits, *_looks_across(salesforce, merged, ruleset))
    written = (
        through_account(one, salesforce) if isinstance(one, UpdateRecord) else one
        for one in (*effects, *marks)
    )
    unfit = (_stuck(hubspot.ref, rule.hubspot, holder) for rule in merged.incompatible)
    cut = (reports.truncated(hubspot.ref, rule.hubspot) for rule in merged.truncated)
    held = (reports.held_back(hubspot.ref, holds, merged.held_back.fields),) if holds else ()
    undecided = merged.undecided or asks
    return Plan(
        (*written, *looks, *unfit, *cut, *held),
        merged.conflicts,
        _left(merged.diverged),
        undecided=undecided,
        is_partial=bool(merged.diverged),
    )


def _written(merged: MergeResult) -> Mapping[Side, frozenset[str]]:
    """The fields that each side is about to get."""
    parent = {PRIMARY_COMPANY} if merged.parents.company or merged.parents.leaves else set()
    return {
        Side.HUBSPOT: frozenset(merged.to_hubspot) | parent,
        Side.SALESFORCE: frozenset(merged.to_salesforce),
    }


def _who_waits(hubspot: Record) -> Ref | None:
    """A contact waits for its parent. A deal does without (Q-27): it is looked at again whenever
    its company or account is linked.
    """
    return hubspot.ref if hubspot.ref.object == HUBSPOT_CONTACT else None


def _looks_across(
    salesforce: Record, merged: MergeResult, ruleset: Ruleset
) -> tuple[RequestSync, ...]:
    """Have the other half of a person looked at, which shows what we write to this one; nobody
    tells of our own writes (PA-5).
    """
    half = other_half(salesforce)
    kind, syncs = (
        (Kind.ACCOUNT, ruleset.connection.companies.sync)
        if salesforce.ref.object == SALESFORCE_CONTACT
        else (Kind.CONTACT, ruleset.connection.contacts.sync)
    )
    return (
        (RequestSync(half, kind, None, ("PA-5",)),)
        if half and syncs and merged.to_salesforce
        else ()
    )


def _left(apart: tuple[FieldRule, ...]) -> tuple[Note, ...]:
    """Say which fields keep on both sides what they show: from before they were mapped, or as one
    side refused them.
    """
    late = [str(rule) for rule in apart if rule.since]
    refused = [str(rule) for rule in apart if not rule.since]
    return (
        *(
            (Note(f"stay as they were before the mapping: {', '.join(late)}", ("MAP-6",)),)
            if late
            else ()
        ),
        *(
            (
                Note(
                    f"stay different, as one side refused them or the change was dropped: {', '.join(refused)}",
                    ("CH-8",),
                ),
            )
            if refused
            else ()
        ),
    )


def _stuck(ref: Ref, name: str, holder: Ref | None) -> Report:
    return (
        reports.address_taken(ref, holder)
        if holder and name == HUBSPOT_EMAIL
        else reports.incompatible(ref, name)
    )


def _pair_writes(hubspot: Record, salesforce: Record, merged: MergeResult) -> tuple[Effect, ...]:
    """HubSpot goes first: Salesforce tells only who touched a record last, so once we have, a
    person's edit must be across already.

    An association comes before the fields, as only a write of fields shows that what was announced
    has arrived; one may therefore be without any.
    """
    effects: list[Effect] = [*_association(hubspot.ref, merged.parents)]
    if merged.to_hubspot or effects:
        because = merged.because_hubspot or merged.parents.because
        effects.append(UpdateRecord(hubspot.ref, Side.HUBSPOT, merged.to_hubspot, because))
    if merged.opt_out.unsubscribe_in_hubspot:
        address = merged.to_hubspot.get(HUBSPOT_EMAIL) or hubspot.fields.get(HUBSPOT_EMAIL)
        effects.append(OptOut(str(address), (merged.opt_out.because,)))
    if merged.to_salesforce:
        fields, because = merged.to_salesforce, merged.because_salesforce
        group = _group(salesforce, Side.SALESFORCE, merged)
        effects.append(UpdateRecord(salesforce.ref, Side.SALESFORCE, fields, because, group=group))
    return tuple(effects)


def _group(salesforce: Record, side: Side, merged: MergeResult) -> str:
    """What Salesforce locks along with a contact: the account that it is in, or about to be in
    (fault 14).
    """
    account = merged.to_salesforce.get(PARENT_ACCOUNT) or salesforce.fields.get(PARENT_ACCOUNT)
    return str(account or "") if side is Side.SALESFORCE else ""


def _unsealed(record: Record, merged: MergeResult) -> dict[str, Value]:
    """What must be fingerprinted anew of what a record shows."""
    return {
        name: record.fields[name]
        for name in merged.unmatched[record.ref.side]
        if name in record.fields
    }


def _association(contact: Ref, verdict: ParentDecision) -> tuple[Effect, ...]:
    if verdict.company:
        return (
            Associate(
                contact,
                Ref(Side.HUBSPOT, COMPANY, verdict.company),
                primary=True,
                because=verdict.because,
            ),
        )
    if verdict.leaves:
        return (Dissociate(contact, Ref(Side.HUBSPOT, COMPANY, verdict.leaves), verdict.because),)
    return ()


def _after(
    link: Link, hubspot: Record, salesforce: Record, merged: MergeResult, ruleset: Ruleset
) -> Link:
    """The link as it must be stored once everything is written: what each side then shows.

    An opt-out that HubSpot is only asked for is no such thing: it stays unagreed until HubSpot is
    read to show it (decision 0032).
    """
    mapping = ruleset.mapping_of(salesforce)
    now_hubspot = _unsealed(hubspot, merged) | dict(merged.to_hubspot)
    if merged.opt_out.unsubscribe_in_hubspot or merged.opt_out.asks_who:
        now_hubspot.pop(HUBSPOT_OPT_OUT, None)
    now_salesforce = _unsealed(salesforce, merged) | dict(merged.to_salesforce)
    for rule in merged.incompatible:
        now_hubspot.pop(rule.hubspot, None)
        now_salesforce.pop(rule.salesforce, None)
    _show_parents(merged.parents, now_hubspot, now_salesforce)
    _show_held(merged, hubspot, salesforce, now_hubspot, now_salesforce)
    wrote = tags(merged.to_salesforce) if merged.to_salesforce else link.wrote
    hubspot_owner, salesforce_owner = merged.owners

    def base(side: Side, shown: Mapping[str, Value]) -> Base:
        forms, old = mapping.forms(side), link.base(side)
        unfit = (
            key_of(name, forms[name])
            for rule in merged.incompatible
            if (name := rule.on(side)) in forms
        )
        apart = frozenset(rule.on(side) for rule in merged.diverged) | merged.held_back.dropped.get(
            side, frozenset()
        )
        new = rebased(old, forms, shown, ruleset.fingerprinter, apart).leaving_unagreed(
            key for key in unfit if not old.knows(key)
        )
        asked = merged.opt_out.unsubscribe_in_hubspot and side is Side.HUBSPOT
        return new.leaving_unagreed(
            [key_of(HUBSPOT_OPT_OUT, forms[HUBSPOT_OPT_OUT])] if asked else ()
        )

    return replace(
        link,
        hubspot_base=base(Side.HUBSPOT, now_hubspot),
        salesforce_base=base(Side.SALESFORCE, now_salesforce),
        wrote=wrote - tags(rule.salesforce for rule in merged.incompatible),
        hubspot_owner=hubspot_owner,
        salesforce_owner=salesforce_owner,
    )


def _show_parents(
    verdict: ParentDecision, hubspot: dict[str, Value], salesforce: dict[str, Value]
) -> None:
    """What both sides show of the contact's parent afterwards; while it is awaited, nothing is
    agreed on.
    """
    if verdict.awaits:
        hubspot.pop(PRIMARY_COMPANY, None)
        salesforce.pop(PARENT_ACCOUNT, None)
    elif verdict.company or verdict.leaves:
        hubspot[PRIMARY_COMPANY] = verdict.company


def _show_held(
    merged: MergeResult,
    hubspot: Record,
    salesforce: Record,
    now_hubspot: dict[str, Value],
    now_salesforce: dict[str, Value],
) -> None:
    """What a brake holds back is agreed on by neither side; what was dropped stands as each side
    shows it.
    """
    for record, now in ((hubspot, now_hubspot), (salesforce, now_salesforce)):
        for name in merged.held_back.fields.get(record.ref.side, ()):
            now.pop(name, None)
            if merged.held_back.is_dropped and name in record.fields:
                now[name] = record.fields[name]
