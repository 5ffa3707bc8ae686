"""Plan a pair from its merge: the writes, the link to store, further syncs and reports.

It is the same for every kind; whether a pair is planned at all is decided in `crmsync.plans`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from crmsync.model.changes import Change
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
from crmsync.model.decisions import Decision, DecisionType
from crmsync.model.effects import (
    Associate,
    Because,
    Dissociate,
    DropLink,
    Effect,
    OptOut,
    RequestSync,
    SaveLink,
    UpdateRecord,
)
from crmsync.model.fields import FieldRule
from crmsync.model.fingerprints import Base, Fingerprinter, tag, tags
from crmsync.model.links import Link, LinkState
from crmsync.model.plan import Note, Plan
from crmsync.model.records import SIDES, Kind, Record, Ref, Side, Value
from crmsync.rules.merge.baseline import SideView, rebased, view
from crmsync.rules.merge.fields import decided_fields
from crmsync.rules.merge.intents import announced, asks_for_history, shows_owner, withdraw_lost
from crmsync.rules.merge.parents import PARENT_OF
from crmsync.rules.merge.person_accounts import other_half, through_account
from crmsync.rules.merge.record import MergeResult, merge_pair
from crmsync.rules.merge.ruleset import Ruleset
from crmsync.rules.pair import reports
from crmsync.rules.pair.refused_fields import names_in_reports

_MATCHED_BY: Mapping[Kind, Because] = MappingProxyType(
    {
        Kind.CONTACT: ("DUP-1",),
        Kind.ACCOUNT: ("DUP-2", "DUP-3"),
        Kind.OPPORTUNITY: ("DUP-7", "CH-14"),
        Kind.ACTIVITY: ("ACT-2",),
    }
)
"""The rules by which the two records of a new pair belong together."""

_OF_LIMITS = frozenset({DecisionType.HELD, DecisionType.DROPPED})


def view_alone(record: Record, link: Link, ruleset: Ruleset) -> SideView | None:
    """A linked record as it compares with its base; None where the other side must be read."""
    if (
        link.holds
        or link.state is not LinkState.ACTIVE
        or record.successor
        or not isinstance(link.salesforce, Ref)
    ):
        return None
    forms = ruleset.mappings[link.salesforce.object].forms(record.ref.side)
    return view(record, forms, link, ruleset.fingerprinter, ruleset.our_user_in(record))


def is_unchanged(shown: SideView, link: Link, ruleset: Ruleset) -> bool:
    """Whether a linked record shows exactly what the two sides agreed on, and the id of its
    counterpart, so that the other side need not be read.
    """
    record, counterpart = shown.record, link.on(shown.side.other)
    owner, last = (
        (HUBSPOT_OWNER, link.hubspot_owner)
        if shown.side is Side.HUBSPOT
        else (SALESFORCE_OWNER, link.salesforce_owner)
    )
    return (
        shown.unchanged
        and str(record.fields.get(owner) or "") == last
        and isinstance(counterpart, Ref)
        and not ruleset.outdated_id(record, counterpart)
        and shows_owner(record, link)
    )


def plan_pair(
    hubspot: Record,
    salesforce: Record,
    link: Link,
    ruleset: Ruleset,
    *,
    always_save: bool,
    change: Change | None = None,
    holder: Ref | None = None,
) -> Plan:
    """Merge a pair and plan what follows.

    Args:
        hubspot: The HubSpot record.
        salesforce: The Salesforce record.
        link: The link, with these two records in it.
        ruleset: The rules by which the pair is merged.
        always_save: Whether the link must be stored even if the merge changes nothing.
        change: Why the pair is synced; None for an ordinary edit.
        holder: The contact that has, and keeps, the address that the HubSpot record should get.
            The address waits then, everything else is written.
    """
    refused = frozenset({HUBSPOT_EMAIL} if holder else ())
    needs_history = asks_for_history(link, hubspot, salesforce, ruleset)
    link = withdraw_lost(link, hubspot, salesforce, ruleset)
    merged = merge_pair(hubspot, salesforce, link, ruleset, change=change, refused=refused)
    holds = frozenset() if merged.held_back.is_dropped else merged.held_back.holds
    loops = merged.held_back.loops
    writes = _writes(hubspot, salesforce, merged)
    effects: list[Effect] = []
    if (
        always_save
        or writes
        or not link.version
        or merged.has_news
        or merged.owners != link.owners
        or holds != link.holds
        or loops.is_news_to(link)
        or (merged.own_fields[Side.SALESFORCE] and link.wrote)
    ):
        after = _agreed_link(link, (hubspot, salesforce), merged, ruleset)
        effects.append(SaveLink(after, _MATCHED_BY[link.kind] if not link.version else ()))
    writes += _writes_of_own_fields(hubspot, salesforce, merged)
    if ruleset.person_accounts:
        writes = [
            through_account(one, salesforce) if isinstance(one, UpdateRecord) else one
            for one in writes
        ]
    effects += writes
    effects += _requests(hubspot, salesforce, merged, ruleset)
    for rule in merged.incompatible:
        if holder and rule.hubspot == HUBSPOT_EMAIL:
            effects.append(reports.address_taken(hubspot.ref, holder))
        else:
            effects.append(reports.incompatible(hubspot.ref, rule.hubspot))
    effects += [reports.truncated(hubspot.ref, rule.hubspot) for rule in merged.truncated]
    if loops.reported:
        effects.append(reports.looping(hubspot.ref, loops.reported))
    if holds:
        effects.append(reports.change_limited(hubspot.ref, holds, merged.held_back.fields))
    return Plan(
        tuple(effects),
        merged.conflicts,
        _notes(merged.diverged) if merged.diverged else (),
        undecided=merged.undecided or needs_history,
        differing=names_in_reports(merged.diverged, ruleset) if merged.diverged else frozenset(),
    )


def plan_existing(
    link: Link,
    here: Link,
    hubspot: Record,
    salesforce: Record,
    ruleset: Ruleset,
    *,
    change: Change | None = None,
    holder: Ref | None = None,
) -> Plan:
    """Plan a pair whose records both exist; `here` is its link with the records that it has now.

    A link of which both records have been replaced cannot be updated in place: it is dropped and a
    new one saved. `change` and `holder` are as in `plan_pair`.
    """
    if here.hubspot != link.hubspot and here.salesforce != link.salesforce and link.version:
        fresh = replace(here, version=0)
        plan = plan_pair(
            hubspot, salesforce, fresh, ruleset, always_save=True, change=change, holder=holder
        )
        return replace(plan, effects=(DropLink(link, ("DUP-26",)), *plan.effects))
    return plan_pair(
        hubspot, salesforce, here, ruleset, always_save=here != link, change=change, holder=holder
    )


def _writes(hubspot: Record, salesforce: Record, merged: MergeResult) -> list[Effect]:
    """The writes of a merge, HubSpot first. Salesforce shows only who edited a record last, so a
    person's edit there must have reached HubSpot before we write.

    An association comes before the fields, as only a write of fields shows that what was announced
    has arrived. That write may therefore have no fields.
    """
    effects: list[Effect] = []
    decision = merged.parents
    if decision.company:
        company = Ref(Side.HUBSPOT, COMPANY, decision.company)
        effects.append(Associate(hubspot.ref, company, primary=True, because=decision.because))
    elif decision.leaves:
        company = Ref(Side.HUBSPOT, COMPANY, decision.leaves)
        effects.append(Dissociate(hubspot.ref, company, decision.because))
    if merged.to_hubspot or effects:
        because = merged.because_hubspot or decision.because
        effects.append(UpdateRecord(hubspot.ref, Side.HUBSPOT, merged.to_hubspot, because))
    address = merged.to_hubspot.get(HUBSPOT_EMAIL) or hubspot.fields.get(HUBSPOT_EMAIL)
    if merged.opt_out.unsubscribe_in_hubspot and address:
        # HubSpot keeps opt-outs by address. A contact without one is unsubscribed once it has one.
        effects.append(OptOut(str(address), (merged.opt_out.because,)))
    if merged.to_salesforce:
        fields, because = merged.to_salesforce, merged.because_salesforce
        group = _group(salesforce, merged)
        effects.append(UpdateRecord(salesforce.ref, Side.SALESFORCE, fields, because, group=group))
    return effects


def _writes_of_own_fields(
    hubspot: Record, salesforce: Record, merged: MergeResult
) -> Iterator[Effect]:
    for record in (salesforce, hubspot):
        side = record.ref.side
        if fields := merged.own_fields[side]:
            group = _group(salesforce, merged) if side is Side.SALESFORCE else ""
            yield UpdateRecord(record.ref, side, fields, ("DUP-24",), best_effort=True, group=group)


def _group(salesforce: Record, merged: MergeResult) -> str:
    """The record that Salesforce locks along with a contact: the account that it has, or is about
    to get (fault 14).
    """
    account = merged.to_salesforce.get(PARENT_ACCOUNT) or salesforce.fields.get(PARENT_ACCOUNT)
    return str(account or "")


def _decided(link: Link, merged: MergeResult, salesforce: Record) -> Iterator[Decision]:
    """What was decided, for the history of the pair: what the link has already, what a limit holds
    back by its fields, and what the merge adds.
    """
    held = merged.held_back.fields
    for one in link.decided:
        fields = held.get(one.side, ()) if one.side and one.type in _OF_LIMITS else ()
        yield from (replace(one, name=name) for name in sorted(fields)) if fields else (one,)
    loops = merged.held_back.loops
    for name in sorted(loops.reported):
        if loops.loops[tag(name)] != link.loops.get(tag(name)):
            yield Decision(DecisionType.STOPPED, None, name, "CH-5")
    kept_out = (*held.values(), *loops.stopped.values())
    waiting = {rule.hubspot for rule in merged.incompatible}.union(*kept_out)
    by = salesforce.modified_by
    yield from decided_fields(
        merged.merged_fields, {side: merged.writes(side) for side in SIDES}, waiting, by
    )
    unmapped = [
        (side, name, merged.unmapped[name])
        for side in SIDES
        for name in merged.writes(side)
        if name in merged.unmapped
    ]
    if merged.parents.company or merged.parents.leaves:
        unmapped.append((Side.HUBSPOT, PRIMARY_COMPANY, merged.parents.because[0]))
    if merged.opt_out.unsubscribe_in_hubspot:
        unmapped.append((Side.HUBSPOT, HUBSPOT_OPT_OUT, merged.opt_out.because))
    contested = {name for one in merged.conflicts for name in (one.hubspot, one.salesforce)}
    for side, name, because in unmapped:
        was = DecisionType.CONFLICT if name in contested else DecisionType.WRITTEN
        yield Decision(was, side, name, because, by=by if side is Side.HUBSPOT else "")


def _written(merged: MergeResult) -> Mapping[Side, Collection[str]]:
    """The fields that are about to be written to each side."""
    parent = {PRIMARY_COMPANY} if merged.parents.company or merged.parents.leaves else set[str]()
    return {Side.HUBSPOT: merged.to_hubspot.keys() | parent, Side.SALESFORCE: merged.to_salesforce}


def _requests(
    hubspot: Record, salesforce: Record, merged: MergeResult, ruleset: Ruleset
) -> Iterator[RequestSync]:
    """Request the sync of a parent that has no counterpart yet, and of the other half of a person
    account, which shows what is written to this one: our own writes cause no events (PA-5).

    A contact waits for its parent. A deal does not (Q-27): it is synced again when its company or
    account has been linked.
    """
    if parent := merged.parents.awaits:
        waiting = hubspot.ref if hubspot.ref.object == HUBSPOT_CONTACT else None
        yield RequestSync(parent, Kind.ACCOUNT, waiting, ("FLD-8",))
    if ruleset.person_accounts and merged.to_salesforce:
        half = other_half(salesforce)
        kind, syncs = (
            (Kind.ACCOUNT, ruleset.connection.companies.sync)
            if salesforce.ref.object == SALESFORCE_CONTACT
            else (Kind.CONTACT, ruleset.connection.contacts.sync)
        )
        if half and syncs:
            yield RequestSync(half, kind, None, ("PA-5",))


def _notes(diverged: Iterable[FieldRule]) -> tuple[Note, ...]:
    """Which fields keep different values, and why: they are older than the mapping, or one side
    refused the other's value.
    """
    older = ", ".join(str(rule) for rule in diverged if rule.since)
    refused = ", ".join(str(rule) for rule in diverged if not rule.since)
    notes: list[Note] = []
    if older:
        notes.append(Note(f"stay as they were before the mapping: {older}", ("MAP-6",)))
    if refused:
        text = "stay different, as one side refused them or the change was dropped"
        notes.append(Note(f"{text}: {refused}", ("CH-8",)))
    return tuple(notes)


def _agreed_link(
    link: Link, pair: tuple[Record, Record], merged: MergeResult, ruleset: Ruleset
) -> Link:
    """The link with what both sides agree on once everything is written, and with what is about to
    be written. `pair` is HubSpot's and Salesforce's record. What waits shows none of our writes.
    """
    salesforce, held_back = pair[1], merged.held_back
    bases = {one.ref.side: _agreed_base(one, link, merged, ruleset.fingerprinter) for one in pair}
    intents = announced(link, bases, merged.owners, _written(merged), pair, ruleset)
    wrote = link.wrote
    if merged.to_salesforce or merged.own_fields[Side.SALESFORCE]:
        wrote = tags(merged.to_salesforce)
    if waits := held_back.waiting.union(rule.salesforce for rule in merged.incompatible):
        wrote -= tags(waits)
    return replace(
        link,
        hubspot_base=bases[Side.HUBSPOT],
        salesforce_base=bases[Side.SALESFORCE],
        wrote=wrote,
        hubspot_owner=merged.owners[0],
        salesforce_owner=merged.owners[1],
        hubspot_intent=intents[Side.HUBSPOT],
        salesforce_intent=intents[Side.SALESFORCE],
        holds=frozenset() if held_back.is_dropped else held_back.holds,
        loops=held_back.loops.loops,
        decided=tuple(_decided(link, merged, salesforce)),
    )


def _agreed_base(
    record: Record, link: Link, merged: MergeResult, fingerprinter: Fingerprinter
) -> Base:
    """The base of a record's side once everything is written."""
    side = record.ref.side
    forms, old = merged.shown[side].forms, link.base(side)
    diverged = {rule.on(side) for rule in merged.diverged}
    diverged |= merged.held_back.dropped.get(side, frozenset())
    unagreed = [
        key
        for rule in merged.incompatible
        if rule.on(side) in forms and not old.knows(key := forms[rule.on(side)].key)
    ]
    if side is Side.HUBSPOT and merged.opt_out.unsubscribe_in_hubspot:
        unagreed.append(forms[HUBSPOT_OPT_OUT].key)
    agreed = _agreed_values(record, merged)
    return rebased(old, forms, agreed, fingerprinter, diverged).with_unagreed(unagreed)


