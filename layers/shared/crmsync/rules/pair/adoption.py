"""What a pair without a link agreed on, where crmsync made one of its two records itself.

A worker may die after it has made a record and before it has saved the link, or another worker may
have made the record first. The pair is then no first meeting: what either side shows now may have
been edited since, and a value that somebody has removed must not come back from the other side.

The new record shows the revision of its creation. If the record that it was made of is still as it
was, the same revision follows from it, and with it the whole base. Otherwise HubSpot's property
history and Salesforce's last user show which side has changed since.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from crmsync.model.fields import FieldRule
from crmsync.model.fingerprints import CHANGED, Base, tags
from crmsync.model.links import LONGEST_WRITE, Link
from crmsync.model.records import Record, Ref, Side
from crmsync.rules.fields.values import canonical, is_blank
from crmsync.rules.merge.baseline import key_of, view
from crmsync.rules.merge.intents import has_arrived
from crmsync.rules.merge.policies import may_pass
from crmsync.rules.merge.ruleset import Ruleset
from crmsync.rules.pair.creation import Creation
from crmsync.rules.pair.matching import named_by


@dataclass(frozen=True, slots=True)
class Adoption:
    """A pair that is about to be linked.

    Attributes:
        link: Its link, with the base as far as it is known.
        needs_history: Whether HubSpot's property history would show more of the base.
    """

    link: Link
    needs_history: bool = False


def shows_creation(hubspot: Record, salesforce: Record, ruleset: Ruleset) -> bool:
    """Whether one of two records may have been made by crmsync for the other. Usually not."""
    return any(_revision(one, ruleset) for one in (hubspot, salesforce))


def adopted(
    link: Link,
    hubspot: Record,
    salesforce: Record,
    creations: Collection[Creation],
    ruleset: Ruleset,
) -> Adoption:
    """The new link of two records with what they agreed on when one was made for the other.

    Args:
        link: The link without a base.
        hubspot: The HubSpot record.
        salesforce: The Salesforce record.
        creations: What either of the two would be made with today.
        ruleset: The rules of the kind.
    """
    for creation in creations:
        side = creation.create.side
        if has_arrived(_on(side, hubspot, salesforce), creation.link, ruleset):
            known = replace(creation.link, hubspot=hubspot.ref, salesforce=salesforce.ref)
            return Adoption(known)
    made = _made(hubspot, salesforce, ruleset)
    if made is None or (made is Side.HUBSPOT and not ruleset.our_app):
        return Adoption(link)
    if not hubspot.origins:
        return Adoption(link, needs_history=True)
    (creation,) = (one for one in creations if one.create.side is made)
    return Adoption(_since_made(link, hubspot, salesforce, creation, ruleset))


def _made(hubspot: Record, salesforce: Record, ruleset: Ruleset) -> Side | None:
    """The side whose record was made for the other: it names the other and shows a revision. If
    both show one, the pair was linked once, and the revisions say nothing of its beginning.
    """
    shown = [one for one in (hubspot, salesforce) if _revision(one, ruleset)]
    if len(shown) != 1:
        return None
    (made,) = shown
    other = salesforce if made is hubspot else hubspot
    return made.ref.side if _names(made, other.ref, ruleset) else None


def _names(record: Record, other: Ref, ruleset: Ruleset) -> bool:
    return named_by(record, ruleset.connection.hubspot.portal_id, (other.object,)) == other


def _revision(record: Record, ruleset: Ruleset) -> str:
    return str(record.fields.get(ruleset.revision_field(record.ref.side)) or "")


def _on(side: Side, hubspot: Record, salesforce: Record) -> Record:
    return hubspot if side is Side.HUBSPOT else salesforce


def _since_made(
    link: Link, hubspot: Record, salesforce: Record, creation: Creation, ruleset: Ruleset
) -> Link:
    """The link with a base in which each field counts as changed on the sides that may have changed
    it since. One in which the new record shows what it would be made with today has not changed.
    Fields that were not sent, or that differ although nobody changed them, were never agreed on.
    """
    mapping, made = ruleset.mapping_of(salesforce), creation.create.side
    forms = {side: mapping.forms(side) for side in Side}
    shown = {
        one.ref.side: view(one, forms[one.ref.side], None, ruleset.fingerprinter).states
        for one in (hubspot, salesforce)
    }
    bases = {
        side: Base().with_unagreed(key_of(name, form) for name, form in forms[side].items())
        for side in Side
    }
    for rule in mapping.field_map:
        if rule in creation.incompatible or not may_pass(rule, made.other):
            continue
        values = {side: shown[side][rule.on(side)].canonical for side in Side}
        name, changed = rule.on(made), set(_changed(rule, made, hubspot, salesforce, ruleset))
        if values[made] == canonical(forms[made][name], creation.create.fields.get(name)):
            changed.clear()
        elif not changed or (
            len(changed) == len(Side)
            and is_blank(values[Side.SALESFORCE])
            and _was_set(rule, made, hubspot, salesforce)
        ):
            # Salesforce may have been blank from the start: then the value fills the blank.
            continue
        for side, value in values.items():
            key = key_of(rule.on(side), forms[side][rule.on(side)])
            agreed = ruleset.fingerprinter.fingerprint(key, value)
            bases[side] = bases[side].with_fingerprints(
                {key: CHANGED if side in changed else agreed}
            )
    return replace(
        link,
        hubspot_base=bases[Side.HUBSPOT],
        salesforce_base=bases[Side.SALESFORCE],
        wrote=tags(creation.create.fields) if made is Side.SALESFORCE else frozenset(),
    )


def _was_set(rule: FieldRule, made: Side, hubspot: Record, salesforce: Record) -> bool:
    """Whether the property was set after the record had been made."""
    origin = hubspot.origins.get(rule.hubspot)
    return origin is not None and origin.at > _on(made, hubspot, salesforce).created_at


def _changed(
    rule: FieldRule, made: Side, hubspot: Record, salesforce: Record, ruleset: Ruleset
) -> Iterator[Side]:
    """The sides that may have changed a field since the record was made.

    HubSpot shows when, and by whom, each property was set; Salesforce only who edited a record
    last, and when. What was set shortly before the creation may have been read before that.
    """
    origin = hubspot.origins.get(rule.hubspot)
    us = ruleset.our_user_in(salesforce)
    if made is Side.SALESFORCE:
        if origin and origin.at >= salesforce.created_at - LONGEST_WRITE:
            yield Side.HUBSPOT
        if not us or salesforce.modified_by != us:
            yield Side.SALESFORCE
        return
    if origin and origin.by != ruleset.our_app:
        yield Side.HUBSPOT
    if salesforce.modified_at >= hubspot.created_at - LONGEST_WRITE:
        yield Side.SALESFORCE
