"""What becomes of a link when one of its records is merged, converted, deleted or restored. It is
the same for every kind.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace

from crmsync.model import names
from crmsync.model.changes import Cause
from crmsync.model.crm_names import LEAD, MERGED_IDS
from crmsync.model.decisions import Decision, DecisionType
from crmsync.model.effects import (
    Because,
    DeleteRecord,
    DropLink,
    Effect,
    SaveLink,
    UpdateRecord,
)
from crmsync.model.facts import Facts
from crmsync.model.links import Intent, Link, LinkState
from crmsync.model.plan import Note, Plan, no_effects
from crmsync.model.records import Record, Ref, Side
from crmsync.rules.fields.values import is_blank
from crmsync.rules.merge.baseline import Forms, view
from crmsync.rules.merge.change_limits import DELETIONS, with_holds
from crmsync.rules.merge.person_accounts import through_account
from crmsync.rules.merge.ruleset import Ruleset
from crmsync.rules.pair import reports
from crmsync.rules.pair.matching import KEY_OF, named_by


def merged_from(record: Record) -> tuple[Ref, ...]:
    """The HubSpot records that were merged into this one, as its own property lists them."""
    ids = str(record.fields.get(MERGED_IDS) or "").split(";")
    return tuple(
        replace(record.ref, id=one)
        for text in ids
        if (one := text.strip()) and one != record.ref.id
    )


def primary_link(
    survivor: Record,
    named: Collection[Ref],
    links: Iterable[tuple[Link, Collection[Ref]]],
    ruleset: Ruleset,
) -> Link | None:
    """The link that goes on after a merge in HubSpot: that of the primary record (MRG-3).

    HubSpot does not say which of the merged records was the primary one, but the survivor shows the
    primary record's values. So it is the link whose Salesforce record the survivor names. If it
    names none of them, it is the link whose values the survivor contradicts in the fewest fields,
    and of several such links the oldest.

    Args:
        survivor: The record that the others were merged into.
        named: The Salesforce record that it names, and the records that this one became.
        links: The links of the merged records, each with its Salesforce record and what that
            became.
        ruleset: The rules of the kind.
    """

    def rank(one: tuple[Link, Collection[Ref]]) -> tuple[bool, int, int, str]:
        link, salesforce = one
        identifier = link.hubspot.id if isinstance(link.hubspot, Ref) else ""
        is_named = any(ref in named for ref in salesforce)
        return not is_named, _contradictions(survivor, link, ruleset), len(identifier), identifier

    return min(((link, tuple(refs)) for link, refs in links), key=rank, default=(None, ()))[0]


def _contradictions(survivor: Record, link: Link, ruleset: Ruleset) -> int:
    """In how many fields the survivor shows another value than the two sides of the link had agreed
    on. Agreed blanks do not count.
    """
    mapping = (
        ruleset.mappings.get(link.salesforce.object) if isinstance(link.salesforce, Ref) else None
    )
    forms = mapping.hubspot_forms if mapping else Forms({})
    fingerprinter = ruleset.fingerprinter.of(link.key)
    base = link.base(Side.HUBSPOT)
    shown = view(survivor, forms, link, ruleset.fingerprinter).states
    news = [forms[name] for name, state in shown.items() if state.has_news]
    return sum(
        base.fingerprint_of(one.key)
        not in {None, fingerprinter.fingerprint(one.key, one.canonical(None))}
        for one in news
    )


def follow_moves(link: Link, hubspot: Record, salesforce: Record, ruleset: Ruleset) -> Link:
    """The link with the records that the pair has now.

    A successor (the contact that a lead was converted into, the survivor of a merge) may leave
    fields blank that were never cleared. They count as never agreed and are filled from the other
    side (DUP-26, MRG-1).
    """
    mapping = ruleset.mapping_of(salesforce)
    bases = {}
    for record, forms in ((hubspot, mapping.hubspot_forms), (salesforce, mapping.salesforce_forms)):
        base = link.base(record.ref.side)
        replaced = link.on(record.ref.side) != record.ref
        blanks = [
            form.key
            for name, form in forms.items()
            if replaced and is_blank(record.fields.get(name))
        ]
        bases[record.ref.side] = base.with_unagreed(filter(base.knows, blanks)) if blanks else base
    return replace(
        link.deciding(*_moves(link, hubspot, salesforce)),
        hubspot=hubspot.ref,
        salesforce=salesforce.ref,
        hubspot_base=bases[Side.HUBSPOT],
        salesforce_base=bases[Side.SALESFORCE],
        wrote=link.wrote if link.salesforce == salesforce.ref else frozenset(),
        state=LinkState.ACTIVE,
        deleted_on=None,
        is_merged=False,
        hubspot_intent=link.hubspot_intent if link.hubspot == hubspot.ref else Intent(),
        salesforce_intent=link.salesforce_intent if link.salesforce == salesforce.ref else Intent(),
    )


def _moves(link: Link, hubspot: Record, salesforce: Record) -> Iterator[Decision]:
    """What becomes of a link whose records have changed, or that was a tombstone."""
    if link.state is LinkState.TOMBSTONE:
        yield Decision(DecisionType.REVIVED, link.deleted_on, because="DEL-1")
    if link.hubspot != hubspot.ref:
        yield Decision(DecisionType.MOVED, Side.HUBSPOT, because="MRG-3")
    if link.salesforce != salesforce.ref:
        place = link.salesforce
        is_converted = isinstance(place, Ref) and (place.object == LEAD != salesforce.ref.object)
        because = "DUP-26" if is_converted else "MRG-1"
        yield Decision(DecisionType.MOVED, Side.SALESFORCE, because=because)


def plan_missing(
    facts: Facts,
    link: Link,
    ruleset: Ruleset,
    *,
    deletes: Collection[Side],
    recreate: Callable[[Record], Plan],
    because: Because = ("DEL-1",),
) -> Plan:
    """Turn a link into a tombstone if one of its records is gone, or lives on in another pair
    (MRG-2; for companies and accounts MRG-4, MRG-5).

    The record that is left is deleted too on the sides of `deletes` (in HubSpot DEL-1, SET-23; in
    Salesforce ACT-8), even outside the inclusion list (CH-9, where DEL-2 misses it). It is kept if
    it belongs to another pair by then, or if the operator dropped a deletion that a limit had held
    back. Until the operator decides, the link says that the deletion is held back, whoever else
    reports it again (Q-30).

    A link that a privacy deletion has ended brings nobody back (CH-9). If the Salesforce record was
    converted or merged since, the link moves with it. A tombstone moves to the contact that its
    lead became when that one is read (DUP-26).

    `recreate` plans a new counterpart when the record whose deletion made the link a tombstone is
    there again, if the other side is in `deletes`: otherwise it was not crmsync that deleted the
    counterpart, but a person, perhaps for privacy. The record's return is enough: somebody took it
    out of the recycle bin. The other record was there all the time, and a message about its
    undelete is an old one. Where it is not known which of the two was deleted first, only a message
    about an undelete in Salesforce counts. Nothing counts where one of the two lived on in another
    pair while HubSpot still had its record, or what that became: then crmsync does not delete it,
    and the link says so, be it a tombstone already (MRG-2, CH-9). `because` are the rules of the
    kind.

    Before that tombstone is dropped, the restored record gives up the id of the deleted one. From
    then on it is as any record that was never linked, whatever becomes of the creation: its worker
    may die, a CRM may refuse it, its address may belong to another pair. A record that names one
    which is gone gets no other.
    """
    if link.state is LinkState.FORGOTTEN:
        return _plan_forgotten(facts, link)
    if link.state is LinkState.TOMBSTONE:
        back = _restored(facts, link)
        if back is not None and back.ref.side.other in deletes and not facts.survivor_is_linked:
            again = recreate(back)
            gives_up = (without_id(back, ruleset),) if _names_another(back, ruleset) else ()
            return replace(again, effects=(*gives_up, DropLink(link, because), *again.effects))
        gone = no_effects("one of the two was deleted; an edit does not bring it back", *because)
        known = replace(link, is_merged=link.is_merged or _is_merged(facts))
        save = SaveLink(known, ("DUP-26",) if known == link else ("MRG-2",))
        return replace(gone, effects=(save,)) if known != link or link.has_moved else gone
    died = _who_died(facts)
    known = with_holds(link, facts)
    tombstone = SaveLink(
        replace(
            known,
            state=LinkState.TOMBSTONE,
            deleted_on=died,
            is_merged=_is_merged(facts),
            holds=known.holds - frozenset(DELETIONS.values()),
        ).deciding(Decision(DecisionType.ENDED, died, because=because[0])),
        because,
    )
    left = None if died is None else facts.hubspot or facts.salesforce
    is_dropped = facts.change.cause is Cause.DROPPED
    if left is None or left.ref.side not in deletes or is_dropped:
        return Plan((tombstone,))
    if DELETIONS[left.ref.side] in known.holds:
        saves = (SaveLink(known, ("Q-30",)),) if known != link else ()
        return Plan((*saves, reports.deletion_limited(left.ref)))
    return Plan((DeleteRecord(left.ref, because), tombstone))


def _names_another(record: Record, ruleset: Ruleset) -> bool:
    """Whether a record names a counterpart of this connection (TEN-1)."""
    is_ours = record.ref.side is Side.HUBSPOT
    objects = ruleset.mappings if is_ours else (ruleset.hubspot_object,)
    return named_by(record, ruleset.connection.hubspot.portal_id, objects) is not None


def _restored(facts: Facts, link: Link) -> Record | None:
    """The record of a tombstone that was deleted first and is there again; none where crmsync has
    not deleted its counterpart.
    """
    if link.is_merged:
        return None
    if link.deleted_on is None:
        return facts.salesforce if facts.change.cause is Cause.RESTORED else None
    return facts.hubspot if link.deleted_on is Side.HUBSPOT else facts.salesforce


def _plan_forgotten(facts: Facts, link: Link) -> Plan:
    there = facts.salesforce
    note = Note("its contact was deleted for privacy, so no other is made of it", ("CH-9",))
    if there is None or _is_in_another_pair(facts):
        return Plan(notes=(note,))
    here = replace(link, salesforce=there.ref)
    is_saved = here == link and here.version and not here.has_moved
    saves = () if is_saved else (SaveLink(here, ("CH-9", "DUP-26")),)
    return Plan(saves, notes=(note,))


def forget(facts: Facts, link: Link, ruleset: Ruleset) -> Effect:
    """End the link of a contact that was deleted for privacy (CH-9).

    The link is dropped with its hashes. If the Salesforce record that is left does not name the
    contact, because another HubSpot account linked it first (TEN-1), nothing would keep it from
    making the contact again: then the two ids are kept and nothing else. So they are where the
    record is in the recycle bin and another account may have linked it: whom it names shows only
    once it is taken out. A record that has become part of another pair needs no such mark.
    """
    if _is_in_another_pair(facts) or not _may_make_another(facts, link, ruleset):
        return DropLink(link)
    return SaveLink(
        Link(
            link.connection,
            link.kind,
            link.hubspot,
            facts.salesforce.ref if facts.salesforce else link.salesforce,
            state=LinkState.FORGOTTEN,
            version=link.version,
            key=ruleset.fingerprinter.number,
            stored=link.stored,
        ),
        ("CH-9",),
    )


def _is_in_another_pair(facts: Facts) -> bool:
    """Whether what the Salesforce record of a pair became has a link of its own, be it a tombstone.
    A record has one link, so that of the pair cannot move there.
    """
    return facts.survivor_is_linked or bool(facts.tombstones)


def _may_make_another(facts: Facts, link: Link, ruleset: Ruleset) -> bool:
    """Whether the Salesforce record of a deleted contact may name the contact of another account,
    which would not keep it from making this one again.
    """
    if facts.salesforce is None:
        return ruleset.shares_org and isinstance(link.salesforce, Ref)
    key = ruleset.key_of(link.hubspot.id) if isinstance(link.hubspot, Ref) else ""
    return facts.salesforce.fields.get(names.SALESFORCE_KEY) != key


def plan_counterpart_gone(facts: Facts, ruleset: Ruleset, *because: str) -> Plan:
    """An edit does not bring back a counterpart that was deleted. One that was deleted before the
    two were linked gets a tombstone, as nothing else would tell of it later.
    """
    plan = no_effects("its counterpart was deleted; an edit does not bring it back", *because)
    gone, left = facts.made, facts.named
    if gone is None or left is None:
        return plan
    hubspot, salesforce = (left.ref, gone) if left.ref.side is Side.HUBSPOT else (gone, left.ref)
    tombstone = Link(
        ruleset.connection.name,
        ruleset.kind,
        hubspot,
        salesforce,
        state=LinkState.TOMBSTONE,
        deleted_on=gone.side,
        key=ruleset.fingerprinter.number,
    )
    return replace(plan, effects=(SaveLink(tombstone, because),))


def _who_died(facts: Facts) -> Side | None:
    """The side whose record is gone, None where that is not exactly one."""
    if facts.survivor_is_linked or (facts.hubspot is None) == (facts.salesforce is None):
        return None
    return Side.HUBSPOT if facts.hubspot is None else Side.SALESFORCE


def _is_merged(facts: Facts) -> bool:
    """Whether one of the two lives on in another pair, while HubSpot still has its record, or what
    that became.
    """
    return facts.survivor_is_linked and facts.hubspot is not None


def replacing_tombstones(facts: Facts, match: Record, plan: Plan) -> Plan:
    """The plan with the tombstones of `match` dropped: a record whose counterpart was deleted may
    be paired again.
    """
    old = tuple(
        DropLink(link, ("DUP-1",))
        for link in facts.tombstones
        if match.ref in (link.hubspot, link.salesforce)
    )
    return replace(plan, effects=(*old, *plan.effects))


def without_id(record: Record, ruleset: Ruleset) -> UpdateRecord:
    """The write after which a record names no counterpart (DUP-24). Nothing depends on it."""
    side = record.ref.side
    write = UpdateRecord(record.ref, side, {KEY_OF[side]: None}, ("DUP-24",), best_effort=True)
    if ruleset.person_accounts and side is Side.SALESFORCE:
        return through_account(write, record)
    return write
