"""What a pair without a link agreed on, where crmsync made one of its two records itself.

A worker may die after it has made a record and before it has saved the link, or another worker may
have made the record first. The pair is then no first meeting: what either side shows now may have
been edited since, and a value that somebody has removed must not come back from the other side.

The new record shows the revision of its creation. If it was made of a HubSpot record, the same
revision follows from what that record shows, or from what it showed then by its property history,
and with the revision the whole base is known. If it was made in HubSpot, the first version of each
of its properties is what was sent. Mappings that rest by now are among what it was made with. The
revision of a Salesforce record tells of HubSpot's owner as well.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

from crmsync.model.crm_names import HUBSPOT_OWNER
from crmsync.model.fields import FieldRule
from crmsync.model.fingerprints import CHANGED, Base, tags
from crmsync.model.links import LONGEST_WRITE, Link
from crmsync.model.records import Record, Ref, Side, Value
from crmsync.rules.fields.values import (
    IncompatibleValueError,
    canonical,
    compared_format,
    convert_mapped,
)
from crmsync.rules.merge.baseline import key_of
from crmsync.rules.merge.intents import has_arrived
from crmsync.rules.merge.lost_writes import UNKNOWN_OWNER
from crmsync.rules.merge.owners import SHOWN_ID, owners_of
from crmsync.rules.merge.past_agreement import MOST_VERSIONS, value_at, versions_since
from crmsync.rules.merge.policies import may_pass
from crmsync.rules.merge.ruleset import Ruleset
from crmsync.rules.pair.creation import Creation
from crmsync.rules.pair.matching import named_by

_SECOND = timedelta(seconds=1)
"""How exactly Salesforce shows when a record was made."""


@dataclass(frozen=True, slots=True)
class Adoption:
    """A pair that is about to be linked.

    Attributes:
        link: Its link, with the base as far as it is known.
        needs_history: Whether HubSpot's property history would show more of the base.
    """

    link: Link
    needs_history: bool = False


@dataclass(frozen=True, slots=True)
class Creations:
    """What either record of a pair is made with.

    Attributes:
        salesforce: A version of the HubSpot record, and the rules -> the Salesforce record that is
            made of it.
        hubspot: The HubSpot record that is made of the Salesforce record.
    """

    salesforce: Callable[[Record, Ruleset], Creation]
    hubspot: Creation


@dataclass(frozen=True, slots=True)
class Version:
    """A HubSpot record as it is or once was, and the Salesforce record that is made of it."""

    record: Record
    creation: Creation


def shows_creation(hubspot: Record, salesforce: Record, ruleset: Ruleset) -> bool:
    """Whether one of two records may have been made by crmsync for the other. Usually not."""
    return any(_revision(one, ruleset) for one in (hubspot, salesforce))


def adopted(
    link: Link, hubspot: Record, salesforce: Record, creations: Creations, ruleset: Ruleset
) -> Adoption:
    """The new link of two records with what they agreed on when one was made for the other.

    Args:
        link: The link without a base.
        hubspot: The HubSpot record.
        salesforce: The Salesforce record.
        creations: What either of the two is made with.
        ruleset: The rules of the kind.
    """
    rests = bool(ruleset.mapping_of(salesforce).resting)
    rulesets = (ruleset, ruleset.whole) if rests else (ruleset,)
    today = [Version(hubspot, creations.salesforce(hubspot, one)) for one in rulesets]
    for creation in (*(one.creation for one in today), creations.hubspot):
        if _made_with(creation, hubspot, salesforce, ruleset):
            return _known(creation, hubspot, salesforce, ruleset)
    made = _made(hubspot, salesforce, ruleset)
    if made is None or (made is Side.HUBSPOT and not ruleset.our_app):
        return Adoption(link)
    if not hubspot.origins:
        return Adoption(link, needs_history=True)
    if made is Side.HUBSPOT:
        changed = partial(_changed_since_hubspot, creations.hubspot, hubspot, salesforce, ruleset)
        known = _since_made(link, hubspot, salesforce, creations.hubspot, changed, ruleset)
        return Adoption(_with_owners(known, creations.hubspot, hubspot, salesforce, ruleset))
    earlier = versions_since(hubspot, salesforce.created_at - LONGEST_WRITE)
    versions = today + [
        Version(one, creations.salesforce(one, rules)) for one in earlier for rules in rulesets
    ]
    for version in versions:
        if _made_with(version.creation, hubspot, salesforce, ruleset):
            return _known(version.creation, hubspot, salesforce, ruleset)
    changed = partial(_changed_since_salesforce, versions, hubspot, salesforce, ruleset)
    known = _since_made(link, hubspot, salesforce, today[0].creation, changed, ruleset)
    for owner in value_at(hubspot, HUBSPOT_OWNER, salesforce.created_at + _SECOND):
        then = replace(hubspot, fields={**hubspot.fields, HUBSPOT_OWNER: owner})
        creation = creations.salesforce(then, ruleset)
        known = _with_owners(known, creation, hubspot, salesforce, ruleset)
    return Adoption(known)


def _made_with(creation: Creation, hubspot: Record, salesforce: Record, ruleset: Ruleset) -> bool:
    """Whether the new one of two records was made with exactly these values."""
    return has_arrived(_on(creation.create.side, hubspot, salesforce), creation.link, ruleset)


def _known(creation: Creation, hubspot: Record, salesforce: Record, ruleset: Ruleset) -> Adoption:
    link = replace(creation.link, hubspot=hubspot.ref, salesforce=salesforce.ref)
    return Adoption(_with_owners(link, creation, hubspot, salesforce, ruleset))


def _with_owners(
    link: Link, creation: Creation, hubspot: Record, salesforce: Record, ruleset: Ruleset
) -> Link:
    """The link with the owners from when one of the records was made by `creation`, None where they
    are not known.

    A new HubSpot record shows whom the Salesforce record belonged to. A new Salesforce record was
    given the user who matches HubSpot's owner.
    """
    shown = str(hubspot.fields.get(SHOWN_ID) or "")
    owners: tuple[str | None, str | None] = creation.link.owners
    if ruleset.owners is None:
        owners = None, None
    elif creation.create.side is Side.HUBSPOT:
        owners = (ruleset.owners.to_hubspot.get(shown, ""), shown) if shown else (None, None)
    elif not creation.link.salesforce_owner:
        owners = _owners_of_unmatched(creation.link.hubspot_owner, hubspot, salesforce, ruleset)
    return replace(link, hubspot_owner=owners[0], salesforce_owner=owners[1])


def _owners_of_unmatched(
    then: str | None, hubspot: Record, salesforce: Record, ruleset: Ruleset
) -> tuple[str | None, str | None]:
    """The owners of a pair whose Salesforce record was made while HubSpot's owner `then` had no
    match, so that Salesforce chose the owner (OWN-9, OWN-13).

    As long as HubSpot shows the same owner, the two meet for the first time (OWN-11). Another one
    crosses, unless the Salesforce record was edited: its owner may be a later one, so the more
    recent of the two counts (Q-21).
    """
    owners = owners_of(hubspot, salesforce, None)
    if owners.hubspot == then or not owners.salesforce:
        return None, None
    us = ruleset.our_user_in(salesforce)
    is_edited = (
        salesforce.modified_by != us if us else salesforce.modified_at > salesforce.created_at
    )
    return then, UNKNOWN_OWNER if is_edited else owners.salesforce


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
    link: Link,
    hubspot: Record,
    salesforce: Record,
    creation: Creation,
    changed_since: Callable[[FieldRule], Collection[Side] | None],
    ruleset: Ruleset,
) -> Link:
    """The link with a base in which each field counts as changed on the sides that may have changed
    it since.

    Fields that were not sent were never agreed on, and neither were those for which `changed_since`
    returns None.
    """
    mapping, made = ruleset.mapping_of(salesforce), creation.create.side
    forms = {side: mapping.forms(side) for side in Side}
    bases = {side: Base().with_unagreed(form.key for form in forms[side].values()) for side in Side}
    for rule in mapping.field_map:
        if rule in creation.incompatible or not may_pass(rule, made.other):
            continue
        changed = changed_since(rule)
        if changed is None:
            continue
        for side in Side:
            form, shown = forms[side][rule.on(side)], _on(side, hubspot, salesforce)
            value = form.canonical(shown.fields.get(rule.on(side)))
            agreed = ruleset.fingerprinter.fingerprint(form.key, value)
            bases[side] = bases[side].with_fingerprints(
                {form.key: CHANGED if side in changed else agreed}
            )
    for rule in mapping.resting if made is Side.HUBSPOT else ():
        for side, sent in _sent(rule, hubspot, ruleset).items():
            compared = compared_format(rule, side)
            key = key_of(rule.on(side), compared)
            agreed = ruleset.fingerprinter.fingerprint(key, canonical(compared, sent))
            bases[side] = bases[side].with_fingerprints({key: agreed})
    return replace(
        link,
        hubspot_base=bases[Side.HUBSPOT],
        salesforce_base=bases[Side.SALESFORCE],
        wrote=tags(creation.create.fields) if made is Side.SALESFORCE else frozenset(),
    )


def _sent(rule: FieldRule, hubspot: Record, ruleset: Ruleset) -> Mapping[Side, Value]:
    """What the HubSpot record was made with in a mapping that rests by now, as either side shows
    it. Empty if nothing was sent, or the history does not reach back to it.
    """
    past = hubspot.past.get(rule.hubspot, ())
    if not past or len(past) >= MOST_VERSIONS or past[0].by != ruleset.our_app:
        return {}
    try:
        theirs = convert_mapped(rule, Side.SALESFORCE, past[0].value).value
    except IncompatibleValueError:
        return {}
    return {Side.HUBSPOT: past[0].value, Side.SALESFORCE: theirs}


def _changed_since_hubspot(
    creation: Creation, hubspot: Record, salesforce: Record, ruleset: Ruleset, rule: FieldRule
) -> set[Side] | None:
    """The sides that have changed a field since the HubSpot record was made.

    The first version of a property is what crmsync sent; a property whose first version came from
    somebody else was blank. Salesforce has changed the field if something else would be sent today.
    None if the two sides differ and nobody has changed anything, and for what HubSpot keeps in
    associations: they have no history, and are made after the record.
    """
    if rule.hubspot in ruleset.activity.associations:
        return None
    form = compared_format(rule, Side.HUBSPOT)
    past = hubspot.past.get(rule.hubspot, ())
    is_known = len(past) < MOST_VERSIONS
    first = past[0].value if past and past[0].by == ruleset.our_app else None
    sent, today = canonical(form, first), creation.create.fields.get(rule.hubspot)
    differs = not is_known or canonical(form, today) != sent
    changed = set()
    if not is_known or canonical(form, hubspot.fields.get(rule.hubspot)) != sent:
        changed.add(Side.HUBSPOT)
    if differs and salesforce.modified_at >= hubspot.created_at - LONGEST_WRITE:
        changed.add(Side.SALESFORCE)
    return None if differs and not changed else changed


def _changed_since_salesforce(
    versions: Sequence[Version],
    hubspot: Record,
    salesforce: Record,
    ruleset: Ruleset,
    rule: FieldRule,
) -> set[Side] | None:
    """The sides that may have changed a field since the Salesforce record was made, where none of
    the `versions` of the HubSpot record accounts for its revision: the settings have changed since.

    Salesforce has not changed the field if it shows what would be sent of one of these versions.
    Otherwise HubSpot's history shows when the property was set, and Salesforce only who edited the
    record last. None if the two sides differ and nobody has changed anything.
    """
    mine, theirs = (compared_format(rule, side) for side in (Side.HUBSPOT, Side.SALESFORCE))
    shown = canonical(theirs, salesforce.fields.get(rule.salesforce))
    sent = {
        canonical(mine, one.record.fields.get(rule.hubspot))
        for one in versions
        if canonical(theirs, one.creation.create.fields.get(rule.salesforce)) == shown
    }
    if sent:
        is_sent = canonical(mine, hubspot.fields.get(rule.hubspot)) in sent
        return set() if is_sent else {Side.HUBSPOT}
    origin, us = hubspot.origins.get(rule.hubspot), ruleset.our_user_in(salesforce)
    changed = set()
    if origin and origin.at >= salesforce.created_at - LONGEST_WRITE:
        changed.add(Side.HUBSPOT)
    if not us or salesforce.modified_by != us:
        changed.add(Side.SALESFORCE)
    return changed or None