def _agreed_values(record: Record, merged: MergeResult) -> dict[str, Value]:
    """The values on which both sides agree once everything is written, as the record then shows
    them; values that the base has already are left out.

    Not agreed on are values that cannot cross, a parent that is awaited or whose counterpart was
    deleted, and what a limit or the loop breaker holds back. An opt-out that was only requested
    from HubSpot stays unagreed until a read of HubSpot shows it (decision 0032). A change that the
    operator dropped leaves each side's own value.
    """
    side, parents, held_back = record.ref.side, merged.parents, merged.held_back
    shown = record.fields
    agreed = {name: shown[name] for name in merged.shown[side].unmatched if name in shown}
    agreed |= merged.writes(side)
    if side is Side.HUBSPOT and (parents.company or parents.leaves):
        agreed[PRIMARY_COMPANY] = parents.company
    unagreed = {rule.on(side) for rule in merged.incompatible}
    unagreed |= held_back.loops.stopped.get(side, frozenset())
    if parents.awaits or parents.unpaired is side:
        unagreed.add(PARENT_OF[side])
    opt_out = merged.opt_out
    opt_out_is_open = opt_out.unsubscribe_in_hubspot or opt_out.asks_who or opt_out.waits
    if side is Side.HUBSPOT and opt_out_is_open:
        unagreed.add(HUBSPOT_OPT_OUT)
    held = held_back.fields.get(side, frozenset())
    for name in unagreed | held:
        agreed.pop(name, None)
    if held_back.is_dropped:
        agreed |= {name: shown[name] for name in held if name in shown}
    return agreed
